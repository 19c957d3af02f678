// The capture that a new user is shown: half a minute at the edge of a small network.

#include <array>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

DialogueSpec between(Stage& stage, int version, const Endpoint& initiator, const Endpoint& responder,
                     std::int64_t after_ns, std::int64_t rtt_ns) {
  DialogueSpec spec = stage.spec(version);
  spec.initiator = initiator;
  spec.responder = responder;
  spec.start_ns = stage.now_ns() + after_ns;
  spec.rtt_ns = rtt_ns;
  spec.segment_bytes = 1340;
  return spec;
}

/// A phone on Wi-Fi with its cellular path as backup; walking out, it puts the backup to use.
void play_phone(Stage& stage) {
  MptcpDialogue phone = stage.dialogue(between(stage, 1, endpoint("192.0.2.21", 51814),
                                               endpoint("198.51.100.10", 443), 0, 18 * kMillisecondNs));
  exchange_request(phone, 9'000);
  phone.wait(400 * kMillisecondNs);
  const std::size_t cellular = phone.join({.from = endpoint("203.0.113.77", 40112),
                                           .to = endpoint("198.51.100.10", 443),
                                           .from_id = 2,
                                           .backup = true});
  phone.add_address({.address_id = 1, .address = IpAddress::parse("2001:db8:10::10")});
  for (int second = 1; second <= 8; ++second) {
    phone.wait(kSecondNs);
    phone.send(Side::kInitiator, 300, {0});
    phone.send(Side::kResponder, 4'000, {0});
  }
  phone.set_priority(Side::kInitiator, false, cellular);
  phone.wait(120 * kMillisecondNs);
  phone.remove_addresses(Side::kInitiator, {0}, cellular);
  phone.reset_subflow(0, Side::kInitiator, 5);
  for (int second = 1; second <= 12; ++second) {
    phone.wait(kSecondNs);
    phone.send(Side::kInitiator, 300, {cellular});
    phone.send(Side::kResponder, 2'500, {cellular});
  }
  phone.close();
}

/// A laptop that uses IPv4 and IPv6 at once.
void play_laptop(Stage& stage) {
  MptcpDialogue laptop =
      stage.dialogue(between(stage, 1, endpoint("2001:db8:20::a1", 44120), endpoint("2001:db8:10::20", 443),
                             3 * kSecondNs, 9 * kMillisecondNs));
  exchange_request(laptop, 6'000);
  laptop.add_address({.address_id = 4, .address = IpAddress::parse("198.51.100.20")});
  laptop.join({.from = endpoint("192.0.2.33", 46218),
               .to = endpoint("198.51.100.20", 443),
               .from_id = 1,
               .to_id = 4});
  for (int i = 0; i < 5; ++i) {
    laptop.wait(1'500 * kMillisecondNs);
    laptop.send(Side::kResponder, 9'000);
  }
  laptop.close(Side::kResponder);
}

/// An older proxy, v0, behind which one address ID is given to two addresses.
void play_proxy(Stage& stage) {
  DialogueSpec spec = between(stage, 0, endpoint("192.0.2.40", 38802), endpoint("198.51.100.99", 8080),
                              8 * kSecondNs, 25 * kMillisecondNs);
  spec.checksums = true;
  MptcpDialogue proxy = stage.dialogue(spec);
  exchange_request(proxy, 5'000);
  proxy.add_address({.address_id = 2, .address = IpAddress::parse("198.51.100.57")});
  proxy.join({.from = endpoint("203.0.113.141", 38803), .to = endpoint("198.51.100.99", 8080), .from_id = 3});
  proxy.send(Side::kResponder, 6'000);
  proxy.wait(2 * kSecondNs);
  proxy.add_address({.address_id = 2, .address = IpAddress::parse("198.51.100.60")});
  stage.truth().expect_notice("duplicate_add_addr");
  proxy.send(Side::kResponder, 4'000);
  proxy.wait(6 * kSecondNs);
  proxy.close();
}

/// A server whose firewall strips the option.
void play_stripped(Stage& stage) {
  SubflowTruth& truth = stage.truth().add_unmatched();
  truth.orig = endpoint("192.0.2.21", 51930);
  truth.resp = endpoint("198.51.100.150", 443);
  truth.is_initial = true;
  truth.state = "denied";
  TcpFlow flow(stage.tap(), stage.random().fork(), {.opener = truth.orig, .acceptor = truth.resp}, &truth);
  std::int64_t now_ns = stage.now_ns() + 12 * kSecondNs;
  const auto pass = [&now_ns] { return now_ns += 7 * kMillisecondNs; };
  flow.send(now_ns, End::kOpener, kSyn, encode_mp_capable({}));
  flow.send(pass(), End::kAcceptor, kSyn | kAck);
  flow.send(pass(), End::kOpener, kAck);
  flow.send(pass(), End::kOpener, kAck | kPsh, {}, Bytes(517, 'q'));
  flow.send(pass(), End::kAcceptor, kAck | kPsh, {}, Bytes(1400, 'r'));
  flow.send(pass(), End::kOpener, kFin | kAck);
  flow.send(pass(), End::kAcceptor, kFin | kAck);
  flow.send(pass(), End::kOpener, kAck);
  stage.truth().expect_notice("rejected");
}

void play_demo(Stage& stage) {
  const std::int64_t start_ns = stage.now_ns();
  play_phone(stage);
  play_laptop(stage);
  play_proxy(stage);
  play_stripped(stage);
  for (int i = 0; i < 12; ++i) {  // what else goes on meanwhile
    play_plain_connection(stage, start_ns + (700 + i * 2'300) * kMillisecondNs,
                          1'000 + stage.random().below(6'000));
  }
}

constexpr std::array kScenarios = {
    Scenario{"demo", "half a minute of an edge network: backup path, IPv4 and IPv6, two notices", play_demo},
};

}  // namespace

std::span<const Scenario> demo_scenarios() { return kScenarios; }

}  // namespace mptap::testing
