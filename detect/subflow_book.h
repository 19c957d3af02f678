// Control's mirror of the workers' slots: a record's worker and slot index it directly.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/prefetch.h"
#include "detect/chunked_array.h"
#include "detect/connection.h"

namespace mptap {

/// Control thread. Grows in chunks as slots are first used; bounded by the workers' tables.
class SubflowBook {
 public:
  explicit SubflowBook(std::size_t workers) : workers_(workers) {}

  Subflow& at(std::size_t worker, std::uint32_t slot) { return workers_[worker].make(slot); }

  /// The subflow, where it is still the one that was meant.
  Subflow* find(const SubflowRef& ref) {
    Subflow& subflow = at(ref.worker, ref.slot);
    return subflow.in_use && subflow.self() == ref ? &subflow : nullptr;
  }
  /// The subflow, where one is there: handles are of those that live.
  Subflow* find(const SubflowHandle& handle) {
    Subflow* subflow = handle.is_set() ? peek(handle.worker(), handle.slot()) : nullptr;
    return subflow != nullptr && subflow->in_use ? subflow : nullptr;
  }

  /// What stands in the slot, in use or not; nullptr where that was never used.
  [[nodiscard]] Subflow* peek(std::size_t worker, std::uint32_t slot) { return workers_[worker].peek(slot); }
  void prefetch(std::size_t worker, std::uint32_t slot) {
    if (Subflow* subflow = peek(worker, slot)) prefetch_object(subflow);
  }

  /// Calls visit(Subflow&) for all in use, by worker and slot.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (auto& subflows : workers_) {
      subflows.for_each([&visit](Subflow& subflow) {
        if (subflow.in_use) visit(subflow);
      });
    }
  }

 private:
  std::vector<ChunkedArray<Subflow>> workers_;
};

}  // namespace mptap
