// The short ways, of ordinary segments and of a flood's joins, beside that of all others: both must tell the same of the
// same traffic.
#include <algorithm>
#include <cstring>

#include "tests/support/random.h"
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // worker_run.h

/// The same traffic through two workers, of which one makes a record of every DSS and so never takes a short way.
class TwoWays {
 public:
  TwoWays() : long_way_(with_every_dss()) {}

  void open(Ends ends, double ms) {
    short_way_.ends = ends;
    const auto show_both = [&](From from, std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, const ts::Bytes& options) {
      send(ends, ms, from, flags, seq, ack, options, 0);
    };
    show_both(From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_capable({.version = 1}));
    show_both(From::kAcceptor, kSynAckFlags, kAcceptorIsn, kOpenerIsn + 1,
              ts::encode_mp_capable({.version = 1, .sender_key = WorkerRun::kAcceptorKey}));
    show_both(From::kOpener, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1,
              ts::encode_mp_capable({.version = 1, .sender_key = WorkerRun::kOpenerKey, .receiver_key = WorkerRun::kAcceptorKey}));
  }

  void send(const Ends& ends, double ms, From from, std::uint8_t flags, std::uint32_t seq, std::uint32_t ack,
            const ts::Bytes& options, std::size_t payload_bytes) {
    short_way_.ends = ends;
    last_ = short_way_.send(ms, from, flags, seq, ack, options, payload_bytes);
    long_way_.show(ms, last_);
  }
  void repeat_last(double ms) {
    if (last_.empty()) return;
    short_way_.show(ms, last_);
    long_way_.show(ms, last_);
  }

  void compare() {
    check_same(short_way_.take(), long_way_.take());
    const WorkerTally a = short_way_.tally();
    const WorkerTally b = long_way_.tally();
    CHECK(a.copies == b.copies);
    CHECK(a.strangers == b.strangers);
    CHECK(a.out_of_sequence == b.out_of_sequence);
    CHECK(a.with_mptcp == b.with_mptcp);
    CHECK(a.options == b.options);
    CHECK(a.options_from_acceptor == b.options_from_acceptor);
    CHECK(a.option_errors == b.option_errors);
    CHECK(a.subflows == b.subflows);
    CHECK(a.joins_seen == b.joins_seen);
    CHECK(a.joins_not_stored == b.joins_not_stored);
    CHECK(a.subflows_not_stored == b.subflows_not_stored);
  }
  void finish() { check_same(short_way_.finish(), long_way_.finish()); }
  [[nodiscard]] WorkerTally tally() const { return short_way_.tally(); }

 private:
  static WorkerOptions with_every_dss() {
    WorkerOptions options = small_options();
    options.records.every_dss = true;
    return options;
  }
  static void check_same(const std::vector<Record>& records, std::vector<Record> more) {
    std::erase_if(more, [](const Record& record) { return record.kind == RecordKind::kDss; });
    REQUIRE(words_of(records) == words_of(more));
    for (std::size_t i = 0; i < records.size(); ++i) CHECK(std::memcmp(&records[i], &more[i], sizeof(Record)) == 0);
  }

  WorkerRun short_way_;
  WorkerRun long_way_;
  ts::Bytes last_;
};

/// What one end of a subflow has sent, and in which shapes.
struct End {
  std::uint32_t seq;
  std::uint32_t ssn = 1;
  std::uint64_t dsn;
};

struct Talk {
  Ends ends;
  std::array<End, 2> end;
  bool wide = true;
  bool checksum = false;
};

/// One more segment: mostly the next data or ACK, sometimes what is odd in one way.
/// @param may_end  FINs, RSTs and what does not belong to the subflow come, too: after some of it no segment is ordinary.
void step(TwoWays& ways, Talk& talk, ts::Random& random, double ms, bool may_end) {
  const std::size_t direction = random.below(2);
  End& own = talk.end[direction];
  const End& peer = talk.end[1 - direction];
  const From from = direction == 0 ? From::kOpener : From::kAcceptor;
  std::uint8_t flags = kAckFlag;
  std::size_t payload = random.chance(0.3) ? 0 : 1 + random.below(1400);
  ts::Dss dss{.data_ack = peer.dsn, .ack8 = talk.wide};
  if (payload != 0) {
    dss.mapping = ts::DssMapping{.dsn = own.dsn, .ssn = own.ssn, .data_len = static_cast<std::uint16_t>(payload)};
    dss.dsn8 = talk.wide;
    if (talk.checksum) dss.mapping->checksum = random.u16();
  }
  std::uint32_t seq = own.seq;
  std::uint32_t ack = peer.seq;
  bool with_dss = true;
  bool missed = false;
  switch (random.below(48)) {
    case 0: with_dss = false; break;
    case 1: dss.data_ack.reset(); break;
    case 2: dss.ack8 = !dss.ack8; break;
    case 3: dss.dsn8 = !dss.dsn8; break;
    case 4: seq -= static_cast<std::uint32_t>(random.below(3000)); break;      // sent again
    case 5: own.dsn += random.below(5000); break;                              // a gap the other subflow fills
    case 6: if (dss.mapping) dss.mapping->dsn += 1 + random.below(9); break;   // perhaps a conflict later
    case 7: if (dss.mapping) dss.mapping->ssn -= static_cast<std::uint32_t>(random.below(4000)); break;
    case 8: if (dss.mapping) dss.mapping->ssn += static_cast<std::uint32_t>(random.below(4000)); break;
    case 9: if (dss.mapping) dss.mapping->data_len = 0; break;                 // the infinite mapping
    case 10: dss.data_fin = random.chance(0.1); break;
    case 11: flags |= random.chance(0.5) ? std::uint8_t{tcp_flag::kPsh} : std::uint8_t{0xc0}; break;
    case 12: if (may_end) seq += 1u << 29; break;                              // another subflow's, it seems
    case 13: if (may_end) ack -= 1u << 29; break;
    case 14: if (dss.mapping) dss.mapping->checksum = random.u16(); break;
    case 15:
    case 16: if (may_end) flags |= tcp_flag::kFin; break;
    case 18: if (may_end && random.chance(0.2)) flags |= tcp_flag::kRst; break;
    case 17: if (random.chance(0.5)) ways.repeat_last(ms); break;
    case 19: missed = true; break;                                             // by the tap
    default: break;
  }
  ts::Bytes options = with_dss && (dss.data_ack || dss.mapping) ? ts::encode_dss(dss) : ts::Bytes{};
  if (!options.empty() && random.chance(0.03)) options[2] |= 1;                 // a reserved bit
  if (!options.empty() && random.chance(0.02)) options[3] ^= 0x08;              // flags that contradict the length
  if (!missed) ways.send(talk.ends, ms, from, flags, seq, ack, options, payload);
  own.seq += static_cast<std::uint32_t>(payload) + ((flags & tcp_flag::kFin) != 0 ? 1u : 0u);
  own.ssn += static_cast<std::uint32_t>(payload);
  own.dsn += payload;
}

