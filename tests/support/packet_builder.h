#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/ip_address.h"
#include "tests/support/packet_layers.h"

namespace mptap::testing {

// TCP flags, as bits of TcpLayer::flags.
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kAck = 0x10;

/// Builds one frame: name the headers from the outside in, then call `build`.
///
///     Bytes frame = PacketBuilder().ethernet().vlan(7).ipv4("10.0.0.1", "10.0.0.2")
///                       .tcp(40000, 80).seq(1).flags(kSyn)
///                       .option(encode_mp_capable({.version = 0, .sender_key = 1})).build();
///
/// Any stack is allowed, so a second ethernet() or ipv4() after gre() is the inner packet. A raw IP
/// frame simply starts with ipv4() or ipv6(). Lengths, checksums, EtherTypes and protocol numbers come
/// out right unless a layer struct overrides them. The same object can be built many times; copies are
/// independent, so that a prefix can be prepared once.
class PacketBuilder {
 public:
  // Link layers.
  PacketBuilder& ethernet(const EthernetLayer& layer = {}) { return push(layer); }
  PacketBuilder& linux_sll(const SllLayer& layer = {}) { return push(layer); }
  PacketBuilder& linux_sll2(const Sll2Layer& layer = {}) { return push(layer); }

  // Tags, outermost first.
  PacketBuilder& vlan(std::uint16_t vlan_id) { return push(VlanLayer{0x8100, vlan_id, 0}); }
  PacketBuilder& qinq(std::uint16_t vlan_id) { return push(VlanLayer{0x88a8, vlan_id, 0}); }
  PacketBuilder& mpls(std::uint32_t label) { return push(MplsLayer{label, 64}); }

  // Network layers. The text forms throw std::invalid_argument for what is not an address.
  PacketBuilder& ipv4(const Ipv4Layer& layer) { return push(layer); }
  PacketBuilder& ipv4(std::string_view source, std::string_view destination);
  PacketBuilder& ipv6(const Ipv6Layer& layer) { return push(layer); }
  PacketBuilder& ipv6(std::string_view source, std::string_view destination);
  /// IPv4 or IPv6, as the addresses are; both must be of one family.
  PacketBuilder& ip(const IpAddress& source, const IpAddress& destination);
  PacketBuilder& hop_by_hop(Bytes content = {}) { return extension(0, std::move(content)); }
  /// A type 0 routing header without segments left.
  PacketBuilder& routing() { return extension(43, Bytes(6, 0)); }
  PacketBuilder& destination_options(Bytes content = {}) { return extension(60, std::move(content)); }
  PacketBuilder& extension(std::uint8_t type, Bytes content) {
    return push(Ipv6ExtensionLayer{type, std::move(content), {}});
  }
  PacketBuilder& fragment_header(const Ipv6FragmentLayer& layer) { return push(layer); }

  // Encapsulations: what follows is the inner packet.
  PacketBuilder& gre(const GreLayer& layer = {}) { return push(layer); }
  /// ERSPAN type II: GRE with a sequence number, then the 8-byte header.
  PacketBuilder& erspan2(const Erspan2Layer& layer = {}, std::uint32_t sequence = 1);
  /// ERSPAN type III: GRE with a sequence number, then the 12- or 20-byte header.
  PacketBuilder& erspan3(const Erspan3Layer& layer = {}, std::uint32_t sequence = 1);
  /// UDP to port 4789 and the VXLAN header.
  PacketBuilder& vxlan(std::uint32_t vni);
  /// UDP from and to port 2152 and the GTP-U header of a G-PDU.
  PacketBuilder& gtpu(const GtpuLayer& layer);

  // Transport layers.
  PacketBuilder& udp(std::uint16_t source_port, std::uint16_t destination_port) {
    return push(UdpLayer{source_port, destination_port, false});
  }
  PacketBuilder& tcp(std::uint16_t source_port, std::uint16_t destination_port);
  PacketBuilder& tcp(const TcpLayer& layer) { return push(layer); }

  // Fields of the last tcp(). Throw std::logic_error if the last layer is another.
  PacketBuilder& seq(std::uint32_t value);
  PacketBuilder& ack(std::uint32_t value);  // also sets the ACK flag
  PacketBuilder& flags(std::uint8_t bits);  // adds to those set
  PacketBuilder& window(std::uint16_t value);
  /// Appends whole options, kind and length included, without padding between them.
  PacketBuilder& option(std::span<const std::uint8_t> bytes);

  /// Appends payload behind the last header.
  PacketBuilder& payload(std::span<const std::uint8_t> bytes);
  PacketBuilder& payload(std::string_view text);
  /// Any header or protocol that has no call here; `number` is its EtherType or IP protocol.
  PacketBuilder& raw(std::uint16_t number, Bytes content) {
    return push(RawLayer{number, std::move(content)});
  }
  /// Any layer.
  PacketBuilder& push(Layer layer);

  /// The layer named last, to change fields that have no call of their own.
  Layer& last() { return layers_.back(); }

  /// The frame. Throws std::length_error where options exceed their header.
  [[nodiscard]] Bytes build() const;

  /// The frame cut into IP fragments at the innermost IP header; outer headers are repeated.
  ///
  /// @param fragment_bytes  Payload bytes of each fragment but the last: a multiple of 8.
  /// @param identification  The datagram's identification, the same in every fragment.
  /// @return fragments in order, at least one. Throws std::logic_error if there is no IP layer.
  /// Source: RFC 791 section 3.2, RFC 8200 section 4.5.
  [[nodiscard]] std::vector<Bytes> build_fragments(std::size_t fragment_bytes,
                                                   std::uint32_t identification) const;

 private:
  TcpLayer& tcp_layer();
  /// Puts the headers of `layers` in front of `body`; `next` is what body starts with.
  static Bytes wrap(std::span<const Layer> layers, const Layer* next, Bytes body);

  std::vector<Layer> layers_;
  Bytes payload_;
};

}  // namespace mptap::testing
