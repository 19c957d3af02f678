// Seeks a value in this process's memory: what was to be wiped must not be there any more.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace mptap::test {

/// How often a word stands, at any place, in the memory that is written: heap and tables, freed memory included. The stack
/// is left out, and what was reserved and never touched.
///
/// @param complement  Of the word, so that it is not found where it is passed.
/// Sanitizers forbid to read what is freed, which is just what is wanted here.
template <typename Word>
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] std::size_t times_in_memory(Word complement) {
  constexpr std::uintptr_t kLargest = std::uintptr_t{1} << 36;  // sanitizers' own are larger
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  std::size_t times = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char access[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) != 3 || std::strncmp(access, "rw", 2) != 0) continue;
    if (line.find("[stack]") != std::string::npos || end - begin > kLargest) continue;
    std::vector<unsigned char> resident((end - begin) / page);
    if (mincore(reinterpret_cast<void*>(begin), end - begin, resident.data()) != 0) continue;
    for (std::size_t i = 0; i < resident.size(); ++i) {
      if ((resident[i] & 1) == 0) continue;
      const auto* bytes = reinterpret_cast<const unsigned char*>(begin + i * page);
      for (std::size_t at = 0; at + sizeof complement <= page; ++at) {
        Word word = 0;
        __builtin_memcpy(&word, bytes + at, sizeof word);
        times += static_cast<Word>(~word) == complement ? 1 : 0;
      }
    }
  }
  return times;
}

/// How often a word stands in what earlier calls left on this thread's stack below the caller, as far as a key may lie there.
///
/// @param complement  Of the word.
template <typename Word>
[[gnu::noinline, gnu::no_sanitize_address, gnu::no_sanitize_thread]] std::size_t times_below_stack(Word complement) {
  constexpr std::size_t kDepth = 768;
  const auto top = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  std::size_t times = 0;
  for (std::size_t down = sizeof complement; down <= kDepth; ++down) {
    Word word = 0;
    __builtin_memcpy(&word, reinterpret_cast<const void*>(top - down), sizeof word);
    times += static_cast<Word>(~word) == complement ? 1 : 0;
  }
  return times;
}

}  // namespace mptap::test
