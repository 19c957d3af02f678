// Connections and joins that hosts, or boxes between them, do not allow.

#include <array>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

/// An MP_CAPABLE attempt that becomes plain TCP.
class DeniedAttempt {
 public:
  DeniedAttempt(Stage& stage, int version)
      : spec_(stage.spec(version)),
        now_ns_(spec_.start_ns),
        truth_(stage.truth().add_unmatched()),
        flow_(stage.tap(), stage.random().fork(), {.opener = spec_.initiator, .acceptor = spec_.responder},
              &truth_) {
    MpCapable capable{.version = version};
    if (version == 0) capable.sender_key = stage.random().next();
    option_ = encode_mp_capable(capable);
    truth_.orig = spec_.initiator;
    truth_.resp = spec_.responder;
    truth_.is_initial = true;
    truth_.state = "denied";
  }

  void send_syn() { syn_ = flow_.send(now_ns_, End::kOpener, kSyn, option_); }
  void repeat_syn(std::int64_t after_ns, bool with_option) {
    now_ns_ += after_ns;
    if (!with_option) syn_.options.clear();
    flow_.send_again(now_ns_, syn_);
  }
  void answer(std::uint8_t flags, const Bytes& option) {
    now_ns_ += spec_.rtt_ns / 2;
    flow_.send(now_ns_, End::kAcceptor, flags, option);
    now_ns_ += spec_.rtt_ns / 2;
  }
  void continue_plain() {
    flow_.send(now_ns_, End::kOpener, kAck);
    now_ns_ += kMillisecondNs;
    flow_.send(now_ns_, End::kOpener, kAck | kPsh, {}, Bytes(300, 'q'));
    now_ns_ += spec_.rtt_ns / 2;
    flow_.send(now_ns_, End::kAcceptor, kAck | kPsh, {}, Bytes(1200, 'r'));
    now_ns_ += spec_.rtt_ns / 2;
    flow_.send(now_ns_, End::kOpener, kFin | kAck);
    now_ns_ += spec_.rtt_ns / 2;
    flow_.send(now_ns_, End::kAcceptor, kFin | kAck);
    now_ns_ += spec_.rtt_ns / 2;
    flow_.send(now_ns_, End::kOpener, kAck);
  }
  SubflowTruth& truth() { return truth_; }
  [[nodiscard]] const Bytes& option() const { return option_; }

 private:
  DialogueSpec spec_;
  std::int64_t now_ns_;
  SubflowTruth& truth_;
  TcpFlow flow_;
  Bytes option_;
  SentSegment syn_{};
};

void play_rejected(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    DeniedAttempt no_option(stage, version);
    no_option.send_syn();
    no_option.answer(kSyn | kAck, {});
    no_option.continue_plain();
    stage.wait(kSecondNs);

    DeniedAttempt mirrored(stage, version);
    mirrored.send_syn();
    mirrored.answer(kSyn | kAck, mirrored.option());
    mirrored.continue_plain();
    stage.wait(kSecondNs);

    DeniedAttempt blackhole(stage, version);
    blackhole.send_syn();
    blackhole.repeat_syn(1 * kSecondNs, true);
    blackhole.repeat_syn(2 * kSecondNs, true);
    blackhole.repeat_syn(4 * kSecondNs, false);
    blackhole.answer(kSyn | kAck, {});
    blackhole.continue_plain();
    stage.wait(kSecondNs);
  }
  stage.truth().expect_notice("rejected", 6);
  stage.truth().set_extra("rejected_causes", {{"no_option", 2}, {"mirrored", 2}, {"blackhole", 2}});
}

void play_refused_join(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 2'000);
    // The token is right, the host does not want more subflows.
    dialogue.join({.from = stage.next_client(),
                   .to = dialogue.spec().responder,
                   .outcome = JoinOutcome::kRefused,
                   .refusal_reason = 3});
    dialogue.send(Side::kResponder, 2'000);
    dialogue.close();
    stage.wait(kSecondNs);
  }
  // The token means nothing to the host, and its RST says so: refused, which is no unknown join.
  MptcpDialogue dialogue = stage.dialogue(stage.spec(1));
  exchange_request(dialogue, 2'000);
  dialogue.join({.from = stage.next_client(),
                 .to = dialogue.spec().responder,
                 .outcome = JoinOutcome::kRefused,
                 .refusal_reason = 1,
                 .token = ~dialogue.token(Side::kResponder)});
  dialogue.close();
}

void play_denied_join(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 2'000);
    dialogue.join(
        {.from = stage.next_client(), .to = dialogue.spec().responder, .outcome = JoinOutcome::kDenied});
    dialogue.send(Side::kResponder, 2'000);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_reset(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 2'000);
    for (std::uint8_t reason = 0; reason <= 6; ++reason) {
      const std::size_t joined =
          join_from_second_address(dialogue, Side::kInitiator, static_cast<std::uint8_t>(reason + 1));
      dialogue.send(Side::kResponder, 1'000, {joined});
      dialogue.reset_subflow(joined, reason % 2 == 0 ? Side::kResponder : Side::kInitiator, reason);
    }
    dialogue.send(Side::kResponder, 2'000, {0});
    dialogue.reset_subflow(0, Side::kResponder, 0);
    stage.wait(2 * kSecondNs);

    DeniedAttempt refused(stage, version);
    refused.truth().state = "reset";
    refused.send_syn();
    refused.answer(kRst | kAck, {});
    stage.wait(kSecondNs);
  }
}

void play_unanswered(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    DeniedAttempt silent(stage, version);
    silent.truth().state = "attempted";
    silent.send_syn();
    silent.repeat_syn(1 * kSecondNs, true);
    silent.repeat_syn(2 * kSecondNs, true);

    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 2'000);
    dialogue.join(
        {.from = stage.next_client(), .to = dialogue.spec().responder, .outcome = JoinOutcome::kUnanswered});
    dialogue.wait(5 * kSecondNs);
    dialogue.send(Side::kResponder, 2'000);
    dialogue.close();
    stage.wait(2 * kSecondNs);
  }
}

constexpr std::array kScenarios = {
    Scenario{"rejected", "MP_CAPABLE stripped, mirrored and blackholed, in v0 and v1", play_rejected},
    Scenario{"refused-join", "joins answered by RST, with MP_TCPRST in v1", play_refused_join},
    Scenario{"denied-join", "joins whose SYN/ACK has no MP_JOIN", play_denied_join},
    Scenario{"reset", "subflows reset with every MP_TCPRST reason; a connection refused", play_reset},
    Scenario{"unanswered", "MP_CAPABLE and MP_JOIN SYNs that nobody answers", play_unanswered},
};

}  // namespace

std::span<const Scenario> refusal_scenarios() { return kScenarios; }

}  // namespace mptap::testing
