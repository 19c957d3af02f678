// The headers of the latest packets that made records.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/kept_packet.h"
#include "detect/reports.h"

namespace mptap {

/// Control thread. A ring of fixed size: the newest packet takes the place of the oldest.
class PacketHistory {
 public:
  struct Entry {
    KeptPacket packet;
    std::uint16_t worker = 0;
    std::optional<std::uint64_t> mp_id;  // its connection's, where that was known when the next packet came
    bool written = false;                // to a capture
  };

  /// @param capacity  At least 1; its memory is taken with the packets that come.
  explicit PacketHistory(std::size_t capacity) : capacity_(capacity) {}

  void add(std::uint16_t worker, const KeptPacket& packet) {
    const Entry entry{packet, worker, std::nullopt, false};
    if (entries_.size() < capacity_) {
      entries_.push_back(entry);
    } else {
      entries_[added_ % capacity_] = entry;
    }
    ++added_;
  }

  /// The newest packet; nullptr where there is none.
  [[nodiscard]] Entry* newest() { return added_ == 0 ? nullptr : &entries_[(added_ - 1) % capacity_]; }

  /// The packet of that name, the newest where several have it; nullptr where it is not remembered.
  /// Looks at every packet in the worst case.
  [[nodiscard]] Entry* find(const PacketName& name) {
    for (std::size_t back = 0; back < entries_.size(); ++back) {
      Entry& entry = entries_[(added_ - 1 - back) % capacity_];
      if (name.print != 0 ? entry.packet.print == name.print : is_of(entry, name)) return &entry;
    }
    return nullptr;
  }

  /// Calls visit(Entry&) for all, oldest first.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (std::size_t i = added_ - entries_.size(); i < added_; ++i) visit(entries_[i % capacity_]);
  }

 private:
  static bool is_of(const Entry& entry, const PacketName& name) {
    return entry.packet.slot == name.slot && entry.packet.generation == name.generation &&
           entry.packet.kind == name.kind && entry.worker == name.worker;
  }

  const std::size_t capacity_;
  std::vector<Entry> entries_;
  std::size_t added_ = 0;
};

}  // namespace mptap
