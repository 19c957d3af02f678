#include "tests/support/packet_layers.h"

#include <stdexcept>

namespace mptap::testing {
namespace {

constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kNoNextHeader = 59;

using Body = std::span<const std::uint8_t>;

void pad_to(Bytes& bytes, std::size_t multiple, std::uint8_t filler) {
  while (bytes.size() % multiple != 0) bytes.push_back(filler);
}

std::uint16_t ether_type_of(const Layer* layer) {
  if (layer == nullptr) return 0x88b5;  // local experimental
  if (const auto* vlan = std::get_if<VlanLayer>(layer)) return vlan->ether_type;
  if (const auto* raw = std::get_if<RawLayer>(layer)) return raw->number;
  if (std::holds_alternative<Ipv4Layer>(*layer)) return 0x0800;
  if (std::holds_alternative<Ipv6Layer>(*layer)) return 0x86dd;
  if (std::holds_alternative<MplsLayer>(*layer)) return 0x8847;
  if (std::holds_alternative<EthernetLayer>(*layer)) return 0x6558;
  if (std::holds_alternative<Erspan2Layer>(*layer)) return 0x88be;
  if (std::holds_alternative<Erspan3Layer>(*layer)) return 0x22eb;
  return 0x88b5;
}

/// The checksum of the pseudo-header, to which header and payload are still to be added.
InternetChecksum pseudo_header(const Layer* ip, std::uint8_t protocol, std::size_t length) {
  InternetChecksum sum;
  if (ip == nullptr) return sum;
  if (const auto* v4 = std::get_if<Ipv4Layer>(ip)) {
    sum.add(v4->source.bytes()).add(v4->destination.bytes());
  } else if (const auto* v6 = std::get_if<Ipv6Layer>(ip)) {
    sum.add(v6->source.bytes()).add(v6->destination.bytes());
  }
  return sum.add_u16(protocol).add_u32(length);
}

struct HeaderBuilder {
  const Layer* next;
  const Layer* ip;
  Body body;

  Bytes operator()(const EthernetLayer& layer) const {
    return ByteWriter().append(layer.destination).append(layer.source).u16(ether_type_of(next)).take();
  }

  Bytes operator()(const SllLayer& layer) const {
    return ByteWriter()
        .u16(layer.packet_type)
        .u16(1)
        .u16(6)
        .append(layer.source)
        .zeros(2)
        .u16(ether_type_of(next))
        .take();
  }

  Bytes operator()(const Sll2Layer& layer) const {
    return ByteWriter()
        .u16(ether_type_of(next))
        .u16(0)
        .u32(layer.interface_index)
        .u16(1)
        .u8(layer.packet_type)
        .u8(6)
        .append(layer.source)
        .zeros(2)
        .take();
  }

  Bytes operator()(const VlanLayer& layer) const {
    return ByteWriter()
        .u16((static_cast<unsigned>(layer.priority) << 13) | layer.vlan_id)
        .u16(ether_type_of(next))
        .take();
  }

  Bytes operator()(const MplsLayer& layer) const {
    const bool bottom = next == nullptr || !std::holds_alternative<MplsLayer>(*next);
    return ByteWriter().u32((layer.label << 12) | (bottom ? 0x100U : 0U) | layer.ttl).take();
  }

  Bytes operator()(const Ipv4Layer& layer) const {
    Bytes options = layer.options;
    pad_to(options, 4, 0);
    if (options.size() > 40) throw std::length_error("IPv4 options exceed 40 bytes");
    const std::size_t header_size = 20 + options.size();
    const unsigned version = layer.version.value_or(4);
    const std::size_t words = layer.header_words ? *layer.header_words : header_size / 4;
    Bytes header = ByteWriter()
                       .u8((version << 4) | words)
                       .u8(layer.dscp_ecn)
                       .u16(layer.total_length ? *layer.total_length : header_size + body.size())
                       .u16(layer.identification)
                       .u16((layer.dont_fragment ? 0x4000U : 0U) | (layer.more_fragments ? 0x2000U : 0U) |
                            static_cast<unsigned>(layer.fragment_offset_bytes / 8))
                       .u8(layer.ttl)
                       .u8(layer.protocol.value_or(ip_protocol_of(next)))
                       .u16(0)
                       .append(layer.source.bytes())
                       .append(layer.destination.bytes())
                       .append(options)
                       .take();
    store_u16(header, 10, InternetChecksum().add(header).value());
    return header;
  }

  Bytes operator()(const Ipv6Layer& layer) const {
    return ByteWriter()
        .u32(0x60000000U | (layer.flow_label & 0xfffffU))
        .u16(layer.payload_length ? *layer.payload_length : body.size())
        .u8(layer.next_header.value_or(ip_protocol_of(next)))
        .u8(layer.hop_limit)
        .append(layer.source.bytes())
        .append(layer.destination.bytes())
        .take();
  }

  Bytes operator()(const Ipv6ExtensionLayer& layer) const {
    Bytes header = ByteWriter().u8(ip_protocol_of(next)).u8(0).append(layer.content).take();
    const std::size_t missing = (8 - header.size() % 8) % 8;
    if (missing == 1) header.push_back(0);  // Pad1
    if (missing > 1) {                      // PadN
      header.push_back(1);
      header.push_back(static_cast<std::uint8_t>(missing - 2));
      header.resize(header.size() + missing - 2, 0);
    }
    header[1] = layer.length_units.value_or(static_cast<std::uint8_t>(header.size() / 8 - 1));
    return header;
  }

