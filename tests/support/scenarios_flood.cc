// What attackers send to exhaust a sensor (tests/exhaustion): `--hostile` pieces, evenly over the talk of an
// honest crowd. Attackers are in 45.0.0.0/8, and in 46.0.0.0/8 where they answer themselves; the truth counts
// them under extra.flood.

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/honest_crowd.h"
#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

constexpr std::uint64_t kDefaultHostile = 20'000;
constexpr std::int64_t kDefaultHonest = 60;

/// The stage of one flood. Each piece is sent at its time; what is behind it in time has not passed the tap
/// yet.
class Flood {
 public:
  Flood(Stage& stage, CrowdSpec crowd) : stage_(stage), start_ns_(stage.now_ns() + kCrowdOpeningNs) {
    crowd.connections = static_cast<std::int64_t>(stage.options().connections.value_or(kDefaultHonest));
    early_ = play_honest_crowd(stage, crowd);
  }

  /// Calls send(number, time_ns) for each piece, and writes into the truth what was counted.
  void run(const std::function<void(std::uint64_t, std::int64_t)>& send) {
    const std::uint64_t pieces = stage_.options().hostile.value_or(kDefaultHostile);
    for (std::uint64_t i = 0; i < pieces; ++i) {
      const std::int64_t time_ns =
          start_ns_ + static_cast<std::int64_t>(static_cast<double>(kCrowdTalkNs) * static_cast<double>(i) /
                                                static_cast<double>(pieces));
      stage_.tap().release_before(time_ns - kMillisecondNs);
      send(i, time_ns);
    }
    stage_.truth().set_extra("flood", counted_);
  }

  /// What has been sent, under a name that tests/exhaustion knows.
  void count(const std::string& what, std::uint64_t number = 1) { counted_[what] += number; }

  Stage& stage() { return stage_; }
  Random& random() { return stage_.random(); }
  [[nodiscard]] const std::vector<CrowdMember>& early() const { return early_; }

  /// Another source each time: of attackers with a number of their own, and a port.
  Endpoint attacker() {
    const std::uint32_t number = attackers_++;
    return {IpAddress::from_v4(0x2d000000U + number % 0xfffff0U),
            static_cast<std::uint16_t>(1024 + number % 60'000)};
  }
  /// Any of 65,536 hosts of the attackers that answer.
  Endpoint accomplice() { return {IpAddress::from_v4(0x2e000000U + random().u16()), 443}; }

  TcpFlow flow(const Endpoint& from, const Endpoint& to) {
    return {stage_.tap(), random().fork(), {.opener = from, .acceptor = to, .timestamps = false}, nullptr};
  }

  /// Three segments within a millisecond. In version 0 the SYN carries a key, which the third ACK may change.
  TcpFlow shake_hands(std::int64_t time_ns, int version, Key peer_key, bool changes_key = false) {
    TcpFlow made = flow(attacker(), accomplice());
    const Key key = random().next();
    MpCapable capable{.version = version};
    if (version == 0) capable.sender_key = key;
    made.send(time_ns, End::kOpener, kSyn, encode_mp_capable(capable));
    capable.sender_key = peer_key;
    made.send(time_ns + 1'000, End::kAcceptor, kSyn | kAck, encode_mp_capable(capable));
    capable.sender_key = changes_key ? random().next() : key;
    capable.receiver_key = peer_key;
    made.send(time_ns + 2'000, End::kOpener, kAck, encode_mp_capable(capable));
    count("capable_syns");
    count("handshakes");
    return made;
  }

  /// A SYN with MP_JOIN, answered or not.
  TcpFlow try_join(std::int64_t time_ns, const Endpoint& to, Token token, bool answered) {
    TcpFlow made = flow(attacker(), to);
    const std::uint32_t nonce = random().u32();
    made.send(time_ns, End::kOpener, kSyn, encode_mp_join_syn(1, token, nonce));
    count("joins");
    if (!answered) return made;
    const std::uint64_t hmac = random().next();
    made.send(time_ns + 1'000, End::kAcceptor, kSyn | kAck, encode_mp_join_synack(2, hmac, nonce + 1));
    count("joins_answered");
    return made;
  }

 private:
  Stage& stage_;
  const std::int64_t start_ns_;
  std::vector<CrowdMember> early_;
  std::map<std::string, std::uint64_t> counted_;
  std::uint32_t attackers_ = 0;
};

/// Attempts at connections that nobody answers; to one receiver, or to any.
void play_syns(Stage& stage, bool to_one) {
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    const Endpoint to = to_one ? stage.server(0) : flood.accomplice();
    flood.flow(flood.attacker(), to).send(time_ns, End::kOpener, kSyn, encode_mp_capable({}));
    flood.count("capable_syns");
  });
}
void play_syns_to_all(Stage& stage) { play_syns(stage, false); }
void play_syns_to_one(Stage& stage) { play_syns(stage, true); }

void play_joins(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    flood.try_join(time_ns, stage.server(0), flood.random().u32(), false);
  });
}

/// Joins with the tokens of honest connections, each to its receiver.
void play_known_joins(Stage& stage) {
  Flood flood(stage, {.joins_late = false});
  flood.run([&](std::uint64_t number, std::int64_t time_ns) {
    const CrowdMember& victim = flood.early()[number % flood.early().size()];
    if (victim.responder.address.is_v6) {
      TcpFlow flow =
          flood.flow({IpAddress::parse("2001:db8:66::1").plus(static_cast<std::uint32_t>(number)), 2'000},
                     victim.responder);
      flow.send(time_ns, End::kOpener, kSyn,
                encode_mp_join_syn(1, victim.responder_token, flood.random().u32()));
      flood.count("joins");
    } else {
      flood.try_join(time_ns, victim.responder, victim.responder_token, false);
    }
  });
}

/// Joins that the attackers answer themselves: each waits for a connection that never comes.
void play_answered_joins(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    flood.try_join(time_ns, flood.accomplice(), flood.random().u32(), true);
  });
}

