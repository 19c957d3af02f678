// What detectors have said of a subflow or a connection: most say a thing once.
#pragma once

#include <cstdint>

namespace mptap {

/// One bit for each thing that is said once; those of a host or direction stand twice, the second shifted by one.
enum class Telling : std::uint8_t {
  kIdExhaustion = 0,      // connection, by role
  kPriorityDiversion = 2, // connection, by role
  kDataAckBeyond = 4,     // connection, by role
  kScatter = 6,           // connection, by role
  kTokenReuse = 8,        // connection, by role
  kOtherPriority = 10,    // subflow
  kDataAfterRemoval = 11, // subflow
  kChecksum = 12,         // subflow, by direction
  kFastCloseKey = 14,     // subflow
  kInfiniteMapping = 15,  // subflow
  kMappingConflict = 16,  // subflow, by direction
  kReservedBits = 18,     // subflow, by direction
};

/// Control thread only.
class Told {
 public:
  /// @param which  0 or 1: role or direction, where the telling has two.
  /// @return True the first time.
  bool first(Telling telling, std::size_t which = 0) {
    const std::uint32_t bit = 1u << (static_cast<unsigned>(telling) + which);
    const bool fresh = (bits_ & bit) == 0;
    bits_ |= bit;
    return fresh;
  }

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace mptap