  Bytes operator()(const Ipv6FragmentLayer& layer) const {
    return ByteWriter()
        .u8(layer.next_header.value_or(ip_protocol_of(next)))
        .u8(0)
        .u16((layer.offset_bytes & 0xfff8U) | (layer.more_fragments ? 1U : 0U))
        .u32(layer.identification)
        .take();
  }

  Bytes operator()(const GreLayer& layer) const {
    ByteWriter out;
    out.u16((layer.checksum ? 0x8000U : 0U) | (layer.key ? 0x2000U : 0U) | (layer.sequence ? 0x1000U : 0U));
    out.u16(ether_type_of(next));
    if (layer.checksum) out.u32(0);
    if (layer.key) out.u32(*layer.key);
    if (layer.sequence) out.u32(*layer.sequence);
    Bytes header = out.take();
    if (layer.checksum) store_u16(header, 4, InternetChecksum().add(header).add(body).value());
    return header;
  }

  Bytes operator()(const Erspan2Layer& layer) const {
    return ByteWriter()
        .u16(0x1000U | (layer.vlan_id & 0xfffU))
        .u16(layer.session_id & 0x3ffU)
        .u32(layer.index & 0xfffffU)
        .take();
  }

  Bytes operator()(const Erspan3Layer& layer) const {
    ByteWriter out;
    out.u16(0x2000U | (layer.vlan_id & 0xfffU)).u16(layer.session_id & 0x3ffU);
    out.u32(layer.timestamp).u16(0).u16(layer.platform_subheader ? 1 : 0);
    if (layer.platform_subheader) out.u32(0x04000000U).u32(0);
    return out.take();
  }

  Bytes operator()(const UdpLayer& layer) const {
    const std::size_t length = 8 + body.size();
    Bytes header = ByteWriter().u16(layer.source_port).u16(layer.destination_port).u16(length).u16(0).take();
    if (layer.zero_checksum) return header;
    const std::uint16_t sum = pseudo_header(ip, kProtocolUdp, length).add(header).add(body).value();
    store_u16(header, 6, sum == 0 ? 0xffff : sum);
    return header;
  }

  Bytes operator()(const VxlanLayer& layer) const {
    return ByteWriter().u32(0x08000000U).u24(layer.vni).u8(0).take();
  }

  Bytes operator()(const GtpuLayer& layer) const {
    ByteWriter optional;
    if (layer.sequence || !layer.extensions.empty()) {
      optional.u16(layer.sequence.value_or(0)).u8(0);
      for (const GtpuExtension& extension : layer.extensions) {
        const std::size_t units = (extension.content.size() + 2) / 4;
        optional.u8(extension.type).u8(units).append(extension.content);
        optional.zeros(units * 4 - 2 - extension.content.size());
      }
      optional.u8(0);  // no more extension headers
    }
    const Bytes tail = optional.take();
    return ByteWriter()
        .u8(0x30U | (layer.extensions.empty() ? 0U : 0x04U) | (layer.sequence ? 0x02U : 0U))
        .u8(0xff)
        .u16(tail.size() + body.size())
        .u32(layer.teid)
        .append(tail)
        .take();
  }

  Bytes operator()(const TcpLayer& layer) const {
    Bytes options = layer.options;
    pad_to(options, 4, 1);
    if (options.size() > 40) throw std::length_error("TCP options exceed 40 bytes");
    const std::size_t header_size = 20 + options.size();
    const std::size_t words = layer.header_words ? *layer.header_words : header_size / 4;
    Bytes header = ByteWriter()
                       .u16(layer.source_port)
                       .u16(layer.destination_port)
                       .u32(layer.seq)
                       .u32(layer.ack)
                       .u8(words << 4)
                       .u8(layer.flags)
                       .u16(layer.window)
                       .u16(0)
                       .u16(layer.urgent)
                       .append(options)
                       .take();
    store_u16(header, 16,
              layer.checksum.value_or(
                  pseudo_header(ip, kProtocolTcp, header_size + body.size()).add(header).add(body).value()));
    return header;
  }

  Bytes operator()(const RawLayer& layer) const { return layer.content; }
};

}  // namespace

std::uint8_t ip_protocol_of(const Layer* layer) {
  if (layer == nullptr) return kNoNextHeader;
  if (const auto* extension = std::get_if<Ipv6ExtensionLayer>(layer)) return extension->type;
  if (const auto* raw = std::get_if<RawLayer>(layer)) {
    return static_cast<std::uint8_t>(raw->number);
  }
  if (std::holds_alternative<Ipv6FragmentLayer>(*layer)) return 44;
  if (std::holds_alternative<TcpLayer>(*layer)) return kProtocolTcp;
  if (std::holds_alternative<UdpLayer>(*layer)) return kProtocolUdp;
  if (std::holds_alternative<GreLayer>(*layer)) return 47;
  if (std::holds_alternative<Ipv4Layer>(*layer)) return 4;
  if (std::holds_alternative<Ipv6Layer>(*layer)) return 41;
  if (std::holds_alternative<MplsLayer>(*layer)) return 137;
  if (std::holds_alternative<EthernetLayer>(*layer)) return 143;
  return kNoNextHeader;
}

Bytes build_header(const Layer& layer, const Layer* next, const Layer* ip,
                   std::span<const std::uint8_t> body) {
  return std::visit(HeaderBuilder{next, ip, body}, layer);
}

}  // namespace mptap::testing
