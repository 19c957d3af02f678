// Full tables, floods, mid-stream traffic and random bytes.
#include <algorithm>

#include "tests/support/random.h"
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // worker_run.h

ts::Endpoint source_of(std::uint32_t number) {
  return {ts::IpAddress::from_v4(0xc6120000 + number), static_cast<std::uint16_t>(1024 + number % 60'000)};
}

/// More joins than the share of the receiver that `Ends` names, in a table of 1,024.
void take_share(WorkerRun& run) {
  for (std::uint32_t i = 0; i < 200; ++i) {
    run.ends = {source_of(i), Ends{}.acceptor};
    run.syn_join(i * 0.01);
  }
  (void)run.take();
  run.ends = Ends{};
}

std::size_t count(const std::vector<Record>& records, RecordKind kind) {
  return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [kind](const Record& record) { return record.kind == kind; }));
}

TEST_CASE("mid-stream: what is worth a slot, and who is taken for the opener", "[tracker]") {
  struct Row {
    const char* what;
    From from;
    std::uint8_t flags;
    ts::Bytes options;
    const char* words;
    bool opener_is_client;
  };
  const Row rows[] = {
      {"DSS to the lower port", From::kOpener, kAckFlag, ts::encode_dss({.data_ack = 1}), "opened first_dss", true},
      {"DSS from the lower port", From::kAcceptor, kAckFlag, ts::encode_dss({.data_ack = 1}), "opened first_dss", true},
      {"third ACK with MP_CAPABLE", From::kOpener, kAckFlag,
       ts::encode_mp_capable({.version = 1, .sender_key = 1, .receiver_key = 2}), "opened capable_ack", true},
      {"third ACK from the lower port", From::kAcceptor, kAckFlag, ts::encode_mp_join_ack({}), "opened join_ack", false},
      {"ADD_ADDR", From::kAcceptor, kAckFlag, ts::encode_add_addr({.version = 0, .address_id = 3, .address = ts::IpAddress::parse("1.2.3.4")}),
       "opened add_addr", true},
      {"MP_PRIO alone", From::kOpener, kAckFlag, ts::encode_mp_prio(true), "", true},
      {"RST with MP_TCPRST", From::kOpener, kRstAck, ts::encode_mp_tcprst(1), "", true},
      {"malformed", From::kOpener, kAckFlag, ts::encode_mptcp_raw(2, 0, {}), "malformed", true},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    WorkerRun run;
    run.send(0, row.from, row.flags, 10, 20, row.options);
    const auto records = run.take();
    REQUIRE(words_of(records) == row.words);
    if (records.empty() || records[0].kind != RecordKind::kOpened) continue;
    CHECK(records[0].has(record_flag::kMidstream));
    CHECK_FALSE(records[0].has(record_flag::kSynSeen));
    CHECK((records[0].opened.opener_port == 40000) == row.opener_is_client);
  }
}

TEST_CASE("a handshake behind a guess replaces it", "[tracker]") {
  WorkerRun run;
  run.send(0, From::kOpener, kAckFlag, 10, 20, ts::encode_dss({.data_ack = 1}));
  run.open_v1(1000);
  const std::string words = words_of(run.take());
  CHECK(words.find("syn_ack") != std::string::npos);
  CHECK(run.tally().subflows == 1);
}

