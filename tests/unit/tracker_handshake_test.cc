// Handshakes as a tap sees them: whole, refused, tampered with, and out of order.
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // worker_run.h

TEST_CASE("a handshake of v1", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  const auto records = run.take();
  REQUIRE(words_of(records) == "opened syn_ack capable_ack");
  CHECK(records[0].has(record_flag::kSynSeen));
  CHECK_FALSE(records[0].has(record_flag::kMidstream));
  CHECK(records[0].opened.syn.offer == Offer::kCapable);
  CHECK(records[0].opened.syn.version == 1);
  CHECK(records[0].opened.opener_port == 40000);
  CHECK(records[0].opened.acceptor_port == 80);
  CHECK(records[0].time_ns == kStartNs);
  CHECK(records[1].time_ns == kStartNs + 10 * kMs);
  CHECK_FALSE(records[1].from_opener());
  CHECK(records[1].syn_ack.offer == Offer::kCapable);
  CHECK(records[1].syn_ack.key.value == WorkerRun::kAcceptorKey);
  CHECK(records[1].syn_ack.version == 1);
  CHECK(records[1].syn_ack.opener_isn == kOpenerIsn);
  CHECK(records[1].syn_ack.acceptor_isn == kAcceptorIsn);
  CHECK_FALSE(records[1].syn_ack.blackhole);
  CHECK(records[2].capable_ack.sender_key.value == WorkerRun::kOpenerKey);
  CHECK(records[2].capable_ack.receiver_key.value == WorkerRun::kAcceptorKey);
  CHECK_FALSE(records[2].capable_ack.has_data_len);
  for (const Record& record : records) {
    CHECK(record.slot == records[0].slot);
    CHECK(record.generation == records[0].generation);
  }
  CHECK(run.tally().subflows == 1);
  CHECK(run.tally().subflows_unanswered == 0);
}

TEST_CASE("a handshake of v0 carries the opener's key in its SYN", "[tracker]") {
  WorkerRun run;
  run.send(0, From::kOpener, kSynFlag, 1, 0, ts::encode_mp_capable({.version = 0, .sender_key = 0xfeedfacecafebeef}));
  run.send(1, From::kAcceptor, kSynAckFlags, 2, 2, ts::encode_mp_capable({.version = 0, .sender_key = 0x1234}));
  run.send(2, From::kOpener, kAckFlag, 2, 3,
           ts::encode_mp_capable({.version = 0, .sender_key = 0xfeedfacecafebeef, .receiver_key = 0x1234}));
  const auto records = run.take();
  REQUIRE(words_of(records) == "opened syn_ack capable_ack");
  CHECK(records[0].opened.syn.version == 0);
  CHECK(records[0].opened.syn.key().value == 0xfeedfacecafebeef);
  CHECK(records[1].syn_ack.version == 0);
  CHECK(records[1].syn_ack.key.value == 0x1234);
}

TEST_CASE("a join", "[tracker]") {
  WorkerRun run;
  run.open_join();
  const auto records = run.take();
  REQUIRE(words_of(records) == "opened syn_ack join_ack");
  CHECK(records[0].opened.syn.offer == Offer::kJoin);
  CHECK(records[0].opened.syn.token().value == 0xaabbccdd);
  CHECK(records[0].opened.syn.nonce() == 7);
  CHECK(records[0].opened.syn.address_id.value == 2);
  CHECK(records[1].syn_ack.offer == Offer::kJoin);
  CHECK(records[1].syn_ack.nonce == 9);
  CHECK(records[1].syn_ack.address_id.value == 3);
  CHECK(records[1].syn_ack.hmac[0] == 0x21);
  CHECK(records[1].syn_ack.hmac[7] == 0x28);
  CHECK(records[2].join_ack.hmac[19] == 0x31);
  CHECK(run.tally().joins_seen == 1);
  CHECK(run.tally().joins_answered == 1);
}

