// What segments do to a worker's subflows, and which records that makes.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/copy_filter.h"
#include "dataplane/frame.h"
#include "dataplane/mapping_track.h"
#include "dataplane/mptcp_option.h"
#include "dataplane/pauses.h"
#include "dataplane/record_out.h"
#include "dataplane/refused_syns.h"
#include "dataplane/segment_view.h"
#include "dataplane/subflow_numbers.h"
#include "dataplane/subflow_table.h"
#include "dataplane/tcp.h"
#include "dataplane/worker_counters.h"
#include "dataplane/worker_options.h"

namespace mptap {

/// The MPTCP options of one segment, decoded.
struct DecodedOptions {
  std::array<MptcpOption, OptionScan::kCapacity> option;
  std::array<OptionError, OptionScan::kCapacity> error;
  std::uint8_t count = 0;
  bool odd = false;  // one breaks the grammar, or sets reserved bits

  /// The well-formed option of this subtype, or nullptr.
  [[nodiscard]] const MptcpOption* find(Subtype subtype) const;
};

/// Follows the handshake, the sequence numbers and the end of every subflow.
///
/// One worker thread. Never allocates, locks, logs, throws or trusts a length.
class SubflowTracker {
 public:
  SubflowTracker(const WorkerOptions& options, std::uint64_t seed, RecordOut& out, WorkerTally& tally);

  [[nodiscard]] const SubflowTable& table() const { return table_; }

  /// Brings what is looked at first towards the cache, well before prefetch_slots() waits for it: the bucket of a segment's
  /// subflow, and where its copies are told; of a SYN whether its subflow may be known, and its receiver's share.
  void prefetch_first_look(SegmentView& segment, bool is_syn) const noexcept {
    if (is_syn) {
      table_.prefetch_presence(segment.hash);
      segment.receiver = table_.receiver_cell(segment.destination());
      table_.prefetch_receiver(segment.receiver);
    } else {
      table_.prefetch_bucket(segment.hash);
      segment.print = print_of(segment);
      copies_.prefetch(segment.print);
    }
  }

  /// Brings subflows towards the cache, well before on_segment(). In a loop of its own: where it has to wait for buckets,
  /// it waits for all at once.
  ///
  /// Finds `slot` of each: where it is kNone, the subflow is not known, and a segment without an MPTCP option is left alone
  /// by on_segment(), unless one before it opens the subflow.
  void prefetch_slots(FlowBatch& flows, std::size_t begin, std::size_t end) const noexcept {
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint64_t hash = flows.hash[i];
      flows.slot[i] = flows.is_syn[i] != 0 ? table_.guess_slot(hash) : table_.prefetch_slot(hash);
    }
  }

  /// Brings what a SYN will need towards the cache, by what was found at the first look.
  /// @param will_end_here  It is probably for on_held_back_join(), which needs nothing.
  void prefetch_memories(SegmentView& segment, bool is_syn, bool will_end_here) const noexcept {
    segment.is_new_syn = is_syn && segment.likely_slot == SubflowTable::kNone;
    if (!is_syn) return;
    segment.print = 0;
    segment.refused_name = 0;
    if (will_end_here) return;
    if (segment.is_new_syn && table_.is_share_taken(segment.receiver)) {
      segment.refused_name = RefusedSyns::name_of(segment.hash, Cursor({segment.header, kMinTcpHeader}).u32(4));
      refused_.prefetch(segment.refused_name);
    } else {
      table_.prefetch_bucket(segment.hash);
      segment.print = print_of(segment);
      copies_.prefetch(segment.print);
    }
  }

  /// A join SYN that goes no further: nobody will answer it, so it takes no slot, and is told of as one that found none.
  ///
  /// @param name         See RefusedSyns::name_of().
  /// @param is_repeated  It was held back a moment ago, and told of then.
  /// @return False where it is no such SYN, and is for on_segment().
  bool on_held_back_join(const SegmentView& segment, std::uint64_t name, bool is_repeated) noexcept;

  /// @param segment  Its `tcp` is filled in where it is needed.
  /// @param now_ns   Packet time, never less than before.
  [[gnu::always_inline]] void on_segment(SegmentView& segment, std::uint64_t now_ns) noexcept {
    now_ns_ = now_ns;
    const bool has_slot = segment.likely_slot < SubflowTable::kElsewhere;
    if (has_slot ? may_be_ordinary(segment) && on_ordinary(segment) : on_refused_join(segment)) return;
    on_any(segment);
  }

  /// A live port was looked at: before what it gave is shown.
  /// @param before_ns, now_ns  Packet time of the look before, 0 where there was none, and of this one.
  void on_look(std::uint64_t before_ns, std::uint64_t now_ns) noexcept { pauses_.on_look(before_ns, now_ns); }

