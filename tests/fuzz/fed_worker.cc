#include "tests/fuzz/fed_worker.h"

#include <algorithm>
#include <bit>

#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

bool has_no_slot(const Record& record) {
  if (record.kind == RecordKind::kJoinNotStored) return true;
  const bool may = record.kind == RecordKind::kMalformed || record.kind == RecordKind::kOption;
  return may && record.slot == Record::kNoSlot;
}

void check_body(const Record& record) {
  switch (record.kind) {
    case RecordKind::kOpened: expect(record.opened.syn.offer <= Offer::kMirrored, "a SYN's offer is one"); break;
    case RecordKind::kJoinNotStored: expect(record.not_stored.stands_for >= 1, "a join stands for itself at least"); break;
    case RecordKind::kSynAck: expect(record.syn_ack.offer <= Offer::kMirrored, "an answer's offer is one"); break;
    case RecordKind::kRemoveAddr: expect(record.remove_addr.count <= 37, "no option removes more addresses than it holds"); break;
    case RecordKind::kMalformed: expect(record.malformed.error != OptionError::kOk, "what is malformed has an error"); [[fallthrough]];
    case RecordKind::kOption: expect(record.malformed.error < OptionError::kCount, "the error is one of the table's"); break;
    case RecordKind::kAnomaly: expect(record.anomaly.kind <= Anomaly::kInfiniteMapping, "the anomaly is one"); break;
    case RecordKind::kClosed:
      expect(record.closed.cause > CloseCause::kNone && record.closed.cause <= CloseCause::kExit, "what closes has a cause");
      expect(record.closed.last_seen_ns <= record.time_ns, "what closes was seen before");
      break;
    case RecordKind::kCounters: expect(record.counters.last_mapped_ns <= record.time_ns, "what was mapped was mapped before"); break;
    default: break;
  }
}

void check_growth(const CountersBody& before, const CountersBody& now) {
  expect(now.segments >= before.segments && now.payload_bytes >= before.payload_bytes && now.tiny_jumps >= before.tiny_jumps &&
             now.mapped_bytes >= before.mapped_bytes,
         "a subflow's counters never go back");
}

}  // namespace

void RecordWatch::look_at(const Record& record) {
  expect(record.kind > RecordKind::kNone && record.kind <= RecordKind::kClosed, "a record is of a kind");
  expect(record.time_ns >= last_time_ns_ || record.time_ns == 0, "a worker's records never go back in time");
  last_time_ns_ = std::max(last_time_ns_, record.time_ns);
  check_body(record);
  if (record.has(record_flag::kKept)) ++kept_;
  if (has_no_slot(record)) {
    expect(record.slot == Record::kNoSlot, "a join without a slot names none");
  } else {
    expect(record.slot < slots_.size(), "a record names a slot of the table");
    look_at_slot(record);
  }
}

void RecordWatch::look_at_slot(const Record& record) {
  Slot& slot = slots_[record.slot];
  const auto ahead = static_cast<std::int16_t>(record.generation - slot.generation);
  expect(ahead >= 0, "a slot's generation never goes back");
  if (ahead > 0) {
    if (nothing_is_lost_) {
      expect(record.kind == RecordKind::kOpened, "a subflow's first record opens it");
      expect(!slot.is_open, "a slot is closed before it is given to another subflow");
    }
    slot = Slot{record.generation, true, {}};
  } else if (nothing_is_lost_) {
    expect(slot.is_open, "nothing is told of a subflow that was closed");
  }
  if (record.kind == RecordKind::kClosed) slot.is_open = false;
  if (record.kind == RecordKind::kCounters) {
    CountersBody& before = slot.counters[record.from_opener() ? 0 : 1];
    check_growth(before, record.counters);
    before = record.counters;
  }
}

void RecordWatch::close() const {
  if (!nothing_is_lost_) return;
  for (const Slot& slot : slots_) expect(!slot.is_open, "every subflow that was opened is closed");
}

FedWorker::FedWorker(const FedOptions& options, RecordRing& ring, PacketShelf& shelf)
    : options_(options),
      source_(options.is_live),
      ring_(ring),
      shelf_(shelf),
      watch_(std::bit_ceil(std::max(options.worker.table.capacity, 16u)), options.nothing_is_lost) {
  ring_.update_fill();  // so that the ring knows that it is empty, whatever was run before
  shelf_.update_fill();
  worker_.emplace(source_, options.worker, ring, options.seed, stop_, options.keeps_packets ? &shelf : nullptr);
}

void FedWorker::feed(const Burst& burst) {
  source_.hand(burst);
  expect(worker_->poll_once() == PollStatus::kBusy, "a burst keeps the worker busy");
}

void FedWorker::idle() { expect(worker_->poll_once() == PollStatus::kIdle, "an empty poll is idle"); }

void FedWorker::drain(std::vector<Record>* records) {
  for (Record record; ring_.try_pop(record);) {
    watch_.look_at(record);
    if (record.has(record_flag::kKept)) {
      KeptPacket kept;
      expect(shelf_.try_pop(kept), "there is a packet for each record that says so");
      expect(kept.print == print_of(record), "it is that of the record");
      expect(kept.kept_bytes <= KeptPacket::kMaxBytes, "no more is kept of it than there is room");
    }
    if (records != nullptr) records->push_back(record);
  }
}

void FedWorker::finish(std::vector<Record>* records) {
  drain(records);
  if (options_.nothing_is_lost) {
    worker_->finish();
    drain(records);
    watch_.close();
    expect(tally().packets_kept == watch_.kept(), "as many packets were kept as records say");
  } else {
    stop_.store(true);  // it would wait for room, and nobody takes records meanwhile: what it makes now is not looked at
    worker_->finish();
    for (Record record; ring_.try_pop(record);) {}
    for (KeptPacket kept; shelf_.try_pop(kept);) {}
  }
  check_sums();
  expect(tally().subflows == 0, "no subflow is left at the end");
}

void FedWorker::check_sums() const {
  const WorkerTally sum = tally();
  expect(sum.rx_packets == sum.filtered_out + sum.not_ip + sum.not_tcp + sum.fragments + sum.malformed + sum.tcp_segments,
         "rx_packets = filtered_out + not_ip + not_tcp + fragments + malformed + tcp_segments");
  expect(sum.tcp_segments == sum.with_mptcp + sum.without_mptcp, "tcp_segments = with_mptcp + without_mptcp");
  expect(sum.records_built == sum.records_pushed + sum.records_pending + sum.ring_full_vital + sum.ring_full_bulk,
         "records_built = records_pushed + records_pending + ring_full");
  std::uint64_t frames = 0;
  for (const std::uint64_t count : sum.frames) frames += count;
  expect(frames + sum.filtered_out == sum.rx_packets, "every frame has one status");
  std::uint64_t options = 0;
  for (const std::uint64_t count : sum.options) options += count;
  expect(options == sum.option_errors[0], "every well-formed option has one subtype");
  expect(sum.joins_sampled_out <= sum.joins_not_stored && sum.joins_not_stored <= sum.joins_seen,
         "joins that were sampled out were not stored, and those were seen");
  if (!options_.nothing_is_lost) return;
  expect(sum.ring_full_vital == 0 && sum.ring_full_bulk == 0, "where there is room nothing is lost");
}

}  // namespace mptap::fuzz
