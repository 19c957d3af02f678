// Frames that test decoding more than correlation: every stack of headers, every broken option.

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

/// A v1 MP_CAPABLE SYN that nobody answers, behind whatever headers `stack` puts first.
class StackedSyn {
 public:
  explicit StackedSyn(Stage& stage) : stage_(stage) {}

  /// @param stack  Adds everything up to and including the IP layer in front of TCP; it is given a
  ///               builder that already has a link layer.
  void play(const std::function<void(PacketBuilder&, const DialogueSpec&)>& stack, bool ipv6 = false) {
    const DialogueSpec spec = stage_.spec(1, ipv6);
    PacketBuilder frame = stage_.tap().new_frame(true);
    stack(frame, spec);
    push_tcp(frame, spec);
    show(frame.build(), {.kind = FrameKind::kTcp, .subflow = &add_attempt(spec)});
  }

  SubflowTruth& add_attempt(const DialogueSpec& spec) {
    SubflowTruth& truth = stage_.truth().add_unmatched();
    truth.orig = spec.initiator;
    truth.resp = spec.responder;
    truth.is_initial = true;
    truth.orig_address_id = 0;
    return truth;
  }
  void push_tcp(PacketBuilder& frame, const DialogueSpec& spec) {
    frame.tcp(spec.initiator.port, spec.responder.port)
        .seq(stage_.random().u32())
        .flags(kSyn)
        .option(encode_mss(1400))
        .option(encode_mp_capable({}));
  }
  void show(Bytes frame, const FrameNote& note) {
    stage_.tap().see(stage_.now_ns(), std::move(frame), note);
    stage_.wait(10 * kMillisecondNs);
  }

 private:
  Stage& stage_;
};

using Builder = PacketBuilder&;
using Spec = const DialogueSpec&;

void push_inner(PacketBuilder& frame, const DialogueSpec& spec) {
  frame.ip(spec.initiator.address, spec.responder.address);
}

void play_headers(StackedSyn& syn) {
  syn.play(push_inner);
  syn.play(push_inner, true);
  syn.play([](Builder f, Spec s) {
    f.ipv4(Ipv4Layer{.source = s.initiator.address,
                     .destination = s.responder.address,
                     .options = {0x94, 4, 0, 0}});  // router alert
  });
  syn.play(
      [](Builder f, Spec s) {
        push_inner(f, s);
        f.hop_by_hop();
      },
      true);
  syn.play(
      [](Builder f, Spec s) {
        push_inner(f, s);
        f.routing();
      },
      true);
  syn.play(
      [](Builder f, Spec s) {
        push_inner(f, s);
        f.destination_options(Bytes(20, 0));
      },
      true);
  syn.play(
      [](Builder f, Spec s) {
        push_inner(f, s);
        f.hop_by_hop().destination_options().routing().fragment_header({.identification = 9});
      },
      true);
}

void play_tunnels(StackedSyn& syn) {
  const auto outer4 = [](Builder f) { f.ipv4("172.30.0.1", "172.30.0.2"); };
  const auto outer6 = [](Builder f) { f.ipv6("2001:db8:ff::1", "2001:db8:ff::2"); };
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    push_inner(f, s);
  });
  syn.play(
      [&](Builder f, Spec s) {
        outer4(f);
        push_inner(f, s);
      },
      true);
  syn.play([&](Builder f, Spec s) {
    outer6(f);
    push_inner(f, s);
  });
  syn.play(
      [&](Builder f, Spec s) {
        outer6(f);
        push_inner(f, s);
      },
      true);
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    f.gre();
    push_inner(f, s);
  });
  syn.play(
      [&](Builder f, Spec s) {
        outer6(f);
        f.gre({.key = 1});
        push_inner(f, s);
      },
      true);
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    f.gre({.key = 1, .sequence = 2, .checksum = true}).ethernet();
    push_inner(f, s);
  });
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    f.erspan2().ethernet();
    push_inner(f, s);
  });
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    f.erspan3().ethernet().vlan(5);
    push_inner(f, s);
  });
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    f.erspan3({.platform_subheader = true}).ethernet();
    push_inner(f, s);
  });
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    f.vxlan(77).ethernet().vlan(6);
    push_inner(f, s);
  });
  syn.play(
      [&](Builder f, Spec s) {
        outer6(f);
        f.vxlan(78).ethernet();
        push_inner(f, s);
      },
      true);
  syn.play([&](Builder f, Spec s) {
    outer4(f);
    f.gtpu({.teid = 5});
    push_inner(f, s);
  });
  syn.play(
      [&](Builder f, Spec s) {
        outer4(f);
        f.gtpu({.teid = 6, .sequence = 7, .extensions = {{}, {0xc0, {0x12, 0x34}}}});
        push_inner(f, s);
      },
      true);
}

