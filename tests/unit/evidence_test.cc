// What notices show of packets, and which packets go to the capture of evidence.
#include "detect/evidence.h"

#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;

CorrelatorOptions keeping(bool packet, bool capture) {
  CorrelatorOptions options;
  options.evidence.packet = packet;
  options.evidence.capture = capture;
  options.evidence.history = 8;
  return options;
}

/// A record with its packet, whose only byte is `mark`.
void send_kept(ControlRun& run, const Slot& slot, const Record& told, std::uint8_t mark, std::uint16_t worker = 0) {
  Record record = told;
  KeptPacket packet;
  packet.print = print_of(record);
  packet.time_ns = record.time_ns;
  packet.slot = record.slot;
  packet.generation = record.generation;
  packet.kind = record.kind;
  packet.source = slot.tuple.opener.address;
  packet.destination = slot.tuple.acceptor.address;
  packet.kept_bytes = packet.wire_bytes = 1;
  packet.bytes[0] = mark;
  record.flags |= record_flag::kKept;
  run.correlator().on_packet(worker, packet);
  run.send(slot, record);
}

Record add_addr(const ControlRun& run, const Slot& slot, double at_s, std::uint8_t id, const char* address) {
  Record record = run.record(slot, at_s, RecordKind::kAddAddr, false);
  record.add_addr = AddAddrBody{};
  record.add_addr.address = ip(address);
  record.add_addr.address_id = AddressId{id};
  return record;
}

/// The marks of the packets that went to the capture, in order.
std::string marks(const ControlRun& run) {
  std::string text;
  for (const EvidencePacket& packet : run.evidence) text += static_cast<char>(packet.bytes.front());
  return text;
}

/// A connection, whose responder then advertises two addresses under one ID (v0): duplicate_add_addr.
Slot conflict(ControlRun& run) {
  const Slot slot = run.slot();
  run.connect(slot, 0, Secrets{.version = 0});
  send_kept(run, slot, add_addr(run, slot, 1, 3, "10.0.0.3"), 'a');
  send_kept(run, slot, add_addr(run, slot, 2, 3, "10.0.0.4"), 'b');
  return slot;
}

TEST_CASE("a notice carries the packet that raised it", "[evidence]") {
  ControlRun run(keeping(true, false));
  conflict(run);
  REQUIRE(run.notices.size() == 1);
  CHECK(run.notices[0].packet == "b");
  run.finish();
  CHECK(run.evidence.empty());
}

TEST_CASE("without the setting it carries none", "[evidence]") {
  ControlRun run(keeping(false, false));
  conflict(run);
  REQUIRE(run.notices.size() == 1);
  CHECK(run.notices[0].packet.empty());
}

TEST_CASE("a proof that comes later still finds the join's own packet", "[evidence]") {
  ControlRun run(keeping(true, false));
  const Secrets secrets;
  run.connect(run.slot(), 0, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80));
  run.syn_join(join, 1, secrets.token(Role::kResponder));
  Record answer = run.record(join, 1.01, RecordKind::kSynAck, false);
  answer.syn_ack = SynAckBody{};
  answer.syn_ack.offer = Offer::kJoin;
  answer.syn_ack.nonce = 22;
  send_kept(run, join, answer, 's');
  Record ack = run.record(join, 1.02, RecordKind::kJoinAck);
  ack.join_ack = JoinAckBody{};
  send_kept(run, join, ack, 't');
  run.finish();
  REQUIRE(run.noticed("join_hmac") == 2);
  CHECK(run.notices[0].packet == "s");
  CHECK(run.notices[1].packet == "t");
}

TEST_CASE("a packet that is no longer remembered is not replaced by another", "[evidence]") {
  ControlRun run(keeping(true, false));
  const Slot slot = run.slot();
  run.connect(slot, 0, Secrets{.version = 0});
  run.add_addr(slot, 1, false, 3, "10.0.0.3", 0);
  Record second = add_addr(run, slot, 2, 3, "10.0.0.4");
  second.flags |= record_flag::kKept;  // kept, but overwritten before it is looked for
  run.send(slot, second);
  REQUIRE(run.notices.size() == 1);
  CHECK(run.notices[0].packet.empty());
}

TEST_CASE("the capture has what is around a notice: its connection only, within the window, once", "[evidence]") {
  ControlRun run(keeping(false, true));
  const Slot other = run.slot(tuple_of("10.0.0.8", 40000, "10.0.0.2", 80));
  Secrets others{.version = 0};
  others.responder_key += 1;
  run.connect(other, 0, others);
  const Slot slot = conflict(run);
  send_kept(run, other, add_addr(run, other, 2.5, 5, "10.0.0.9"), 'x');
  send_kept(run, slot, add_addr(run, slot, 3, 6, "10.0.0.6"), 'c');
  send_kept(run, slot, add_addr(run, slot, 8, 7, "10.0.0.7"), 'd');  // after the window
  CHECK(marks(run) == "abc");
  run.finish();
  CHECK(marks(run) == "abc");
}

TEST_CASE("a notice without a connection gathers by its addresses", "[evidence]") {
  DetectorOptions detectors;
  detectors.join_flood.threshold = 1;
  ControlRun run(keeping(true, true), detectors);
  for (std::uint8_t i = 0; i < 3; ++i) {
    const Slot slot = run.slot(tuple_of("10.0.0.8", static_cast<std::uint16_t>(1000 + i), i < 2 ? "10.0.0.2" : "10.0.0.3", 80));
    Record syn = run.record(slot, 1, RecordKind::kOpened);
    syn.flags = record_flag::kSynSeen;
    SynOption option{};
    option.offer = Offer::kJoin;
    option.low = i;
    syn.opened = OpenedBody{slot.tuple.opener.address, slot.tuple.acceptor.address, option, slot.tuple.opener.port, 80};
    send_kept(run, slot, syn, static_cast<std::uint8_t>('0' + i));
  }
  run.advance(9);
  REQUIRE(run.noticed("join_flood") == 1);
  CHECK(run.notices[0].packet == "1");
  CHECK(marks(run) == "01");
}

TEST_CASE("beyond the notices under way nothing is written, and that is counted", "[evidence]") {
  ControlRun run(keeping(false, true));
  const Slot slot = run.slot();
  run.connect(slot, 0, Secrets{.version = 0});
  for (std::uint8_t i = 0; i < 80; ++i) {
    const std::string address = "10.0.1." + std::to_string(i + 1);
    send_kept(run, slot, add_addr(run, slot, 1 + i * 0.01, 3, address.c_str()), i);
  }
  CHECK(run.noticed("duplicate_add_addr") == 79);
  CHECK(run.counters.evidence_left_out == 79 - 64);
}

}  // namespace
}  // namespace mptap
