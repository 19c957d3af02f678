#include "tests/bench/rewriting_source.h"

#include <cstring>
#include <utility>

#include "tests/bench/wire.h"

namespace mptap::bench {
namespace {

void add32(std::uint8_t* at, std::uint32_t value) { store32(at, load32(at) + value); }
void add64(std::uint8_t* at, std::uint64_t value) { store64(at, load64(at) + value); }

/// Gives the client of a connection another address; what told its addresses apart stays.
void move_client(std::uint8_t* frame, const FramePlan& plan, std::uint64_t round) {
  const auto number = static_cast<std::uint32_t>(round);
  std::uint8_t* const at = frame + plan.client + (plan.v6 ? 8 : 0);
  // IPv6: bytes of the interface part that are 0. IPv4: the first byte, and bits of the second that no
  // address differs in.
  const std::uint32_t bits = plan.v6 ? number : (number & 0x1f) << 18 | (number >> 5 & 0xff) << 24;
  store32(at, load32(at) ^ bits);
}

void rewrite_flood(std::uint8_t* frame, const FramePlan& plan, std::uint64_t round) {
  if (plan.client == 0) return;
  const auto number = static_cast<std::uint32_t>(round);
  std::uint8_t* const source = frame + plan.client;
  store32(source, load32(source) ^ number << 17);  // addresses of one capture differ in the bits below
  add32(frame + plan.tcp + 4, number * 0x9e3779b1u);
  add32(frame + plan.option + 8, number * 0x85ebca6bu);
}

/// Round 2k: k segments further. Round 2k + 1: as many from the other end, which acknowledge these.
void rewrite_segment(std::uint8_t* frame, const FramePlan& plan, std::uint64_t round) {
  constexpr std::uint32_t kMilliseconds = 10;  // from round to round
  if (plan.client == 0) return;
  std::uint8_t* const tcp = frame + plan.tcp;
  std::uint8_t* const dss = frame + plan.option;
  const std::uint64_t turns = round / 2;
  const std::uint32_t bytes = plan.data_len;
  const auto sent = static_cast<std::uint32_t>(turns * bytes);  // on this subflow
  const std::uint64_t mapped = turns * bytes * 2;               // of the connection, on both
  const bool back = (round & 1) != 0;
  const auto now = static_cast<std::uint32_t>(round * kMilliseconds);
  std::uint8_t* const ack_at = dss + 4;
  std::uint8_t* const dsn_at = dss + (plan.wide ? 12 : 8);
  add32(dss + (plan.wide ? 20 : 12), sent);  // SSN: either end has sent as much before
  if (!plan.v6)
    store16(frame + 18, static_cast<std::uint16_t>(load32(frame + 16) + static_cast<std::uint32_t>(round)));
  if (!back) {
    add32(tcp + 4, sent);
    add32(tcp + 8, sent);
    add32(frame + plan.timestamps, now);
    add32(frame + plan.timestamps + 4, now);
    if (plan.wide) {
      add64(ack_at, mapped);
      add64(dsn_at, mapped);
    } else {
      add32(ack_at, static_cast<std::uint32_t>(mapped));
      add32(dsn_at, static_cast<std::uint32_t>(mapped));
    }
    return;
  }
  const std::size_t address_bytes = plan.v6 ? 16 : 4;
  std::uint8_t address[16];
  std::uint8_t* const source = frame + (plan.v6 ? 22 : 26);
  std::memcpy(address, source, address_bytes);
  std::memcpy(source, source + address_bytes, address_bytes);
  std::memcpy(source + address_bytes, address, address_bytes);
  const std::uint32_t ports = load32(tcp);
  store32(tcp, ports << 16 | ports >> 16);
  const std::uint32_t seq = load32(tcp + 4);
  store32(tcp + 4, load32(tcp + 8) + sent);
  store32(tcp + 8, seq + sent + bytes);
  const std::uint32_t value = load32(frame + plan.timestamps);
  store32(frame + plan.timestamps, load32(frame + plan.timestamps + 4) + now);
  store32(frame + plan.timestamps + 4, value + now);
  const std::uint64_t shift =
      plan.second ? bytes : 0;  // the first subflow has the first half of what is mapped
  if (plan.wide) {
    const std::uint64_t dsn = load64(dsn_at);
    store64(dsn_at, load64(ack_at) + mapped + shift);
    store64(ack_at, dsn + mapped + 2 * bytes - shift);
  } else {
    const std::uint32_t dsn = load32(dsn_at);
    store32(dsn_at, load32(ack_at) + static_cast<std::uint32_t>(mapped + shift));
    store32(ack_at, dsn + static_cast<std::uint32_t>(mapped + 2 * bytes - shift));
  }
}

void rewrite_connection(std::uint8_t* frame, const FramePlan& plan, std::uint64_t round,
                        const ConnectionKeys* row) {
  if (plan.client == 0) return;
  move_client(frame, plan, round);
  const auto* const keys = reinterpret_cast<const std::uint8_t*>(row + plan.connection);
  for (std::size_t i = 0; i < plan.edits; ++i) {
    const Edit& edit = plan.edit[i];
    std::uint8_t* const at = frame + edit.at;
    std::uint64_t shift = 0;
    switch (edit.kind) {
      case Edit::Kind::kCopy4:
        std::memcpy(at, keys + edit.from, 4);
        break;
      case Edit::Kind::kCopy8:
        std::memcpy(at, keys + edit.from, 8);
        break;
      case Edit::Kind::kCopy20:
        std::memcpy(at, keys + edit.from, 20);
        break;
      case Edit::Kind::kAdd4:
        std::memcpy(&shift, keys + edit.from, sizeof shift);
        add32(at, static_cast<std::uint32_t>(shift));
        break;
      case Edit::Kind::kAdd8:
        std::memcpy(&shift, keys + edit.from, sizeof shift);
        add64(at, shift);
        break;
    }
  }
}

}  // namespace

void Rewriter::rewrite(std::uint8_t* frame) noexcept {
  const FramePlan& plan = plan_.frames[next_];
  switch (plan_.rewriting) {
    case Rewriting::kNone:
      break;
    case Rewriting::kFlood:
      rewrite_flood(frame, plan, round_);
      break;
    case Rewriting::kSegments:
      rewrite_segment(frame, plan, round_);
      break;
    case Rewriting::kConnections:
      rewrite_connection(frame, plan, round_, row_);
      break;
  }
  if (++next_ < plan_.frames.size()) return;
  next_ = 0;
  round_ += step_;
  ++begun_;
  row_ = keys_.of_round(round_);
}

}  // namespace mptap::bench
