// The capabilities that ports need, as bits of CapEff (include/uapi/linux/capability.h).
#pragma once

#include <cstdint>

namespace mptap {

constexpr std::uint64_t kCapNetAdmin = 1ull << 12;
constexpr std::uint64_t kCapNetRaw = 1ull << 13;
constexpr std::uint64_t kCapIpcLock = 1ull << 14;
constexpr std::uint64_t kCapSysAdmin = 1ull << 21;

}  // namespace mptap
