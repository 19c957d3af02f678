// One MPTCP option: the decoder against a plain reference, every field and error.
//
// Input: the flags of its segment, then the option, of which the first 40 bytes count; the length byte is not looked at.
#include <algorithm>

#include "dataplane/mptcp_option.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/option_mutation.h"
#include "tests/fuzz/reference/mptcp_option.h"

namespace mptap::fuzz {
namespace {

using reference::Option;

template <typename Ours, typename Theirs>
void same(const Ours& ours, const std::optional<Theirs>& theirs, const char* sentence) {
  expect(static_cast<std::uint64_t>(ours) == static_cast<std::uint64_t>(theirs.value_or(0)), sentence);
}
void same(bool ours, bool theirs, const char* sentence) { expect(ours == theirs, sentence); }

/// `ours` begins with `theirs`; the rest is 0.
void same_bytes(Bytes ours, Bytes theirs, const char* sentence) {
  expect(theirs.size() <= ours.size(), sentence);
  expect(std::equal(theirs.begin(), theirs.end(), ours.begin()), sentence);
  const Bytes rest = ours.subspan(theirs.size());
  expect(std::all_of(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte == 0; }), sentence);
}

void compare(const CapableOption& ours, const Option& theirs, HandshakeStep step) {
  expect(ours.step == step, "MP_CAPABLE: step");
  same(ours.version, theirs.version, "MP_CAPABLE: version");
  same(ours.flags, theirs.capable_flags, "MP_CAPABLE: flags");
  same(ours.mirrored, theirs.mirrored, "MP_CAPABLE: mirrored");
  same(ours.has_sender_key, theirs.sender_key.has_value(), "MP_CAPABLE: whether there is a sender's key");
  same(ours.has_receiver_key, theirs.receiver_key.has_value(), "MP_CAPABLE: whether there is a receiver's key");
  same(ours.has_data_len, theirs.data_len.has_value(), "MP_CAPABLE: whether there is a length");
  same(ours.has_checksum, theirs.checksum.has_value(), "MP_CAPABLE: whether there is a checksum");
  same(ours.sender_key.value, theirs.sender_key, "MP_CAPABLE: sender's key");
  same(ours.receiver_key.value, theirs.receiver_key, "MP_CAPABLE: receiver's key");
  same(ours.data_len, theirs.data_len, "MP_CAPABLE: length");
  same(ours.checksum, theirs.checksum, "MP_CAPABLE: checksum");
}

void compare(const JoinOption& ours, const Option& theirs, HandshakeStep step) {
  expect(ours.step == step, "MP_JOIN: step");
  same(ours.backup, theirs.backup, "MP_JOIN: backup");
  same(ours.address_id.value, theirs.address_id, "MP_JOIN: address ID");
  same(ours.token.value, theirs.token, "MP_JOIN: token");
  same(ours.nonce, theirs.nonce, "MP_JOIN: nonce");
  same_bytes(ours.hmac, theirs.hmac, "MP_JOIN: HMAC");
}

void compare(const DssOption& ours, const Option& theirs) {
  same(ours.flags, theirs.dss_flags, "DSS: flags");
  same(ours.has(DssOption::kDataAck), theirs.data_ack.has_value(), "DSS: whether there is a data ACK");
  same(ours.has(DssOption::kMapping), theirs.dsn.has_value(), "DSS: whether there is a mapping");
  same(ours.has_checksum, theirs.checksum.has_value(), "DSS: whether there is a checksum");
  same(ours.data_ack, theirs.data_ack, "DSS: data ACK");
  same(ours.dsn, theirs.dsn, "DSS: DSN");
  same(ours.ssn, theirs.ssn, "DSS: SSN");
  same(ours.data_len, theirs.data_len, "DSS: length");
  same(ours.checksum, theirs.checksum, "DSS: checksum");
}

void compare(const AddAddrOption& ours, const Option& theirs) {
  same(ours.version, theirs.version, "ADD_ADDR: version");
  same(ours.echo, theirs.echo, "ADD_ADDR: echo");
  same(ours.has_port, theirs.port.has_value(), "ADD_ADDR: whether there is a port");
  same(ours.has_hmac, !theirs.hmac.empty(), "ADD_ADDR: whether there is an HMAC");
  same(ours.address_id.value, theirs.address_id, "ADD_ADDR: address ID");
  same(ours.port, theirs.port, "ADD_ADDR: port");
  same(ours.address.is_v4(), theirs.address.size() == 4, "ADD_ADDR: IP version");
  same_bytes(Bytes(ours.address.bytes).subspan(16 - theirs.address.size()), theirs.address, "ADD_ADDR: address");
  same_bytes(ours.hmac, theirs.hmac, "ADD_ADDR: HMAC");
}

void compare(const RemoveAddrOption& ours, const Option& theirs) {
  expect(ours.count == theirs.address_ids.size(), "REMOVE_ADDR: how many");
  same_bytes(ours.address_ids, theirs.address_ids, "REMOVE_ADDR: address IDs");
}

void compare(const PrioOption& ours, const Option& theirs) {
  same(ours.backup, theirs.backup, "MP_PRIO: backup");
  same(ours.has_address_id, theirs.address_id.has_value(), "MP_PRIO: whether there is an address ID");
  same(ours.address_id.value, theirs.address_id, "MP_PRIO: address ID");
}

void compare(const TcpRstOption& ours, const Option& theirs) {
  same(ours.transient, theirs.transient, "MP_TCPRST: transient");
  same(ours.reason, theirs.reason, "MP_TCPRST: reason");
}

void compare_fields(const MptcpOption& ours, const Option& theirs, HandshakeStep step) {
  same(ours.reserved_bits, theirs.reserved_bits, "whether a reserved bit is set");
  switch (ours.subtype) {
    case Subtype::kCapable: return compare(ours.capable, theirs, step);
    case Subtype::kJoin: return compare(ours.join, theirs, step);
    case Subtype::kDss: return compare(ours.dss, theirs);
    case Subtype::kAddAddr: return compare(ours.add_addr, theirs);
    case Subtype::kRemoveAddr: return compare(ours.remove_addr, theirs);
    case Subtype::kPrio: return compare(ours.prio, theirs);
    case Subtype::kFail: return same(ours.fail.dsn, theirs.dsn, "MP_FAIL: DSN");
    case Subtype::kFastClose: return same(ours.fast_close.receiver_key.value, theirs.receiver_key, "MP_FASTCLOSE: key");
    case Subtype::kTcpRst: return compare(ours.tcp_rst, theirs);
    case Subtype::kExperimental: return;
  }
  expect(false, "an option without an error has a subtype that is assigned");
}

void run(Bytes option, std::uint8_t flags) {
  const bool syn = (flags & tcp_flag::kSyn) != 0;
  const bool ack = (flags & tcp_flag::kAck) != 0;
  const Option theirs = reference::decode_option(option, syn, ack, (flags & tcp_flag::kRst) != 0);
  MptcpOption ours;
  const OptionError error = decode_mptcp_option(option, flags, ours);
  expect(error < OptionError::kCount, "the error is one of the table's");
  expect(theirs.error == label_of(error), "both find the same error");
  expect(ours.length == theirs.length, "both tell the length");
  if (option.size() >= 3) expect(static_cast<unsigned>(ours.subtype) == theirs.subtype, "both tell the subtype");
  if (error != OptionError::kOk) return;
  compare_fields(ours, theirs, !syn ? HandshakeStep::kAck : ack ? HandshakeStep::kSynAck : HandshakeStep::kSyn);
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  mptap::fuzz::run({data + 1, std::min<std::size_t>(size - 1, 40)}, data[0]);
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  return mptap::fuzz::mutate_flags_and_option(data, size, max_size, seed);
}