/// Connections that stay: where the tables are full of them, newer ones find no place, honest ones neither.
void play_connections(Stage& stage) {
  Flood flood(stage, {.joins_late = false});
  flood.run(
      [&](std::uint64_t, std::int64_t time_ns) { flood.shake_hands(time_ns, 1, flood.random().next()); });
}

/// Connections that are reset at once: of each the table keeps a while what is left.
void play_short_connections(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    TcpFlow flow = flood.shake_hands(time_ns, 1, flood.random().next());
    flow.send(time_ns + 3'000, End::kOpener, kRst | kAck);
  });
}

/// One key, and so one token, of all the attackers' connections; joins that look for it.
void play_one_token(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  const Key key = flood.random().next();
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    TcpFlow flow = flood.shake_hands(time_ns, 1, key);
    flood.try_join(time_ns + 3'000, flood.accomplice(), derive_token(1, key), true);
    flow.send(time_ns + 6'000, End::kOpener, kRst | kAck);
  });
}

/// Each connection names another key in its third ACK, and again and again after it.
void play_key_changes(Stage& stage) {
  constexpr int kTimes = 4;
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    const Key peer_key = flood.random().next();
    TcpFlow flow = flood.shake_hands(time_ns, 0, peer_key, true);
    for (int i = 0; i < kTimes; ++i) {
      const MpCapable capable{.version = 0, .sender_key = flood.random().next(), .receiver_key = peer_key};
      flow.send(time_ns + 3'000 + i, End::kOpener, kAck, encode_mp_capable(capable));
    }
    flow.send(time_ns + 8'000, End::kOpener, kRst | kAck);
  });
}

/// One connection whose host advertises address after address under all IDs.
void play_addresses(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  const Key key = flood.random().next();
  TcpFlow flow = flood.shake_hands(stage.now_ns() + kCrowdOpeningNs, 1, key);
  flood.run([&](std::uint64_t number, std::int64_t time_ns) {
    AddAddr advertised{.address_id = static_cast<std::uint8_t>(flood.random().below(256)),
                       .address = IpAddress::from_v4(0x2e000000U + (flood.random().u32() & 0xffffffU)),
                       .addr_hmac = flood.random().next()};
    if (number % 2 == 0)
      advertised = {.version = 0, .address_id = advertised.address_id, .address = advertised.address};
    flow.send(time_ns + kMillisecondNs, End::kAcceptor, kAck, encode_add_addr(advertised));
    flood.count("add_addrs");
  });
}

/// Data of connections that nobody saw begin; each segment is of another subflow.
void play_midstream(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    TcpFlow flow = flood.flow(flood.attacker(), flood.accomplice());
    flow.send(time_ns, End::kOpener, kAck | kPsh,
              encode_dss(
                  {.data_ack = flood.random().next(), .mapping = DssMapping{flood.random().u32(), 1, 8, {}}}),
              Bytes(8, 'x'));
    flood.count("midstream");
  });
}

