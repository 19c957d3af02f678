// A large fixed array whose pages cost memory only once they are touched.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

namespace mptap {

/// What a LazyArray of at least one large page asks of the kernel.
enum class PageSize : std::uint8_t { kOrdinary, kLarge };

/// Zero-filled storage of `size` elements straight from the kernel. Zero bytes must be a valid T.
template <typename T>
class LazyArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  /// @throws std::bad_alloc where the address space is not granted.
  explicit LazyArray(std::size_t size, PageSize pages = PageSize::kLarge) : bytes_(size * sizeof(T) + kHugePage) {
    // cppcheck-suppress invalidFunctionArg ; mmap(2) asks for -1 with MAP_ANONYMOUS
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    // On huge pages, where the kernel has some, a random access misses the TLB no longer; a prefetch waits for it.
    const auto begin = (reinterpret_cast<std::uintptr_t>(memory_) + kHugePage - 1) & ~(kHugePage - 1);
    data_ = reinterpret_cast<T*>(begin);
    if (pages == PageSize::kLarge && size * sizeof(T) >= kHugePage) madvise(data_, size * sizeof(T), MADV_HUGEPAGE);
  }
  LazyArray(const LazyArray&) = delete;
  LazyArray& operator=(const LazyArray&) = delete;
  ~LazyArray() { munmap(memory_, bytes_); }

  T& operator[](std::size_t index) { return data_[index]; }
  const T& operator[](std::size_t index) const { return data_[index]; }

 private:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  std::size_t bytes_;
  void* memory_ = nullptr;
  T* data_ = nullptr;
};

}  // namespace mptap
