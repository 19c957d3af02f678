// Which port of an inline pair is down because its partner has no link.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace mptap {

struct LinkState {
  bool is_up = false;     // as an administrator wants it
  bool has_link = false;  // frames can pass; never where it is not up
};

/// A pair is a wire: where one end of it is out, so is the other. Decides only; the caller acts, and shows what came of it.
/// One thread.
class LinkMirror {
 public:
  enum class Deed : std::uint8_t { kNone, kTakeDown, kBringUp };
  struct Step {
    Deed deed = Deed::kNone;
    std::size_t port = 0;  // of the pair: 0 or 1
  };

  /// How long a port may take to find its link once it was brought up, before its partner is taken down for it: cards agree on
  /// a speed first.
  static constexpr std::uint64_t kSettleNs = 5'000'000'000;

  /// @param links   Of both ports now.
  /// @param now_ns  Any clock that never goes back.
  [[nodiscard]] Step look(const std::array<LinkState, 2>& links, std::uint64_t now_ns);

  /// A port was brought up by another's wish, as at the start.
  void expect_link(std::size_t port, std::uint64_t now_ns) { settles_ns_.at(port) = now_ns + kSettleNs; }

  /// The port that is down because its partner has no link.
  [[nodiscard]] std::optional<std::size_t> held_down() const { return held_down_; }

 private:
  std::optional<std::size_t> held_down_;
  std::array<std::uint64_t, 2> settles_ns_{};
};

}  // namespace mptap
