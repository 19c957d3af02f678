// Whole MPTCP connections, told by any bytes: what a tap sees of them, and what a sensor must make of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/truth.h"

namespace mptap::fuzz {

/// Bytes of an input, one after the other; zeros behind its end.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }
  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::uint8_t below(unsigned bound) { return static_cast<std::uint8_t>(next() % bound); }
  bool flag() { return (next() & 1) != 0; }

 private:
  std::span<const std::uint8_t> bytes_;
};

struct SeenFrame {
  std::int64_t time_ns;
  testing::Bytes bytes;
};

/// What came of a script.
struct Story {
  std::vector<SeenFrame> frames;  // in order of time
  bool altered = false;           // frames were lost, damaged or moved: only what always holds can be asked
  std::set<std::string> notes;    // the notices that its misuse may raise; no other may be there
  std::list<testing::ConnectionTruth> connections;  // what a sensor that saw all must say
};

/// Plays a script: hosts of 1 to 3 connections that open, join, send, signal and end, in the order and with
/// the mistakes that the bytes say.
[[nodiscard]] Story play(Script script);

}  // namespace mptap::fuzz
