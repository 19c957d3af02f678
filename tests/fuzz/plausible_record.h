// Records as a worker could send them: made of any bytes, and of whole honest stories.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/record.h"

namespace mptap::fuzz {

constexpr std::uint32_t kSlots = 16;  // of each worker's table
constexpr std::uint16_t kWorkers = 3;

/// Gives every field that is not free a value that a worker could send: enumerators that there are, booleans,
/// versions that the decoder passes, slots of the table. Everything else stays: times, numbers, addresses,
/// keys, generations.
void make_plausible(Record& record);

/// Handshakes, joins, data, signals and ends of a few connections whose keys, tokens and HMACs are right, in
/// order of time. All of them are plausible.
[[nodiscard]] std::span<const Record> honest_records();

}  // namespace mptap::fuzz
