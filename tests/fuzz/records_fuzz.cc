// Any stream of records into control: out of order, lost in parts, of slots used again, of workers that lag.
//
// Input: a byte of settings, then steps of a byte and a record. Control must neither crash nor grow, count
// every join and connection once, and report only what can be written.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "detect/correlator.h"
#include "tests/fuzz/dice.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plausible_record.h"
#include "tests/fuzz/row_check.h"

namespace mptap::fuzz {
namespace {

constexpr std::size_t kStepBytes = 1 + sizeof(Record);
constexpr std::size_t kMaxSteps = 200;

/// Bits of the first byte.
constexpr std::uint8_t kEvents = 0x01;
constexpr std::uint8_t kEvidence = 0x02;
constexpr std::uint8_t kTight = 0x04;     // tables of a few entries
constexpr std::uint8_t kNoCrypto = 0x08;  // the budget is spent at once

/// Bits of a step's byte, above the worker.
constexpr std::uint8_t kAdvanceFirst =
    0x04;  // control's time comes to that of the record before it is shown, as in production
constexpr std::uint8_t kLostBefore = 0x08;
constexpr std::uint8_t kSurveyAfter = 0x10;
constexpr std::uint8_t kKept = 0x20;
constexpr std::uint8_t kPrefetch = 0x40;

struct Step {
  std::uint8_t how = 0;
  Record record;
};

Step step_at(const std::uint8_t* data) {
  Step step;
  step.how = data[0];
  std::memcpy(static_cast<void*>(&step.record), data + 1, sizeof step.record);
  make_plausible(step.record);
  return step;
}

CorrelatorOptions options_of(std::uint8_t settings) {
  CorrelatorOptions options;
  options.max_connections = (settings & kTight) != 0 ? 2 : 64;
  options.max_waiting_joins = (settings & kTight) != 0 ? 2 : 64;
  options.crypto_per_second = (settings & kNoCrypto) != 0 ? 2 : 500'000;
  options.evidence.packet = options.evidence.capture = (settings & kEvidence) != 0;
  options.evidence.history = 16;
  return options;
}

DetectorOptions detectors_of(std::uint8_t settings) {
  DetectorOptions options;
  options.join_flood.threshold = 4;
  options.join_flood.known_token_threshold = 2;
  options.join_flood.max_receivers = (settings & kTight) != 0 ? 2 : 64;
  options.token_guessing.threshold = 2;
  options.token_guessing.max_sources = (settings & kTight) != 0 ? 2 : 64;
  options.address_id_exhaustion.threshold = 3;
  options.fallback_burst.threshold = 2;
  options.cross_path_scatter.subflows = 2;
  return options;
}

class RecordRun {
 public:
  explicit RecordRun(std::uint8_t settings)
      : options_(options_of(settings)),
        detectors_(detectors_of(settings)),
        correlator_(options_, detectors_, notices_, kWorkers, 77, rows_, counters_) {
    if ((settings & kEvents) != 0) correlator_.choose_events({"mptcp", "mp_error", "subflow", "connection"});
  }

  void take(const Step& step) {
    const std::size_t worker = step.how % kWorkers;
    const Record& record = step.record;
    if ((step.how & kLostBefore) != 0) correlator_.on_lost(1, record.time_ns);
    if ((step.how & kPrefetch) != 0) correlator_.prefetch(worker, {&record, 1});
    if ((step.how & kAdvanceFirst) != 0) correlator_.advance(record.time_ns);
    if ((step.how & kKept) != 0) show_packet(worker, record);
    const std::uint64_t established = counters_.subflows_established;
    correlator_.on_record(worker, record);
    const bool answered = record.kind == RecordKind::kSynAck && counters_.subflows_established != established;
    joins_answered_ += answered && record.syn_ack.offer == Offer::kJoin;
    ++taken_;
    correlator_.advance(record.time_ns);  // gauges are shown then
    if ((step.how & kSurveyAfter) != 0) survey();
    check();
  }

  void finish() {
    correlator_.finish();
    check();
    expect(counters_.joins_waiting == 0, "no join waits at the end");
    expect(counters_.connections == 0, "no connection is left at the end");
    expect(rows_.connections == counters_.connections_closed, "each connection has one row");
    // The second sighting of a subflow has no row; one of an initial subflow does not count as established
    // either.
    const std::uint64_t without_row = counters_.subflows_established - rows_.established;
    expect(without_row <= counters_.twin_subflows, "each established subflow has one row");
  }

