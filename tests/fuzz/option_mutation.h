// MPTCP options that are nearly right: what mutators make of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/dice.h"

namespace mptap::fuzz {

constexpr std::size_t kLongestOption = 40;

/// Writes an option of any subtype, of a length that some shape of it has, and sets the flags of a segment in which that
/// shape may stand; now and then one of these is wrong. Everything else is random, and small numbers are frequent.
///
/// @param option  Room for kLongestOption bytes; its kind and length bytes are set, too.
/// @return How many bytes.
std::size_t make_option(Dice& dice, std::uint8_t* option, std::uint8_t& tcp_flags);

/// A mutator of one byte of TCP flags and an option behind it.
std::size_t mutate_flags_and_option(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

}  // namespace mptap::fuzz
