#include "tests/support/packet_builder.h"

#include <algorithm>
#include <stdexcept>

namespace mptap::testing {
namespace {

bool is_ip(const Layer& layer) {
  return std::holds_alternative<Ipv4Layer>(layer) || std::holds_alternative<Ipv6Layer>(layer);
}

}  // namespace

PacketBuilder& PacketBuilder::ipv4(std::string_view source, std::string_view destination) {
  return push(Ipv4Layer{.source = IpAddress::parse(source), .destination = IpAddress::parse(destination)});
}

PacketBuilder& PacketBuilder::ipv6(std::string_view source, std::string_view destination) {
  return push(Ipv6Layer{.source = IpAddress::parse(source), .destination = IpAddress::parse(destination)});
}

PacketBuilder& PacketBuilder::ip(const IpAddress& source, const IpAddress& destination) {
  if (source.is_v6) return push(Ipv6Layer{.source = source, .destination = destination});
  return push(Ipv4Layer{.source = source, .destination = destination});
}

PacketBuilder& PacketBuilder::erspan2(const Erspan2Layer& layer, std::uint32_t sequence) {
  return gre({.sequence = sequence}).push(layer);
}

PacketBuilder& PacketBuilder::erspan3(const Erspan3Layer& layer, std::uint32_t sequence) {
  return gre({.sequence = sequence}).push(layer);
}

PacketBuilder& PacketBuilder::vxlan(std::uint32_t vni) {
  return push(UdpLayer{49152, 4789, false}).push(VxlanLayer{vni});
}

PacketBuilder& PacketBuilder::gtpu(const GtpuLayer& layer) {
  return push(UdpLayer{2152, 2152, false}).push(layer);
}

PacketBuilder& PacketBuilder::tcp(std::uint16_t source_port, std::uint16_t destination_port) {
  return push(TcpLayer{.source_port = source_port, .destination_port = destination_port});
}

PacketBuilder& PacketBuilder::seq(std::uint32_t value) {
  tcp_layer().seq = value;
  return *this;
}

PacketBuilder& PacketBuilder::ack(std::uint32_t value) {
  tcp_layer().ack = value;
  tcp_layer().flags |= kAck;
  return *this;
}

PacketBuilder& PacketBuilder::flags(std::uint8_t bits) {
  tcp_layer().flags |= bits;
  return *this;
}

PacketBuilder& PacketBuilder::window(std::uint16_t value) {
  tcp_layer().window = value;
  return *this;
}

PacketBuilder& PacketBuilder::option(std::span<const std::uint8_t> bytes) {
  Bytes& options = tcp_layer().options;
  options.insert(options.end(), bytes.begin(), bytes.end());
  return *this;
}

PacketBuilder& PacketBuilder::payload(std::span<const std::uint8_t> bytes) {
  payload_.insert(payload_.end(), bytes.begin(), bytes.end());
  return *this;
}

PacketBuilder& PacketBuilder::payload(std::string_view text) {
  payload_.insert(payload_.end(), text.begin(), text.end());
  return *this;
}

PacketBuilder& PacketBuilder::push(Layer layer) {
  layers_.push_back(std::move(layer));
  return *this;
}

TcpLayer& PacketBuilder::tcp_layer() {
  auto* layer = layers_.empty() ? nullptr : std::get_if<TcpLayer>(&layers_.back());
  if (layer == nullptr) throw std::logic_error("the last layer is not TCP");
  return *layer;
}

Bytes PacketBuilder::wrap(std::span<const Layer> layers, const Layer* next, Bytes body) {
  for (std::size_t i = layers.size(); i-- > 0;) {
    const Layer* ip = nullptr;
    for (std::size_t j = i; j-- > 0 && ip == nullptr;) {
      if (is_ip(layers[j])) ip = &layers[j];
    }
    const Bytes header = build_header(layers[i], next, ip, body);
    body.insert(body.begin(), header.begin(), header.end());
    next = &layers[i];
  }
  return body;
}

Bytes PacketBuilder::build() const { return wrap(layers_, nullptr, payload_); }

std::vector<Bytes> PacketBuilder::build_fragments(std::size_t fragment_bytes,
                                                  std::uint32_t identification) const {
  std::size_t cut = layers_.size();
  while (cut > 0 && !is_ip(layers_[cut - 1])) --cut;
  if (cut == 0) throw std::logic_error("no IP layer to fragment");
  // Checksums need the IP layer, so wrap the whole packet and take off what stands before the cut.
  const Bytes whole = wrap(std::span(layers_).subspan(cut - 1), nullptr, payload_);
  const Bytes header = build_header(layers_[cut - 1], nullptr, nullptr, {});
  const Bytes datagram(whole.begin() + static_cast<std::ptrdiff_t>(header.size()), whole.end());
  const std::uint8_t protocol = ip_protocol_of(cut < layers_.size() ? &layers_[cut] : nullptr);

  std::vector<Bytes> fragments;
  std::size_t offset = 0;
  do {
    const std::size_t size = std::min(fragment_bytes, datagram.size() - offset);
    const bool more = offset + size < datagram.size();
    std::vector<Layer> layers(layers_.begin(), layers_.begin() + static_cast<std::ptrdiff_t>(cut));
    if (auto* v4 = std::get_if<Ipv4Layer>(&layers.back())) {
      v4->dont_fragment = false;
      v4->more_fragments = more;
      v4->fragment_offset_bytes = static_cast<std::uint16_t>(offset);
      v4->identification = static_cast<std::uint16_t>(identification);
      v4->protocol = protocol;
    } else {
      layers.push_back(Ipv6FragmentLayer{.offset_bytes = static_cast<std::uint16_t>(offset),
                                         .more_fragments = more,
                                         .identification = identification,
                                         .next_header = protocol});
    }
    const auto first = datagram.begin() + static_cast<std::ptrdiff_t>(offset);
    fragments.push_back(wrap(layers, nullptr, Bytes(first, first + static_cast<std::ptrdiff_t>(size))));
    offset += size;
  } while (offset < datagram.size());
  return fragments;
}

}  // namespace mptap::testing
