#include "dataplane/address_judge.h"

#include <time.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "dataplane/cursor.h"
#include "dataplane/mptcp_option.h"

namespace mptap {
namespace {

constexpr unsigned kStepShift = 30;  // about a second
constexpr std::uint64_t kPatienceNs = 2'000'000;
constexpr std::uint64_t kPatienceAStepNs = 50'000'000;
constexpr std::uint8_t kNop = 1;
constexpr std::size_t kChecksumAt = 16;

std::uint64_t steady_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

/// Of option `i` of a segment; none where it is no ADD_ADDR with an HMAC.
std::optional<AddressClaim> claim_of(const SegmentView& segment, std::size_t i) noexcept {
  const Bytes bytes = segment.tcp.options.subspan(segment.scan.offset[i], segment.scan.length[i]);
  MptcpOption option;
  if (decode_mptcp_option(bytes, segment.header[13], option) != OptionError::kOk) return std::nullopt;
  if (option.subtype != Subtype::kAddAddr || !option.add_addr.has_hmac) return std::nullopt;
  const AddAddrOption& add = option.add_addr;
  return AddressClaim{add.address, add.hmac, add.has_port ? add.port : std::uint16_t{0}, add.address_id};
}

bool is_from_acceptor(const SegmentView& segment, const SubflowSlot& slot) noexcept { return slot.opener_is_low() != segment.source_is_low; }

/// RFC 1624, equation 3, for all words of both headers but the checksum's own.
/// @param size  Even, and the same of both.
std::uint16_t checksum_after(const std::uint8_t* before, const std::uint8_t* after, std::size_t size) noexcept {
  const Cursor old_words({before, size});
  const Cursor new_words({after, size});
  std::uint32_t sum = static_cast<std::uint16_t>(~old_words.u16(kChecksumAt));
  for (std::size_t at = kChecksumAt + 2; at < size; at += 2) sum += static_cast<std::uint16_t>(~old_words.u16(at)) + std::uint32_t{new_words.u16(at)};
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

bool AddressJudge::brings_claim(const SegmentView& segment) noexcept {
  const Cursor options(segment.tcp.options);
  for (std::size_t i = 0; i < segment.scan.count; ++i) {
    constexpr std::uint8_t kHmacBytes = 8;
    constexpr std::uint8_t kSubtypeAndEcho = 0xf1;  // of v0, whose last bit is part of the IP version, both 4 and 6 are even
    if (segment.scan.length[i] >= option_length::kAddAddrV4 + kHmacBytes &&
        (options.u8(segment.scan.offset[i] + 2u) & kSubtypeAndEcho) == static_cast<std::uint8_t>(Subtype::kAddAddr) << 4) {
      return true;
    }
  }
  return false;
}

const AddressJudge::Rule* AddressJudge::rule_of(std::uint32_t slot, const SubflowTable& table) const noexcept {
  if (slot == SubflowTable::kNone) return nullptr;
  const Rule& rule = cells_[slot % kStrikeCells];
  return rule.until_ns != 0 && rule.slot == slot && rule.generation == table[slot].generation ? &rule : nullptr;
}

bool AddressJudge::is_wrong(std::uint32_t slot, std::uint16_t generation, bool from_acceptor, const AddressClaim& claim) const noexcept {
  return std::any_of(wrong_.begin(), wrong_.end(), [&](const Wrong& it) {
    return it.slot == slot && it.generation == generation && it.from_acceptor == from_acceptor && it.claim == claim;
  });
}

bool AddressJudge::knows(const SegmentView& segment, const SubflowTable& table) const noexcept {
  const std::uint32_t slot = table.find(segment.hash);
  const Rule* rule = rule_of(slot, table);
  if (rule == nullptr) return false;
  for (std::size_t i = 0; i < segment.scan.count; ++i) {
    const auto claim = claim_of(segment, i);
    if (claim && !is_wrong(slot, rule->generation, is_from_acceptor(segment, table[slot]), *claim)) return false;
  }
  return true;
}

bool AddressJudge::await_control(std::uint64_t records, std::uint64_t now_ns) noexcept {
  const auto has_taken = [&] { return rules_.control.records_taken.load(std::memory_order_acquire) >= records; };
  if (now_ns >> kStepShift != waited_step_) {
    waited_step_ = now_ns >> kStepShift;
    waited_ns_ = 0;
  }
  if (waited_ns_ >= kPatienceAStepNs) return has_taken();
  const std::uint64_t begun_ns = steady_ns();
  std::uint64_t passed_ns = 0;
  while (!has_taken() && passed_ns < kPatienceNs) {
    std::this_thread::yield();  // control may share this core
    passed_ns = steady_ns() - begun_ns;
  }
  waited_ns_ += passed_ns;
  return has_taken();
}

AddressJudge::Outcome AddressJudge::strike(const SegmentView& segment, const SubflowTable& table, RewrittenHeader& header) const noexcept {
  const std::uint32_t slot = table.find(segment.hash);
  const Rule* rule = rule_of(slot, table);
  if (rule == nullptr) return Outcome::kPasses;
  const bool from_acceptor = is_from_acceptor(segment, table[slot]);
  header.size = kMinTcpHeader + segment.tcp.options.size();
  std::copy_n(segment.header, header.size, header.bytes.begin());
  bool found = false;
  for (std::size_t i = 0; i < segment.scan.count; ++i) {
    const auto claim = claim_of(segment, i);
    if (!claim || !is_wrong(slot, rule->generation, from_acceptor, *claim)) continue;
    std::fill_n(header.bytes.begin() + kMinTcpHeader + segment.scan.offset[i], segment.scan.length[i], kNop);
    found = true;
  }
  if (!found) return Outcome::kPasses;
  if (!rule->enforced) return Outcome::kObserved;
  const std::uint16_t checksum = checksum_after(segment.header, header.bytes.data(), header.size);
  header.bytes[kChecksumAt] = static_cast<std::uint8_t>(checksum >> 8);
  header.bytes[kChecksumAt + 1] = static_cast<std::uint8_t>(checksum);
  return Outcome::kStruck;
}

void AddressJudge::note(const SegmentView& segment, const SubflowTable& table, Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kPasses: return;
    case Outcome::kObserved: ++tally_.observed_addresses; break;
    case Outcome::kStruck: ++tally_.struck_addresses; break;
  }
  rules_.packets.add(place_of_strike(table.find(segment.hash)));
}

void AddressJudge::obey(const RuleOrder& order) noexcept {
  cells_[order.slot % kStrikeCells] = {order.until_ns, order.slot, order.generation, order.enforced};
  if (is_wrong(order.slot, order.generation, order.from_acceptor, order.claim)) return;
  wrong_[wrong_next_++ % kWrongKept] = {order.slot, order.generation, order.from_acceptor, order.claim};
}

void AddressJudge::end(std::uint16_t place) noexcept {
  if (const std::size_t cell = place - kMaxLimits - kBlockCells; cell < kStrikeCells) cells_[cell] = Rule{};
}

void AddressJudge::end_what_is_over(std::uint64_t now_ns) noexcept {
  for (Rule& rule : cells_) {
    if (rule.until_ns != 0 && rule.until_ns <= now_ns) rule = Rule{};
  }
}

}  // namespace mptap
