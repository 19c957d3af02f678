#include "dataplane/dpdk_flows.h"

#include <rte_flow.h>

#include <algorithm>
#include <bit>

namespace mptap {
namespace {

constexpr rte_flow_attr kIncoming{.group = 0, .priority = 0, .ingress = 1, .egress = 0, .transfer = 0, .reserved = 0};

rte_flow_action count_action() {
  static constexpr rte_flow_action_count kCount{};
  return {RTE_FLOW_ACTION_TYPE_COUNT, &kCount};
}

/// One direction's pattern and actions; what they point at lives in it.
class DropRule {
 public:
  DropRule(const Endpoint& from, const Endpoint& to) {
    if (from.address.is_v4()) {
      ipv4_.hdr.src_addr = last_word_of(from.address);
      ipv4_.hdr.dst_addr = last_word_of(to.address);
      ipv4_mask_.hdr.src_addr = ipv4_mask_.hdr.dst_addr = ~std::uint32_t{0};
      ip_ = {RTE_FLOW_ITEM_TYPE_IPV4, &ipv4_, nullptr, &ipv4_mask_};
    } else {
      std::copy(from.address.bytes.begin(), from.address.bytes.end(), ipv6_.hdr.src_addr);
      std::copy(to.address.bytes.begin(), to.address.bytes.end(), ipv6_.hdr.dst_addr);
      std::fill_n(ipv6_mask_.hdr.src_addr, sizeof ipv6_mask_.hdr.src_addr, std::uint8_t{0xff});
      std::fill_n(ipv6_mask_.hdr.dst_addr, sizeof ipv6_mask_.hdr.dst_addr, std::uint8_t{0xff});
      ip_ = {RTE_FLOW_ITEM_TYPE_IPV6, &ipv6_, nullptr, &ipv6_mask_};
    }
    tcp_.hdr.src_port = __builtin_bswap16(from.port);
    tcp_.hdr.dst_port = __builtin_bswap16(to.port);
    tcp_mask_.hdr.src_port = tcp_mask_.hdr.dst_port = 0xffff;
    pattern_ = {rte_flow_item{RTE_FLOW_ITEM_TYPE_ETH, nullptr, nullptr, nullptr}, ip_,
                rte_flow_item{RTE_FLOW_ITEM_TYPE_TCP, &tcp_, nullptr, &tcp_mask_},
                rte_flow_item{RTE_FLOW_ITEM_TYPE_END, nullptr, nullptr, nullptr}};
  }
  DropRule(const DropRule&) = delete;
  DropRule& operator=(const DropRule&) = delete;

  /// @return nullptr where the driver refuses; `why` gets its words.
  [[nodiscard]] rte_flow* create(std::uint16_t device, std::string& why) const {
    rte_flow_error error{};
    rte_flow* rule = nullptr;
    if (rte_flow_validate(device, &kIncoming, pattern_.data(), actions_.data(), &error) == 0) {
      rule = rte_flow_create(device, &kIncoming, pattern_.data(), actions_.data(), &error);
    }
    if (rule == nullptr) why = error.message != nullptr ? error.message : "it takes no such rule";
    return rule;
  }

 private:
  /// As it stands in memory: in network order.
  static std::uint32_t last_word_of(const IpAddress& address) {
    std::array<std::uint8_t, 4> word{};
    std::copy(address.bytes.begin() + 12, address.bytes.end(), word.begin());
    return std::bit_cast<std::uint32_t>(word);
  }

  rte_flow_item_ipv4 ipv4_{}, ipv4_mask_{};
  rte_flow_item_ipv6 ipv6_{}, ipv6_mask_{};
  rte_flow_item_tcp tcp_{}, tcp_mask_{};
  rte_flow_item ip_{};
  std::array<rte_flow_item, 4> pattern_{};
  std::array<rte_flow_action, 3> actions_{count_action(), rte_flow_action{RTE_FLOW_ACTION_TYPE_DROP, nullptr},
                                          rte_flow_action{RTE_FLOW_ACTION_TYPE_END, nullptr}};
};

}  // namespace

std::optional<DpdkFlows::Dropped> DpdkFlows::drop(const FourTuple& flow, std::string& why) const {
  Dropped dropped;
  dropped.rules[0] = DropRule(flow.opener, flow.acceptor).create(device_, why);
  if (dropped.rules[0] != nullptr) dropped.rules[1] = DropRule(flow.acceptor, flow.opener).create(device_, why);
  if (dropped.rules[1] != nullptr) {
    if (count(dropped)) return dropped;
    why = "it does not count what it drops";
  }
  (void)withdraw(dropped);
  return std::nullopt;
}

std::optional<std::uint64_t> DpdkFlows::count(const Dropped& dropped) const {
  std::uint64_t packets = 0;
  for (rte_flow* const rule : dropped.rules) {
    if (rule == nullptr) continue;  // given up already
    const rte_flow_action action = count_action();
    rte_flow_query_count counted{};
    rte_flow_error error{};
    if (rte_flow_query(device_, rule, &action, &counted, &error) != 0 || counted.hits_set == 0) return std::nullopt;
    packets += counted.hits;
  }
  return packets;
}

/// The latest first: drivers need not give up others.
bool DpdkFlows::withdraw(Dropped& dropped) const {
  for (std::size_t i = dropped.rules.size(); i-- > 0;) {
    rte_flow_error error{};
    if (dropped.rules[i] != nullptr && rte_flow_destroy(device_, dropped.rules[i], &error) == 0) dropped.rules[i] = nullptr;
  }
  return dropped.rules[0] == nullptr && dropped.rules[1] == nullptr;
}

}  // namespace mptap
