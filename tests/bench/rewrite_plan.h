// What must change in each frame of a capture, so that its replay is new traffic and not copies of the old.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/round_keys.h"

namespace mptap::bench {

enum class Rewriting : std::uint8_t {
  kNone,
  kFlood,        // every frame comes from another source, with another number and nonce
  kSegments,     // line-dss: what each subflow sends next, the directions in turn
  kConnections,  // every MPTCP connection is another one: client address, keys, and all that is derived from
                 // them
};

/// One change, of bytes at `at` in the frame.
struct Edit {
  enum class Kind : std::uint8_t { kCopy4, kCopy8, kCopy20, kAdd4, kAdd8 };
  Kind kind;
  std::uint8_t at;
  std::uint8_t from;  // offset in ConnectionKeys
};

/// One frame's share of the plan. Offsets are from the first byte of the frame; 0: there is none.
struct FramePlan {
  static constexpr std::size_t kEdits = 3;
  std::uint32_t connection = 0;  // kConnections
  std::uint16_t data_len = 0;    // kSegments
  std::uint8_t client = 0;       // the address to change
  std::uint8_t tcp = 0;
  std::uint8_t timestamps = 0;  // the value; the echo follows
  std::uint8_t option = 0;      // of MPTCP
  bool v6 = false;
  bool wide = false;    // kSegments: 8-byte data ACK and DSN
  bool second = false;  // kSegments: the second subflow of its connection
  std::uint8_t edits = 0;
  std::array<Edit, kEdits> edit{};
};

struct RewritePlan {
  Rewriting rewriting = Rewriting::kNone;
  std::vector<FramePlan> frames;
  std::vector<ConnectionSeed> connections;  // kConnections
};

/// Reads a capture of one of the generator's line-... scenarios.
/// @throws std::runtime_error  It cannot be read, or holds what the rewriting cannot renew.
RewritePlan build_rewrite_plan(const std::string& capture, Rewriting rewriting);

}  // namespace mptap::bench