 private:
  void show_packet(std::size_t worker, const Record& record) {
    KeptPacket packet;
    packet.print = print_of(record);
    packet.time_ns = record.time_ns;
    packet.slot = record.slot;
    packet.generation = record.generation;
    packet.kind = record.kind;
    packet.wire_bytes = 1500;
    packet.kept_bytes = 90;
    packet.bytes.fill(0x5a);
    correlator_.on_packet(worker, packet);
  }

  void survey() {
    ConnectionSurvey survey;
    survey.most = 2;
    while (!correlator_.survey(survey)) {
    }
    expect(survey.matching == counters_.connections, "a survey finds all connections");
    expect(survey.found.size() == std::min<std::size_t>(survey.most, survey.matching),
           "a survey reports as many as are asked for");
    for (SurveyedConnection& found : survey.found) {
      scratch_.on_report(std::move(found.connection));
      for (SubflowReport& row : found.subflows) scratch_.on_report(std::move(row));
    }
  }

  void check() const {
    const ControlCounters& sum = counters_;
    expect(sum.records_taken == taken_, "every record is counted");
    expect(joins_answered_ == sum.joins_matched + sum.joins_unknown + sum.joins_waiting,
           "every answered join is matched, unknown or waiting");
    expect(sum.connections_established + sum.connections_partial == sum.connections_closed + sum.connections,
           "every connection that began has ended or is in the table");
    expect(sum.connections <= options_.max_connections, "the table of connections keeps its bound");
    expect(sum.joins_waiting <= options_.max_waiting_joins, "the line of joins keeps its bound");
    expect(sum.receivers_watched <= detectors_.join_flood.max_receivers,
           "the receivers of join_flood keep their bound");
    std::array<std::uint64_t, 3> proofs{};
    for (const auto& kind : sum.hmacs) {
      for (std::size_t proof = 0; proof < proofs.size(); ++proof) proofs[proof] += kind[proof];
    }
    expect(proofs[static_cast<std::size_t>(Proof::kValid)] == sum.hmac_valid, "valid HMACs add up");
    expect(proofs[static_cast<std::size_t>(Proof::kInvalid)] == sum.hmac_invalid, "invalid HMACs add up");
    std::uint64_t ended = 0;
    for (const auto& version : sum.connections_ended) {
      for (const auto& count : version) ended += count;
    }
    expect(ended == sum.connections_closed, "connections that ended add up over versions and outcomes");
  }

  const CorrelatorOptions options_;
  const DetectorOptions detectors_;
  const NoticeOptions notices_;
  RowCheck rows_;
  RowCheck scratch_;  // of surveys
  ControlCounters counters_;
  Correlator correlator_;
  std::uint64_t taken_ = 0;
  std::uint64_t joins_answered_ = 0;
};

/// Splits the input into its steps, to be put together otherwise.
class Steps {
 public:
  Steps(std::uint8_t* data, std::size_t size) : data_(data), count_(size < 1 ? 0 : (size - 1) / kStepBytes) {}
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint8_t* at(std::size_t step) { return data_ + 1 + step * kStepBytes; }
  [[nodiscard]] std::size_t size() const { return 1 + count_ * kStepBytes; }

  [[nodiscard]] Record record(std::size_t step) { return step_at(at(step)).record; }
  void set(std::size_t step, const Record& record) { std::memcpy(at(step) + 1, &record, sizeof record); }

  void open_gap(std::size_t before, std::size_t count) {
    std::memmove(at(before + count), at(before), (count_ - before) * kStepBytes);
    count_ += count;
  }
  void erase(std::size_t first, std::size_t count) {
    std::memmove(at(first), at(first + count), (count_ - first - count) * kStepBytes);
    count_ -= count;
  }

