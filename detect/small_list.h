// A list of numbers or handles of which most objects have two or less.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "detect/index_iterator.h"

namespace mptap {

/// 12 bytes: two elements stand in it, more in a block of their own. One thread; copies are deep.
template <typename T>
class SmallList {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) == sizeof(std::uint32_t));

 public:
  SmallList() = default;
  SmallList(const SmallList& other) {
    for (const T element : other) push_back(element);
  }
  SmallList(SmallList&& other) noexcept : size_(std::exchange(other.size_, 0)), words_(std::exchange(other.words_, {})) {}
  SmallList& operator=(SmallList other) noexcept {
    std::swap(size_, other.size_);
    std::swap(words_, other.words_);
    return *this;
  }
  ~SmallList() { give_back(); }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] T operator[](std::size_t at) const { return std::bit_cast<T>(words()[at]); }
  [[nodiscard]] T back() const { return (*this)[size_ - 1]; }
  void set(std::size_t at, T element) { words()[at] = std::bit_cast<std::uint32_t>(element); }

  void push_back(T element) {
    if (size_ >= kFew && std::has_single_bit(size_)) grow();
    ++size_;
    set(size_ - 1, element);
  }

  /// Room shrinks as the list does, so that its size alone tells how much there is.
  void pop_back() {
    --size_;
    if (size_ >= kFew && std::has_single_bit(size_)) shrink();
  }
  void clear() {
    give_back();
    size_ = 0;
  }

  using Iterator = IndexIterator<SmallList>;  // gives copies
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size_}; }

 private:
  static constexpr std::uint32_t kFew = 2;

  [[nodiscard]] std::uint32_t* block() const { return std::bit_cast<std::uint32_t*>(words_); }
  [[nodiscard]] std::uint32_t* words() { return size_ <= kFew ? words_.data() : block(); }
  [[nodiscard]] const std::uint32_t* words() const { return size_ <= kFew ? words_.data() : block(); }
  void give_back() {
    if (size_ > kFew) delete[] block();
  }

  /// Twice the room, where a power of two of elements fill it.
  void grow() {
    auto wider = std::make_unique<std::uint32_t[]>(std::size_t{size_} * 2);
    std::memcpy(wider.get(), words(), size_ * sizeof(std::uint32_t));
    give_back();
    words_ = std::bit_cast<std::array<std::uint32_t, kFew>>(wider.release());
  }
  /// `size_` elements, a power of two, fill the lower half of the room.
  void shrink() {
    std::uint32_t* old = block();
    if (size_ == kFew) {
      std::memcpy(words_.data(), old, sizeof words_);
    } else {
      auto narrower = std::make_unique<std::uint32_t[]>(size_);
      std::memcpy(narrower.get(), old, size_ * sizeof(std::uint32_t));
      words_ = std::bit_cast<std::array<std::uint32_t, kFew>>(narrower.release());
    }
    delete[] old;
  }

  std::uint32_t size_ = 0;
  std::array<std::uint32_t, kFew> words_{};  // or a pointer
};

}  // namespace mptap
