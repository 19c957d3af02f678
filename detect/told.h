// What detectors have said of a subflow or a connection: most say a thing once.
#pragma once

#include <cstdint>

namespace mptap {

/// One bit for each thing that is said once; those of a host or direction stand twice, the second shifted by one. Things
/// of subflows and of connections are told by objects of their own, so that they may share bits.
enum class Telling : std::uint8_t {
  kIdExhaustion = 0,      // connection, by role
  kPriorityDiversion = 2, // connection, by role
  kDataAckBeyond = 4,     // connection, by role
  kScatter = 6,           // connection, by role
  kTokenReuse = 8,        // connection, by role
  kOtherPriority = 0,    // subflow
  kDataAfterRemoval = 1, // subflow
  kChecksum = 2,         // subflow, by direction
  kFastCloseKey = 4,     // subflow
  kInfiniteMapping = 5,  // subflow
  kMappingConflict = 6,  // subflow, by direction
  kReservedBits = 8,     // subflow, by direction
};

/// Control thread only.
class Told {
 public:
  /// @param which  0 or 1: role or direction, where the telling has two.
  /// @return True the first time.
  bool first(Telling telling, std::size_t which = 0) {
    const auto bit = static_cast<std::uint16_t>(1u << (static_cast<unsigned>(telling) + which));
    const bool fresh = (bits_ & bit) == 0;
    bits_ = static_cast<std::uint16_t>(bits_ | bit);
    return fresh;
  }

 private:
  std::uint16_t bits_ = 0;
};

}  // namespace mptap
