#include "tests/fuzz/segment_script.h"

#include <algorithm>
#include <cstring>

#include "tests/fuzz/option_mutation.h"

namespace mptap::fuzz {
namespace {

constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10;
constexpr std::size_t kIpv4 = 20, kTcp = 20;

// Near the end of all number spaces, so that they come round.
constexpr std::uint32_t kOpenerIsn = 0xffff'f000, kAcceptorIsn = 0x7fff'ff00;
constexpr std::uint64_t kOpenerDsn = 0x0000'0001'ffff'e000, kAcceptorDsn = ~std::uint64_t{0} - 20'000;
constexpr std::uint64_t kOpenerKey = 0x0102'0304'0506'0708, kAcceptorKey = 0x1112'1314'1516'1718;

/// Writes big-endian numbers one behind the other.
class Writer {
 public:
  explicit Writer(std::uint8_t* to) : begin_(to), at_(to) {}
  Writer& u8(unsigned value) { return put(value, 1); }
  Writer& u16(unsigned value) { return put(value, 2); }
  Writer& u32(std::uint32_t value) { return put(value, 4); }
  Writer& u64(std::uint64_t value) { return put(value, 8); }
  Writer& number(std::uint64_t value, bool wide) { return put(value, wide ? 8 : 4); }
  Writer& fill(unsigned value, std::size_t count) {
    at_ = std::fill_n(at_, count, static_cast<std::uint8_t>(value));
    return *this;
  }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  Writer& put(std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) *at_++ = static_cast<std::uint8_t>(value >> (8 * i));
    return *this;
  }
  std::uint8_t* begin_;
  std::uint8_t* at_;
};

bool is_v6(std::size_t flow) { return flow % 2 == 1; }

/// Flows 6 and 7 are as many as there are values of `extra`: a flood to one receiver each.
struct Ports {
  std::uint16_t opener;
  std::uint16_t acceptor;
};
Ports ports_of(const Step& step) {
  if (step.flow >= 6) return {static_cast<std::uint16_t>(1024 + step.extra), 80};
  if (step.flow >= 4) return {80, static_cast<std::uint16_t>(40'000 + step.flow)};  // the lower port is the opener's
  return {static_cast<std::uint16_t>(40'000 + step.flow), 443};
}

}  // namespace

std::array<Script::Flow, Script::kFlows> Script::begin() {
  std::array<Flow, kFlows> flows{};
  for (Flow& flow : flows) {
    flow.end = {End{kOpenerIsn + 1, 1, kOpenerDsn}, End{kAcceptorIsn + 1, 1, kAcceptorDsn}};
    flow.ip_id = 1;
  }
  return flows;
}

bool Script::read(Step& step) {
  if (program_.size() - at_ < Step::kBytes || steps_ == kMostSteps) return false;
  ++steps_;
  const Cursor wire(program_.subspan(at_, Step::kBytes));
  at_ += Step::kBytes;
  step.verb = static_cast<Step::Verb>(wire.u8(0) % static_cast<unsigned>(Step::Verb::kCount));
  step.flow = wire.u8(1) & 7;
  step.from_acceptor = (wire.u8(1) & 8) != 0;
  step.ends_burst = (wire.u8(1) & 16) != 0;
  step.time = wire.u8(2);
  step.bits = wire.u8(3);
  step.choice = wire.u8(4);
  step.extra = wire.u8(5);
  step.amount = wire.u16(6);
  return true;
}

/// Milliseconds; in a wait seconds or half hours, or some of them back, as captures may.
void Script::pass_time(const Step& step) {
  constexpr std::uint64_t kMs = 1'000'000;
  if (step.verb != Step::Verb::kWait) {
    now_ns_ += step.time * kMs;
  } else if ((step.bits & 1) != 0) {
    now_ns_ -= std::min<std::uint64_t>(now_ns_, step.amount * kMs);
  } else {
    now_ns_ += step.time * kMs * (step.time < 224 ? 1'000 : 100'000);
  }
}

void Script::make_syn(const Step& step, Segment& out) const {
  Writer options(out.options.data());
  out.seq = kOpenerIsn + ((step.bits & 4) != 0 ? step.amount : 0u);
  out.ack = 0;
  out.flags = static_cast<std::uint8_t>(kSyn | ((step.bits & 48) == 16 ? kFin : 0) | ((step.bits & 48) == 32 ? kRst : 0));
  const unsigned checksum_and_algorithm = (step.bits & 8) != 0 ? 0x81 : 0x01;
  switch (step.choice % 4) {
    case 0: options.u8(30).u8(4).u8(0x01).u8(checksum_and_algorithm); break;
    case 1: options.u8(30).u8(12).u8(0x00).u8(checksum_and_algorithm).u64(kOpenerKey + step.extra); break;
    case 2: options.u8(30).u8(12).u8(0x10 | (step.bits & 1u)).u8(step.flow).u32(0xaabbccdd).u32(step.extra); break;
    default: break;  // plain TCP
  }
  out.option_bytes = options.size();
}

void Script::make_answer(const Step& step, Segment& out) const {
  Writer options(out.options.data());
  out.seq = kAcceptorIsn + ((step.bits & 2) != 0 ? step.extra : 0u);
  out.ack = kOpenerIsn + 1 + ((step.bits & 4) != 0 ? step.amount : 0u);
  out.flags = kSyn | kAck;
  switch (step.choice % 6) {
    case 0: options.u8(30).u8(12).u8(0x01).u8(0x01).u64(kAcceptorKey); break;
    case 1: options.u8(30).u8(12).u8(0x00).u8(0x01).u64(kAcceptorKey); break;
    case 2: options.u8(30).u8(16).u8(0x10 | (step.bits & 1u)).u8(step.flow).u64(0x2122232425262728).u32(step.extra); break;
    case 3: options.u8(30).u8(4).u8(0x01).u8(0x01); break;                                    // mirrored
    case 4: options.u8(30).u8(12).u8(0x00).u8(0x01).u64(kOpenerKey + step.extra); break;      // mirrored, v0
    default: break;                                                                         // denied
  }
  out.option_bytes = options.size();
}

void Script::make_third_ack(const Step& step, Segment& out) const {
  Writer options(out.options.data());
  out.flags = kAck;
  switch (step.choice % 5) {
    case 0: options.u8(30).u8(20).u8(0x01).u8(0x01).u64(kOpenerKey).u64(kAcceptorKey); break;
    case 1: options.u8(30).u8(20).u8(0x00).u8(0x01).u64(kOpenerKey).u64(kAcceptorKey); break;
    case 2: options.u8(30).u8(24).u8(0x10).u8(0).fill(step.extra, 20); break;
    case 3: options.u8(30).u8(22).u8(0x01).u8(0x01).u64(kOpenerKey).u64(kAcceptorKey).u16(step.amount); break;
    default: options.u8(30).u8(24).u8(0x01).u8(0x81).u64(kOpenerKey).u64(kAcceptorKey).u16(step.amount).u16(step.extra); break;
  }
  if (step.choice % 5 >= 3) out.payload_bytes = step.amount % 1400;
  out.option_bytes = options.size();
}

/// The next data or ACK of an end, odd in one way where `choice` says so.
void Script::make_data(const Step& step, bool with_payload, Segment& out) {
  Flow& flow = flows_[step.flow];
  End& own = flow.end[step.from_acceptor ? 1 : 0];
  const End& peer = flow.end[step.from_acceptor ? 0 : 1];
  const bool wide = (step.bits & 1) == 0;
  bool wide_ack = wide, wide_dsn = wide, has_ack = true, has_mapping = with_payload, has_dss = true, sends = true;
  std::uint64_t dsn = own.dsn;
  std::uint32_t ssn = own.ssn;
  out.flags = kAck;
  if (with_payload) out.payload_bytes = static_cast<std::uint16_t>(1 + step.amount % 1400);
  std::uint16_t data_len = out.payload_bytes;
  unsigned fin = 0;
  switch (step.choice) {
    case 0: has_dss = false; break;
    case 1: has_ack = false; break;
    case 2: wide_ack = !wide_ack; break;
    case 3: wide_dsn = !wide_dsn; break;
    case 4: out.seq -= step.extra * 16u; break;                   // sent again
    case 5: own.dsn = dsn = dsn + step.amount; break;             // a gap the other subflow fills
    case 6: dsn += step.extra; break;                             // a conflict
    case 7: ssn -= step.amount; break;
    case 8: ssn += step.amount; break;
    case 9: data_len = 0; break;                                  // the infinite mapping
    case 10: fin = 0x10; break;                                   // DATA_FIN
    case 11: out.flags |= kPsh; break;
    case 12: out.flags |= 0xc0; break;                            // ECE, CWR
    case 13: sends = false; break;                                // own numbers stay where they are
    case 14: data_len = static_cast<std::uint16_t>(data_len + step.extra); break;
    case 15: ssn = 0; has_mapping = true; fin = 0x10; data_len = 1; break;  // a bare DATA_FIN
    case 16: has_mapping = true; break;
    case 17: out.flags |= kFin; break;
    default: break;
  }
  if (has_dss && (has_ack || has_mapping)) {
    const bool checksum = (step.bits & 2) != 0;
    const unsigned bits = fin | (has_ack ? 1u : 0u) | (wide_ack ? 2u : 0u) | (has_mapping ? 4u : 0u) | (wide_dsn ? 8u : 0u);
    Writer options(out.options.data());
    options.u8(30).u8(0).u8(0x20 | (step.choice == 18 ? 1u : 0u)).u8(has_mapping || has_ack ? bits : 0u);
    if (has_ack) options.number(peer.dsn, wide_ack);
    if (has_mapping) options.number(dsn, wide_dsn).u32(ssn).u16(data_len);
    if (has_mapping && checksum) options.u16(step.extra);
    out.option_bytes = options.size();
    out.options[1] = static_cast<std::uint8_t>(out.option_bytes);
  }
  if (!sends) return;
  own.seq += out.payload_bytes + ((out.flags & kFin) != 0 ? 1u : 0u);
  own.ssn += out.payload_bytes;
  own.dsn += out.payload_bytes;
}

void Script::add_timestamps(std::uint32_t clock, Segment& out) {
  constexpr std::size_t kTimestamps = 12;
  const std::size_t padded = (out.option_bytes + 3) / 4 * 4;
  if (padded + kTimestamps > out.options.size()) return;
  std::memmove(out.options.data() + kTimestamps, out.options.data(), out.option_bytes);
  Writer(out.options.data()).u32(0x0101080a).u32(clock).u32(0);
  out.option_bytes += kTimestamps;
}

Script::Segment Script::segment_of(const Step& step) {
  Flow& flow = flows_[step.flow];
  const unsigned direction = step.from_acceptor ? 1 : 0;
  Segment out{flow.end[direction].seq, flow.end[1 - direction].seq, kAck, 0, {}, 0};
  switch (step.verb) {
    case Step::Verb::kSyn: make_syn(step, out); break;
    case Step::Verb::kAnswer: make_answer(step, out); break;
    case Step::Verb::kThirdAck: make_third_ack(step, out); break;
    case Step::Verb::kData: make_data(step, true, out); break;
    case Step::Verb::kAck: make_data(step, false, out); break;
    case Step::Verb::kSignal: {
      Dice dice(std::uint64_t{step.choice} << 24 | std::uint64_t{step.extra} << 16 | step.amount);
      out.option_bytes = make_option(dice, out.options.data(), out.flags);
      break;
    }
    case Step::Verb::kFin:
      out.flags |= kFin;
      if ((step.bits & 4) != 0) out.seq += step.amount;
      if ((step.bits & 8) == 0) flow.end[direction].seq += 1;
      break;
    case Step::Verb::kReset:
      out.flags = static_cast<std::uint8_t>(kRst | ((step.bits & 1) != 0 ? kAck : 0));
      if ((step.bits & 2) != 0) Writer(out.options.data()).u8(30).u8(4).u8(0x80 | (step.bits & 1u)).u8(step.extra), out.option_bytes = 4;
      if ((step.bits & 4) != 0) out.seq += step.amount;
      break;
    case Step::Verb::kRawOptions: {
      const std::size_t count = std::min<std::size_t>({step.amount % 41u, program_.size() - at_, out.options.size()});
      std::copy_n(program_.begin() + static_cast<std::ptrdiff_t>(at_), count, out.options.begin());
      at_ += count;
      out.option_bytes = count;
      out.flags = step.extra & 0x1f;
      break;
    }
    case Step::Verb::kStranger:
      out.seq += std::uint32_t{step.amount} << 14;
      out.ack += std::uint32_t{step.extra} << 22;
      out.payload_bytes = step.choice;
      if ((step.bits & 2) != 0) Writer(out.options.data()).u8(30).u8(8).u8(0x20).u8(1).u32(step.amount), out.option_bytes = 8;
      break;
    default: break;
  }
  if ((step.bits & 64) != 0) add_timestamps(++flow.clock, out);
  return out;
}

/// Ethernet, IP, TCP, options; of the payload nothing. @return How many bytes.
std::size_t Script::write(const Step& step, const Segment& segment, std::uint8_t* frame) {
  const std::size_t padded = (segment.option_bytes + 3) / 4 * 4;
  const std::size_t tcp = kTcp + padded;
  const auto declared = static_cast<unsigned>(tcp + segment.payload_bytes);
  const Ports ports = ports_of(step);
  Flow& flow = flows_[step.flow];
  Writer wire(frame);
  wire.fill(0, 12).u16(is_v6(step.flow) ? 0x86dd : 0x0800);
  // Hosts are told apart by their last byte.
  const unsigned source = step.from_acceptor ? 2 : 1;
  const unsigned destination = 3 - source;
  if (is_v6(step.flow)) {
    wire.u32(0x6000'0000).u16(declared).u8(6).u8(64);
    wire.u32(0x2001'0db8).fill(0, 11).u8(source).u32(0x2001'0db8).fill(0, 11).u8(destination);
  } else {
    wire.u16(0x4500).u16(static_cast<unsigned>(kIpv4) + declared).u16((step.bits & 128) != 0 ? 0u : flow.ip_id++);
    wire.u16(0x4000).u8(64).u8(6).u16(0).u32(0x0a00'0000 + source).u32(0x0a00'0000 + destination);
  }
  wire.u16(step.from_acceptor ? ports.acceptor : ports.opener).u16(step.from_acceptor ? ports.opener : ports.acceptor);
  wire.u32(segment.seq).u32(segment.ack).u8(static_cast<unsigned>(tcp / 4) << 4).u8(segment.flags).u16(1000).u32(0);
  std::copy_n(segment.options.begin(), segment.option_bytes, frame + wire.size());
  std::fill_n(frame + wire.size() + segment.option_bytes, padded - segment.option_bytes, std::uint8_t{1});
  return wire.size() + padded;
}

/// Not IP, not TCP, a fragment, or cut short.
void Script::make_other(const Step& step, std::uint8_t* frame, PacketView& packet) const {
  std::copy(last_.begin(), last_.end(), frame);
  packet.captured_bytes = std::max<std::uint32_t>(last_captured_, 60);
  switch (step.choice % 4) {
    case 0: frame[12] = 0x12; break;
    case 1: frame[23] = 17; break;
    case 2: frame[20] |= 0x1f; break;
    default: packet.captured_bytes = std::min<std::uint32_t>(packet.captured_bytes, step.extra); break;
  }
  packet.wire_bytes = packet.captured_bytes + step.amount;
}

bool Script::next(std::array<std::uint8_t, kFrameBytes>& frame, PacketView& packet, Made& made) {
  Step step;
  if (!read(step)) return false;
  pass_time(step);
  made = {true, step.ends_burst};
  packet = PacketView{};
  packet.data = frame.data();
  switch (step.verb) {
    case Step::Verb::kWait:
      made.has_packet = false;
      return true;
    case Step::Verb::kOther: make_other(step, frame.data(), packet); break;
    case Step::Verb::kRepeat:
    case Step::Verb::kTamper:
      frame = last_;
      packet.captured_bytes = last_captured_;
      packet.wire_bytes = last_wire_;
      if (step.verb == Step::Verb::kTamper && last_captured_ != 0) frame[step.amount % last_captured_] ^= step.extra;
      if (step.verb == Step::Verb::kTamper && (step.bits & 1) != 0) packet.captured_bytes = step.choice % (last_captured_ + 1);
      break;
    default: {
      const Segment segment = segment_of(step);
      packet.captured_bytes = static_cast<std::uint32_t>(write(step, segment, frame.data()));
      packet.wire_bytes = packet.captured_bytes + segment.payload_bytes;
      break;
    }
  }
  packet.time_ns = now_ns_;
  last_ = frame;
  last_captured_ = packet.captured_bytes;
  last_wire_ = packet.wire_bytes;
  return true;
}

}  // namespace mptap::fuzz