  /// Ends what was silent for too long. A bounded number of slots a call; mostly a comparison.
  void expire(std::uint64_t now_ns) noexcept {
    now_ns_ = now_ns;
    if (table_.has_due(now_ns) || refused_.is_due(now_ns)) expire_due();
  }

  /// The same before each packet of a burst: packets of one time ask once.
  void expire_before(std::uint64_t now_ns) noexcept {
    if (now_ns != now_ns_) expire(now_ns);
  }

  /// Brings the gauges of the tally up to date: once a burst.
  void publish() noexcept;

  /// The source ended or the sensor stops: tells the last counters of every subflow and closes it.
  void finish(std::uint64_t now_ns) noexcept;

 private:
  static constexpr std::uint32_t kFins = (seen::kFin | seen::kFinPending) * 3;

  /// @param segment  Its `likely_slot` is a slot's index.
  [[nodiscard, gnu::always_inline]] bool may_be_ordinary(const SegmentView& segment) const noexcept {
    constexpr unsigned kControls = tcp_flag::kSyn | tcp_flag::kRst | tcp_flag::kAck;
    const SubflowSlot& slot = table_[segment.likely_slot];
    if ((segment.header[13] & kControls) != tcp_flag::kAck || slot.klass != SlotClass::kConfirmed) return false;
    return slot.hash == segment.hash && segment.scan.count <= 1 && tells_only_news_;
  }
  [[nodiscard]] bool on_ordinary(const SegmentView& segment) noexcept;
  void follow_news(const SegmentView& segment, unsigned direction) noexcept;
  /// Counts an ordinary segment, and moves the TCP numbers of its subflow.
  /// @return False where it is a copy, which moves nothing.
  [[nodiscard, gnu::always_inline]] bool note_ordinary(const SegmentView& segment, unsigned direction, bool is_fin) noexcept {
    if (segment.scan.count != 0) {
      ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOk)];
      ++tally_.options[static_cast<std::size_t>(Subtype::kDss)];
      tally_.options_from_acceptor[static_cast<std::size_t>(Subtype::kDss)] += direction;
    }
    if (is_copy(segment)) {
      ++tally_.copies;
      return false;
    }
    SubflowSlot& slot = table_[segment.likely_slot];
    const Cursor wire({segment.header, kMinTcpHeader});
    const std::uint32_t ack = wire.u32(8);
    slot.last_seen_ns = now_ns_;
    slot.seen |= seen::kAcceptorWentOn * direction;
    ++slot.direction[direction].segments;
    slot.direction[direction].payload_bytes += segment.tcp.payload_bytes;
    advance(slot.numbers[direction].seq_next, wire.u32(4) + segment.tcp.payload_bytes + (is_fin ? 1 : 0));
    advance(slot.numbers[direction].ack, ack);
    advance(slot.numbers[1 - direction].seq_next, ack);
    return true;
  }
  /// Its first; there is one.
  [[nodiscard]] static Bytes mptcp_option_of(const SegmentView& segment) noexcept {
    return segment.tcp.options.subspan(segment.scan.offset[0], segment.scan.length[0]);
  }
  [[nodiscard]] bool on_refused_join(const SegmentView& segment) noexcept;
  [[nodiscard]] bool is_new_join(const SegmentView& segment) const noexcept;
  void count_join_not_stored(const SegmentView& segment, Token token, bool is_told, std::uint32_t sample) noexcept;
  [[nodiscard]] bool was_opened(std::uint64_t hash) const noexcept;

  // Steps of on_any, by what the segment is.
  void on_any(SegmentView& segment) noexcept;
  void on_syn(std::uint32_t index, const SegmentView& segment, const DecodedOptions& options) noexcept;
  void on_first_syn(const SegmentView& segment, const SynOption& syn) noexcept;
  void refuse(const SegmentView& segment, std::uint64_t name, SynOption syn, std::uint32_t sample) noexcept;
  void on_further_syn(std::uint32_t index, const SegmentView& segment, const SynOption& syn) noexcept;
  void on_late_syn(std::uint32_t index, const SegmentView& segment, const SynOption& syn) noexcept;
  void on_syn_ack(std::uint32_t index, const SegmentView& segment, const DecodedOptions& options) noexcept;
  std::uint32_t settle_syn_ack_slot(std::uint32_t index, const SegmentView& segment, Offer offer) noexcept;
  void on_data(std::uint32_t index, const SegmentView& segment, const DecodedOptions& options) noexcept;
  void on_midstream(const SegmentView& segment, const DecodedOptions& options) noexcept;
  void on_reset(std::uint32_t index, unsigned direction, const SegmentView& segment,
                const DecodedOptions& options) noexcept;
  void on_fins(std::uint32_t index, unsigned direction, std::uint32_t seq, std::uint32_t payload_bytes, bool is_fin,
               bool in_sequence) noexcept;
  void note_fin(std::uint32_t index, unsigned direction, std::uint32_t seq, std::uint32_t payload_bytes,
                bool in_sequence) noexcept;
  void settle_fins(std::uint32_t index) noexcept;
  void tell_fin(std::uint32_t index, unsigned direction) noexcept;
  void tell_periodic_counters(std::uint32_t index) noexcept {
    const SubflowSlot& slot = table_[index];
    if (static_cast<std::uint16_t>(counters_step_of(now_ns_) - slot.counters_told) >= counters_steps_) tell_due_counters(index);
  }
  void tell_due_counters(std::uint32_t index) noexcept;

  // Options of a segment that belongs to a known subflow.
  void on_options(std::uint32_t index, unsigned direction, const SegmentView& segment,
                  const DecodedOptions& options) noexcept;
  void on_ack_option(std::uint32_t index, unsigned direction, const SegmentView& segment,
                     const MptcpOption& option) noexcept;
  void on_dss(std::uint32_t index, unsigned direction, const SegmentView& segment, const DssOption& dss) noexcept;
  void take_dss(std::uint32_t index, unsigned direction, std::uint32_t payload_bytes, DssOption dss) noexcept;
  void tell_option(std::uint32_t index, unsigned direction, const MptcpOption& option) noexcept;
  void tell_each(std::uint32_t index, const SegmentView& segment) noexcept;
  void tell_anomaly(std::uint32_t index, unsigned direction, const AnomalyBody& body) noexcept;

  /// What a DSS option maps. A DATA_FIN counts in data_len and is no byte.
  struct Mapping {
    std::uint64_t dsn;         // as on the wire
    std::uint64_t dsn_before;  // the direction's dsn_high before it
    std::uint32_t ssn;
    std::uint16_t data_len;
    std::uint16_t bytes;
  };
  /// Counts a mapping, and has it compared with those before it. Most begin where the highest one ends and so overlap none:
  /// of those that go on in the DSN, too, no track need know, and the others can wait for its memory. Tiny ones that jump
  /// cannot, for they count.
  [[gnu::always_inline]] void on_mapping(std::uint32_t index, unsigned direction, Mapping mapping, bool with_payload) noexcept {
    if (mapping.bytes == 0) return;
    SubflowSlot& slot = table_[index];
    if (with_payload) slot.direction[direction].last_mapped = mapped_step_of(now_ns_);
    const auto dsn = static_cast<std::uint32_t>(mapping.dsn);
    const auto dsn_before = static_cast<std::uint32_t>(mapping.dsn_before);
    const bool goes_on = dsn == dsn_before && mapping.dsn_before != 0;
    const bool may_wait = goes_on || mapping.bytes > MappingTrack::kTinyBytes;
    if (mapping.ssn != slot.numbers[direction].ssn_high || mapping.ssn == 0 || !may_wait) {
      const Mapping apart = mapping;  // so that nobody takes the address of the other, which stays in registers: 5 cycles
      on_apart_mapping(index, direction, apart);
      return;
    }
    if (!goes_on) {
      tracks_.note_later(index, slot.generation, end_of(slot, direction), whole_ssn_high(slot, direction), dsn_before, dsn, mapping.bytes);
    }
    raise_ssn_high(slot, direction, mapping.ssn + mapping.bytes);
  }
  void on_apart_mapping(std::uint32_t index, unsigned direction, const Mapping& mapping) noexcept;
  void count_mapping(std::uint32_t index, unsigned direction, const Mapping& mapping, bool again) noexcept;

  // Slots.
  std::uint32_t try_open(const SegmentView& segment, SlotClass klass, bool opener_is_source) noexcept;
  std::uint32_t reopen(std::uint32_t index, const SegmentView& segment, SlotClass klass) noexcept;
  void make_room(SlotClass klass) noexcept;
  void confirm(std::uint32_t index) noexcept;
  void touch(std::uint32_t index, unsigned direction, const SegmentView& segment) noexcept;
  /// What a copy has in common with its segment and a retransmission has not: IP identification and TCP's options, among
  /// them the timestamps. The checksum has no part in it: a tap on a host sees it before the card has filled it in.
  [[nodiscard]] std::uint64_t print_of(const SegmentView& segment) const noexcept {
    const std::uint64_t name = segment.hash ^ (std::uint64_t{segment.tcp.payload_bytes} << 32 | std::uint64_t{segment.source_is_low});
    return table_.hash_of_segment(name, segment.ip_id, {segment.header, kMinTcpHeader + segment.tcp.options.size()});
  }
  /// Remembers the segment where it is none.
  [[nodiscard, gnu::always_inline]] bool is_copy(const SegmentView& segment) noexcept {
    const std::uint64_t print = segment.print != 0 ? segment.print : print_of(segment);
    return copies_.is_copy(print, now_ns_, (segment.ip_id != 0) | segment.scan.has_timestamps);
  }
  [[nodiscard]] bool is_stranger(const SubflowSlot& slot, unsigned direction, const SegmentView& segment) const noexcept;
  [[nodiscard]] bool answers_stranger(const SubflowSlot& slot, unsigned direction, const TcpSegment& tcp) const noexcept;
  void note_stranger(std::uint32_t index, unsigned direction, std::uint32_t end, std::uint32_t ack) noexcept;
  void on_stranger(std::uint32_t index, unsigned direction, const SegmentView& segment) noexcept;
  [[nodiscard]] static bool is_in_sequence(const SubflowSlot& slot, unsigned direction, std::uint32_t seq) noexcept;
  void forget_receiver(std::uint32_t index) noexcept;
  void close(std::uint32_t index, CloseCause cause) noexcept;
  void limit_closed() noexcept;
  void on_due(std::uint32_t index) noexcept;
  [[nodiscard]] std::uint64_t timeout_of(const SubflowSlot& slot) const noexcept;

  // Records.
  /// Begins a record of a slot, which out_.end() ends.
  [[nodiscard]] Record& begin_record(std::uint32_t index, RecordKind kind, unsigned direction, RecordClass klass) noexcept;
  [[nodiscard]] Record& begin_record(std::uint32_t index, RecordKind kind, unsigned direction) noexcept {
    return begin_record(index, kind, direction, class_of(table_[index]));
  }
  /// One of no slot: bulk.
  [[nodiscard]] Record& begin_record(RecordKind kind) noexcept;
  void tell_opened(std::uint32_t index, const SegmentView& segment, RecordClass klass) noexcept;
  void tell_counters(std::uint32_t index, bool last) noexcept;
  void tell_join_not_stored(const SegmentView& segment, Token token, std::uint32_t stands_for) noexcept;

  [[nodiscard]] static unsigned direction_of(const SubflowSlot& slot, const SegmentView& segment) {
    return segment.source_is_low == slot.opener_is_low() ? 0u : 1u;
  }
  [[nodiscard]] static RecordClass class_of(const SubflowSlot& slot) {
    return slot.has(seen::kSynAck) || slot.klass == SlotClass::kConfirmed ? RecordClass::kVital : RecordClass::kBulk;
  }

  /// Ends and evictions a call of expire() may make, so that no poll takes long.
  static constexpr std::uint32_t kExpireBudget = 512;

  void expire_due() noexcept;
  void decode(const SegmentView& segment) noexcept;
  [[nodiscard]] unsigned guess_direction(const SegmentView& segment) const noexcept;
  void count_options(unsigned direction) noexcept;
  /// The end that sends, 0 the low one: of a direction the pass before on_segment() knows no more.
  [[nodiscard]] static unsigned end_of(const SubflowSlot& slot, unsigned direction) noexcept {
    return slot.opener_is_low() == (direction == 0) ? 0 : 1;
  }
  MappingTrack& track_of(std::uint32_t index, unsigned direction) noexcept {
    const SubflowSlot& slot = table_[index];
    return tracks_.of(index, slot.generation, end_of(slot, direction));
  }
  [[nodiscard]] bool needs_rare(const SubflowSlot& slot) const noexcept;
  [[nodiscard]] static std::uint32_t sent_bytes(const SubflowSlot& slot, unsigned direction) noexcept;
  [[nodiscard]] static bool is_unmapped_at_end(const SubflowSlot& slot, unsigned direction) noexcept;
  [[nodiscard]] static bool misses_payload(const SubflowSlot& slot, unsigned direction) noexcept;

  /// Coarse time of periodic counters: 16 steps an interval at least; 16 bits come round after an hour or more, so that
  /// a subflow silent for that long may tell its counters an interval late.
  [[nodiscard]] std::uint16_t counters_step_of(std::uint64_t time_ns) const noexcept {
    return static_cast<std::uint16_t>(time_ns >> counters_shift_);
  }

  const WorkerOptions options_;
  const unsigned counters_shift_;
  const std::uint16_t counters_steps_;  // an interval
  const bool tells_only_news_;          // no record for each option
  SubflowTable table_;
  const std::uint32_t closed_limit_;
  RecordOut& out_;
  WorkerTally& tally_;
  CopyFilter copies_;
  RefusedSyns refused_;
  Pauses pauses_;
  MappingTracks tracks_;
  DecodedOptions decoded_;
  std::uint64_t now_ns_ = 0;
};

}  // namespace mptap