TEST_CASE("who the lower address is does not matter, nor the family", "[tracker]") {
  const Ends all[] = {
      {ts::endpoint("10.0.0.2", 80), ts::endpoint("10.0.0.1", 40000)},
      {ts::endpoint("10.0.0.1", 1), ts::endpoint("10.0.0.1", 2)},
      {ts::endpoint("10.0.0.1", 2), ts::endpoint("10.0.0.1", 1)},
      {ts::endpoint("2001:db8::1", 40000), ts::endpoint("2001:db8::2", 80)},
      {ts::endpoint("2001:db8::2", 40000), ts::endpoint("2001:db8::1", 80)},
  };
  for (const Ends& ends : all) {
    WorkerRun run;
    run.ends = ends;
    run.open_v1();
    const auto records = run.take();
    REQUIRE(words_of(records) == "opened syn_ack capable_ack");
    CHECK(records[0].opened.opener_port == ends.opener.port);
    CHECK(records[0].opened.acceptor_port == ends.acceptor.port);
    CHECK(records[0].opened.opener_address.is_v4() == !ends.opener.address.is_v6);
  }
}

TEST_CASE("plain TCP is nobody's business", "[tracker]") {
  WorkerRun run;
  run.send(0, From::kOpener, kSynFlag, 1, 0, ts::encode_mss(1460));
  run.send(1, From::kAcceptor, kSynAckFlags, 2, 2, ts::encode_mss(1460));
  run.send(2, From::kOpener, kAckFlag, 2, 3, {}, 100);
  run.send(3, From::kOpener, kRstAck, 102, 3);
  CHECK(run.finish().empty());
  CHECK(run.tally().without_mptcp == 4);
  CHECK(run.tally().subflows_opened == 0);
}

TEST_CASE("a SYN retransmitted is the same SYN", "[tracker]") {
  WorkerRun run;
  for (const double ms : {0.0, 200.0, 1000.0, 3000.0, 7000.0}) run.syn_join(ms);
  run.syn_ack_join(7010);
  CHECK(words_of(run.take()) == "opened syn_ack");
  CHECK(run.tally().joins_seen == 1);
  CHECK(run.tally().copies == 0);
}

