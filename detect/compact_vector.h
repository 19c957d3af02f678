// A vector of one pointer, for lists that are short in most of a million objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace mptap {

/// Size and room stand before the elements; room for one more is all that is taken at first. One thread.
template <typename T>
class CompactVector {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= sizeof(std::uint64_t));

 public:
  CompactVector() = default;
  CompactVector(const CompactVector& other) {
    for (const T& element : other) push_back(element);
  }
  CompactVector(CompactVector&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  CompactVector& operator=(CompactVector other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~CompactVector() { ::operator delete(head_); }

  [[nodiscard]] std::size_t size() const { return head_ == nullptr ? 0 : head_->size; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] T* begin() { return elements(); }
  [[nodiscard]] T* end() { return elements() + size(); }
  [[nodiscard]] const T* begin() const { return elements(); }
  [[nodiscard]] const T* end() const { return elements() + size(); }
  [[nodiscard]] T& operator[](std::size_t at) { return elements()[at]; }
  [[nodiscard]] const T& operator[](std::size_t at) const { return elements()[at]; }
  [[nodiscard]] T& back() { return elements()[size() - 1]; }

  void push_back(const T& element) {
    const T copy = element;  // it may be one of ours
    if (head_ == nullptr || head_->size == head_->room) grow();
    new (elements() + head_->size++) T(copy);
  }
  void pop_back() { --head_->size; }
  void clear() {
    if (head_ != nullptr) head_->size = 0;
  }

 private:
  struct Head {
    std::uint32_t size;
    std::uint32_t room;
  };

  [[nodiscard]] T* elements() const { return head_ == nullptr ? nullptr : reinterpret_cast<T*>(head_ + 1); }

  void grow() {
    const std::uint32_t size = head_ == nullptr ? 0 : head_->size;
    const std::uint32_t room = size < 2 ? size + 1 : size * 2;
    auto* head = new (::operator new(sizeof(Head) + room * sizeof(T))) Head{size, room};
    if (size != 0) std::memcpy(static_cast<void*>(head + 1), head_ + 1, size * sizeof(T));
    ::operator delete(std::exchange(head_, head));
  }

  Head* head_ = nullptr;
};

}  // namespace mptap
