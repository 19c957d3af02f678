// Data and its mappings: DSS options of every shape, losses and their repair.

#include <algorithm>

#include "tests/support/mptcp_dialogue.h"

namespace mptap::testing {
namespace {

constexpr std::size_t kMappingsPerRound = 8;
constexpr std::int64_t kRetransmitTimeoutNs = 220'000'000;
constexpr int kMaxDuplicateAcks = 3;

/// Payload that depends on the data sequence number only, so that a re-injected byte is the same byte.
Bytes build_payload(std::uint64_t dsn, std::size_t bytes) {
  Bytes payload(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    payload[i] = static_cast<std::uint8_t>('a' + (dsn + i) % 26);
  }
  return payload;
}

}  // namespace

bool MptcpDialogue::long_form() {
  return spec_.dss_form == DssForm::kLong || (spec_.dss_form == DssForm::kMixed && random_.chance(0.5));
}

Bytes MptcpDialogue::data_ack_option(Side from) {
  return encode_dss({.data_ack = data_received_[index(from)], .ack8 = long_form()});
}

Bytes MptcpDialogue::mapping_option(const Subflow& subflow, Side from, std::uint64_t dsn,
                                    const Bytes& payload) {
  const auto length = static_cast<std::uint16_t>(payload.size());
  const std::uint32_t ssn = subflow.flow.next_ssn(end_of(subflow, from));
  std::optional<std::uint16_t> checksum;
  if (spec_.checksums) checksum = derive_dss_checksum(dsn, ssn, length, payload);
  const bool is_initial = &subflow == &subflows_.front();
  if (spec_.version == 1 && from == Side::kInitiator && is_initial && !established_by_data_) {
    // The first data repeats both keys instead of carrying a DSS (RFC 8684 section 3.1); no join carries keys.
    const bool other_key = key_fault_ == KeyFault::kInitiatorKeyInData;
    return encode_mp_capable({.version = 1,
                              .checksum_required = spec_.checksums,
                              .sender_key = other_key ? ~keys_[0] : keys_[0],
                              .receiver_key = keys_[1],
                              .data_len = length,
                              .data_checksum = checksum});
  }
  return encode_dss({.data_ack = data_received_[index(from)],
                     .ack8 = long_form(),
                     .mapping = DssMapping{dsn, ssn, length, checksum},
                     .dsn8 = long_form()});
}

void MptcpDialogue::send(Side from, std::size_t bytes, const std::vector<std::size_t>& over) {
  const std::vector<std::size_t> subflows = over.empty() ? live_subflows() : over;
  std::size_t left = bytes;
  while (left > 0) {
    std::vector<std::size_t> used;
    for (std::size_t i = 0; i < kMappingsPerRound && left > 0; ++i) {
      const std::size_t number = subflows.at(next_turn_++ % subflows.size());
      const bool first_data = spec_.version == 1 && !established_by_data_;
      const std::size_t most = spec_.segment_bytes * (first_data ? 1 : spec_.segments_per_mapping);
      const std::size_t length = std::min(left, most);
      std::uint64_t& dsn = data_next_[index(from)];
      Subflow& subflow = subflows_.at(number);
      send_mapping(subflow, from, dsn, build_payload(dsn, length));
      dsn += length;
      left -= length;
      if (lost_.empty()) data_received_[index(peer_of(from))] = dsn;
      if (std::find(used.begin(), used.end(), number) == used.end()) used.push_back(number);
      if (first_data) break;  // its acknowledgement must come before anything else
    }
    established_by_data_ = true;
    turn();
    recover();
    data_received_[index(peer_of(from))] = data_next_[index(from)];
    for (const std::size_t number : used) acknowledge(subflows_[number], peer_of(from));
    turn();
  }
}

void MptcpDialogue::send_mapping(Subflow& subflow, Side from, std::uint64_t dsn, const Bytes& payload) {
  const Bytes option = mapping_option(subflow, from, dsn, payload);
  const End end = end_of(subflow, from);
  for (std::size_t offset = 0; offset < payload.size(); offset += spec_.segment_bytes) {
    const std::size_t length = std::min(spec_.segment_bytes, payload.size() - offset);
    const bool last = offset + length == payload.size();
    const auto first = payload.begin() + static_cast<std::ptrdiff_t>(offset);
    Fate fate = Fate::kArrives;
    if (random_.chance(spec_.loss)) {
      fate = random_.chance(0.5) ? Fate::kLostAfterTap : Fate::kLostBeforeTap;
    }
    // The v1 first data is the only proof of the keys beside the third ACK: let the tap see it.
    const bool ordinary = option.size() < 4 || (option[2] >> 4) == 2;
    const SentSegment sent =
        subflow.flow.send(now_ns_, end, static_cast<std::uint8_t>(kAck | (last ? kPsh : 0)), option,
                          Bytes(first, first + static_cast<std::ptrdiff_t>(length)), ordinary, fate);
    if (fate != Fate::kArrives) lost_.push_back({&subflow, sent});
    gap();
  }
  last_mapping_[index(from)] = {dsn, payload};
}

void MptcpDialogue::recover() {
  if (lost_.empty()) return;
  for (int i = 0; i < kMaxDuplicateAcks; ++i) {
    const Lost& lost = lost_.front();
    const Side receiver =
        peer_of(lost.segment.from == End::kOpener ? lost.subflow->opener : peer_of(lost.subflow->opener));
    acknowledge(*lost.subflow, receiver);
  }
  now_ns_ += kRetransmitTimeoutNs;
  for (const Lost& lost : lost_) {
    lost.subflow->flow.send_again(now_ns_, lost.segment);
    gap();
  }
  for (const Lost& lost : lost_) lost.subflow->flow.fill_holes(lost.segment.from);
  lost_.clear();
  turn();
}

void MptcpDialogue::acknowledge(Subflow& subflow, Side receiver) {
  subflow.flow.send(now_ns_, end_of(subflow, receiver), kAck, data_ack_option(receiver), {}, true);
  gap();
}

void MptcpDialogue::reinject(Side from, std::size_t over) {
  Subflow& subflow = subflows_.at(over);
  const SentMapping mapping = last_mapping_[index(from)];
  send_mapping(subflow, from, mapping.dsn, mapping.payload);
  turn();
  recover();
  acknowledge(subflow, peer_of(from));
  turn();
}

void MptcpDialogue::send_data_fin(Side from) {
  if (data_fin_sent_[index(from)]) return;
  data_fin_sent_[index(from)] = true;
  const std::vector<std::size_t> live = live_subflows();
  if (live.empty()) return;
  Subflow& subflow = subflows_[live.front()];
  std::uint64_t& dsn = data_next_[index(from)];
  std::optional<std::uint16_t> checksum;
  if (spec_.checksums) checksum = derive_dss_checksum(dsn, 0, 1, {});
  subflow.flow.send(now_ns_, end_of(subflow, from), kAck,
                    encode_dss({.data_ack = data_received_[index(from)],
                                .ack8 = long_form(),
                                .mapping = DssMapping{dsn, 0, 1, checksum},
                                .dsn8 = long_form(),
                                .data_fin = true}));
  ++dsn;
  data_received_[index(peer_of(from))] = dsn;
  turn();
  acknowledge(subflow, peer_of(from));
  turn();
}

}  // namespace mptap::testing
