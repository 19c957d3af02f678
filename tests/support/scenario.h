#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tests/support/mptcp_dialogue.h"
#include "tests/support/random.h"
#include "tests/support/tap.h"
#include "tests/support/truth.h"

namespace mptap::testing {

/// What the command line asks of a scenario; each has its own defaults for what is absent.
struct ScenarioOptions {
  std::optional<std::uint64_t> connections{};
  std::optional<std::uint64_t> packets{};  // stop beginning new work once this many are captured
  std::optional<double> loss{};
  std::optional<int> version{};   // corpus: of MPTCP; 1 where absent
  bool ipv6 = false;              // corpus
  bool behind_nat = false;        // corpus: the tap sees other addresses than the initiators advertise
  std::uint64_t clean = 0;        // corpus: connections without misuse around it
  std::optional<std::uint64_t> seconds{};  // day: of packet time
  std::optional<std::uint64_t> hostile{};  // flood: pieces of hostile traffic
  bool opening = false;           // line-dss: the handshakes instead of what follows them
};

/// What a scenario plays on: a tap, the truth, a seeded source of chance and addresses to hand out.
class Stage {
 public:
  Stage(Tap& tap, Truth& truth, Random random, const ScenarioOptions& options)
      : tap_(tap), truth_(truth), random_(random), options_(options), now_ns_(kStartNs) {}

  Tap& tap() { return tap_; }
  Truth& truth() { return truth_; }
  Random& random() { return random_; }
  [[nodiscard]] const ScenarioOptions& options() const { return options_; }

  /// Whether to begin another conversation: `packets` not reached, or `started` below `connections`.
  ///
  /// @param default_connections  Holds where the command line gives neither number.
  [[nodiscard]] bool wants_more(std::uint64_t started, std::uint64_t default_connections) const;

  // The stage's clock: when the next conversation begins. Nanoseconds since 1970.
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }
  void wait(std::int64_t ns) { now_ns_ += ns; }

  /// The next host of 10.0.0.0/8 (or 2001:db8:a::/64) with a port nobody used.
  Endpoint next_client(bool ipv6 = false);
  /// A server of 198.18.0.0/15 (or 2001:db8:5::/64), port 443.
  [[nodiscard]] Endpoint server(std::uint32_t number, bool ipv6 = false) const;

  /// A specification that starts now, between a new client and a server.
  DialogueSpec spec(int version, bool ipv6 = false);
  MptcpDialogue dialogue(const DialogueSpec& spec) {
    return MptcpDialogue(tap_, truth_, random_.fork(), spec);
  }

 private:
  static constexpr std::int64_t kStartNs = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z

  Tap& tap_;
  Truth& truth_;
  Random random_;
  ScenarioOptions options_;
  std::int64_t now_ns_;
  std::uint32_t clients_ = 0;
};

inline constexpr std::int64_t kMillisecondNs = 1'000'000;
inline constexpr std::int64_t kSecondNs = 1'000'000'000;

/// One story that mptap-generate can tell. `summary` is a line for --list.
struct Scenario {
  const char* name;
  const char* summary;
  void (*play)(Stage&);
};

// Each file of scenarios gives its list.
std::span<const Scenario> connection_scenarios();
std::span<const Scenario> address_scenarios();
std::span<const Scenario> misuse_scenarios();
std::span<const Scenario> refusal_scenarios();
std::span<const Scenario> tap_scenarios();
std::span<const Scenario> frame_scenarios();
std::span<const Scenario> load_scenarios();
std::span<const Scenario> line_scenarios();
std::span<const Scenario> flood_scenarios();
std::span<const Scenario> demo_scenarios();
std::span<const Scenario> day_scenarios();
std::span<const Scenario> corpus_join_scenarios();
std::span<const Scenario> corpus_address_scenarios();
std::span<const Scenario> corpus_data_scenarios();

// Pieces that several scenarios share.

/// Handshake, a request, an answer of `answer_bytes`: after it joins are allowed.
void exchange_request(MptcpDialogue& dialogue, std::size_t answer_bytes, KeyFault fault = KeyFault::kNone);

/// A completed join from a second address of the opener to where the connection began.
std::size_t join_from_second_address(MptcpDialogue& dialogue, Side opener = Side::kInitiator,
                                     std::uint8_t address_id = 1, bool backup = false);

/// Forgets what a tap cannot know when it missed the handshakes.
void forget_handshakes(ConnectionTruth& connection);

/// One ordinary TCP connection: handshake, request, answer, FIN both ways; without MPTCP.
///
/// @return when its last segment passed the tap.
std::int64_t play_plain_connection(Stage& stage, std::int64_t start_ns, std::size_t answer_bytes);

/// Most answers are small, some are large, as on any link.
std::size_t draw_answer_bytes(Random& random);

/// One whole MPTCP connection of either version and family: request, perhaps ADD_ADDR and a join, answer, end.
void play_mptcp_connection(Stage& stage, std::size_t answer_bytes);

/// One connection of a storm: made, joined once or twice, and ended at once. Kinds follow each other by `number`.
void play_storm_connection(Stage& stage, std::uint64_t number);

/// One frame of what else is on a link: name lookups, echo requests, ARP.
void play_background(Stage& stage);

}  // namespace mptap::testing
