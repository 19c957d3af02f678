#include "tests/bench/rewrite_plan.h"

#include <cstddef>
#include <map>
#include <stdexcept>

#include "dataplane/frame.h"
#include "dataplane/mptcp_option.h"
#include "dataplane/pcap_file.h"
#include "dataplane/tcp.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kEthernet = 14;

/// One frame of the capture, parsed.
struct Parsed {
  Frame frame;
  TcpSegment tcp;
  std::uint8_t tcp_at = 0;
  std::vector<MptcpOption> options;
  std::vector<std::uint8_t> option_at;
};

bool parse(const PacketView& packet, Parsed& out) {
  out.options.clear();
  out.option_at.clear();
  if (parse_frame(packet, FrameOptions{}, out.frame) != FrameStatus::kTcpSegment) return false;
  if (parse_tcp(out.frame.tcp, out.frame.tcp_bytes, out.tcp) != TcpStatus::kOk) return false;
  out.tcp_at = static_cast<std::uint8_t>(out.frame.tcp.data() - packet.data);
  OptionScan scan;
  scan_tcp_options(out.tcp.options, scan);
  for (std::uint8_t i = 0; i < scan.count; ++i) {
    MptcpOption option;
    const Bytes bytes = out.tcp.options.subspan(scan.offset[i], scan.length[i]);
    if (decode_mptcp_option(bytes, out.tcp.flags, option) != OptionError::kOk) return false;
    out.options.push_back(option);
    out.option_at.push_back(static_cast<std::uint8_t>(bytes.data() - packet.data));
  }
  return true;
}

/// Where the value of the timestamps stands; 0 where there are none.
std::uint8_t find_timestamps(const PacketView& packet, const Parsed& parsed) {
  constexpr std::uint8_t kTimestamps = 8;
  const Bytes options = parsed.tcp.options;
  for (std::size_t at = 0; at + 1 < options.size() && options[at] != 0;) {
    if (options[at] == kTimestamps) return static_cast<std::uint8_t>(options.data() + at + 2 - packet.data);
    at += options[at] == 1 ? 1 : options[at + 1];
  }
  return 0;
}

/// Follows the connections of a capture as far as their keys, tokens and HMACs go.
class ConnectionPlanner {
 public:
  explicit ConnectionPlanner(RewritePlan& plan) : plan_(plan) {}

  void add(const Parsed& parsed, FramePlan& frame) {
    const Endpoint source{parsed.frame.source, parsed.tcp.source_port};
    const Endpoint destination{parsed.frame.destination, parsed.tcp.destination_port};
    const bool syn = (parsed.tcp.flags & tcp_flag::kSyn) != 0 && (parsed.tcp.flags & tcp_flag::kAck) == 0;
    if (syn && !parsed.options.empty()) open(parsed, {source, destination});
    auto flow = flows_.find({source, destination});
    const bool from_opener = flow != flows_.end();
    if (!from_opener) flow = flows_.find({destination, source});
    if (flow == flows_.end()) return;
    const Flow& subflow = flow->second;
    const std::size_t sender = from_opener ? subflow.opener : 1 - subflow.opener;
    frame.connection = subflow.connection;
    const bool v6 = !parsed.frame.source.is_v4();
    frame.v6 = v6;
    frame.client = static_cast<std::uint8_t>(v6 ? kEthernet + (sender == 0 ? 8 : 24)
                                                : kEthernet + (sender == 0 ? 12 : 16));
    for (std::size_t i = 0; i < parsed.options.size(); ++i) {
      add_option(parsed.options[i], parsed.option_at[i], subflow, sender, frame);
    }
  }

 private:
  struct Tuple {
    Endpoint from, to;
    auto operator<=>(const Tuple&) const = default;
  };
  struct Flow {
    std::uint32_t connection;
    std::size_t opener;
    std::size_t join;  // index
  };

  void open(const Parsed& parsed, const Tuple& tuple) {
    const MptcpOption& option = parsed.options[0];
    if (option.subtype == Subtype::kCapable) {
      flows_[tuple] = {static_cast<std::uint32_t>(plan_.connections.size()), 0, 0};
      plan_.connections.emplace_back().version = option.capable.version;
      return;
    }
    const auto owner = owners_.find(option.join.token.value);
    if (owner == owners_.end())
      throw std::runtime_error("a join into a connection that the capture does not show");
    ConnectionSeed& seed = plan_.connections[owner->second.connection];
    if (seed.joins == ConnectionSeed::kJoins) throw std::runtime_error("a connection with too many joins");
    const std::size_t opener = 1 - owner->second.side;
    flows_[tuple] = {owner->second.connection, opener, seed.joins};
    seed.join[seed.joins++] = {opener, {option.join.nonce, 0}};
  }

  void add_option(const MptcpOption& option, std::uint8_t at, const Flow& flow, std::size_t sender,
                  FramePlan& frame) {
    ConnectionSeed& seed = plan_.connections[flow.connection];
    switch (option.subtype) {
      case Subtype::kCapable:
        add_capable(option.capable, at, flow, sender, frame);
        break;
      case Subtype::kJoin:
        add_join(option.join, at, flow, seed, frame);
        break;
      case Subtype::kDss:
        add_dss(option.dss, at, sender, frame);
        break;
      case Subtype::kAddAddr:
        if (!option.add_addr.has_hmac) break;
        seed.has_address = true;
        seed.address = {sender, option.add_addr.address_id.value, testing_address(option.add_addr.address),
                        option.add_addr.has_port ? option.add_addr.port : std::uint16_t{0}};
        put(frame, Edit::Kind::kCopy8, static_cast<std::size_t>(at) + option.length - 8,
            offsetof(ConnectionKeys, addr_hmac));
        break;
      case Subtype::kFastClose:
        throw std::runtime_error("MP_FASTCLOSE is not renewed");
      default:
        break;
    }
  }