/// Frames without a TCP segment to read: one of each kind that the truth counts.
void play_others(Stage& stage, StackedSyn& syn) {
  const auto begin = [&stage] { return stage.tap().new_frame(true, true); };
  syn.show(begin().raw(0x88b5, Bytes(40, 2)).build(), {.kind = FrameKind::kNotIp});
  syn.show(begin().raw(0x88b6, Bytes(28, 0)).build(), {.kind = FrameKind::kNotIp});
  syn.show(begin().ipv4("10.9.9.9", "10.9.9.8").udp(9001, 9002).payload("x").build(),
           {.kind = FrameKind::kNotTcp});
  syn.show(begin().ipv6("2001:db8::9", "2001:db8::8").raw(253, Bytes(24, 0)).build(),
           {.kind = FrameKind::kNotTcp});

  for (const bool ipv6 : {false, true}) {
    const DialogueSpec spec = stage.spec(1, ipv6);
    PacketBuilder frame = begin();
    push_inner(frame, spec);
    syn.push_tcp(frame, spec);
    frame.payload(std::span<const std::uint8_t>(Bytes(100, 'f')));
    bool first = true;
    for (Bytes& fragment : frame.build_fragments(64, 4711)) {
      FrameNote note{.kind = FrameKind::kFragment};
      if (first) {
        note = {.kind = FrameKind::kTcp, .subflow = &syn.add_attempt(spec), .payload_bytes = 36};
      }
      first = false;
      syn.show(std::move(fragment), note);
    }
  }

  const FrameNote broken{.kind = FrameKind::kMalformed};
  const auto ipv4 = [&](Ipv4Layer layer) {
    layer.source = IpAddress::parse("10.9.9.9");
    layer.destination = IpAddress::parse("10.9.9.8");
    return begin().ipv4(layer);
  };
  const TcpLayer tcp{.source_port = 1, .destination_port = 2, .flags = kSyn};
  syn.show(ipv4({.header_words = 4}).tcp(tcp).build(), broken);
  syn.show(ipv4({.header_words = 15}).tcp(tcp).build(), broken);
  syn.show(ipv4({.total_length = 19}).tcp(tcp).build(), broken);
  TcpLayer short_offset = tcp;
  short_offset.header_words = 4;
  syn.show(ipv4({}).tcp(short_offset).build(), broken);
  TcpLayer long_offset = tcp;
  long_offset.header_words = 15;
  syn.show(ipv4({}).tcp(long_offset).build(), broken);
  Bytes cut = ipv4({}).tcp(tcp).build();
  cut.resize(cut.size() - 8);
  syn.show(std::move(cut), broken);
}

void play_frames(Stage& stage) {
  StackedSyn syn(stage);
  play_headers(syn);
  play_tunnels(syn);
  play_others(stage, syn);
}

struct MalformedCase {
  const char* name;
  std::uint8_t flags;
  std::uint8_t subtype;
  std::uint8_t low_nibble;
  std::size_t body_bytes;            // after kind, length and subtype: the whole option has three more
  std::uint8_t first_body_byte = 0;  // the flags of MP_CAPABLE and DSS
};

