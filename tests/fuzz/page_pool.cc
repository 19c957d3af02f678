// Takes the place of mmap() and its like in programs that are linked with --wrap of each: the memory of a
// LazyArray is kept for the next one of its size. A worker is made anew for each input, and pages fresh from the kernel would
// cost several times what the input does. Only what was touched is zeroed. One thread.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

constexpr int kLazyFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
constexpr std::size_t kMostRegions = 128;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostPages = 2048;
constexpr std::size_t kSpare = std::size_t{2} << 20;
constexpr std::size_t kSmall = 4 * kPage;

struct Region {
  std::uint8_t* memory;
  std::size_t bytes;
  bool is_free;
};

std::array<Region, kMostRegions> g_regions;
std::size_t g_count = 0;

/// Zeroes what the array may have touched; false where it cannot be told. It stands at a multiple of 2 MiB, and as much of
/// the region is spare (lazy_array.h).
bool clean(const Region& region) {
  static std::array<unsigned char, kMostPages> resident;
  if (region.bytes < kSpare) return false;
  const std::size_t bytes = region.bytes - kSpare;
  std::uint8_t* array = region.memory + (kSpare - reinterpret_cast<std::uintptr_t>(region.memory) % kSpare) % kSpare;
  if (bytes <= kSmall) {
    std::memset(array, 0, bytes);
    return true;
  }
  const std::size_t pages = (bytes + kPage - 1) / kPage;
  if (pages > kMostPages || mincore(array, bytes, resident.data()) != 0) return false;
  for (std::size_t i = 0; i < pages; ++i) {
    if ((resident[i] & 1) != 0) std::memset(array + i * kPage, 0, std::min(kPage, bytes - i * kPage));
  }
  return true;
}

}  // namespace

extern "C" {

void* __real_mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset);
int __real_munmap(void* address, std::size_t bytes);
void* __wrap_mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void* address, std::size_t bytes);
int __wrap_madvise(void* address, std::size_t bytes, int advice);

void* __wrap_mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  if (address != nullptr || flags != kLazyFlags) return __real_mmap(address, bytes, protection, flags, file, offset);
  for (std::size_t i = 0; i < g_count; ++i) {
    Region& region = g_regions[i];
    if (!region.is_free || region.bytes != bytes) continue;
    region.is_free = false;
    return region.memory;
  }
  void* memory = __real_mmap(address, bytes, protection, flags, file, offset);
  if (memory != MAP_FAILED && g_count < kMostRegions) g_regions[g_count++] = {static_cast<std::uint8_t*>(memory), bytes, false};
  return memory;
}

/// Large pages would be touched as a whole.
int __wrap_madvise(void*, std::size_t, int) { return 0; }

int __wrap_munmap(void* address, std::size_t bytes) {
  const auto end = g_regions.begin() + static_cast<std::ptrdiff_t>(g_count);
  const auto found = std::find_if(g_regions.begin(), end, [&](const Region& region) { return region.memory == address; });
  if (found == end) return __real_munmap(address, bytes);
  found->is_free = clean(*found);
  if (found->is_free) return 0;
  *found = g_regions[--g_count];
  return __real_munmap(address, bytes);
}

}
