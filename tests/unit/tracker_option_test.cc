// What options of a living subflow become, and what its counters say.
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // worker_run.h

constexpr std::uint32_t kO = kOpenerIsn + 1;
constexpr std::uint32_t kA = kAcceptorIsn + 1;

std::vector<Record> on_subflow(const ts::Bytes& options, From from = From::kOpener, std::uint8_t flags = kAckFlag) {
  WorkerRun run;
  run.open_v1();
  run.send(25, From::kAcceptor, kAckFlag, kA, kO);
  (void)run.take();
  const bool opener = from == From::kOpener;
  run.send(30, from, flags, opener ? kO : kA, opener ? kA : kO, options);
  return run.take();
}

TEST_CASE("options are counted by who sent them", "[tracker]") {
  const auto by_sender = [](const WorkerRun& run, Subtype subtype) {
    const auto index = static_cast<std::size_t>(subtype);
    const WorkerTally tally = run.tally();
    return std::pair{tally.options[index] - tally.options_from_acceptor[index], tally.options_from_acceptor[index]};
  };
  using Counts = std::pair<std::uint64_t, std::uint64_t>;
  {
    WorkerRun run;
    run.open_v1();
    run.send(30, From::kAcceptor, kAckFlag, kA, kO, ts::encode_mp_prio(true));
    (void)run.take();
    CHECK(by_sender(run, Subtype::kCapable) == Counts{2, 1});
    CHECK(by_sender(run, Subtype::kPrio) == Counts{0, 1});
  }
  // Of a subflow whose start was not seen, from its first segment on.
  for (const From first : {From::kOpener, From::kAcceptor}) {
    WorkerRun run;
    const Counts one = first == From::kOpener ? Counts{1, 0} : Counts{0, 1};
    run.send(0, first, kAckFlag, kA, kO, ts::encode_dss({.data_ack = 5}));
    (void)run.take();
    CHECK(by_sender(run, Subtype::kDss) == one);
    run.send(20, first, kAckFlag, kA, kO, ts::encode_dss({.data_ack = 6}));
    (void)run.take();
    CHECK(by_sender(run, Subtype::kDss) == Counts{2 * one.first, 2 * one.second});
  }
  {  // and where it is none that is kept
    WorkerRun run;
    run.send(0, From::kAcceptor, kAckFlag, kA, kO, ts::encode_mp_prio(true));
    (void)run.take();
    CHECK(run.tally().subflows_opened == 0);
    CHECK(by_sender(run, Subtype::kPrio) == Counts{0, 1});
  }
}

TEST_CASE("the first data's MP_CAPABLE is never taken for the ACK's, whatever the keys", "[tracker]") {
  constexpr std::uint32_t kConnections = 40'000;  // a mark of 15 bits alone would miss one of them
  WorkerRun run(small_options(1u << 16));
  std::size_t told = 0;
  for (std::uint32_t i = 0; i < kConnections; ++i) {
    run.ends.opener = ts::endpoint("10.0." + std::to_string(i >> 15) + ".1", static_cast<std::uint16_t>(1024 + (i & 0x7fff)));
    const ts::Key opener_key = 0x9e3779b97f4a7c15 * (i + 1);
    ts::MpCapable capable{.version = 1, .sender_key = opener_key, .receiver_key = ~opener_key};
    run.send(i, From::kOpener, kAckFlag, kO, kA, ts::encode_mp_capable(capable));
    capable.data_len = 100;
    run.send(i, From::kOpener, kAckFlag, kO, kA, ts::encode_mp_capable(capable), 100);
    run.send(i, From::kOpener, kAckFlag, kO, kA, ts::encode_mp_capable(capable), 100);  // and sent again: no news
    if (i % 64 != 63) continue;
    for (const Record& record : run.take()) told += record.kind == RecordKind::kCapableAck ? 1 : 0;
  }
  CHECK(told == 2 * kConnections);
}