TEST_CASE("the way of ordinary segments tells what the long way tells", "[tracker]") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    ts::Random random(seed);
    TwoWays ways;
    std::vector<Talk> talks;
    for (std::uint16_t i = 0; i < 6; ++i) {
      Talk talk;
      talk.ends.opener = i % 2 == 0 ? ts::endpoint("10.0.0.1", static_cast<std::uint16_t>(40000 + i))
                                    : ts::endpoint("2001:db8::1", static_cast<std::uint16_t>(40000 + i));
      talk.ends.acceptor = i % 2 == 0 ? ts::endpoint("10.0.0.2", 80) : ts::endpoint("2001:db8::2", 80);
      // Near the end of all number spaces, so that they come round.
      talk.end = {End{kOpenerIsn + 1, 1, random.next() | 0xffff0000}, End{kAcceptorIsn + 1, 1, ~std::uint64_t{0} - 50'000}};
      talk.wide = i < 4;
      talk.checksum = i == 3;
      talks.push_back(talk);
      ways.open(talk.ends, i);
    }
    for (int i = 0; i < 4000; ++i) {
      step(ways, talks[random.below(talks.size())], random, 100 + i * 3, i > 3500);
      if (i % 100 == 99) ways.compare();
    }
    ways.finish();
    CHECK(ways.tally().copies > 0);
    CHECK(ways.tally().strangers > 0);
  }
}

TEST_CASE("the way of a flood's joins tells what the long way tells", "[tracker]") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    ts::Random random(seed);
    TwoWays ways;
    for (int i = 0; i < 3000; ++i) {
      Ends ends;
      const auto port = static_cast<std::uint16_t>(1024 + random.below(700));  // so that flows come again
      const bool is_v4 = random.chance(0.5);
      ends.opener = ts::endpoint(is_v4 ? "10.0.0.1" : "2001:db8::1", port);
      ends.acceptor = ts::endpoint(is_v4 ? "10.0.0.2" : "2001:db8::2", 80);
      const std::uint32_t isn = kOpenerIsn + static_cast<std::uint32_t>(random.below(2));
      ts::Bytes options = ts::encode_mp_join_syn(static_cast<std::uint8_t>(random.below(4)), random.u32(), random.u32());
      std::uint8_t flags = kSynFlag;
      switch (random.below(24)) {
        case 0: options[2] ^= static_cast<std::uint8_t>(1u << random.below(8)); break;  // backup, a reserved bit, another subtype
        case 1: options[1] = 8, options.resize(8); break;                               // too short
        case 2: options.insert(options.end(), {1, 1, 1, 30, 3, 0xf0}), options.resize(20, 1); break;  // two MPTCP options
        case 3: options.clear(); break;
        case 4: flags |= tcp_flag::kFin; break;
        case 5: flags |= tcp_flag::kRst; break;
        case 6: flags |= 0xc0; break;                                                   // ECE and CWR are no matter
        case 7: options = ts::encode_mp_capable({.version = 1}); break;
        case 8: ways.repeat_last(i); break;
        case 9:
          ways.send(ends, i, From::kAcceptor, kSynAckFlags, kAcceptorIsn, isn + 1,
                    ts::encode_mp_join_synack(1, random.next(), random.u32()), 0);
          continue;
        default: break;
      }
      ways.send(ends, i, From::kOpener, flags, isn, 0, options, 0);
      if (i % 100 == 99) ways.compare();
    }
    ways.finish();
    CHECK(ways.tally().joins_not_stored > 500);
    CHECK(ways.tally().joins_answered > 0);
  }
}

}  // namespace
}  // namespace mptap
