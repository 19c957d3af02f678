// A day of packet time: what only time brings. Numbers wrap around, timeouts pass, ports and keys come again, clocks step.

#include <algorithm>
#include <array>
#include <deque>
#include <list>
#include <map>
#include <string>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

constexpr std::int64_t kMinuteNs = 60 * kSecondNs;
constexpr std::int64_t kHourNs = 60 * kMinuteNs;
constexpr std::int64_t kDayNs = 24 * kHourNs;
constexpr std::size_t kAgo = 60;          // conversations between two uses of ports or keys: longer than anything lingers
constexpr std::uint32_t kBeforeWrap = 3'000;  // bytes
constexpr std::size_t kOffloadBytes = 60'000;
constexpr std::uint64_t kBeyond32Bits = 4'400'000'000;  // bytes

/// A connection that says something now and then, below every timeout.
struct Companion {
  MptcpDialogue dialogue;
  std::int64_t next_ns;
  std::int64_t end_ns;
};

class Day {
 public:
  explicit Day(Stage& stage)
      : stage_(stage),
        random_(stage.random()),
        start_ns_(stage.now_ns()),
        length_ns_(static_cast<std::int64_t>(stage.options().seconds.value_or(86'400)) * kSecondNs) {}

  void play() {
    const std::int64_t end_ns = start_ns_ + length_ns_;
    const std::int64_t jump_ns = start_ns_ + length_ns_ / 2;
    bool jumped = false;
    std::int64_t next_step_ns = start_ns_ + length_ns_ / 8;
    for (std::uint64_t number = 0; stage_.now_ns() < end_ns; ++number) {
      if (!jumped && stage_.now_ns() >= jump_ns) {
        jump();
        jumped = true;
      }
      if (stage_.now_ns() >= next_step_ns) {
        ++counts_["clock_steps"];
        stage_.tap().step_clock(stage_.now_ns(), -30 * kSecondNs);
        next_step_ns += length_ns_ / 4;
      }
      meet_companions(stage_.now_ns());
      begin(number, jumped ? end_ns : jump_ns);
      stage_.wait(random_.between(4 * kSecondNs, 14 * kSecondNs));
      stage_.tap().release_before(stage_.now_ns());
    }
    meet_companions(INT64_MAX);
    stage_.wait(kMinuteNs);
    if (length_ns_ >= kDayNs) send_beyond_32_bits();
    stage_.truth().set_extra("day", counts_);
  }

 private:
  /// Nothing is open, and the clock leaps by two hours; an hour later back by one.
  void jump() {
    meet_companions(INT64_MAX);
    stage_.wait(2 * kMinuteNs);
    stage_.tap().release_before(stage_.now_ns());
    counts_["clock_steps"] += 2;
    stage_.tap().step_clock(stage_.now_ns(), 2 * kHourNs);
    stage_.tap().step_clock(stage_.now_ns() + length_ns_ / 24, -kHourNs);
  }

  /// Those whose turn it is by `now_ns` speak, and leave where their time is over.
  void meet_companions(std::int64_t now_ns) {
    for (Companion& companion : companions_) {
      if (companion.next_ns > now_ns) continue;
      MptcpDialogue& dialogue = companion.dialogue;
      dialogue.wait_until(now_ns == INT64_MAX ? stage_.now_ns() : now_ns);
      dialogue.send(Side::kInitiator, 700);
      dialogue.send(Side::kResponder, 2'000);
      companion.next_ns = dialogue.now_ns() + random_.between(5 * kMinuteNs, 40 * kMinuteNs);
      if (companion.next_ns < companion.end_ns && now_ns != INT64_MAX) continue;
      dialogue.close();
      companion.end_ns = 0;
    }
    std::erase_if(companions_, [](const Companion& companion) { return companion.end_ns == 0; });
  }

  /// Conversations of each kind follow each other by `number`; none that lasts goes beyond `limit_ns`.
  void begin(std::uint64_t number, std::int64_t limit_ns) {
    switch (number % 40) {
      case 1: begin_companion(limit_ns); break;
      case 5: vanish(); break;
      case 9: wrap_sequence_numbers(); break;
      case 13: wrap_data_numbers(number); break;
      case 17: continue_unseen(); break;
      case 21: reuse_ports(); break;
      case 25: reuse_keys(); break;
      case 29: attempt(); break;
      default:
        if (number % 3 == 0) {
          play_plain_connection(stage_, stage_.now_ns(), 2'000);
        } else {
          remember(converse(stage_.spec(number % 5 == 0 ? 0 : 1, number % 4 == 0)));
        }
        play_background(stage_);
    }
  }

  MptcpDialogue open(const DialogueSpec& spec) {
    MptcpDialogue dialogue = stage_.dialogue(spec);
    exchange_request(dialogue, 3'000);
    join_from_second_address(dialogue);
    return dialogue;
  }

  MptcpDialogue converse(const DialogueSpec& spec) {
    MptcpDialogue dialogue = open(spec);
    dialogue.send(Side::kResponder, 5'000);
    dialogue.send(Side::kInitiator, 5'000);
    dialogue.close();
    return dialogue;
  }

  void remember(const MptcpDialogue& dialogue) {
    DialogueSpec past = dialogue.spec();
    past.initiator_key = dialogue.key(Side::kInitiator);
    past.responder_key = dialogue.key(Side::kResponder);
    past_.push_back(past);
  }

  void begin_companion(std::int64_t limit_ns) {
    ++counts_["companions"];
    const std::int64_t end_ns = stage_.now_ns() + random_.between(kHourNs, 5 * kHourNs);
    DialogueSpec spec = stage_.spec(random_.chance(0.5) ? 1 : 0);
    // Its timestamps wrap within the hour.
    spec.ts_base = static_cast<std::uint32_t>(-(stage_.now_ns() / kMillisecondNs) - 1'800'000);
    companions_.push_back({open(spec), stage_.now_ns() + 10 * kMinuteNs, std::min(end_ns, limit_ns - 10 * kMinuteNs)});
  }

  /// Both hosts lose power.
  void vanish() {
    ++counts_["silent"];
    open(stage_.spec(1)).send(Side::kResponder, 4'000);
  }

  void wrap_sequence_numbers() {
    ++counts_["sequence_wraps"];
    DialogueSpec spec = stage_.spec(random_.chance(0.5) ? 1 : 0);
    spec.isn = 0U - kBeforeWrap;
    converse(spec);
  }

  /// The low half of the responder's IDSN is just below its end; its data comes with numbers of 32 bits, or of 64.
  void wrap_data_numbers(std::uint64_t number) {
    ++counts_["dsn32_wraps"];
    DialogueSpec spec = stage_.spec(number % 80 == 13 ? 1 : 0);
    Key key = random_.next();
    while (static_cast<std::uint32_t>(derive_idsn(spec.version, key)) < 0xffff'0000U) ++key;
    spec.responder_key = key;
    spec.dss_form = number % 160 < 80 ? DssForm::kShort : DssForm::kMixed;
    MptcpDialogue dialogue = open(spec);
    dialogue.send(Side::kResponder, 80'000);
    dialogue.close();
  }

  /// Its start is not seen, and its data numbers go through the end of their 64 bits.
  void continue_unseen() {
    ++counts_["dsn64_wraps"];
    DialogueSpec spec = stage_.spec(1);
    spec.first_dsn = 0ULL - 10'000;
    spec.dss_form = DssForm::kLong;
    stage_.tap().set_blind(true);
    MptcpDialogue dialogue = open(spec);
    stage_.tap().set_blind(false);
    dialogue.send(Side::kResponder, 15'000);
    dialogue.send(Side::kInitiator, 15'000);
    dialogue.close();
    forget_handshakes(dialogue.truth());
  }

  void reuse_ports() {
    if (past_.size() < kAgo) return;
    ++counts_["ports_again"];
    DialogueSpec spec = past_[past_.size() - kAgo];
    spec.initiator_key.reset();
    spec.responder_key.reset();
    spec.start_ns = stage_.now_ns();
    converse(spec);
  }

  void reuse_keys() {
    if (past_.size() < kAgo) return;
    ++counts_["keys_again"];
    DialogueSpec spec = stage_.spec(past_[past_.size() - kAgo].version);
    spec.initiator_key = past_[past_.size() - kAgo].initiator_key;
    spec.responder_key = past_[past_.size() - kAgo].responder_key;
    converse(spec);
  }

  void attempt() {
    ++counts_["attempts"];
    MptcpDialogue dialogue = stage_.dialogue(stage_.spec(1));
    exchange_request(dialogue, 1'000);
    JoinSpec join{.from = stage_.next_client(), .to = dialogue.spec().responder};
    join.outcome = random_.chance(0.5) ? JoinOutcome::kUnanswered : JoinOutcome::kRefused;
    dialogue.join(join);
    dialogue.close();
  }

  /// More than 32 bits can count, on one subflow, as a tap behind segmentation offload sees it.
  void send_beyond_32_bits() {
    ++counts_["beyond_32_bits"];
    DialogueSpec spec = stage_.spec(1);
    spec.segment_bytes = kOffloadBytes;
    MptcpDialogue dialogue = open(spec);
    for (std::uint64_t left = kBeyond32Bits; left > 0;) {
      const std::uint64_t bytes = std::min<std::uint64_t>(left, 8 * kOffloadBytes);
      dialogue.send(Side::kResponder, bytes, {0});
      stage_.tap().release_before(dialogue.now_ns());
      left -= bytes;
    }
    dialogue.close();
  }

  Stage& stage_;
  Random& random_;
  const std::int64_t start_ns_;
  const std::int64_t length_ns_;
  std::list<Companion> companions_;
  std::deque<DialogueSpec> past_;  // ended, with their keys
  std::map<std::string, std::uint64_t> counts_;  // how often each kind was played
};

void play_day(Stage& stage) { Day(stage).play(); }

constexpr std::array kScenarios = {
    Scenario{"day", "--seconds of packet time: wraps, timeouts, clock steps, ports and keys that come again", play_day},
};

}  // namespace

std::span<const Scenario> day_scenarios() { return kScenarios; }

}  // namespace mptap::testing
