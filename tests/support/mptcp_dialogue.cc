// Establishment and ends of connections and subflows. Data is in mptcp_dialogue_data.cc, address and
// priority signals in mptcp_dialogue_signals.cc.

#include "tests/support/mptcp_dialogue.h"

namespace mptap::testing {
namespace {

constexpr std::int64_t kInitialTimeoutNs = 1'000'000'000;
constexpr int kMaxLosses = 3;  // in a row, of one handshake segment

}  // namespace

MptcpDialogue::MptcpDialogue(Tap& tap, Truth& truth, Random random, const DialogueSpec& spec)
    : tap_(tap),
      all_truth_(truth),
      random_(random),
      spec_(spec),
      connection_(truth.add_connection()),
      now_ns_(spec.start_ns) {
  keys_[0] = spec.initiator_key ? *spec.initiator_key : random_.next();
  keys_[1] = spec.responder_key ? *spec.responder_key : random_.next();
  for (const Side side : {Side::kInitiator, Side::kResponder}) {
    data_next_[index(side)] = spec.first_dsn.value_or(derive_idsn(spec.version, key(side)) + 1);
    data_received_[index(peer_of(side))] = data_next_[index(side)];
  }
  connection_.version = spec.version;
  connection_.orig = spec.initiator;
  connection_.resp = spec.responder;
  connection_.token_orig = token(Side::kInitiator);
  connection_.token_resp = token(Side::kResponder);
}

void MptcpDialogue::turn() {
  const std::int64_t half = spec_.rtt_ns / 2;
  now_ns_ += half + random_.between(0, half / 8 + 1);
}

void MptcpDialogue::gap() { now_ns_ += random_.between(4'000, 30'000); }

MptcpDialogue::Subflow& MptcpDialogue::add_subflow(Side opener, const Endpoint& from, const Endpoint& to,
                                                   SubflowTruth* truth) {
  const TcpFlowSpec flow{
      .opener = from, .acceptor = to, .timestamps = spec_.timestamps, .isn = spec_.isn, .ts_base = spec_.ts_base};
  truth->orig = from;
  truth->resp = to;
  subflows_.push_back(Subflow{TcpFlow(tap_, random_.fork(), flow, truth), opener});
  return subflows_.back();
}

SentSegment MptcpDialogue::send_surely(TcpFlow& flow, End from, std::uint8_t flags, const Bytes& options) {
  std::int64_t timeout_ns = kInitialTimeoutNs;
  std::optional<SentSegment> sent;
  for (int losses = 0; losses < kMaxLosses && random_.chance(spec_.loss); ++losses) {
    const Fate fate = random_.chance(0.5) ? Fate::kLostAfterTap : Fate::kLostBeforeTap;
    if (!sent) {
      sent = flow.send(now_ns_, from, flags, options, {}, false, fate);
    } else if (fate == Fate::kLostAfterTap) {
      flow.send_again(now_ns_, *sent);
    }
    now_ns_ += timeout_ns;
    timeout_ns *= 2;
  }
  if (!sent) return flow.send(now_ns_, from, flags, options);
  flow.send_again(now_ns_, *sent);
  flow.fill_holes(from);
  return *sent;
}

void MptcpDialogue::send_third_ack(TcpFlow& flow, const SentSegment& synack, const Bytes& options) {
  for (int losses = 0; losses < kMaxLosses && random_.chance(spec_.loss); ++losses) {
    if (random_.chance(0.5)) flow.send(now_ns_, End::kOpener, kAck, options);
    now_ns_ += kInitialTimeoutNs;
    flow.send_again(now_ns_, synack);
    turn();
  }
  flow.send(now_ns_, End::kOpener, kAck, options);
}

void MptcpDialogue::open(KeyFault fault) {
  key_fault_ = fault;
  SubflowTruth& truth = connection_.subflows.emplace_back();
  truth.is_initial = true;
  truth.state = "established";
  truth.orig_address_id = 0;
  truth.resp_address_id = 0;
  Subflow& subflow = add_subflow(Side::kInitiator, spec_.initiator, spec_.responder, &truth);
  TcpFlow& flow = subflow.flow;
  if (second_view_) {
    SubflowTruth& copy = connection_.subflows.emplace_back(truth);
    copy.orig = second_view_->opener;
    copy.resp = second_view_->acceptor;
    copy.copy_of = 0;
    second_view_->truth = &copy;
    flow.set_second_view(*second_view_);
  }

  MpCapable capable{.version = spec_.version, .checksum_required = spec_.checksums};
  if (spec_.version == 0) capable.sender_key = keys_[0];
  send_surely(flow, End::kOpener, kSyn, encode_mp_capable(capable));
  turn();
  capable.sender_key = keys_[1];
  capable.no_initial_address = spec_.no_join_to_initial;
  const SentSegment synack = send_surely(flow, End::kAcceptor, kSyn | kAck, encode_mp_capable(capable));
  if (before_third_ack_) before_third_ack_();
  turn();
  capable.no_initial_address = false;
  capable.sender_key = fault == KeyFault::kInitiatorKeyInAck ? random_.next() : keys_[0];
  capable.receiver_key = fault == KeyFault::kResponderKeyInAck ? random_.next() : keys_[1];
  send_third_ack(flow, synack, encode_mp_capable(capable));
  gap();
}

SubflowTruth& MptcpDialogue::place_join(const JoinSpec& spec) {
  const bool unmatched = spec.outcome == JoinOutcome::kUnanswered || spec.token.has_value();
  SubflowTruth& truth = unmatched ? all_truth_.add_unmatched() : connection_.subflows.emplace_back();
  truth.orig_address_id = spec.from_id;
  truth.backup = spec.backup;
  switch (spec.outcome) {
    case JoinOutcome::kHalfOpen:
    case JoinOutcome::kCompleted:
      truth.state = "established";
      truth.resp_address_id = spec.to_id;
      if (!unmatched) truth.hmac_ok = !spec.wrong_synack_hmac && !spec.wrong_ack_hmac;
      break;
    case JoinOutcome::kUnanswered:
      truth.state = "attempted";
      break;
    case JoinOutcome::kDenied:
      truth.state = "denied";
      break;
    case JoinOutcome::kRefused:
      truth.state = "refused";
      break;
  }
  return truth;
}

std::size_t MptcpDialogue::join(const JoinSpec& spec) {
  Subflow& subflow = add_subflow(spec.opener, spec.from, spec.to, &place_join(spec));
  exchange_join(subflow, spec);
  return subflows_.size() - 1;
}

void MptcpDialogue::exchange_join(Subflow& subflow, const JoinSpec& spec) {
  TcpFlow& flow = subflow.flow;
  const Key opener_key = key(spec.opener);
  const Key acceptor_key = key(peer_of(spec.opener));
  const std::uint32_t opener_nonce = random_.u32();
  const std::uint32_t acceptor_nonce = random_.u32();
  const Token token = spec.token.value_or(derive_token(spec_.version, acceptor_key));
  subflow.live = spec.outcome == JoinOutcome::kCompleted;

  const SentSegment syn = send_surely(flow, End::kOpener, kSyn,
                                      encode_mp_join_syn(spec.from_id, token, opener_nonce, spec.backup));
  if (spec.outcome == JoinOutcome::kUnanswered) {
    flow.send_again(now_ns_ + 1 * kInitialTimeoutNs, syn);
    flow.send_again(now_ns_ + 3 * kInitialTimeoutNs, syn);
    return;
  }
  turn();
  if (spec.outcome == JoinOutcome::kRefused) {
    const Bytes option = spec_.version == 1 ? encode_mp_tcprst(spec.refusal_reason) : Bytes{};
    flow.send(now_ns_, End::kAcceptor, kRst | kAck, option);
    return;
  }
  if (spec.outcome == JoinOutcome::kDenied) {
    send_surely(flow, End::kAcceptor, kSyn | kAck, {});
    turn();
    flow.send(now_ns_, End::kOpener, kRst | kAck);
    return;
  }

  std::uint64_t hmac64 =
      derive_join_hmac64(spec_.version, acceptor_key, opener_key, acceptor_nonce, opener_nonce);
  if (spec.wrong_synack_hmac) hmac64 ^= 0x0100000000000001U;
  const SentSegment synack =
      send_surely(flow, End::kAcceptor, kSyn | kAck,
                  encode_mp_join_synack(spec.to_id, hmac64, acceptor_nonce, spec.backup));
  if (spec.outcome == JoinOutcome::kHalfOpen) {
    flow.send_again(now_ns_ + 1 * kInitialTimeoutNs, synack);
    flow.send_again(now_ns_ + 3 * kInitialTimeoutNs, synack);
    return;
  }
  turn();
  auto hmac = derive_join_hmac(spec_.version, opener_key, acceptor_key, opener_nonce, acceptor_nonce);
  if (spec.wrong_ack_hmac) hmac[0] ^= 0x80;
  send_third_ack(flow, synack, encode_mp_join_ack(hmac));
  turn();
  if (spec.wrong_synack_hmac || spec.wrong_ack_hmac) {
    subflow.live = false;
    const Bytes option = spec_.version == 1 ? encode_mp_tcprst(3) : Bytes{};
    flow.send(now_ns_, End::kAcceptor, kRst | kAck, option);
    return;
  }
  // The fourth packet: only now may the opener send data (RFC 8684 section 3.2).
  flow.send(now_ns_, End::kAcceptor, kAck, data_ack_option(peer_of(spec.opener)), {}, true);
  gap();
}

std::vector<std::size_t> MptcpDialogue::live_subflows() const {
  std::vector<std::size_t> live;
  for (std::size_t i = 0; i < subflows_.size(); ++i) {
    if (subflows_[i].live) live.push_back(i);
  }
  return live;
}

void MptcpDialogue::close(Side first) {
  send_data_fin(first);
  send_data_fin(peer_of(first));
  for (const std::size_t subflow : live_subflows()) close_subflow(subflow, first);
}

void MptcpDialogue::close_subflow(std::size_t number, Side first) {
  Subflow& subflow = subflows_.at(number);
  const End end = end_of(subflow, first);
  subflow.live = false;
  send_surely(subflow.flow, end, kFin | kAck, data_ack_option(first));
  turn();
  send_surely(subflow.flow, peer_of(end), kFin | kAck, data_ack_option(peer_of(first)));
  turn();
  subflow.flow.send(now_ns_, end, kAck, {}, {}, true);
  gap();
}

void MptcpDialogue::fastclose(Side from) {
  const Bytes option = encode_mp_fastclose(key(peer_of(from)));
  bool announced = false;
  for (const std::size_t number : live_subflows()) {
    Subflow& subflow = subflows_[number];
    const End end = end_of(subflow, from);
    subflow.live = false;
    if (announced) {
      subflow.flow.send(now_ns_, end, kRst | kAck);
    } else if (spec_.version == 1) {
      subflow.flow.send(now_ns_, end, kRst | kAck, option);
    } else {
      subflow.flow.send(now_ns_, end, kAck, option);
      turn();
      subflow.flow.send(now_ns_, peer_of(end), kRst | kAck);
    }
    announced = true;
    gap();
  }
}

void MptcpDialogue::reset_subflow(std::size_t number, Side from, std::uint8_t reason) {
  Subflow& subflow = subflows_.at(number);
  subflow.live = false;
  subflow.flow.send(now_ns_, end_of(subflow, from), kRst | kAck,
                    spec_.version == 1 ? encode_mp_tcprst(reason) : Bytes{});
  gap();
}

}  // namespace mptap::testing