 private:
  std::uint8_t* data_;
  std::size_t count_;
};

/// A part of an honest story at the time of what stands before it, perhaps on another slot and worker.
void insert_story(Steps& steps, Dice& dice, std::size_t room) {
  const auto story = honest_records();
  const std::size_t first = dice.below(story.size());
  const std::size_t count = std::min({1 + dice.below(16), story.size() - first, room});
  const std::size_t before = dice.below(steps.count() + 1);
  const std::uint64_t begin_ns = before == 0 ? story[first].time_ns : steps.record(before - 1).time_ns;
  const auto slots_on = static_cast<std::uint32_t>(dice.below(4) == 0 ? dice.below(kSlots) : 0);
  const auto generations_on = static_cast<std::uint16_t>(dice.below(4) == 0 ? dice.below(3) : 0);
  const auto how = static_cast<std::uint8_t>(kAdvanceFirst | dice.below(kWorkers));
  steps.open_gap(before, count);
  for (std::size_t i = 0; i < count; ++i) {
    Record record = story[first + i];
    record.time_ns = begin_ns + (record.time_ns - story[first].time_ns);
    if (record.slot != Record::kNoSlot) record.slot += slots_on;
    record.generation = static_cast<std::uint16_t>(record.generation + generations_on);
    *steps.at(before + i) = how;
    steps.set(before + i, record);
  }
}

/// Moves the times of all that follows: by a little, by as much as something waits for, or back.
void shift_times(Steps& steps, Dice& dice) {
  constexpr std::array<std::uint64_t, 8> kShifts{1'000'000,
                                                 10'000'000,
                                                 500'000'000,
                                                 2 * kNsPerSecond,
                                                 10 * kNsPerSecond,
                                                 61 * kNsPerSecond,
                                                 ~std::uint64_t{0} - kNsPerSecond,
                                                 ~std::uint64_t{0} - 5'000'000};
  const std::uint64_t shift = kShifts[dice.below(kShifts.size())];
  for (std::size_t i = dice.below(steps.count()); i < steps.count(); ++i) {
    Record record = steps.record(i);
    record.time_ns += shift;
    steps.set(i, record);
  }
}

/// Copies one or more steps elsewhere, as if another slot or worker had sent them, too.
void copy_steps(Steps& steps, Dice& dice, std::size_t room) {
  const std::size_t first = dice.below(steps.count());
  const std::size_t count = std::min({1 + dice.below(8), steps.count() - first, room});
  const std::size_t before = first + count + dice.below(steps.count() - first - count + 1);
  const auto slots_on = static_cast<std::uint32_t>(dice.below(kSlots));
  const bool elsewhere = dice.below(2) == 0;
  steps.open_gap(before, count);
  for (std::size_t i = 0; i < count; ++i) {
    Record record = steps.record(first + i);
    if (elsewhere && record.slot != Record::kNoSlot) record.slot += slots_on;
    if (before > first + count) record.time_ns = std::max(record.time_ns, steps.record(before - 1).time_ns);
    *steps.at(before + i) = *steps.at(first + i);
    steps.set(before + i, record);
  }
}

std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  Dice dice(seed);
  Steps steps(data, size);
  const std::size_t most = std::min(kMaxSteps, max_size < 1 ? 0 : (max_size - 1) / kStepBytes);
  if (most == 0) return std::min(size, max_size);
  if (size == 0) data[0] = static_cast<std::uint8_t>(dice.below(16));
  if (steps.count() > most) steps.erase(most, steps.count() - most);
  const std::size_t room = most - steps.count();
  const std::size_t choice = steps.count() == 0 ? 0 : dice.below(12);
  if (choice < 3 && room != 0) {
    insert_story(steps, dice, room);
  } else if (steps.count() == 0) {
    return steps.size();
  } else if (choice < 5) {
    const std::size_t first = dice.below(steps.count());
    steps.erase(first, std::min(1 + dice.below(4), steps.count() - first));
  } else if (choice == 5 && room != 0) {
    copy_steps(steps, dice, room);
  } else if (choice == 6) {
    shift_times(steps, dice);
  } else if (choice == 7) {
    const std::size_t one = dice.below(steps.count());
    const std::size_t other = dice.below(steps.count());
    if (one != other) std::swap_ranges(steps.at(one), steps.at(one) + kStepBytes, steps.at(other));
  } else if (choice == 8) {
    *steps.at(dice.below(steps.count())) = static_cast<std::uint8_t>(dice.below(128));
  } else if (choice == 9) {
    data[0] = static_cast<std::uint8_t>(dice.below(16));
  } else {
    std::uint8_t* const record = steps.at(dice.below(steps.count())) + 1;
    const std::size_t field = dice.below(sizeof(Record));
    LLVMFuzzerMutate(record + field, std::min<std::size_t>(8, sizeof(Record) - field),
                     std::min<std::size_t>(8, sizeof(Record) - field));
  }
  return steps.size();
}

}  // namespace
}  // namespace mptap::fuzz

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  return mptap::fuzz::mutate(data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mptap::fuzz;
  if (size == 0) return 0;
  RecordRun run(data[0]);
  const std::size_t steps = std::min(kMaxSteps, (size - 1) / kStepBytes);
  for (std::size_t i = 0; i < steps; ++i) run.take(step_at(data + 1 + i * kStepBytes));
  run.finish();
  return 0;
}
