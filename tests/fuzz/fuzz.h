// What every fuzz target includes: the entry points that libFuzzer, or replay_main.cc in its place, calls, and expect().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
/// Runs one input; returns 0. The same input always does the same, whatever was run before.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// A target's own mutator, where it has one: changes `data` in place and returns its new size, at most `max_size`.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

/// One mutation that knows nothing of the input; libFuzzer's, or that of plain_mutate.cc.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
}

namespace mptap::fuzz {

/// Ends the program, with a sentence that says what is wrong, unless `holds`.
inline void expect(bool holds, const char* sentence) {
  if (holds) [[likely]] return;
  std::fprintf(stderr, "expected, and not so: %s\n", sentence);
  std::abort();
}

}  // namespace mptap::fuzz
