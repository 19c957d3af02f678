// What is kept of packets: headers only, no key, one for each record that says so.
#include "dataplane/packet_keeper.h"

#include <algorithm>

#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;

TEST_CASE("keys are blanked, and nothing else that an option list says", "[packet_keeper]") {
  struct Row {
    const char* what;
    const char* before;
    const char* after;
  };
  const Row rows[] = {
      {"nothing", "", ""},
      {"timestamps", "0101080a 0000000100000002", "0101080a 0000000100000002"},
      {"MP_CAPABLE of a v1 SYN has no key", "1e040101", "1e040101"},
      {"a key", "1e0c0081 1122334455667788", "1e0c0081 0000000000000000"},
      {"two keys", "1e140181 1122334455667788 99aabbccddeeff00", "1e140181 0000000000000000 0000000000000000"},
      {"MP_FASTCLOSE", "1e0c7000 1122334455667788 01010101", "1e0c7000 0000000000000000 01010101"},
      {"an unassigned length may hold a key", "1e0a0081 112233445566 0101", "1e0a0081 000000000000 0101"},
      {"a join stays", "1e0c1001 aabbccdd 00000007", "1e0c1001 aabbccdd 00000007"},
      {"behind the end of the list", "01010100 1e0c0081 1122334455667788", "01010100 00000000 0000000000000000"},
      {"a list that cannot be walked", "1e0c1001 aabbccdd 00000007 1e00 112233445566",
       "1e0c1001 aabbccdd 00000007 0000 000000000000"},
      {"a length beyond the list", "1e140181 1122334455667788", "00000000 0000000000000000"},
      {"a kind without its length", "0101 1e", "0101 00"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Octets options = octets_of(row.before);
    blank_keys(options);
    CHECK(options == octets_of(row.after));
  }
}

/// A worker that keeps packets.
struct Keeping {
  explicit Keeping(std::size_t shelf_packets = 64, bool live = false)
      : source(live), shelf(shelf_packets), worker(source, small_options(), ring, 1, stop, &shelf) {}

  void show(double ms, const ts::Bytes& frame) {
    source.put(kStartNs + static_cast<std::uint64_t>(ms * static_cast<double>(kMs)), frame);
  }
  void poll() {
    do {
      (void)worker.poll_once();
    } while (!source.empty());
  }

  std::atomic<bool> stop{false};
  VectorSource source;
  RecordRing ring{1u << 12};
  PacketShelf shelf;
  Worker worker;
};

ts::PacketBuilder segment(bool from_opener, std::uint8_t flags, std::uint32_t seq, std::uint32_t ack) {
  const Ends ends;
  const ts::Endpoint& source = from_opener ? ends.opener : ends.acceptor;
  const ts::Endpoint& destination = from_opener ? ends.acceptor : ends.opener;
  ts::PacketBuilder frame = ts::PacketBuilder().ethernet();
  frame.ip(source.address, destination.address).tcp(source.port, destination.port).seq(seq);
  if (ack != 0) frame.ack(ack);
  return frame.flags(flags);
}

constexpr ts::Key kKeyA = 0x0102030405060708;
constexpr ts::Key kKeyB = 0x1112131415161718;

std::vector<ts::Bytes> handshake() {
  return {
      segment(true, kSynFlag, kOpenerIsn, 0).option(ts::encode_mp_capable({.version = 1})).build(),
      segment(false, kSynAckFlags, kAcceptorIsn, kOpenerIsn + 1)
          .option(ts::encode_mp_capable({.version = 1, .sender_key = kKeyB})).build(),
      segment(true, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1)
          .option(ts::encode_mp_capable({.version = 1, .sender_key = kKeyA, .receiver_key = kKeyB}))
          .payload(ts::Bytes(100, 0x55)).build(),
  };
}

TEST_CASE("each record of a packet has its packet: headers only, keys blanked", "[packet_keeper]") {
  Keeping keeping;
  const std::vector<ts::Bytes> frames = handshake();
  for (std::size_t i = 0; i < frames.size(); ++i) keeping.show(static_cast<double>(i) * 10, frames[i]);
  keeping.poll();

  std::size_t seen = 0;
  for (Record record; keeping.ring.try_pop(record);) {
    if (!record.has(record_flag::kKept)) continue;
    KeptPacket kept;
    REQUIRE(keeping.shelf.try_pop(kept));
    CHECK(kept.print == print_of(record));
    CHECK(kept.kind == record.kind);
    CHECK(kept.slot == record.slot);
    CHECK(kept.time_ns == record.time_ns);
    const auto at = static_cast<std::size_t>((record.time_ns - kStartNs) / (10 * kMs));
    const ts::Bytes& frame = frames[at];
    CHECK(kept.wire_bytes == frame.size());
    const std::size_t payload = at == 2 ? 100 : 0;
    REQUIRE(kept.kept_bytes == frame.size() - payload);
    CHECK(std::equal(kept.bytes.begin(), kept.bytes.begin() + 54, frame.begin()));  // up to the options
    const std::uint8_t key_starts[][3] = {{0x01, 0x02, 0x03}, {0x11, 0x12, 0x13}};
    for (const auto& start : key_starts) {  // no key
      CHECK(std::search(kept.bytes.begin(), kept.bytes.end(), std::begin(start), std::end(start)) == kept.bytes.end());
    }
    ++seen;
  }
  CHECK(seen >= 3);
  CHECK(keeping.worker.counters().packets_kept == seen);
  KeptPacket more;
  CHECK_FALSE(keeping.shelf.try_pop(more));
}

TEST_CASE("counters and ends keep no packet", "[packet_keeper]") {
  Keeping keeping;
  for (const ts::Bytes& frame : handshake()) keeping.show(0, frame);
  keeping.poll();
  const std::uint64_t before = keeping.worker.counters().packets_kept;
  keeping.worker.finish();
  CHECK(keeping.worker.counters().packets_kept == before);
  for (Record record; keeping.ring.try_pop(record);) {
    if (record.kind == RecordKind::kCounters || record.kind == RecordKind::kClosed) {
      CHECK_FALSE(record.has(record_flag::kKept));
    }
  }
}

TEST_CASE("a live worker whose shelf is full tells the news without its packet, and counts that", "[packet_keeper]") {
  Keeping keeping(2, true);
  for (std::uint16_t i = 0; i < 5; ++i) {
    const Ends ends;
    ts::PacketBuilder frame = ts::PacketBuilder().ethernet();
    frame.ip(ends.opener.address, ends.acceptor.address).tcp(static_cast<std::uint16_t>(1000 + i), 80).seq(1).flags(kSynFlag);
    keeping.show(i, frame.option(ts::encode_mp_join_syn(2, 0xaabbccdd, i)).build());
  }
  keeping.poll();
  const WorkerTally tally = keeping.worker.counters();
  CHECK(tally.packets_kept == 2);
  CHECK(tally.packets_not_kept == 3);
  std::size_t records = 0;
  std::size_t kept = 0;
  for (Record record; keeping.ring.try_pop(record); ++records) kept += record.has(record_flag::kKept) ? 1 : 0;
  CHECK(records == 5);
  CHECK(kept == 2);
}

TEST_CASE("headers beyond what is kept are cut, and keys in what is left are blanked", "[packet_keeper]") {
  PacketShelf shelf(2);
  PacketKeeper keeper(shelf);
  Octets frame(300, 0x77);
  const Octets option = octets_of("1e140181 1122334455667788 99aabbccddeeff00");
  std::copy(option.begin(), option.end(), frame.begin() + 244);
  PacketView packet;
  packet.data = frame.data();
  packet.captured_bytes = packet.wire_bytes = 300;
  SegmentView segment;
  segment.addresses = frame.data() + 26;
  segment.is_v4 = true;
  segment.tcp.options = Bytes(frame).subspan(244, option.size());
  keeper.look_at(packet, segment);
  Record record;
  record.kind = RecordKind::kCapableAck;
  REQUIRE(keeper.wants(record));
  keeper.keep(record);
  keeper.publish();
  KeptPacket kept;
  REQUIRE(shelf.try_pop(kept));
  CHECK(kept.kept_bytes == KeptPacket::kMaxBytes);
  CHECK(std::all_of(kept.bytes.begin() + 244, kept.bytes.end(), [](std::uint8_t byte) { return byte == 0; }));
  CHECK(kept.bytes[243] == 0x77);
}

TEST_CASE("a print tells records apart, and nothing of a key", "[packet_keeper]") {
  Record add;
  add.kind = RecordKind::kAddAddr;
  add.time_ns = 5;
  Record other = add;
  other.add_addr.address_id = AddressId{1};
  CHECK(print_of(add) != print_of(other));
  other = add;
  other.flags |= record_flag::kKept;
  CHECK(print_of(add) == print_of(other));
  Record capable = add;
  capable.kind = RecordKind::kCapableAck;
  Record other_key = capable;
  other_key.capable_ack.sender_key = Key{77};
  CHECK(print_of(capable) == print_of(other_key));
}

}  // namespace
}  // namespace mptap