TEST_CASE("what the SYN/ACK makes of the offer", "[tracker]") {
  struct Row {
    const char* what;
    ts::Bytes syn;
    bool syn_again_without;
    ts::Bytes syn_ack;
    Offer offer;
    bool blackhole;
  };
  const ts::Bytes v1 = ts::encode_mp_capable({.version = 1});
  const ts::Bytes v0 = ts::encode_mp_capable({.version = 0, .sender_key = 77});
  const ts::Bytes join = ts::encode_mp_join_syn(1, 2, 3);
  const Row rows[] = {
      {"denied", v1, false, {}, Offer::kNone, false},
      {"denied, v0", v0, false, ts::encode_mss(1400), Offer::kNone, false},
      {"a denied join", join, false, {}, Offer::kNone, false},
      {"mirrored, v1", v1, false, v1, Offer::kMirrored, false},
      {"mirrored, v0: the same key", v0, false, v0, Offer::kMirrored, false},
      {"not mirrored: another key", v0, false, ts::encode_mp_capable({.version = 0, .sender_key = 78}), Offer::kCapable, false},
      {"blackhole", v1, true, {}, Offer::kNone, true},
      {"a lost option that came through after all", v1, true, ts::encode_mp_capable({.version = 1, .sender_key = 5}),
       Offer::kCapable, false},
      {"a mirrored join is no join", join, false, join, Offer::kNone, false},
      {"a join in answer to MP_CAPABLE", v1, false, ts::encode_mp_join_synack(1, 2, 3), Offer::kNone, false},
      {"MP_CAPABLE in answer to a join", join, false, ts::encode_mp_capable({.version = 1, .sender_key = 5}), Offer::kNone, false},
      {"malformed", v1, false, ts::encode_mptcp_raw(0, 1, ts::Bytes(6, 1)), Offer::kNone, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    WorkerRun run;
    run.send(0, From::kOpener, kSynFlag, kOpenerIsn, 0, row.syn);
    if (row.syn_again_without) run.send(1000, From::kOpener, kSynFlag, kOpenerIsn);
    run.send(1010, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kOpenerIsn + 1, row.syn_ack);
    auto records = run.take();
    std::erase_if(records, [](const Record& record) { return record.kind == RecordKind::kMalformed; });
    REQUIRE(words_of(records) == "opened syn_ack");
    CHECK(records[1].syn_ack.offer == row.offer);
    CHECK(records[1].syn_ack.blackhole == row.blackhole);
  }
}

TEST_CASE("a SYN/ACK may stand before its SYN", "[tracker]") {
  WorkerRun run;
  run.syn_ack_join(0);
  run.syn_join(0.1);
  run.ack_join(1);
  const auto records = run.take();
  REQUIRE(words_of(records) == "opened syn_ack opened join_ack");
  CHECK_FALSE(records[0].has(record_flag::kSynSeen));
  CHECK(records[0].opened.opener_port == 40000);
  CHECK(records[2].has(record_flag::kSynSeen));
  CHECK(records[2].generation == records[0].generation);
  CHECK(records[2].opened.syn.token().value == 0xaabbccdd);
  CHECK(run.tally().joins_seen == 1);
  CHECK(run.tally().joins_answered == 1);
}

TEST_CASE("a SYN/ACK that acknowledges another SYN proves nothing", "[tracker]") {
  WorkerRun run;
  run.syn_join(0);
  run.send(5, From::kAcceptor, kSynAckFlags, 1, kOpenerIsn + 2, ts::encode_mp_join_synack(3, 4, 5));
  run.send(6, From::kAcceptor, kSynAckFlags, 1, kOpenerIsn, ts::encode_mp_join_synack(3, 4, 5));
  CHECK(words_of(run.take()) == "opened");
  CHECK(run.tally().out_of_sequence == 2);
  CHECK(run.tally().subflows_unanswered == 1);
  run.syn_ack_join(10);
  CHECK(words_of(run.take()) == "syn_ack");
}

TEST_CASE("the first SYN/ACK counts, its retransmission and another are not told", "[tracker]") {
  WorkerRun run;
  run.syn_join(0);
  run.syn_ack_join(10);
  run.syn_ack_join(1010);
  run.send(1020, From::kAcceptor, kSynAckFlags, 99, kOpenerIsn + 1, ts::encode_mp_join_synack(3, 4, 5));
  CHECK(words_of(run.take()) == "opened syn_ack");
  CHECK(run.tally().joins_answered == 1);
}

TEST_CASE("a third ACK is told once, however late and often it comes", "[tracker]") {
  WorkerRun run;
  run.syn_join(0);
  run.syn_ack_join(10);
  for (const double ms : {20.0, 220.0, 9'000.0}) run.ack_join(ms);
  CHECK(words_of(run.take()) == "opened syn_ack join_ack");
}

TEST_CASE("the first data of v1 tells its mapping", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  run.send(30, From::kOpener, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1,
           ts::encode_mp_capable({.version = 1, .checksum_required = true, .sender_key = WorkerRun::kOpenerKey,
                                  .receiver_key = WorkerRun::kAcceptorKey, .data_len = 300, .data_checksum = 0xbeef}), 300);
  const auto records = run.take();
  REQUIRE(words_of(records) == "capable_ack");
  CHECK(records[0].capable_ack.has_data_len);
  CHECK(records[0].capable_ack.data_len == 300);
  CHECK(records[0].capable_ack.has_checksum);
  CHECK(records[0].capable_ack.checksum == 0xbeef);
}

TEST_CASE("a join answered by RST is refused; the RST must acknowledge the SYN", "[tracker]") {
  for (const bool right : {true, false}) {
    WorkerRun run;
    run.syn_join(0);
    run.send(10, From::kAcceptor, kRstAck, 0, kOpenerIsn + (right ? 1 : 2), ts::encode_mp_tcprst(1));
    const auto records = run.take();
    if (!right) {
      CHECK(words_of(records) == "opened");
      CHECK(run.tally().out_of_sequence == 1);
      continue;
    }
    REQUIRE(words_of(records) == "opened reset counters counters closed");
    CHECK(records[1].reset.before_answer);
    CHECK(records[1].reset.has_reason);
    CHECK(records[1].reset.reason == 1);
    CHECK(records[4].closed.cause == CloseCause::kReset);
  }
}

}  // namespace
}  // namespace mptap
