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
    if (index / kChunk == chunks_.size()) chunks_.push_back(std::make_unique<Place[]>(kChunk));
    ++high_water_;
  }
  Place& place = slot(index);
  place.connection = Connection{};
  place.connection.self = ConnectionRef{index, ++place.serial};
  ++size_;
  return &place.connection;
}

Connection* ConnectionTable::find(const ConnectionRef& ref) {
  if (ref.index >= high_water_) return nullptr;
  Connection& connection = slot(ref.index).connection;
  return connection.self == ref ? &connection : nullptr;
}

void ConnectionTable::release(Connection& connection) {
  const std::uint32_t index = connection.self.index;
  for (Host& host : connection.hosts) {
    forget(host.key);
    if (host.extra.is_made()) forget(host.extra.make().other_key);
  }
  connection = Connection{};
  free_.push_back(index);
  --size_;
}

void ConnectionTable::start_idling(Connection& connection, std::uint64_t time_ns) {
  connection.idle_since_ns = time_ns;
  idle_.push_back(Idle{connection.self, time_ns});
}

Connection* ConnectionTable::oldest_idle() {
  while (!idle_.empty()) {
    Connection* connection = find(idle_.front().ref);
    if (connection != nullptr && connection->subflows.empty() &&
        connection->idle_since_ns == idle_.front().since_ns) {
      return connection;
    }
    idle_.pop_front();
  }
  return nullptr;
}

}  // namespace mptap
