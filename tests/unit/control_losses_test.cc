// A live worker whose ring is full: control learns of what is lost before it judges by it.
#include <thread>

#include "daemon/control.h"
#include "tests/unit/control_run.h"
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h, worker_run.h

/// Connections of which control sees as many as the ring holds until it begins; then a join to the last of them.
struct LateControl {
  static constexpr std::uint32_t kConnections = 6;

  explicit LateControl(std::uint32_t ring_capacity) : ring(ring_capacity, 1), worker(source, small_options(), ring, 1, stop) {}

  static ts::Key acceptor_key(std::uint32_t connection) { return 0x1000 + connection; }

  void open(std::uint32_t connection, double ms) {
    maker.ends = {{ts::IpAddress::from_v4(0x0a010000 + connection), 40000}, {ts::IpAddress::from_v4(0x0a020000 + connection), 80}};
    put(ms, maker.send(ms, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_capable({.version = 1})));
    put(ms, maker.send(ms, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kOpenerIsn + 1,
                       ts::encode_mp_capable({.version = 1, .sender_key = acceptor_key(connection)})));
    put(ms, maker.send(ms, From::kOpener, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1,
                       ts::encode_mp_capable({.version = 1, .sender_key = 7, .receiver_key = acceptor_key(connection)})));
  }
  void join(std::uint32_t connection, double ms) {
    maker.ends.opener = {ts::IpAddress::from_v4(0x0a030000), 40000};
    const ts::Token token = ts::derive_token(1, acceptor_key(connection));
    const auto hmac = ts::derive_join_hmac64(1, acceptor_key(connection), 7, 99, 11);
    put(ms, maker.send(ms, From::kOpener, kSynFlag, 77, 0, ts::encode_mp_join_syn(1, token, 11)));
    put(ms, maker.send(ms, From::kAcceptor, kSynAckFlags, 5, 78, ts::encode_mp_join_synack(0, hmac, 99)));
  }
  void put(double ms, const ts::Bytes& frame) {
    source.put(kStartNs + static_cast<std::uint64_t>(ms * static_cast<double>(kMs)), frame);
  }
  void poll() {
    while (!source.empty()) (void)worker.poll_once();
  }

  void play() {
    for (std::uint32_t connection = 0; connection < kConnections; ++connection) open(connection, 10 * connection);
    poll();
    std::thread control([this] { Control({{&ring, nullptr, &worker}}, run.correlator()).run(); });
    while (ring.size() != 0) std::this_thread::yield();
    put(100, ts::Bytes(60, 0));
    poll();  // learns that there is room again
    join(kConnections - 1, 200);
    poll();
    worker.finish();
    control.join();
  }

  WorkerRun maker;
  VectorSource source{true};
  std::atomic<bool> stop{false};
  RecordRing ring;
  Worker worker;
  ControlRun run;
};

TEST_CASE("a join whose connection's records were lost is not called unknown", "[gaps]") {
  LateControl late(8);
  late.play();
  CHECK(late.worker.counters().ring_full_vital > 0);
  CHECK(late.run.counters.joins_unknown == 1);
  CHECK(late.run.noticed("unknown_join") == 0);
  CHECK(late.run.counters.notices_held == 1);
}

TEST_CASE("where nothing was lost nothing is held back", "[gaps]") {
  LateControl late(1024);
  late.play();
  CHECK(late.worker.counters().ring_full_vital == 0);
  CHECK(late.run.counters.joins_matched == 1);
  CHECK(late.run.counters.notices_held == 0);
}

}  // namespace
}  // namespace mptap
