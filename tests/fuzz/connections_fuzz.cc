// Whole connections through workers and control: connection_script.h says how bytes tell them.
//
// Where nothing was altered on the way, every subflow is in its connection, its HMACs are proven, and no
// notice is raised but for what the script did wrong. Altered or not, everything adds up.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dataplane/worker.h"
#include "detect/correlator.h"
#include "tests/fuzz/connection_script.h"
#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

constexpr std::uint32_t kRingRecords = 4096;  // more than a burst makes: a worker never waits for room

/// A burst of frames, each in memory of exactly its size.
class BurstSource final : public PacketSource {
 public:
  void put(const SeenFrame& frame) {
    const std::size_t size = frame.bytes.size();
    held_.push_back(std::make_unique<std::uint8_t[]>(size));
    std::copy(frame.bytes.begin(), frame.bytes.end(), held_.back().get());
    PacketView& view = views_.emplace_back();
    view.data = held_.back().get();
    view.captured_bytes = view.wire_bytes = static_cast<std::uint32_t>(size);
    view.time_ns = static_cast<std::uint64_t>(frame.time_ns);
  }
  ReceiveStatus receive(Burst& burst) noexcept override {
    burst.size = views_.size();
    std::copy(views_.begin(), views_.end(), burst.packets.begin());
    views_.clear();
    return ReceiveStatus::kMore;
  }
  /// The worker has done with what it received.
  void drop() { held_.clear(); }
  [[nodiscard]] bool is_live() const override { return false; }

 private:
  std::vector<PacketView> views_;
  std::vector<std::unique_ptr<std::uint8_t[]>> held_;
};

class Rows final : public ReportSink {
 public:
  void on_report(Report&& report) override {
    if (const auto* subflow = std::get_if<SubflowReport>(&report)) subflow_rows.push_back(*subflow);
    if (const auto* connection = std::get_if<ConnectionReport>(&report))
      connection_rows.push_back(*connection);
    if (const auto* notice = std::get_if<Notice>(&report)) notes.insert(notice->note);
  }
  std::vector<SubflowReport> subflow_rows;
  std::vector<ConnectionReport> connection_rows;
  std::set<std::string> notes;
};

WorkerOptions worker_options() {
  WorkerOptions options;
  options.table.capacity = 1024;
  return options;
}

CorrelatorOptions control_options() {
  CorrelatorOptions options;
  options.evidence.packet = options.evidence.capture = true;
  options.evidence.history = 64;
  return options;
}

/// One worker and what lies between it and control.
struct Line {
  explicit Line(const std::atomic<bool>& stop)
      : ring(kRingRecords), shelf(256), worker(source, worker_options(), ring, 1, stop, &shelf) {}
  BurstSource source;
  RecordRing ring;
  PacketShelf shelf;
  Worker worker;
};

class Run {
 public:
  explicit Run(std::size_t workers)
      : correlator_(control_options(), detectors_, notices_, workers, 77, rows_, counters_) {
    for (std::size_t i = 0; i < workers; ++i) lines_.emplace_back(stop_);
  }

