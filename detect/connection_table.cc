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
  connection.extra.make().idle_since_ns = time_ns;
  idle_.push_back(Idle{connection.self, time_ns});
}

Connection* ConnectionTable::oldest_idle() {
  while (!idle_.empty()) {
    Connection* connection = find(idle_.front().ref);
    if (connection != nullptr && connection->subflows.empty() &&
        connection->extra.read().idle_since_ns == idle_.front().since_ns) {
      return connection;
    }
    idle_.pop_front();
  }
  return nullptr;
}

}  // namespace mptap
