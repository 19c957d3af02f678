// Which of the rules that block a subflow the cards of inline ports obey, and when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/card_orders.h"
#include "dataplane/prefix.h"

namespace mptap {

/// A card drops a subflow for a while; then it is withdrawn and workers, whose rule stays, look whether anything still comes:
/// only then the card has its turn again. So what is over takes no place on a card, and whoever gets the same addresses and
/// ports later comes through to the workers, which tell him from the other.
///
/// Control thread only; no I/O: orders go to another thread by a ring.
class CardRules {
 public:
  static constexpr std::uint64_t kOnCardNs = 5 * kNsPerSecond;
  static constexpr std::uint64_t kLookNs = kNsPerSecond;           // at least
  static constexpr std::uint64_t kRefusedNs = 30 * kNsPerSecond;   // until a card that refused is asked again

  /// @param channel  Outlives this.
  /// @param spared   A card drops nothing from or to these.
  CardRules(CardChannel& channel, std::vector<Prefix> spared);

  /// Has the cards drop a subflow. @param held_back  As for advance().
  /// @return Its place; none where there is no room, or it is spared.
  [[nodiscard]] std::optional<std::uint16_t> begin(const FourTuple& flow, std::uint64_t held_back, std::uint64_t now_ns);

  /// @param held_back  Packets that workers have held back for it, ever growing.
  void advance(std::uint16_t place, std::uint64_t held_back, std::uint64_t now_ns);

  /// Withdraws it. The place is somebody else's once that is done.
  void end(std::uint16_t place);

  /// Frees the places of what was withdrawn, and sends what found no room in the ring before.
  void settle();

  /// Whether a card drops it now.
  [[nodiscard]] bool is_dropped(std::uint16_t place) const;
  /// Packets that cards have dropped since begin().
  [[nodiscard]] std::uint64_t packets(std::uint16_t place) const;
  /// Packets that cards have dropped, all in all.
  [[nodiscard]] std::uint64_t packets() const;
  /// Orders to drop that no card has taken, all in all.
  [[nodiscard]] std::uint64_t refused() const { return channel_.refused(); }
  /// Subflows that cards drop now.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  enum class Phase : std::uint8_t {
    kFree,
    kOnCard,      // or on its way there
    kGivingUp,    // to be looked at then
    kLooking,     // workers alone
    kEndsUntold,  // its end found no room in the ring
    kEnding,
  };
  struct Place {
    Phase phase = Phase::kFree;
    std::uint32_t number = 0;  // of the latest order
    FourTuple flow{};
    std::uint64_t since_ns = 0;
    std::uint64_t wait_ns = 0;         // kLooking: so long at least
    std::uint64_t held_back = 0;       // kLooking: by workers when the look began
    std::uint64_t packets_before = 0;  // of earlier rules of the place
  };

  [[nodiscard]] bool is_spared(const IpAddress& address) const;
  [[nodiscard]] bool order(std::uint16_t place, bool drop);
  static void look_on(Place& place, std::uint64_t held_back, std::uint64_t wait_ns, std::uint64_t now_ns);

  CardChannel& channel_;
  const std::vector<Prefix> spared_;
  std::vector<Place> places_;
  std::size_t used_ = 0;    // one past the highest place ever used
  std::size_t ending_ = 0;  // places that end
};

}  // namespace mptap
