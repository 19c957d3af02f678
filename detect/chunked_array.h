// Objects by index that never move, made as they are first used.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "detect/table_memory.h"

namespace mptap {

/// One thread. Objects are made a chunk at a time and live as long as the array.
template <typename T>
class ChunkedArray {
 public:
  ChunkedArray() = default;
  ~ChunkedArray() {
    for (T* chunk : chunks_) {
      if (chunk != nullptr) std::destroy_n(chunk, kChunk);
    }
  }
  ChunkedArray(const ChunkedArray&) = delete;
  ChunkedArray& operator=(const ChunkedArray&) = delete;

  /// Makes it, and those of its chunk, where it is not there.
  T& make(std::size_t index) {
    const std::size_t chunk = index / kChunk;
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    if (chunks_[chunk] == nullptr) chunks_[chunk] = make_chunk();
    return chunks_[chunk][index % kChunk];
  }
  /// One that was made.
  T& operator[](std::size_t index) { return chunks_[index / kChunk][index % kChunk]; }
  const T& operator[](std::size_t index) const { return chunks_[index / kChunk][index % kChunk]; }

  /// nullptr where none was made.
  [[nodiscard]] T* peek(std::size_t index) {
    const std::size_t chunk = index / kChunk;
    return chunk < chunks_.size() && chunks_[chunk] != nullptr ? &chunks_[chunk][index % kChunk] : nullptr;
  }

  /// Calls visit(T&) for all that were made, by index.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (T* chunk : chunks_) {
      for (std::size_t i = 0; chunk != nullptr && i < kChunk; ++i) visit(chunk[i]);
    }
  }

 private:
  static constexpr std::size_t kBytes = 65'536;
  static constexpr std::size_t kChunk = kBytes / sizeof(T);

  T* make_chunk() {
    auto* const chunk = static_cast<T*>(memory_.take(kBytes));
    std::uninitialized_value_construct_n(chunk, kChunk);
    return chunk;
  }

  TableMemory memory_;
  std::vector<T*> chunks_;
};

}  // namespace mptap