TEST_CASE("signals become one record each, with their fields and sender", "[tracker]") {
  const auto add = on_subflow(ts::encode_add_addr({.version = 1, .address_id = 7, .address = ts::IpAddress::parse("10.1.2.3"),
                                                   .port = 8080, .addr_hmac = 0x0102030405060708}),
                              From::kAcceptor);
  REQUIRE(words_of(add) == "add_addr");
  CHECK_FALSE(add[0].from_opener());
  CHECK(add[0].add_addr.address_id.value == 7);
  CHECK(add[0].add_addr.address.bytes[15] == 3);
  CHECK(add[0].add_addr.address.is_v4());
  CHECK(add[0].add_addr.port == 8080);
  CHECK(add[0].add_addr.has_port);
  CHECK(add[0].add_addr.has_hmac);
  CHECK(add[0].add_addr.hmac[0] == 1);
  CHECK(add[0].add_addr.version == 1);
  CHECK_FALSE(add[0].add_addr.echo);

  const std::uint8_t ids[] = {1, 9, 255};
  const auto removed = on_subflow(ts::encode_remove_addr(ids));
  REQUIRE(words_of(removed) == "remove_addr");
  CHECK(removed[0].from_opener());
  CHECK(removed[0].remove_addr.count == 3);
  CHECK(removed[0].remove_addr.address_ids[2] == 255);

  const auto prio = on_subflow(ts::encode_mp_prio(true, 4));
  REQUIRE(words_of(prio) == "prio");
  CHECK(prio[0].prio.backup);
  CHECK(prio[0].prio.has_address_id);
  CHECK(prio[0].prio.address_id.value == 4);

  const auto fail = on_subflow(ts::encode_mp_fail(0x123456789abcdef0));
  REQUIRE(words_of(fail) == "fail");
  CHECK(fail[0].fail.dsn == 0x123456789abcdef0);

  const auto fast = on_subflow(ts::encode_mp_fastclose(42));
  REQUIRE(words_of(fast) == "fast_close");
  CHECK(fast[0].fast_close.receiver_key.value == 42);
  ts::Bytes both = ts::encode_mp_fastclose(42);
  const ts::Bytes rst = ts::encode_mp_tcprst(0);
  both.insert(both.end(), rst.begin(), rst.end());
  CHECK(words_of(on_subflow(both, From::kOpener, kRstAck)) == "fast_close reset counters counters closed");
  CHECK(words_of(on_subflow(ts::encode_mptcp_raw(15, 0, ts::Bytes(5, 1)))) == "");  // experimental: counted only
}

TEST_CASE("an option that breaks the grammar is told as what it is", "[tracker]") {
  const auto records = on_subflow(ts::encode_mptcp_raw(3, 0, ts::Bytes(6, 9)), From::kAcceptor);
  REQUIRE(words_of(records) == "malformed");
  CHECK(records[0].malformed.error == OptionError::kLength);
  CHECK(records[0].malformed.subtype == 3);
  CHECK(records[0].malformed.length == 9);
  CHECK(records[0].malformed.tcp_flags == kAckFlag);
  CHECK_FALSE(records[0].from_opener());
}

TEST_CASE("several options of one segment all count", "[tracker]") {
  ts::Bytes options = ts::encode_dss({.data_ack = 7});
  for (const ts::Bytes& more : {ts::encode_mp_prio(true), ts::encode_mptcp_raw(12, 0, {}), ts::encode_mp_prio(false)}) {
    options.insert(options.end(), more.begin(), more.end());
  }
  CHECK(words_of(on_subflow(options)) == "malformed first_dss prio prio");
}

TEST_CASE("the first DSS of each direction is told, a DATA_FIN once", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  const auto data = [](std::uint64_t dsn, std::uint32_t ssn, std::uint16_t length, bool fin = false) {
    return ts::encode_dss({.data_ack = 1000, .ack8 = true, .mapping = ts::DssMapping{dsn, ssn, length}, .dsn8 = true, .data_fin = fin});
  };
  run.send(30, From::kOpener, kAckFlag, kO, kA, data(500, 1, 100), 100);
  const auto first = run.take();
  REQUIRE(words_of(first) == "first_dss");
  CHECK(first[0].dss.dsn == 500);
  CHECK(first[0].dss.ssn == 1);
  CHECK(first[0].dss.data_len == 100);
  CHECK(first[0].dss.data_ack == 1000);
  CHECK(first[0].dss.payload_bytes == 100);
  run.send(31, From::kOpener, kAckFlag, kO + 100, kA, data(600, 101, 100), 100);
  CHECK(words_of(run.take()) == "");
  run.send(32, From::kAcceptor, kAckFlag, kA, kO + 200, data(2000, 1, 10), 10);
  CHECK(words_of(run.take()) == "first_dss");
  run.send(33, From::kOpener, kAckFlag, kO + 200, kA + 10, data(700, 0, 1, true));
  run.send(34, From::kOpener, kAckFlag, kO + 200, kA + 10, data(700, 0, 1, true));
  CHECK(words_of(run.take()) == "data_fin");
  run.send(35, From::kAcceptor, kAckFlag, kA + 10, kO + 200, data(2010, 0, 1, true));
  CHECK(words_of(run.take()) == "data_fin");
}