  void show(const std::vector<SeenFrame>& frames) {
    constexpr std::size_t kFramesInBurst = 16;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      lines_[i % lines_.size()].source.put(frames[i]);
      if (i % kFramesInBurst == kFramesInBurst - 1) poll();
    }
    poll();
    for (Line& line : lines_) line.worker.finish();
    take();
    correlator_.finish();
  }

  void check() const {
    WorkerTally sum;
    for (const Line& line : lines_) sum += line.worker.counters();
    expect(sum.rx_packets ==
               sum.filtered_out + sum.not_ip + sum.not_tcp + sum.fragments + sum.malformed + sum.tcp_segments,
           "every frame is counted in one place");
    expect(sum.tcp_segments == sum.with_mptcp + sum.without_mptcp, "segments add up");
    expect(sum.records_built == sum.records_pushed, "no record is lost");
    expect(sum.records_pushed == counters_.records_taken, "control takes every record");
    expect(sum.joins_answered == counters_.joins_matched + counters_.joins_unknown,
           "every answered join is matched or unknown");
    expect(sum.joins_seen >= sum.joins_answered + sum.joins_not_stored, "every join is counted once");
    expect(counters_.joins_waiting == 0 && counters_.connections == 0, "nothing is left at the end");
    expect(counters_.records_stale == 0, "no record is of a subflow that control does not know");
    expect(counters_.connections_closed == counters_.connections_established + counters_.connections_partial,
           "connections add up");
    expect(rows_.connection_rows.size() == counters_.connections_closed, "each connection has one row");
  }

  [[nodiscard]] const Rows& rows() const { return rows_; }

 private:
  void poll() {
    for (Line& line : lines_) {
      (void)line.worker.poll_once();
      line.source.drop();
    }
    take();
  }

  /// As Control does.
  void take() {
    std::uint64_t published_ns = ~std::uint64_t{0};
    for (const Line& line : lines_) published_ns = std::min(published_ns, line.worker.published_time_ns());
    for (std::size_t worker = 0; worker < lines_.size(); ++worker) {
      for (Record record; lines_[worker].ring.try_pop(record);) {
        correlator_.prefetch(worker, {&record, 1});
        correlator_.advance(lines_.size() == 1 ? record.time_ns : std::min(record.time_ns, published_ns));
        KeptPacket packet;
        if (record.has(record_flag::kKept) && lines_[worker].shelf.try_pop(packet))
          correlator_.on_packet(worker, packet);
        correlator_.on_record(worker, record);
      }
    }
  }

  const DetectorOptions detectors_;
  const NoticeOptions notices_;
  const std::atomic<bool> stop_{false};
  Rows rows_;
  ControlCounters counters_;
  Correlator correlator_;
  std::deque<Line> lines_;
};

Endpoint endpoint_of(const testing::Endpoint& end) {
  const std::uint8_t* const octets = end.address.octets.data();
  return {end.address.is_v6 ? IpAddress::from_v6(octets) : IpAddress::from_v4(octets), end.port};
}

void expect_subflow(const testing::SubflowTruth& truth, const Rows& rows) {
  const FourTuple tuple{endpoint_of(truth.orig), endpoint_of(truth.resp)};
  const auto row = std::ranges::find(rows.subflow_rows, tuple, &SubflowReport::tuple);
  expect(row != rows.subflow_rows.end(), "each subflow has a row");
  expect(truth.state == name_of(row->state), "a subflow's state is what happened");
  expect(row->is_initial == truth.is_initial, "who made the connection is what happened");
  expect(row->backup == truth.backup, "the backup flag is what was sent");
  if (truth.state != "established") return;
  expect(row->connection.has_value(), "an established subflow is in its connection");
  if (!truth.hmac_ok) return;
  const bool valid = row->hmac_synack == Proof::kValid && row->hmac_ack == Proof::kValid;
  const bool invalid = row->hmac_synack == Proof::kInvalid || row->hmac_ack == Proof::kInvalid;
  expect(!*truth.hmac_ok || valid, "HMACs that are right are proven");
  expect(*truth.hmac_ok || invalid, "an HMAC that is wrong is found");
}

void expect_truth(const Story& story, const Rows& rows) {
  for (const std::string& note : rows.notes) {
    if (story.notes.contains(note)) continue;
    std::fprintf(stderr, "notice: %s\n", note.c_str());
    expect(false, "no notice is raised of what nobody did");
  }
  for (const testing::ConnectionTruth& truth : story.connections) {
    const FourTuple tuple{endpoint_of(truth.orig), endpoint_of(truth.resp)};
    const auto row = std::ranges::find(rows.connection_rows, tuple, &ConnectionReport::tuple);
    expect(row != rows.connection_rows.end(), "each connection has a row");
    expect(row->version == truth.version, "a connection's version is what was spoken");
    expect(row->initiator_token && row->initiator_token->value == truth.token_orig,
           "the initiator's token is that of its key");
    expect(row->responder_token && row->responder_token->value == truth.token_resp,
           "the responder's token is that of its key");
    for (const testing::SubflowTruth& subflow : truth.subflows) expect_subflow(subflow, rows);
  }
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mptap::fuzz;
  const Story story = play(Script({data, size}));
  // Frames of one flow that reach several workers are an altered story, too.
  Run run(story.altered && story.frames.size() % 2 == 0 ? 2 : 1);
  run.show(story.frames);
  run.check();
  if (!story.altered) expect_truth(story, run.rows());
  return 0;
}
