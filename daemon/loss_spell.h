// What the sensor says of vital records that it lost: once when a spell begins, and once when it is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mptap {

/// Main thread; told the counters now and then.
class LossSpell {
 public:
  /// A spell is over when nothing was lost for so long.
  static constexpr std::uint64_t kQuietNs = 10'000'000'000;

  /// @param lost    Vital records lost so far.
  /// @param held    Notices held back so far.
  /// @param now_ns  Of a clock that never goes back.
  /// @return A sentence, where something is to be said.
  [[nodiscard]] std::optional<std::string> look(std::uint64_t lost, std::uint64_t held, std::uint64_t now_ns);

  /// The sensor stops: how the spell went, where there is one.
  [[nodiscard]] std::optional<std::string> finish(std::uint64_t lost, std::uint64_t held, std::uint64_t now_ns);

 private:
  [[nodiscard]] std::string end();

  bool on_ = false;
  std::uint64_t lost_ = 0;         // when last looked
  std::uint64_t held_ = 0;
  std::uint64_t lost_before_ = 0;  // the spell
  std::uint64_t held_before_ = 0;
  std::uint64_t begun_ns_ = 0;
  std::uint64_t latest_ns_ = 0;    // when a loss was last noticed
};

}  // namespace mptap