/// A first fragment with an MP_CAPABLE SYN, and others that belong to nothing.
void play_fragments(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t number, std::int64_t time_ns) {
    const Endpoint from = flood.attacker();
    const Endpoint to = flood.accomplice();
    PacketBuilder packet = stage.tap().new_frame(true);
    packet.ip(from.address, to.address)
        .tcp(from.port, to.port)
        .seq(1)
        .flags(kSyn)
        .option(encode_mp_capable({}))
        .payload(Bytes(64, 'f'));
    const std::vector<Bytes> fragments = packet.build_fragments(40, static_cast<std::uint32_t>(number));
    for (std::size_t i = number % 4 == 0 ? 0 : 1; i < fragments.size(); ++i) {
      stage.tap().see(time_ns + static_cast<std::int64_t>(i), fragments[i],
                      {.kind = i == 0 ? FrameKind::kTcp : FrameKind::kFragment, .payload_bytes = 8});
      flood.count(i == 0 ? "capable_syns" : "fragments");
    }
  });
}

/// Attempts within 0 to 12 tunnels, and within as many as a frame holds; the sensor follows four.
void play_tunnels(Stage& stage) {
  constexpr std::uint64_t kFollowed = 4;
  constexpr std::uint64_t kMost = 70;
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t number, std::int64_t time_ns) {
    const Endpoint from = flood.attacker();
    const Endpoint to = flood.accomplice();
    const std::uint64_t tunnels = number % 14 == 13 ? kMost : number % 14;
    PacketBuilder packet = stage.tap().new_frame(true);
    for (std::uint64_t i = 0; i < tunnels; ++i) {
      packet.ip(from.address, to.address);
      if (number % 2 == 0) packet.gre();
    }
    packet.ip(from.address, to.address)
        .tcp(from.port, to.port)
        .seq(1)
        .flags(kSyn)
        .option(encode_mp_capable({}));
    const bool followed = tunnels <= kFollowed;
    stage.tap().see(time_ns, packet.build(), {.kind = followed ? FrameKind::kTcp : FrameKind::kMalformed});
    flood.count(followed ? "capable_syns" : "too_deep");
  });
}

/// One notice a packet: every sender breaks the grammar for the first time.
void play_malformed(Stage& stage) {
  Flood flood(stage, {.opens_late = true});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    TcpFlow flow = flood.flow(flood.attacker(), flood.accomplice());
    flow.set_malformed_options(1);
    flow.send(time_ns, End::kOpener, kAck, encode_mptcp_raw(3, 0, Bytes(6, 0x11)));
    flood.count("malformed");
  });
}

/// Resets of honest subflows by somebody who knows their addresses and ports, and guesses their numbers.
void play_resets(Stage& stage) {
  Flood flood(stage, {.joins_late = false});
  flood.run([&](std::uint64_t, std::int64_t time_ns) {
    const CrowdMember& victim = flood.early()[flood.random().below(flood.early().size())];
    TcpFlow flow(stage.tap(), flood.random().fork(),
                 {.opener = victim.initiator, .acceptor = victim.responder, .timestamps = false},
                 victim.initial);
    flow.send(time_ns, flood.random().chance(0.5) ? End::kOpener : End::kAcceptor, kRst);
    flood.count("resets");
  });
}

constexpr std::array kScenarios = {
    Scenario{"flood-syns", "MP_CAPABLE SYNs to many receivers", play_syns_to_all},
    Scenario{"flood-syns-to-one", "MP_CAPABLE SYNs to one receiver", play_syns_to_one},
    Scenario{"flood-joins", "MP_JOIN SYNs with guessed tokens to one receiver", play_joins},
    Scenario{"flood-joins-known", "MP_JOIN SYNs with tokens in use", play_known_joins},
    Scenario{"flood-joins-answered", "answered joins with guessed tokens", play_answered_joins},
    Scenario{"flood-connections", "connections that stay open", play_connections},
    Scenario{"flood-connections-short", "connections that are reset at once", play_short_connections},
    Scenario{"flood-token", "connections of one token, and joins to it", play_one_token},
    Scenario{"flood-key-changes", "keys that change with every ACK", play_key_changes},
    Scenario{"flood-addresses", "one connection, ADD_ADDR after ADD_ADDR", play_addresses},
    Scenario{"flood-midstream", "DSS of subflows that nobody saw begin", play_midstream},
    Scenario{"flood-fragments", "IP fragments, a few of them first ones", play_fragments},
    Scenario{"flood-tunnels", "tunnels within tunnels, some too deep", play_tunnels},
    Scenario{"flood-malformed", "a malformed option of another sender in each packet", play_malformed},
    Scenario{"flood-resets", "RST on honest subflows, with guessed numbers", play_resets},
};

}  // namespace

std::span<const Scenario> flood_scenarios() { return kScenarios; }

}  // namespace mptap::testing
