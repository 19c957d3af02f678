// Packets through a worker into control: what both count must agree.
#include "tests/support/random.h"
#include "tests/unit/control_run.h"
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h, worker_run.h

/// Every join is in exactly one of: matched, unknown, waiting, unanswered, not stored.
void check_joins(const WorkerTally& worker, const ControlCounters& control) {
  CHECK(worker.joins_answered == control.joins_matched + control.joins_unknown + control.joins_waiting);
  CHECK(worker.joins_seen >= worker.joins_answered + worker.joins_not_stored);
}

void pass(const std::vector<Record>& records, ControlRun& control) {
  for (const Record& record : records) {
    control.correlator().on_record(0, record);
    control.correlator().advance(record.time_ns);
  }
}

TEST_CASE("joins add up over worker and control, whatever becomes of them", "[control]") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    testing::Random random(seed);
    WorkerRun worker(small_options(256), seed);
    ControlRun control;
    worker.open_v1();
    pass(worker.take(), control);
    const ts::Token known = ts::derive_token(1, WorkerRun::kAcceptorKey);
    std::uint64_t sent = 0, unanswered = 0, matched = 0, unknown = 0;
    for (int i = 0; i < 1000; ++i) {
      const double ms = 100.0 + i * 50;
      const auto server = static_cast<std::uint32_t>(i % 64);  // none gets more than its share
      worker.ends = {{ts::IpAddress::from_v4(0x0a020000), static_cast<std::uint16_t>(1024 + i)},
                     {ts::IpAddress::from_v4(0x0a030000 + server), 80}};
      const bool to_known = random.chance(0.5);
      const ts::Token token = to_known ? known : static_cast<ts::Token>(i);
      const auto nonce = static_cast<std::uint32_t>(i);
      ++sent;
      worker.syn_join(ms, 77, token, nonce);
      if (random.chance(0.2)) worker.syn_join(ms + 10, 77, token, nonce);
      switch (random.below(4)) {
        case 0: ++unanswered; break;
        case 1:
          worker.send(ms + 20, From::kAcceptor, kRstAck, 0, 78, ts::encode_mp_tcprst(1));
          ++unanswered;
          break;
        case 2:
          worker.send(ms + 20, From::kAcceptor, kSynAckFlags, 5, 78);
          ++unanswered;
          break;
        default: {
          const auto hmac = ts::derive_join_hmac64(1, WorkerRun::kAcceptorKey, WorkerRun::kOpenerKey, 99, nonce);
          worker.send(ms + 20, From::kAcceptor, kSynAckFlags, 5, 78, ts::encode_mp_join_synack(1, hmac, 99));
          ++(to_known ? matched : unknown);
        }
      }
      pass(worker.take(), control);
      check_joins(worker.tally(), control.counters);
    }
    pass(worker.finish(), control);
    control.finish();
    check_joins(worker.tally(), control.counters);
    CHECK(control.counters.joins_waiting == 0);
    CHECK(worker.tally().joins_seen == sent);
    CHECK(worker.tally().joins_not_stored == 0);
    CHECK(worker.tally().joins_seen - worker.tally().joins_answered == unanswered);
    CHECK(control.counters.joins_matched == matched);
    CHECK(control.counters.joins_unknown == unknown);
    CHECK(control.counters.records_stale == 0);
    CHECK(control.subflows.size() == sent + 1);
  }
}

TEST_CASE("a whole connection: what the worker saw is in the rows", "[control]") {
  WorkerRun worker;
  ControlRun control;
  constexpr std::uint32_t kO = kOpenerIsn + 1;
  constexpr std::uint32_t kA = kAcceptorIsn + 1;
  // The first byte's number is the one behind the IDSN, which the key gives.
  const std::uint64_t opener_dsn = ts::derive_idsn(1, WorkerRun::kOpenerKey) + 1;
  const std::uint64_t acceptor_dsn = ts::derive_idsn(1, WorkerRun::kAcceptorKey) + 1;
  worker.open_v1();
  worker.send(30, From::kOpener, kAckFlag, kO, kA,
              ts::encode_dss({.data_ack = acceptor_dsn, .ack8 = true, .mapping = ts::DssMapping{opener_dsn, 1, 100}, .dsn8 = true}), 100);
  worker.send(40, From::kAcceptor, kAckFlag, kA, kO + 100,
              ts::encode_dss({.data_ack = opener_dsn + 100, .ack8 = true, .mapping = ts::DssMapping{acceptor_dsn, 1, 50}, .dsn8 = true}), 50);
  worker.send(50, From::kOpener, kAckFlag, kO + 100, kA + 50, ts::encode_dss({.mapping = ts::DssMapping{opener_dsn + 100, 0, 1}, .data_fin = true}));
  worker.send(60, From::kAcceptor, kAckFlag, kA + 50, kO + 100, ts::encode_dss({.mapping = ts::DssMapping{acceptor_dsn + 50, 0, 1}, .data_fin = true}));
  worker.send(70, From::kOpener, kFinAck, kO + 100, kA + 50);
  worker.send(80, From::kAcceptor, kFinAck, kA + 50, kO + 101);
  worker.send(90, From::kOpener, kAckFlag, kO + 101, kA + 51);
  pass(worker.finish(), control);
  REQUIRE(control.connections.size() == 1);
  const ConnectionReport& row = control.connections[0];
  CHECK(row.close == ConnectionClose::kDataFin);
  CHECK(row.outcome == Outcome::kEstablished);
  CHECK(row.from_initiator.payload_bytes == 100);
  CHECK(row.from_initiator.mapped_bytes == 100);
  CHECK(row.from_responder.payload_bytes == 50);
  CHECK(row.from_responder.mapped_bytes == 50);
  CHECK(row.from_initiator.segments == 6);
  CHECK(row.from_responder.segments == 4);
  CHECK(row.responder_token->value == ts::derive_token(1, WorkerRun::kAcceptorKey));
  REQUIRE(control.subflows.size() == 1);
  CHECK(control.subflows[0].close == CloseCause::kFin);
  CHECK(control.notices.empty());
}

TEST_CASE("an honest join that a flood left no place for is one attempt, and completed", "[control]") {
  DetectorOptions detectors;
  detectors.join_flood.threshold = 250;
  WorkerRun worker(small_options(256));
  ControlRun control({}, detectors);
  for (std::uint32_t i = 0; i < 100; ++i) {  // the flood takes the receiver's share, and stays below the threshold
    worker.ends = {{ts::IpAddress::from_v4(0xc6120000 + i), 5}, ts::endpoint("10.0.0.2", 80)};
    worker.syn_join(i * 0.1);
  }
  for (std::uint16_t i = 0; i < 120; ++i) {
    worker.ends = {ts::endpoint("10.0.0.1", static_cast<std::uint16_t>(40'000 + i)), ts::endpoint("10.0.0.2", 80)};
    worker.syn_join(100 + i * 10.0);
    worker.syn_ack_join(102 + i * 10.0);
    worker.ack_join(104 + i * 10.0);
  }
  pass(worker.take(), control);
  CHECK(worker.tally().joins_not_stored > 100);
  CHECK(control.noticed("join_flood") == 0);
}

}  // namespace
}  // namespace mptap