TEST_CASE("a table of sixteen: mid-stream leaves first, confirmed never", "[tracker]") {
  WorkerRun run(small_options(16));
  for (std::uint32_t i = 0; i < 8; ++i) {
    run.ends.opener.port = static_cast<std::uint16_t>(40'000 + i);
    run.open_join(i);
  }
  for (std::uint32_t i = 0; i < 8; ++i) {
    run.ends.opener.port = static_cast<std::uint16_t>(41'000 + i);
    run.send(100 + i, From::kOpener, kAckFlag, 10, 20, ts::encode_dss({.data_ack = 1}));
  }
  (void)run.take();
  CHECK(run.tally().subflows == 16);
  run.ends.opener.port = 42'000;
  run.send(150, From::kOpener, kAckFlag, 10, 20, ts::encode_dss({.data_ack = 1}));
  (void)run.take();
  CHECK(run.tally().evicted_midstream == 1);  // one of its own kind
  for (std::uint32_t i = 0; i < 12; ++i) {
    run.ends = {source_of(i), {ts::IpAddress::from_v4(0x0a000100 + i), 80}};
    run.syn_join(200 + i);
  }
  (void)run.take();
  CHECK(run.tally().evicted_midstream == 8 + 1);
  CHECK(run.tally().evicted_unanswered == 4);
  CHECK(run.tally().evicted_answered == 0);
  CHECK(run.tally().subflows == 16);
  CHECK(run.tally().subflows_unanswered == 8);
  // The confirmed ones are all still there.
  run.ends = Ends{};
  for (std::uint32_t i = 0; i < 8; ++i) {
    run.ends.opener.port = static_cast<std::uint16_t>(40'000 + i);
    run.send(300 + i, From::kOpener, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1, ts::encode_dss({.data_ack = 5}));
  }
  CHECK(words_of(run.take()) == "first_dss first_dss first_dss first_dss first_dss first_dss first_dss first_dss");
}

TEST_CASE("a table full of confirmed subflows stores no newcomer, and counts it", "[tracker]") {
  WorkerRun run(small_options(16));
  for (std::uint32_t i = 0; i < 16; ++i) {
    run.ends.opener.port = static_cast<std::uint16_t>(40'000 + i);
    run.open_join(i);
  }
  (void)run.take();
  run.ends.opener.port = 50'000;
  run.syn_join(100);
  run.syn_join(300);
  run.send(400, From::kAcceptor, kAckFlag, 10, 20, ts::encode_dss({.data_ack = 1}));
  const auto records = run.take();
  CHECK(words_of(records) == "join_not_stored");
  CHECK(records[0].slot == Record::kNoSlot);
  CHECK(records[0].not_stored.token.value == 0xaabbccdd);
  CHECK(records[0].not_stored.opener_port == 50'000);
  CHECK(records[0].not_stored.stands_for == 1);
  CHECK(run.tally().joins_seen == 17);
  CHECK(run.tally().joins_not_stored == 1);
}

TEST_CASE("a flood to one receiver leaves honest handshakes alone", "[tracker]") {
  WorkerRun run(small_options(1024));
  run.ends = {ts::endpoint("10.0.0.9", 5555), ts::endpoint("10.0.0.99", 443)};
  run.syn_join(0);  // to another receiver, answered in the middle of the flood
  (void)run.take();
  const Ends honest = run.ends;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    run.ends = {source_of(i), ts::endpoint("10.0.0.2", 80)};
    run.syn_join(1 + i * 0.01);
  }
  const auto flood = run.take();
  CHECK(count(flood, RecordKind::kOpened) == 1024 / 16);
  CHECK(count(flood, RecordKind::kJoinNotStored) == 20'000 - 1024 / 16);
  CHECK(run.tally().joins_seen == 20'001);
  CHECK(run.tally().joins_not_stored == 20'000 - 1024 / 16);
  CHECK(run.tally().evicted_unanswered == 0);
  run.ends = honest;
  run.syn_ack_join(210);
  run.ack_join(220);
  CHECK(words_of(run.take()) == "syn_ack join_ack");
}

TEST_CASE("a flood whose senders answer it leaves honest handshakes alone", "[tracker]") {
  WorkerRun run(small_options(1024));
  const Ends honest = {ts::endpoint("10.0.0.9", 5555), ts::endpoint("10.0.0.99", 443)};
  for (std::uint32_t i = 0; i < 4'000; ++i) {
    if (i == 3'000) {  // the table has long been full of answered ones
      run.ends = honest;
      run.syn_join(1 + i * 0.2);
      (void)run.take();
    }
    run.ends = {source_of(i), {ts::IpAddress::from_v4(0x0a000100 + i), 80}};
    run.syn_join(1 + i * 0.2);
    run.syn_ack_join(1.1 + i * 0.2);
    if (i == 3'200) {
      (void)run.take();
      run.ends = honest;
      run.syn_ack_join(1.15 + i * 0.2);
      run.ack_join(1.18 + i * 0.2);
      CHECK(words_of(run.take()) == "syn_ack join_ack");
    }
  }
  (void)run.take();
  CHECK(run.tally().evicted_answered + run.tally().evicted_unanswered == 4'001 - 1'024);
}

TEST_CASE("live, of the joins beyond a receiver's share one in sixteen is told, and counts for all", "[tracker]") {
  WorkerRun run(small_options(1024), 1, true);
  constexpr std::uint32_t kJoins = 20'001;  // the last burst is not full: its counters are shown at once
  for (std::uint32_t i = 0; i < kJoins; ++i) {
    run.ends = {source_of(i), ts::endpoint("10.0.0.2", 80)};
    run.syn_join(i * 0.01);
    run.syn_join(i * 0.01);  // a retransmission counts once, told or not
  }
  const auto records = run.take();
  const std::uint64_t refused = kJoins - 1024 / 16;
  const std::uint64_t told = count(records, RecordKind::kJoinNotStored);
  CHECK(run.tally().joins_seen == kJoins);
  CHECK(run.tally().joins_not_stored == refused);
  CHECK(run.tally().joins_sampled_out == refused - told);
  std::uint64_t stand_for = 0;
  for (const Record& record : records) stand_for += record.kind == RecordKind::kJoinNotStored ? record.not_stored.stands_for : 0;
  CHECK(stand_for == told * 16);
  CHECK(stand_for > refused * 8 / 10);  // six standard deviations are 17 in 100
  CHECK(stand_for < refused * 12 / 10);
}

TEST_CASE("live, an honest join that was not told is told once it is answered", "[tracker]") {
  WorkerOptions options = small_options(1024);
  options.refused_join_sample = 1024;
  WorkerRun run(options, 1, true);
  take_share(run);
  run.syn_join(100, kOpenerIsn, 0x600df00d, 99);
  REQUIRE(run.take().empty());
  run.syn_ack_join(310);
  run.ack_join(320);
  const auto records = run.take();
  REQUIRE(words_of(records) == "opened syn_ack join_ack");
  CHECK(records[0].has(record_flag::kSynSeen));
  CHECK_FALSE(records[0].has(record_flag::kToldBefore));
  CHECK(records[0].has(record_flag::kSampledOut));
  CHECK(records[0].opened.syn.token().value == 0x600df00d);
  CHECK(records[0].opened.syn.nonce() == 99);
}

TEST_CASE("an honest join to the flooded receiver gets its token when it is answered", "[tracker]") {
  WorkerRun run(small_options(1024));
  take_share(run);
  run.syn_join(100, kOpenerIsn, 0x600df00d, 99);
  run.syn_join(300, kOpenerIsn, 0x600df00d, 99);  // counted once
  CHECK(words_of(run.take()) == "join_not_stored");
  run.syn_ack_join(310);
  run.ack_join(320);
  const auto records = run.take();
  REQUIRE(words_of(records) == "opened syn_ack join_ack");
  CHECK(records[0].has(record_flag::kSynSeen));
  CHECK(records[0].has(record_flag::kToldBefore));
  CHECK_FALSE(records[0].has(record_flag::kSampledOut));
  CHECK(records[0].opened.syn.token().value == 0x600df00d);
  CHECK(records[0].opened.syn.nonce() == 99);
  CHECK(records[0].opened.opener_port == 40000);
}

TEST_CASE("answered or given up, a flood's share is free again", "[tracker]") {
  WorkerRun run(small_options(1024));
  const auto flood = [&run](double at_ms) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      run.ends = {source_of(i), ts::endpoint("10.0.0.2", 80)};
      run.syn_join(at_ms + i * 0.01, static_cast<std::uint32_t>(at_ms) + 1);
    }
    return count(run.take(), RecordKind::kOpened);
  };
  CHECK(flood(0) == 64);
  run.tick(80'000);
  (void)run.take();
  CHECK(run.tally().subflows_unanswered == 0);
  CHECK(flood(200'000) == 64);
}

TEST_CASE("where control does not keep up, what is answered goes first", "[tracker]") {
  RecordRing ring(16, 64);
  std::atomic<bool> stop{false};
  VectorSource source(true);
  Worker worker(source, small_options(1024), ring, 1, stop);
  WorkerRun frames;  // only builds
  for (std::uint32_t i = 0; i < 100; ++i) {
    frames.ends = {source_of(i), {ts::IpAddress::from_v4(0x0a010000 + i), 80}};
    source.put(kStartNs + i, frames.send(0, From::kOpener, kSynFlag, 1, 0, ts::encode_mp_join_syn(1, i, i)));
  }
  frames.ends = Ends{};
  source.put(kStartNs + 100, frames.send(0, From::kOpener, kSynFlag, 1, 0, ts::encode_mp_join_syn(1, 0xabcd, 1)));
  source.put(kStartNs + 101, frames.send(0, From::kAcceptor, kSynAckFlags, 1, 2, ts::encode_mp_join_synack(1, 2, 3)));
  std::vector<Record> records;
  while (!source.empty()) (void)worker.poll_once();
  for (Record record; ring.try_pop(record);) records.push_back(record);
  const auto opened = std::find_if(records.begin(), records.end(), [](const Record& record) {
    return record.kind == RecordKind::kOpened && record.opened.syn.token().value == 0xabcd;
  });
  REQUIRE(opened != records.end());
  REQUIRE(opened + 1 != records.end());
  CHECK((opened + 1)->kind == RecordKind::kSynAck);
  const WorkerTally sum = worker.counters();
  CHECK(sum.ring_full_bulk == 100 - 12 + 1);
  CHECK(sum.ring_full_vital == 0);
  CHECK(sum.records_built == sum.records_pushed + sum.records_pending + sum.ring_full_vital + sum.ring_full_bulk);
}

TEST_CASE("random bytes and random damage: no crash, and everything adds up", "[tracker]") {
  testing::Random random(20'240'101);
  WorkerRun run(small_options(64));
  constexpr int kPackets = 100'000;
  std::vector<ts::Bytes> recent;
  for (int i = 0; i < kPackets; ++i) {
    const double ms = i * 0.5;
    if (i % 4 == 0) {
      run.show(ms, random.bytes(random.below(200)));
    } else {
      run.ends.opener.port = static_cast<std::uint16_t>(40'000 + random.below(100));
      const From from = random.chance(0.5) ? From::kOpener : From::kAcceptor;
      const auto seq = static_cast<std::uint32_t>(random.below(300));
      ts::Bytes options;
      while (options.size() < 30 && random.chance(0.7)) {
        const ts::Bytes body = random.bytes(random.below(std::min<std::size_t>(25, 37 - options.size())));
        const ts::Bytes option = ts::encode_mptcp_raw(static_cast<std::uint8_t>(random.below(16)),
                                                      static_cast<std::uint8_t>(random.below(8)), body);
        options.insert(options.end(), option.begin(), option.end());
      }
      if (options.size() > 40) options.resize(40);
      ts::Bytes frame = run.send(ms, from, random.bytes(1)[0], seq, static_cast<std::uint32_t>(random.below(300)), options, random.below(20));
      if (i % 4 == 1) {
        for (int flips = 0; flips < 3; ++flips) frame[random.below(frame.size())] = random.bytes(1)[0];
        run.show(ms, frame);
      }
    }
    if (i % 512 == 0) (void)run.take();
  }
  (void)run.finish();
  const WorkerTally sum = run.tally();
  CHECK(sum.rx_packets >= kPackets);
  CHECK(sum.malformed > 0);
  CHECK(sum.with_mptcp > 0);
  CHECK(sum.subflows == 0);
}

}  // namespace
}  // namespace mptap
