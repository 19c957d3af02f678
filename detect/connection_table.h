// All connections control knows: bounded, the idle ones leave first.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/prefetch.h"
#include "detect/chunked_array.h"
#include "detect/connection.h"
#include "detect/correlator_options.h"

namespace mptap {

/// Control thread. Connections keep their address in memory until they are released.
class ConnectionTable {
 public:
  explicit ConnectionTable(const CorrelatorOptions& options) : max_(options.max_connections) {}

  /// @return nullptr where the table is full: see oldest_idle().
  Connection* try_create();

  [[nodiscard]] Connection* find(const ConnectionRef& ref);

  /// The connection of a subflow, which lives as long as that does; of a twin, as long as it lives.
  [[nodiscard]] Connection* find_of(const Subflow& subflow) {
    if (!subflow.has_connection()) return nullptr;
    if (subflow.twin) return find({subflow.connection_index(), subflow.place});
    return &slot(subflow.connection_index());
  }

  /// The connection of that place, which must be in use.
  [[nodiscard]] Connection& at(std::uint32_t index) { return slot(index); }

  void prefetch(std::uint32_t index) {
    if (index < high_water_) prefetch_object(&slot(index));
  }

  /// Wipes the keys and gives the place back.
  void release(Connection& connection);

  /// The last subflow of a connection has gone at `time_ns`, not before that of others in line: it waits in line to end.
  void start_idling(Connection& connection, std::uint64_t time_ns);
  /// It lives again, or has ended: it leaves the line where it stands in it.
  void stop_idling(Connection& connection);

  /// The connection that idles longest, or nullptr.
  [[nodiscard]] Connection* oldest_idle();

  [[nodiscard]] std::uint32_t size() const { return size_; }
  /// One past the highest place ever used.
  [[nodiscard]] std::uint32_t high_water() const { return high_water_; }

  template <typename Visit>
  void for_each(Visit&& visit) {
    for (std::uint32_t index = 0; index < high_water_; ++index) {
      if (slot(index).self.is_set()) visit(slot(index));
    }
  }

 private:
  Connection& slot(std::uint32_t index) { return places_[index]; }

  const std::uint32_t max_;
  ChunkedArray<Connection> places_;
  std::vector<std::uint32_t> free_;
  std::uint32_t oldest_idle_ = 0;  // both ends of the line, by place plus 1; 0: nobody idles
  std::uint32_t newest_idle_ = 0;
  std::uint32_t high_water_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace mptap
