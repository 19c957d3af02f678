// Address and priority signals, each on a pure ACK of one subflow.

#include "tests/support/mptcp_dialogue.h"

namespace mptap::testing {

void MptcpDialogue::signal(Side from, const Bytes& options, std::size_t over) {
  Subflow& subflow = subflows_.at(over);
  subflow.flow.send(now_ns_, end_of(subflow, from), kAck, options);
  gap();
}

void MptcpDialogue::add_address(const AddressSpec& spec, std::size_t over) {
  AddAddr option{
      .version = spec_.version, .address_id = spec.address_id, .address = spec.address, .port = spec.port};
  if (spec_.version == 1) {
    option.addr_hmac = derive_addr_hmac(key(spec.from), key(peer_of(spec.from)), spec.address_id,
                                        spec.address, spec.port.value_or(0), spec.hmac_form);
  }
  signal(spec.from, encode_add_addr(option), over);
  if (spec_.version == 0 || !spec.echoed) return;
  turn();
  option.echo = true;
  option.addr_hmac.reset();
  signal(peer_of(spec.from), encode_add_addr(option), over);
}

void MptcpDialogue::remove_addresses(Side from, const std::vector<std::uint8_t>& address_ids,
                                     std::size_t over) {
  signal(from, encode_remove_addr(address_ids), over);
}

void MptcpDialogue::set_priority(Side from, bool backup, std::size_t over,
                                 std::optional<std::uint8_t> address_id) {
  signal(from, encode_mp_prio(backup, address_id), over);
}

void MptcpDialogue::fail(Side from, std::size_t over) {
  signal(from, encode_mp_fail(last_mapping_[index(from)].dsn), over);
}

}  // namespace mptap::testing
