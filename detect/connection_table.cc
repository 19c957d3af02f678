#include "detect/connection_table.h"

#include "detect/crypto.h"

namespace mptap {

Connection* ConnectionTable::try_create() {
  if (size_ >= max_) return nullptr;
  std::uint32_t index = high_water_;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    (void)places_.make(index);
    ++high_water_;
  }
  Connection& connection = slot(index);
  connection.self = ConnectionRef{index, connection.self.serial + 1};
  ++size_;
  return &connection;
}

Connection* ConnectionTable::find(const ConnectionRef& ref) {
  if (ref.index >= high_water_) return nullptr;
  Connection& connection = slot(ref.index);
  return connection.self == ref ? &connection : nullptr;
}

void ConnectionTable::release(Connection& connection) {
  stop_idling(connection);
  const std::uint32_t index = connection.self.index;
  for (const Role role : {Role::kInitiator, Role::kResponder}) {
    connection.host(role).forget_key();
    if (connection.extra.is_made()) forget(connection.make_rare(role).other_key);
  }
  const std::uint32_t serial = connection.self.serial;
  connection = Connection{};
  connection.self.serial = serial;  // whoever takes the place counts on
  free_.push_back(index);
  --size_;
}

void ConnectionTable::start_idling(Connection& connection, std::uint64_t time_ns) {
  stop_idling(connection);
  ConnectionExtra& extra = connection.extra.make();
  const std::uint32_t place = connection.self.index + 1;
  extra.idle_since_ns = time_ns;
  extra.in_idle_line = true;
  extra.idle_older = newest_idle_;
  extra.idle_newer = 0;
  (newest_idle_ == 0 ? oldest_idle_ : slot(newest_idle_ - 1).extra.make().idle_newer) = place;
  newest_idle_ = place;
}

void ConnectionTable::stop_idling(Connection& connection) {
  if (!connection.extra.read().in_idle_line) return;
  ConnectionExtra& extra = connection.extra.make();
  extra.in_idle_line = false;
  (extra.idle_older == 0 ? oldest_idle_ : slot(extra.idle_older - 1).extra.make().idle_newer) = extra.idle_newer;
  (extra.idle_newer == 0 ? newest_idle_ : slot(extra.idle_newer - 1).extra.make().idle_older) = extra.idle_older;
}

Connection* ConnectionTable::oldest_idle() { return oldest_idle_ == 0 ? nullptr : &slot(oldest_idle_ - 1); }

}  // namespace mptap
