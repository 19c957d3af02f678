// What a micro-benchmark says at its end: how many items it did, and whether what it computed was right.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace mptap::bench {

/// Whether any benchmark of this program computed something wrong; main() makes it the exit code.
[[nodiscard]] bool any_wrong();

/// Reports items a second.
///
/// @param items     Done in each iteration.
/// @param right     Whether what was computed is what is known; a fast wrong answer is no speed.
/// @param sentence  What is wrong otherwise.
void close(benchmark::State& state, std::size_t items, bool right, const char* sentence);

}  // namespace mptap::bench
