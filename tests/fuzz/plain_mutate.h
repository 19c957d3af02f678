// LLVMFuzzerMutate() where there is no libFuzzer: the replay programs' and the sample's.
#pragma once

#include <cstdint>

namespace mptap::fuzz {

/// What LLVMFuzzerMutate() does from now on depends on `seed` alone.
void seed_plain_mutation(std::uint64_t seed);

}  // namespace mptap::fuzz
