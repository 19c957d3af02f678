// SubflowTracker's handshake: SYN, SYN/ACK and what may stand in their way.
#include <algorithm>

#include "dataplane/subflow_tracker.h"

namespace mptap {
namespace {

/// What a SYN offers; anything that is not a well-formed MP_CAPABLE or MP_JOIN counts as no offer.
SynOption syn_option_of(const DecodedOptions& options) {
  if (const MptcpOption* option = options.find(Subtype::kCapable)) {
    const CapableOption& capable = option->capable;
    return make_syn_option(static_cast<std::uint32_t>(capable.sender_key.value >> 32),
                           static_cast<std::uint32_t>(capable.sender_key.value), Offer::kCapable, capable.version,
                           capable.flags, AddressId{0});
  }
  if (const MptcpOption* option = options.find(Subtype::kJoin)) {
    const JoinOption& join = option->join;
    return make_syn_option(join.token.value, join.nonce, Offer::kJoin, 0, join.backup ? SynOption::kBackup : std::uint8_t{0},
                           join.address_id);
  }
  return SynOption{};
}

Offer offer_of_syn_ack(const DecodedOptions& options, const SynOption& syn, bool syn_seen) {
  if (const MptcpOption* option = options.find(Subtype::kCapable)) {
    if (syn_seen && syn.offer != Offer::kCapable) return Offer::kNone;
    const CapableOption& capable = option->capable;
    const bool echoes_key = syn_seen && syn.version == 0 && capable.version == 0 && capable.sender_key == syn.key();
    return capable.mirrored || echoes_key ? Offer::kMirrored : Offer::kCapable;
  }
  if (options.find(Subtype::kJoin) != nullptr) {
    return syn_seen && syn.offer != Offer::kJoin ? Offer::kNone : Offer::kJoin;
  }
  return Offer::kNone;
}

}  // namespace

void SubflowTracker::on_syn(std::uint32_t index, const SegmentView& segment, const DecodedOptions& options) noexcept {
  const SynOption syn = syn_option_of(options);
  if (index != SubflowTable::kNone) {
    on_further_syn(index, segment, syn);
  } else if (syn.offer != Offer::kNone) {
    on_first_syn(segment, syn);
  }
}

void SubflowTracker::on_first_syn(const SegmentView& segment, const SynOption& syn) noexcept {
  const bool is_join = syn.offer == Offer::kJoin;
  const bool share_left = table_.try_count_receiver(segment.receiver);
  const std::uint32_t index = share_left ? try_open(segment, SlotClass::kUnanswered, true) : SubflowTable::kNone;
  if (index == SubflowTable::kNone) {
    if (share_left) table_.uncount_receiver(segment.receiver);
    refuse(segment, RefusedSyns::name_of(segment.hash, segment.tcp.seq), syn, share_left ? 1 : options_.refused_join_sample);
    return;
  }
  if (is_join) ++tally_.joins_seen;
  SubflowSlot& slot = table_[index];
  SlotRare& rare = table_.rare(index);
  rare.syn = syn;
  rare.receiver = segment.receiver;
  slot.opener_isn = segment.tcp.seq;
  slot.seen |= seen::kSyn | seen::kReceiverCounted;
  touch(index, 0, segment);
  tell_opened(index, segment, RecordClass::kBulk);
}

void SubflowTracker::on_further_syn(std::uint32_t index, const SegmentView& segment, const SynOption& syn) noexcept {
  SubflowSlot& slot = table_[index];
  const bool same_isn = direction_of(slot, segment) == 0 && slot.opener_isn == segment.tcp.seq &&
                        (slot.has(seen::kSyn) || slot.has(seen::kSynAck));
  if (slot.klass == SlotClass::kClosed) {
    if (same_isn || syn.offer == Offer::kNone) return;  // a late copy, or plain TCP on an old 4-tuple
    table_.release(index);
    on_first_syn(segment, syn);
    return;
  }
  if (same_isn && !slot.has(seen::kSyn)) {
    on_late_syn(index, segment, syn);
    return;
  }
  if (same_isn) {
    const bool lost_option = syn.offer == Offer::kNone && table_.peek_rare(slot).syn.offer != Offer::kNone;
    if (lost_option && !slot.has(seen::kSynAck)) slot.seen |= seen::kSynWithoutOption;
    slot.seen |= seen::kSynRepeated;
    if (slot.has(seen::kSynAck) && slot.klass == SlotClass::kAnswered) table_.rare(index).syn_after_answer = true;
    touch(index, 0, segment);
    return;
  }
  // Another ISN on a live subflow: believed only once a SYN/ACK acknowledges it.
  SlotRare& rare = table_.rare(index);
  if (slot.has(seen::kChallenger) && rare.challenger_isn == segment.tcp.seq) return;
  rare.challenger = syn;
  rare.challenger_isn = segment.tcp.seq;
  slot.seen |= seen::kChallenger;
  if (syn.offer == Offer::kJoin) {
    ++tally_.joins_seen;
    tell_join_not_stored(segment, syn.token(), 1);
  }
}

/// The SYN of a subflow whose SYN/ACK came first.
void SubflowTracker::on_late_syn(std::uint32_t index, const SegmentView& segment, const SynOption& syn) noexcept {
  SubflowSlot& slot = table_[index];
  SlotRare& rare = table_.rare(index);
  rare.syn = syn;
  slot.seen |= seen::kSyn;
  touch(index, 0, segment);
  tell_opened(index, segment, RecordClass::kVital);
  if (syn.offer == Offer::kCapable) rare.syn.high = rare.syn.low = 0;  // the key has been told
}

/// Finds or makes the slot that a SYN/ACK answers; kNone where it answers nothing that is known.
std::uint32_t SubflowTracker::settle_syn_ack_slot(std::uint32_t index, const SegmentView& segment,
                                                  Offer offer) noexcept {
  const std::uint32_t acknowledged = segment.tcp.ack - 1;
  if (index != SubflowTable::kNone && table_[index].has(seen::kChallenger) &&
      table_.peek_rare(table_[index]).challenger_isn == acknowledged) {
    const SynOption syn = table_.peek_rare(table_[index]).challenger;
    if (syn.offer == Offer::kNone) {
      close(index, CloseCause::kReplaced);
      return SubflowTable::kNone;
    }
    index = reopen(index, segment, SlotClass::kUnanswered);
    if (index == SubflowTable::kNone) return index;
    table_.rare(index).syn = syn;
    table_[index].opener_isn = acknowledged;
    table_[index].seen |= seen::kSyn | seen::kToldBefore;
    table_[index].direction[0].segments = 1;
    table_[index].numbers[0].seq_next = segment.tcp.ack;
    table_[index].seen |= seen::kSeqKnown;
    return index;
  }
  if (index != SubflowTable::kNone) {
    const SubflowSlot& slot = table_[index];
    if (slot.klass == SlotClass::kClosed) return SubflowTable::kNone;
    const bool guessed = slot.has(seen::kMidstream);
    if (!guessed) {
      if (direction_of(slot, segment) == 0) return SubflowTable::kNone;
      if (slot.opener_isn == acknowledged) return index;
      const bool one_sided = slot.direction[0].segments == 0 && (offer == Offer::kCapable || offer == Offer::kJoin);
      if (!one_sided) {  // else the opener is not heard here, and cannot tell
        ++tally_.out_of_sequence;
        note_stranger(index, 1, segment.tcp.seq + 1, segment.tcp.ack);
        return SubflowTable::kNone;
      }
    }
  }
  if (offer == Offer::kNone || offer == Offer::kMirrored) return SubflowTable::kNone;
  if (offer == Offer::kJoin) ++tally_.joins_seen;
  index = index == SubflowTable::kNone ? try_open(segment, SlotClass::kAnswered, false)
                                       : reopen(index, segment, SlotClass::kAnswered);
  if (index == SubflowTable::kNone) {
    ++tally_.subflows_not_stored;
    if (offer == Offer::kJoin) ++tally_.joins_not_stored;
    return index;
  }
  SubflowSlot& slot = table_[index];
  slot.opener_isn = acknowledged;
  // A SYN that a flood left no place for is honest after all: its option is taken from the memory of refusals.
  // Such a join stands in joins_seen twice, once as not stored and once as answered.
  if (const auto remembered = refused_.take(RefusedSyns::name_of(segment.hash, acknowledged))) {
    table_.rare(index).syn = remembered->syn;
    table_.rare(index).sampled_out = !remembered->told;
    slot.seen |= seen::kSyn | seen::kSeqKnown | (remembered->told ? seen::kToldBefore : 0);
    slot.direction[0].segments = 1;
    slot.numbers[0].seq_next = segment.tcp.ack;
  }
  return index;
}

void SubflowTracker::on_syn_ack(std::uint32_t index, const SegmentView& segment,
                                const DecodedOptions& options) noexcept {
  index = settle_syn_ack_slot(index, segment, offer_of_syn_ack(options, SynOption{}, false));
  if (index == SubflowTable::kNone) return;
  SubflowSlot& slot = table_[index];
  if (slot.has(seen::kSynAck)) {
    if (slot.acceptor_isn != segment.tcp.seq) return;
    slot.seen |= seen::kAnswerRepeated;
    touch(index, 1, segment);
    return;
  }
  const Offer offer = offer_of_syn_ack(options, table_.peek_rare(slot).syn, slot.has(seen::kSyn));
  slot.acceptor_isn = segment.tcp.seq;
  slot.seen &= ~((seen::kSeqKnown | seen::kAckKnown) << 1);  // what came before the answer was no part of it
  slot.seen |= seen::kSynAck;
  if (offer == Offer::kJoin) ++tally_.joins_answered;
  if (offer == Offer::kNone || offer == Offer::kMirrored) slot.seen |= seen::kDenied;
  if (slot.klass == SlotClass::kUnanswered) {
    forget_receiver(index);
    table_.change_class(index, SlotClass::kAnswered);
  }
  touch(index, 1, segment);
  if (!slot.has(seen::kOpenedSent)) tell_opened(index, segment, RecordClass::kVital);
  Record& record = begin_record(index, RecordKind::kSynAck, 1);
  record.syn_ack = SynAckBody{};
  record.syn_ack.offer = offer;
  record.syn_ack.opener_isn = slot.opener_isn;
  record.syn_ack.acceptor_isn = slot.acceptor_isn;
  record.syn_ack.syn_repeated = slot.has(seen::kSynRepeated);
  record.syn_ack.blackhole = slot.has(seen::kSynWithoutOption) && offer == Offer::kNone;
  if (offer == Offer::kCapable) {
    const CapableOption& capable = options.find(Subtype::kCapable)->capable;
    record.syn_ack.key = capable.sender_key;
    record.syn_ack.version = capable.version;
    record.syn_ack.flags = capable.flags;
  } else if (offer == Offer::kJoin) {
    const JoinOption& join = options.find(Subtype::kJoin)->join;
    std::copy_n(join.hmac.begin(), record.syn_ack.hmac.size(), record.syn_ack.hmac.begin());
    record.syn_ack.nonce = join.nonce;
    record.syn_ack.flags = join.backup ? SynOption::kBackup : std::uint8_t{0};
    record.syn_ack.address_id = join.address_id;
  }
  out_.end();
  if (slot.has(seen::kOpenedSent) && table_.peek_rare(slot).syn.offer == Offer::kCapable) {
    SynOption& syn = table_.rare(index).syn;
    syn.high = syn.low = 0;
  }
}

}  // namespace mptap