TEST_CASE("every DSS and every option are told where that is asked for", "[tracker]") {
  WorkerOptions options = small_options();
  options.records.every_dss = true;
  WorkerRun run(options);
  run.open_v1();
  (void)run.take();
  for (int i = 0; i < 3; ++i) run.send(30 + i, From::kOpener, kAckFlag, kO, kA, ts::encode_dss({.data_ack = 7u + static_cast<unsigned>(i)}));
  CHECK(words_of(run.take()) == "first_dss dss dss dss");
}

TEST_CASE("counters: bytes, mappings seen once, the highest DSN", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  const auto data = [&run](double ms, std::uint32_t at, std::uint64_t dsn, std::uint16_t data_len, std::size_t bytes) {
    run.send(ms, From::kOpener, kAckFlag, kO + at, kA,
             ts::encode_dss({.data_ack = 77, .ack8 = true, .mapping = ts::DssMapping{dsn, at + 1, data_len}, .dsn8 = true}), bytes);
  };
  data(30, 0, 1000, 100, 100);
  data(31, 100, 1100, 300, 150);    // one mapping over two segments, both repeat it
  run.send(32, From::kOpener, kAckFlag, kO + 250, kA,
           ts::encode_dss({.mapping = ts::DssMapping{1100, 101, 300}, .dsn8 = true}), 150);
  data(300, 0, 1000, 100, 100);     // retransmitted
  data(301, 400, 1400, 50, 50);
  (void)run.take();
  run.tick(20'000);
  (void)run.take();
  const auto records = run.finish();
  REQUIRE(words_of(records) == "counters counters closed");
  CHECK(records[0].counters.segments == 7);
  CHECK(records[0].counters.payload_bytes == 100 + 150 + 150 + 100 + 50);
  CHECK(records[0].counters.mapped_bytes == 450);
  CHECK(records[0].counters.dsn_high == 1450);
  CHECK(records[0].counters.data_ack == 77);
  CHECK(records[1].counters.segments == 1);
  CHECK(records[1].counters.dsn_high == 0);
}

TEST_CASE("numbers of 4 bytes are extended from those of 8, over the wrap", "[tracker]") {
  WorkerOptions options = small_options();
  options.records.every_dss = true;
  WorkerRun run(options);
  run.open_v1();
  (void)run.take();
  const std::uint64_t near_wrap = 0x5ffffff00;
  run.send(30, From::kOpener, kAckFlag, kO, kA,
           ts::encode_dss({.data_ack = 0x7fffffff0, .ack8 = true, .mapping = ts::DssMapping{near_wrap, 1, 0x100}, .dsn8 = true}), 0x100);
  run.send(31, From::kOpener, kAckFlag, kO + 0x100, kA,
           ts::encode_dss({.data_ack = 0x800000010, .mapping = ts::DssMapping{0x600000000, 0x101, 0x10}}), 0x10);
  run.send(32, From::kOpener, kAckFlag, kO, kA,
           ts::encode_dss({.data_ack = 0x7ffffffff, .mapping = ts::DssMapping{near_wrap, 1, 0x100}}), 0x100);  // an old one
  const auto records = run.take();
  REQUIRE(words_of(records) == "first_dss dss dss dss");
  CHECK(records[2].dss.dsn == 0x600000000);
  CHECK(records[2].dss.data_ack == 0x800000010);
  CHECK(records[3].dss.dsn == near_wrap);
  CHECK(records[3].dss.data_ack == 0x7ffffffff);
}

TEST_CASE("the highest DSN and data ACK go over the wrap of their bits, and an old one moves nothing", "[tracker]") {
  struct Row {
    const char* what;
    bool wide;
    std::uint64_t bits;  // that are known
  };
  const Row rows[] = {{"all 64", true, ~0ull}, {"the low 32", false, 0xffffffff}};
  for (const Row& row : rows) {
    INFO(row.what);
    WorkerRun run;
    run.open_v1();
    const auto data = [&](double ms, std::uint32_t at, std::uint64_t data_ack, std::uint64_t dsn) {
      run.send(ms, From::kOpener, kAckFlag, kO + at, kA,
               ts::encode_dss({.data_ack = data_ack & row.bits, .ack8 = row.wide, .mapping = ts::DssMapping{dsn & row.bits, at + 1, 0x100},
                               .dsn8 = row.wide}),
               0x100);
    };
    data(30, 0, 0xfffffffffffffff0, 0xfffffffffffffe80);
    data(31, 0x100, 0x10, 0xffffffffffffff80);
    data(300, 0, 0xfffffffffffffff0, 0xfffffffffffffe80);
    (void)run.take();
    const auto records = run.finish();
    REQUIRE(words_of(records) == "counters counters closed");
    CHECK(records[0].has(record_flag::kDsnLow) != row.wide);
    CHECK((records[0].counters.dsn_high & row.bits) == 0x80);
    CHECK((records[0].counters.data_ack & row.bits) == 0x10);
  }
}

TEST_CASE("counters of a moving subflow come every interval", "[tracker]") {
  WorkerRun run;
  run.open_join();
  for (int i = 0; i < 100; ++i) run.send(1000.0 * i + 100, From::kOpener, kAckFlag, kO, kA, {}, 10);
  std::size_t counters = 0;
  for (const Record& record : run.take()) {
    if (record.kind != RecordKind::kCounters) continue;
    ++counters;
    CHECK_FALSE(record.has(record_flag::kLast));
  }
  CHECK(counters >= 2 * 9);
  CHECK(counters <= 2 * 10);
}

TEST_CASE("a span's second copy counts once, a retransmission does not", "[tracker]") {
  for (const double apart_ms : {0.002, 1.0, 3.9}) {
    WorkerRun run;
    std::vector<ts::Bytes> frames;
    std::vector<double> times;
    const auto twice = [&](double ms, const ts::Bytes& frame) { run.show(ms + apart_ms, frame); };
    twice(0, run.send(0, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_join_syn(2, 3, 4)));
    twice(10, run.send(10, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kO, ts::encode_mp_join_synack(1, 2, 3)));
    twice(20, run.send(20, From::kOpener, kAckFlag, kO, kA, ts::encode_mp_join_ack({})));
    twice(30, run.send(30, From::kOpener, kAckFlag, kO, kA, ts::encode_dss({.data_ack = 1}), 100));
    twice(40, run.send(40, From::kOpener, kRstAck, kO + 100, kA));
    const auto records = run.take();
    INFO(apart_ms);
    REQUIRE(words_of(records) == "opened syn_ack join_ack first_dss reset counters counters closed");
    CHECK(records[5].counters.segments == 4);
    CHECK(records[5].counters.payload_bytes == 100);
    CHECK(run.tally().copies == 5);
    CHECK(run.tally().joins_seen == 1);
  }
}

TEST_CASE("what is no copy of a segment: one with another IP identification, or, where it has none, one that comes later",
          "[tracker]") {
  struct Row {
    const char* what;
    bool v6;              // no identification
    double apart_ms;
    bool sent_again;      // by the host, not by the tap
    std::uint64_t copies;
  };
  const Row rows[] = {
      {"IPv4, the tap's", false, 0.01, false, 1},       {"IPv4, a second tap's", false, 300, false, 1},
      {"IPv4, long after", false, 5'000, false, 0},     {"IPv4, a retransmission", false, 1, true, 0},
      {"IPv6, the tap's", true, 0.01, false, 1},        {"IPv6, later than a tap's", true, 9, false, 0},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    WorkerRun run;
    if (row.v6) run.ends = {ts::endpoint("2001:db8::1", 40000), ts::endpoint("2001:db8::2", 80)};
    run.open_join();
    const ts::Bytes data = run.send(100, From::kOpener, kAckFlag, kO, kA, {}, 100);
    if (row.sent_again) run.send(100 + row.apart_ms, From::kOpener, kAckFlag, kO, kA, {}, 100);
    else run.show(100 + row.apart_ms, data);
    (void)run.take();
    CHECK(run.tally().copies == row.copies);
  }
}

TEST_CASE("a burst that is delivered twice counts once, however long it is", "[tracker]") {
  WorkerRun run;
  run.open_join();
  std::vector<ts::Bytes> frames;
  for (std::uint32_t i = 0; i < 200; ++i) frames.push_back(run.send(50 + i * 0.001, From::kOpener, kAckFlag, kO + i * 10, kA, {}, 10));
  for (std::uint32_t i = 0; i < 200; ++i) run.show(50.5 + i * 0.001, frames[i]);
  const auto records = run.finish();
  CHECK(run.tally().copies == 200);
  REQUIRE(words_of(records) == "opened syn_ack join_ack counters counters closed");
  CHECK(records[3].counters.payload_bytes == 2'000);
}

TEST_CASE("a mapping that comes late fills the hole it left; one that is repeated does not", "[tracker]") {
  WorkerRun run;
  run.open_join();
  const auto map = [&run](double ms, std::uint32_t ssn) {
    run.send(ms, From::kOpener, kAckFlag, kO + ssn - 1, kA, ts::encode_dss({.mapping = ts::DssMapping{1000 + ssn, ssn, 100}, .dsn8 = true}), 100);
  };
  const std::uint32_t order[] = {1, 201, 301, 101, 101, 1, 401};
  double ms = 30;
  for (const std::uint32_t ssn : order) map(ms += 1, ssn);
  const auto records = run.finish();
  CHECK(records[records.size() - 3].counters.mapped_bytes == 500);
}

TEST_CASE("a hole in the mappings where their numbers wrap around is a hole as any other", "[tracker]") {
  WorkerRun run;
  const auto map = [&run](double ms, std::uint32_t ssn, std::uint16_t bytes) {
    run.send(ms, From::kOpener, kAckFlag, kO + ssn, kA, ts::encode_dss({.mapping = ts::DssMapping{0x1000 + ssn, ssn, bytes}, .dsn8 = true}), bytes);
  };
  map(10, 0xffffff00, 0x80);  // mid-stream
  map(11, 0x10, 0x40);        // 0x90 are missing
  auto records = run.take();
  map(12, 0xffffff80, 0x90);  // and come late
  map(13, 0xffffff80, 0x90);
  for (const Record& record : run.finish()) records.push_back(record);
  REQUIRE(words_of(records) == "opened first_dss counters counters closed");
  CHECK(records[2].counters.mapped_bytes == 0x80 + 0x40 + 0x90);
}

TEST_CASE("counters tell whether payload stands behind all mappings, and which numbers are halves", "[tracker]") {
  struct Row {
    bool mapped_at_end;
    bool dsn8;
  };
  for (const Row& row : {Row{true, true}, Row{true, false}, Row{false, true}}) {
    WorkerRun run;
    run.open_v1();
    run.send(30, From::kOpener, kAckFlag, kO, kA,
             ts::encode_dss({.data_ack = 7, .ack8 = row.dsn8, .mapping = ts::DssMapping{500, 1, 100}, .dsn8 = row.dsn8}), 100);
    if (!row.mapped_at_end) run.send(31, From::kOpener, kAckFlag, kO + 100, kA, {}, 50);
    const auto records = run.finish();
    const Record& opener = records[records.size() - 3];
    REQUIRE(opener.kind == RecordKind::kCounters);
    CHECK(opener.has(record_flag::kUnmapped) == !row.mapped_at_end);
    CHECK(opener.has(record_flag::kDsnLow) == !row.dsn8);
    CHECK(opener.has(record_flag::kDataAckLow) == !row.dsn8);
    CHECK(static_cast<std::uint32_t>(opener.counters.dsn_high) == 600);
    CHECK(static_cast<std::uint32_t>(opener.counters.data_ack) == 7);
  }
}

TEST_CASE("copies of one burst, and mixed with others, are still copies", "[tracker]") {
  WorkerRun run;
  run.open_join();
  std::vector<ts::Bytes> frames;
  for (std::uint32_t i = 0; i < 3; ++i) frames.push_back(run.send(50 + i * 0.01, From::kOpener, kAckFlag, kO + i * 10, kA, {}, 10));
  for (std::uint32_t i = 0; i < 3; ++i) run.show(50.1 + i * 0.01, frames[i]);
  (void)run.take();
  CHECK(run.tally().copies == 3);
}

}  // namespace
}  // namespace mptap
