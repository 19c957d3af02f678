// Rows for the tests of the logs, with every field set.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <stdexcept>

#include "detect/reports.h"

namespace mptap::test {

inline IpAddress address_of(const char* text) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text, bytes.data()) == 1) return IpAddress::from_v4(bytes.data());
  if (inet_pton(AF_INET6, text, bytes.data()) == 1) return IpAddress::from_v6(bytes.data());
  throw std::invalid_argument(text);
}

inline FourTuple full_tuple() {
  return {{address_of("192.0.2.1"), 40'000}, {address_of("2001:db8::2"), 443}};
}

inline SubflowReport full_subflow() {
  SubflowReport row;
  row.tuple = full_tuple();
  row.is_initial = false;
  row.connection = ConnectionName{7, 61};
  row.start_ns = 1'700'000'000'000'000'001;
  row.end_ns = 1'700'000'002'500'000'001;
  row.state = SubflowState::kEstablished;
  row.matched_by = MatchedBy::kHmac;
  row.version = 1;
  row.token = Token{0x00ab12cd};
  row.opener_address_id = AddressId{2};
  row.acceptor_address_id = AddressId{0};
  row.backup = true;
  row.hmac_synack = Proof::kValid;
  row.hmac_ack = Proof::kInvalid;
  row.from_opener = {10, 1'000, 900};
  row.from_acceptor = {20, 2'000, 1'900};
  row.close = CloseCause::kFin;
  row.handshake_rtt_ns = 50'000'000;
  row.acceptor_rtt_ns = 30'000'000;
  row.priority_changes = {{1'000'000'000, true, true}, {2'000'000'000, false, false}};
  row.backup_at_end = true;
  row.nat = true;
  row.unverified = Unverified::kBudget;
  row.fallback = Fallback::kStripped;
  row.reset_reason = 3;
  return row;
}

inline SubflowReport attempt_at(std::uint64_t time_ns) {
  SubflowReport row;
  row.tuple = full_tuple();
  row.start_ns = time_ns;
  row.end_ns = time_ns;
  return row;
}

inline ConnectionReport full_connection() {
  ConnectionReport row;
  row.name = {7, 61};
  row.start_ns = 1'700'000'000'000'001'000;
  row.end_ns = 1'700'000'060'000'001'000;
  row.version = 1;
  row.tuple = full_tuple();
  row.initiator_token = Token{0xd6ef0a17};
  row.responder_token = Token{0x0000000a};
  row.subflows = 3;
  row.outcome = Outcome::kEstablished;
  row.close = ConnectionClose::kDataFin;
  row.from_initiator = {1, 2, 3};
  row.from_responder = {4, 5, 6};
  row.initiator_addresses = 2;
  row.responder_addresses = 1;
  row.checksums = true;
  row.fallback = Fallback::kFail;
  row.reset_reason = 2;
  row.initiator_address_list = {{AddressId{0}, address_of("192.0.2.1"), 0, false, true, false},
                                {AddressId{4}, address_of("2001:db8::9"), 8'080, true, true, true}};
  row.responder_address_list = {{AddressId{0}, address_of("2001:db8::2"), 0, false, false, false}};
  row.nat = true;
  row.initiator_reinjected_bytes = 11;
  row.responder_reinjected_bytes = 12;
  row.initiator_acked_bytes = 13;
  row.responder_acked_bytes = 14;
  return row;
}

inline Notice full_notice() {
  Notice row;
  row.time_ns = 1'700'000'000'250'000'000;
  row.note = "join_flood";
  row.severity = Severity::kHigh;
  row.connection = ConnectionName{7, 61};
  row.source = Endpoint{address_of("192.0.2.1"), 40'000};
  row.destination = Endpoint{address_of("2001:db8::2"), 443};
  row.message = "1000 joins in 10 s";
  row.cause = "threshold";
  row.address_id = AddressId{3};
  row.count = 1'000;
  row.top_sources = {{address_of("192.0.2.1"), 600}, {address_of("2001:db8::9"), 400}};
  row.address = address_of("198.51.100.7");
  row.known_count = 20;
  row.packet = "Man ";
  return row;
}

inline EventReport full_event() {
  EventReport row;
  row.time_ns = 1'700'000'000'000'000'000;
  row.event = "mp_dss";
  row.connection = ConnectionName{7, 61};
  row.tuple = full_tuple();
  row.from_opener = false;
  row.subtype = 2;
  row.ip_version = 4;
  row.length = 20;
  row.version = 1;
  row.flags = 0x15;
  row.address_id = AddressId{4};
  row.address = address_of("198.51.100.7");
  row.port = 8'080;
  row.backup = false;
  row.echo = true;
  row.token = Token{1};
  row.nonce = 0xffffffff;
  row.data_ack = 0xffffffffffffffff;
  row.dsn = 5;
  row.ssn = 6;
  row.data_len = 7;
  row.reason = 8;
  row.transient = true;
  row.checksum = 9;
  row.payload_bytes = 10;
  row.step = HandshakeStep::kSynAck;
  row.hmac = "0a0b";
  row.proof = Proof::kInvalid;
  row.detail = "why";
  return row;
}

}  // namespace mptap::test