  void add_capable(const CapableOption& capable, std::uint8_t at, const Flow& flow, std::size_t sender,
                   FramePlan& frame) {
    ConnectionSeed& seed = plan_.connections[flow.connection];
    if (capable.has_sender_key) {
      learn_key(flow.connection, sender, capable.sender_key.value, seed);
      put(frame, Edit::Kind::kCopy8, at + 4u, offsetof(ConnectionKeys, key) + 8 * sender);
    }
    if (capable.has_receiver_key)
      put(frame, Edit::Kind::kCopy8, at + 12u, offsetof(ConnectionKeys, key) + 8 * (1 - sender));
  }

  void learn_key(std::uint32_t connection, std::size_t side, std::uint64_t key, ConnectionSeed& seed) {
    seed.key[side] = key;
    owners_[testing::derive_token(seed.version, key)] = {connection, side};
  }

  static void add_join(const JoinOption& join, std::uint8_t at, const Flow& flow, ConnectionSeed& seed,
                       FramePlan& frame) {
    switch (join.step) {
      case HandshakeStep::kSyn:
        put(frame, Edit::Kind::kCopy4, at + 4u, offsetof(ConnectionKeys, token) + 4 * (1 - flow.opener));
        break;
      case HandshakeStep::kSynAck:
        seed.join[flow.join].nonce[1] = join.nonce;
        put(frame, Edit::Kind::kCopy8, at + 4u, offsetof(ConnectionKeys, hmac64) + 8 * flow.join);
        break;
      case HandshakeStep::kAck:
        put(frame, Edit::Kind::kCopy20, at + 4u, offsetof(ConnectionKeys, hmac) + 20 * flow.join);
        break;
    }
  }

  static void add_dss(const DssOption& dss, std::uint8_t at, std::size_t sender, FramePlan& frame) {
    const auto kind = [](bool wide) { return wide ? Edit::Kind::kAdd8 : Edit::Kind::kAdd4; };
    std::size_t next = at + 4u;
    if (dss.has(DssOption::kDataAck)) {
      const bool wide = dss.has(DssOption::kDataAck8);
      put(frame, kind(wide), next, offsetof(ConnectionKeys, shift) + 8 * (1 - sender));
      next += wide ? 8 : 4;
    }
    if (dss.has(DssOption::kMapping)) {
      put(frame, kind(dss.has(DssOption::kDsn8)), next, offsetof(ConnectionKeys, shift) + 8 * sender);
    }
  }

  static testing::IpAddress testing_address(const IpAddress& address) {
    testing::IpAddress result;
    result.is_v6 = !address.is_v4();
    for (std::size_t i = 0; i < (result.is_v6 ? 16u : 4u); ++i)
      result.octets[i] = address.bytes[result.is_v6 ? i : 12 + i];
    return result;
  }

  static void put(FramePlan& frame, Edit::Kind kind, std::size_t at, std::size_t from) {
    if (frame.edits == FramePlan::kEdits) throw std::runtime_error("a frame with too many fields to renew");
    frame.edit[frame.edits++] = {kind, static_cast<std::uint8_t>(at), static_cast<std::uint8_t>(from)};
  }

  struct Owner {
    std::uint32_t connection;
    std::size_t side;
  };
  RewritePlan& plan_;
  std::map<Tuple, Flow> flows_;
  std::map<std::uint32_t, Owner> owners_;  // by token
};

void plan_flood(const Parsed& parsed, FramePlan& frame) {
  if (parsed.options.empty() || !parsed.frame.source.is_v4()) return;
  frame.client = kEthernet + 12;
  frame.tcp = parsed.tcp_at;
  frame.option = parsed.option_at[0];
}

void plan_segment(const PacketView& packet, const Parsed& parsed, FramePlan& frame) {
  if (parsed.options.empty()) return;
  const DssOption& dss = parsed.options[0].dss;
  if (parsed.options[0].subtype != Subtype::kDss || !dss.has(DssOption::kMapping) ||
      !dss.has(DssOption::kDataAck) || dss.has(DssOption::kDsn8) != dss.has(DssOption::kDataAck8)) {
    throw std::runtime_error("not a capture of line-dss");
  }
  frame.v6 = !parsed.frame.source.is_v4();
  frame.client = kEthernet;
  frame.tcp = parsed.tcp_at;
  frame.timestamps = find_timestamps(packet, parsed);
  frame.option = parsed.option_at[0];
  frame.data_len = dss.data_len;
  frame.wide = dss.has(DssOption::kDsn8);
  frame.second = dss.ssn == 1;  // on the first one data went before
}

}  // namespace

RewritePlan build_rewrite_plan(const std::string& capture, Rewriting rewriting) {
  RewritePlan plan{rewriting, {}, {}};
  std::string error;
  const auto file = PcapFile::open(capture, 0, error);
  if (!file) throw std::runtime_error(error);
  ConnectionPlanner connections(plan);
  Parsed parsed;
  while (file->try_advance()) {
    FramePlan& frame = plan.frames.emplace_back();
    if (!parse(file->packet(), parsed)) continue;
    switch (rewriting) {
      case Rewriting::kNone:
        break;
      case Rewriting::kFlood:
        plan_flood(parsed, frame);
        break;
      case Rewriting::kSegments:
        plan_segment(file->packet(), parsed, frame);
        break;
      case Rewriting::kConnections:
        connections.add(parsed, frame);
        break;
    }
  }
  if (file->failed()) throw std::runtime_error(file->error());
  if (plan.frames.empty()) throw std::runtime_error(capture + ": holds no frame");
  return plan;
}

}  // namespace mptap::bench
