// Control's mirror of the workers' slots: a record's worker and slot index it directly.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "detect/connection.h"
#include "detect/prefetch.h"

namespace mptap {

/// Control thread. Grows in chunks as slots are first used; bounded by the workers' tables.
class SubflowBook {
 public:
  explicit SubflowBook(std::size_t workers) : workers_(workers) {}

  Subflow& at(std::size_t worker, std::uint32_t slot) {
    auto& chunks = workers_[worker];
    const std::size_t chunk = slot / kChunk;
    if (chunk >= chunks.size()) chunks.resize(chunk + 1);
    if (!chunks[chunk]) chunks[chunk] = std::make_unique<Subflow[]>(kChunk);
    return chunks[chunk][slot % kChunk];
  }

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
  [[nodiscard]] Subflow* peek(std::size_t worker, std::uint32_t slot) {
    const auto& chunks = workers_[worker];
    const std::size_t chunk = slot / kChunk;
    return chunk < chunks.size() && chunks[chunk] ? &chunks[chunk][slot % kChunk] : nullptr;
  }
  void prefetch(std::size_t worker, std::uint32_t slot) {
    if (Subflow* subflow = peek(worker, slot)) prefetch_object(subflow);
  }

  /// Calls visit(Subflow&) for all in use, by worker and slot.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (auto& chunks : workers_) {
      for (auto& chunk : chunks) {
        if (!chunk) continue;
        for (std::size_t i = 0; i < kChunk; ++i) {
          if (chunk[i].in_use) visit(chunk[i]);
        }
      }
    }
  }

 private:
  static constexpr std::size_t kChunk = 256;
  std::vector<std::vector<std::unique_ptr<Subflow[]>>> workers_;
};

}  // namespace mptap
