#include "tests/support/scenario.h"

#include <algorithm>

namespace mptap::testing {

bool Stage::wants_more(std::uint64_t started, std::uint64_t default_connections) const {
  if (options_.packets && tap_.captured() >= *options_.packets) return false;
  if (options_.connections) return started < *options_.connections;
  return options_.packets.has_value() || started < default_connections;
}

Endpoint Stage::next_client(bool ipv6) {
  const std::uint32_t number = clients_++;
  const auto port = static_cast<std::uint16_t>(32768 + random_.below(28000));
  if (ipv6) return Endpoint{IpAddress::parse("2001:db8:a::10").plus(number), port};
  return Endpoint{IpAddress::from_v4(0x0a000000U + ((number / 250) << 8) + number % 250 + 1), port};
}

Endpoint Stage::server(std::uint32_t number, bool ipv6) const {
  if (ipv6) return Endpoint{IpAddress::parse("2001:db8:5::1").plus(number), 443};
  return Endpoint{IpAddress::from_v4(0xc6120000U + ((number / 250) << 8) + number % 250 + 1), 443};
}

DialogueSpec Stage::spec(int version, bool ipv6) {
  DialogueSpec spec;
  spec.version = version;
  spec.initiator = next_client(ipv6);
  spec.responder = server(static_cast<std::uint32_t>(random_.below(200)), ipv6);
  spec.start_ns = now_ns_;
  spec.rtt_ns = random_.between(8, 60) * kMillisecondNs;
  spec.loss = options_.loss.value_or(0);
  return spec;
}

void exchange_request(MptcpDialogue& dialogue, std::size_t answer_bytes, KeyFault fault) {
  dialogue.open(fault);
  dialogue.wait(kMillisecondNs);
  dialogue.send(Side::kInitiator, 420);
  if (answer_bytes > 0) dialogue.send(Side::kResponder, answer_bytes);
}

std::size_t join_from_second_address(MptcpDialogue& dialogue, Side opener, std::uint8_t address_id,
                                     bool backup) {
  const DialogueSpec& spec = dialogue.spec();
  const bool forward = opener == Side::kInitiator;
  JoinSpec join;
  join.opener = opener;
  join.from = forward ? spec.initiator : spec.responder;
  join.to = forward ? spec.responder : spec.initiator;
  // Another network: 10.0.x.y has 10.128+id.x.y, and so on.
  IpAddress& address = join.from.address;
  address.octets[address.is_v6 ? 5 : 1] =
      static_cast<std::uint8_t>(address.octets[address.is_v6 ? 5 : 1] + 128 + address_id);
  join.from.port = static_cast<std::uint16_t>(40000 + join.from.port % 20000 + address_id);
  join.from_id = address_id;
  join.backup = backup;
  return dialogue.join(join);
}

std::int64_t play_plain_connection(Stage& stage, std::int64_t start_ns, std::size_t answer_bytes) {
  Random random = stage.random().fork();
  const bool ipv6 = random.chance(0.3);
  const auto number = static_cast<std::uint32_t>(random.below(500));
  const TcpFlowSpec spec{.opener = stage.next_client(ipv6), .acceptor = stage.server(number, ipv6)};
  TcpFlow flow(stage.tap(), random.fork(), spec, nullptr);
  const std::int64_t half_rtt_ns = random.between(2, 40) * kMillisecondNs;
  std::int64_t now_ns = start_ns;
  flow.send(now_ns, End::kOpener, kSyn);
  now_ns += half_rtt_ns;
  flow.send(now_ns, End::kAcceptor, kSyn | kAck);
  now_ns += half_rtt_ns;
  flow.send(now_ns, End::kOpener, kAck);
  now_ns += 50'000;
  flow.send(now_ns, End::kOpener, kAck | kPsh, {}, Bytes(80 + random.below(900), 'q'));
  now_ns += half_rtt_ns;
  for (std::size_t left = answer_bytes; left > 0;) {
    for (int i = 0; i < 2 && left > 0; ++i) {
      const std::size_t bytes = std::min<std::size_t>(left, 1448);
      left -= bytes;
      flow.send(now_ns, End::kAcceptor, static_cast<std::uint8_t>(kAck | (left == 0 ? kPsh : 0)), {},
                Bytes(bytes, 'r'), true);
      now_ns += random.between(10'000, 40'000);
    }
    flow.send(now_ns, End::kOpener, kAck, {}, {}, true);
    now_ns += random.between(20'000, 400'000);
  }
  flow.send(now_ns, End::kOpener, kFin | kAck);
  now_ns += half_rtt_ns;
  flow.send(now_ns, End::kAcceptor, kFin | kAck);
  now_ns += half_rtt_ns;
  flow.send(now_ns, End::kOpener, kAck);
  return now_ns;
}

}  // namespace mptap::testing