constexpr std::array kMalformedCases = {
    MalformedCase{"MP_CAPABLE v0 of 11 bytes in a SYN", kSyn, 0, 0, 8, 1},
    MalformedCase{"MP_CAPABLE v1 of 13 bytes in a SYN", kSyn, 0, 1, 10, 1},
    MalformedCase{"MP_CAPABLE of version 7", kSyn, 0, 7, 9, 1},
    MalformedCase{"MP_CAPABLE v1 of 21 bytes in an ACK", kAck, 0, 1, 18, 1},
    MalformedCase{"MP_CAPABLE v1 of 23 bytes in an ACK", kAck, 0, 1, 20, 1},
    MalformedCase{"MP_CAPABLE v0 of 26 bytes in an ACK", kAck, 0, 0, 23, 1},
    MalformedCase{"MP_JOIN of 11 bytes in a SYN", kSyn, 1, 0, 8},
    MalformedCase{"MP_JOIN of 24 bytes in a SYN", kSyn, 1, 0, 21},
    MalformedCase{"MP_JOIN of 12 bytes in an ACK", kAck, 1, 0, 9},
    MalformedCase{"MP_JOIN of 23 bytes in an ACK", kAck, 1, 0, 20},
    MalformedCase{"DSS of 3 bytes", kAck, 2, 0, 0},
    MalformedCase{"DSS with a data ACK and no room for it", kAck, 2, 0, 1, 0x01},
    MalformedCase{"DSS with a mapping and no room for it", kAck, 2, 0, 5, 0x04},
    MalformedCase{"DSS of 27 bytes with everything", kAck, 2, 0, 24, 0x0f},
    MalformedCase{"DSS of 20 bytes without flags", kAck, 2, 0, 17, 0x00},
    MalformedCase{"ADD_ADDR of 7 bytes", kAck, 3, 4, 4},
    MalformedCase{"ADD_ADDR of 9 bytes", kAck, 3, 4, 6},
    MalformedCase{"ADD_ADDR of 21 bytes", kAck, 3, 0, 18},
    MalformedCase{"ADD_ADDR v1 of 29 bytes", kAck, 3, 0, 26},
    MalformedCase{"REMOVE_ADDR without an address ID", kAck, 4, 0, 0},
    MalformedCase{"MP_PRIO of 5 bytes", kAck, 5, 0, 2},
    MalformedCase{"MP_FAIL of 11 bytes", kAck, 6, 0, 8},
    MalformedCase{"MP_FAIL of 8 bytes", kAck, 6, 0, 5},
    MalformedCase{"MP_FASTCLOSE of 13 bytes", kAck, 7, 0, 10},
    MalformedCase{"MP_FASTCLOSE of 4 bytes", kAck, 7, 0, 1},
    MalformedCase{"MP_TCPRST of 3 bytes", kRst, 8, 0, 0},
    MalformedCase{"MP_TCPRST of 5 bytes", kRst, 8, 0, 2},
    MalformedCase{"subtype 9", kAck, 9, 0, 1},
    MalformedCase{"subtype 14", kAck, 14, 0, 5},
};

void play_malformed(Stage& stage) {
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  const auto send_alone = [&](std::uint8_t flags, const Bytes& option, bool counted) {
    const TcpFlowSpec spec{.opener = stage.next_client(), .acceptor = stage.server(1), .timestamps = false};
    TcpFlow flow(stage.tap(), stage.random().fork(), spec, nullptr);
    std::int64_t now_ns = stage.now_ns();
    if (flags != kSyn) {  // an ordinary handshake first, so that the ACK belongs to something
      flow.send(now_ns, End::kOpener, kSyn);
      flow.send(now_ns + 1 * kMillisecondNs, End::kAcceptor, kSyn | kAck);
      flow.send(now_ns + 2 * kMillisecondNs, End::kOpener, kAck);
      now_ns += 3 * kMillisecondNs;
    }
    flow.set_malformed_options(counted ? 1 : 0);
    flow.send(now_ns, End::kOpener, flags, option);
    stage.wait(20 * kMillisecondNs);
  };
  for (const MalformedCase& malformed : kMalformedCases) {
    Bytes body = stage.random().bytes(malformed.body_bytes);
    if (!body.empty()) body.front() = malformed.first_body_byte;
    send_alone(malformed.flags, encode_mptcp_raw(malformed.subtype, malformed.low_nibble, body), true);
    names.push_back(malformed.name);
    const bool other_version = malformed.subtype == 0 && malformed.low_nibble > 1 && malformed.flags == kSyn;
    stage.truth().expect_notice(other_version ? "unknown_version" : "malformed_option");  // each from a host of its own
  }
  stage.truth().set_extra("malformed_options", names);

  // Option lists that break before anything can be read: the list is bad, not one option.
  const std::vector<std::pair<const char*, Bytes>> lists = {
      {"kind 30 as the last byte", {1, 1, 1, kMptcpKind}},
      {"length 0", {kMptcpKind, 0, 0x20, 0}},
      {"length 1", {kMptcpKind, 1, 0x20, 0}},
      {"length 2", {kMptcpKind, 2, 1, 1}},
      {"length beyond the header", {kMptcpKind, 20, 0x20, 0x05}},
      {"another option's length beyond the header", {8, 40, 0, 0}},
  };
  nlohmann::ordered_json list_names = nlohmann::ordered_json::array();
  for (const auto& [name, bytes] : lists) {
    send_alone(kAck, bytes, false);
    list_names.push_back(name);
  }
  stage.truth().set_extra("broken_option_lists", list_names);
}

constexpr std::array kScenarios = {
    Scenario{"frames", "every stack of headers before a SYN; fragments; broken headers", play_frames},
    Scenario{"malformed", "each kind of malformed MPTCP option, and broken option lists", play_malformed},
};

}  // namespace

std::span<const Scenario> frame_scenarios() { return kScenarios; }

}  // namespace mptap::testing
