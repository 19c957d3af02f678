// mptap-decode CAPTURE: one line of JSON for each TCP segment with MPTCP options, in the form that
// tests/oracle/tshark_options.py gives to what tshark says.
//
// Exit codes: 0; 1 where the capture cannot be read to its end; 2 for wrong arguments.
#include <arpa/inet.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "dataplane/frame.h"
#include "dataplane/mptcp_option.h"
#include "dataplane/pcap_source.h"
#include "dataplane/tcp.h"

namespace mptap {
namespace {

using nlohmann::json;

template <typename Octets>
std::string hex_of(const Octets& octets, std::size_t count) {
  std::string text;
  char pair[3];
  for (std::size_t i = 0; i < count; ++i) {
    std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned>(octets[i]));
    text += pair;
  }
  return text;
}

std::string hex_number(std::uint64_t value, int digits) {
  char text[17];
  std::snprintf(text, sizeof text, "%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

std::string text_of(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool v4 = address.is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes.data() + (v4 ? 12 : 0), text, sizeof text);
  return text;
}

void put(json& out, const CapableOption& capable) {
  out["version"] = capable.version;
  out["flags"] = capable.flags;
  if (capable.has_sender_key) out["sender_key"] = hex_number(capable.sender_key.value, 16);
  if (capable.has_receiver_key) out["receiver_key"] = hex_number(capable.receiver_key.value, 16);
  if (capable.has_data_len) out["data_len"] = capable.data_len;
  if (capable.has_checksum) out["checksum"] = capable.checksum;
}

void put(json& out, const JoinOption& join) {
  if (join.step == HandshakeStep::kAck) {
    out["hmac"] = hex_of(join.hmac, 20);
    return;
  }
  out["backup"] = join.backup;
  out["address_id"] = join.address_id.value;
  out["nonce"] = hex_number(join.nonce, 8);
  if (join.step == HandshakeStep::kSyn) {
    out["token"] = hex_number(join.token.value, 8);
  } else {
    out["hmac"] = hex_of(join.hmac, 8);
  }
}

void put(json& out, const DssOption& dss) {
  out["flags"] = dss.flags;
  if (dss.has(DssOption::kDataAck)) {
    out["data_ack"] = std::to_string(dss.data_ack);
    out["data_ack_bytes"] = dss.has(DssOption::kDataAck8) ? 8 : 4;
  }
  if (dss.has(DssOption::kMapping)) {
    out["dsn"] = std::to_string(dss.dsn);
    out["dsn_bytes"] = dss.has(DssOption::kDsn8) ? 8 : 4;
    out["ssn"] = dss.ssn;
    out["data_len"] = dss.data_len;
  }
  if (dss.has_checksum) out["checksum"] = dss.checksum;
}

void put(json& out, const AddAddrOption& add) {
  out["ip_version"] = add.address.is_v4() ? 4 : 6;
  out["echo"] = add.echo;
  out["address_id"] = add.address_id.value;
  out["address"] = text_of(add.address);
  if (add.has_port) out["port"] = add.port;
  if (add.has_hmac) out["hmac"] = hex_of(add.hmac, add.hmac.size());
}

void put(json& out, const RemoveAddrOption& remove) {
  out["address_ids"] = json::array();
  for (std::uint8_t i = 0; i < remove.count; ++i) out["address_ids"].push_back(remove.address_ids[i]);
}

void put(json& out, const PrioOption& prio) {
  out["backup"] = prio.backup;
  if (prio.has_address_id) out["address_id"] = prio.address_id.value;
}

void put(json& out, const TcpRstOption& rst) {
  out["transient"] = rst.transient;
  out["reason"] = rst.reason;
}

json json_of(Bytes bytes, std::uint8_t tcp_flags) {
  MptcpOption option;
  const OptionError error = decode_mptcp_option(bytes, tcp_flags, option);
  json out{{"subtype", static_cast<unsigned>(option.subtype)}, {"length", option.length}};
  if (error != OptionError::kOk) {
    out["error"] = label_of(error);
    return out;
  }
  switch (option.subtype) {
    case Subtype::kCapable: put(out, option.capable); break;
    case Subtype::kJoin: put(out, option.join); break;
    case Subtype::kDss: put(out, option.dss); break;
    case Subtype::kAddAddr: put(out, option.add_addr); break;
    case Subtype::kRemoveAddr: put(out, option.remove_addr); break;
    case Subtype::kPrio: put(out, option.prio); break;
    case Subtype::kFail: out["dsn"] = std::to_string(option.fail.dsn); break;
    case Subtype::kFastClose: out["key"] = hex_number(option.fast_close.receiver_key.value, 16); break;
    case Subtype::kTcpRst: put(out, option.tcp_rst); break;
    case Subtype::kExperimental: break;
  }
  return out;
}

void print_segment(std::uint64_t number, const PacketView& packet) {
  Frame frame;
  TcpSegment tcp;
  if (parse_frame(packet, FrameOptions{}, frame) != FrameStatus::kTcpSegment) return;
  if (parse_tcp(frame.tcp, frame.tcp_bytes, tcp) != TcpStatus::kOk) return;
  OptionScan scan;
  scan_tcp_options(tcp.options, scan);
  if (scan.count == 0) return;
  json line{{"packet", number}, {"options", json::array()}};
  for (std::uint8_t i = 0; i < scan.count; ++i) {
    line["options"].push_back(json_of(tcp.options.subspan(scan.offset[i], scan.length[i]), tcp.flags));
  }
  std::puts(line.dump().c_str());
}

int decode_capture(const std::string& path) {
  PcapSource::Opened opened = PcapSource::open({path});
  if (!opened.source) {
    std::fprintf(stderr, "%s\n", opened.error.c_str());
    return 1;
  }
  Burst burst;
  std::uint64_t number = 0;
  ReceiveStatus status;
  while ((status = opened.source->receive(burst)) == ReceiveStatus::kMore) {
    for (std::size_t i = 0; i < burst.size; ++i) print_segment(++number, burst.packets[i]);
  }
  if (status == ReceiveStatus::kFinished) return 0;
  std::fprintf(stderr, "%s\n", opened.source->error().c_str());
  return 1;
}

}  // namespace
}  // namespace mptap

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: mptap-decode CAPTURE\n", stderr);
    return 2;
  }
  return mptap::decode_capture(argv[1]);
}
