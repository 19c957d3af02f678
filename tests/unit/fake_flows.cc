// As a library of its own (LD_PRELOAD) it writes what it is told to the file that FAKE_FLOWS names, and each look at a rule's
// count finds two packets more.
#include "tests/unit/fake_flows.h"

#include <arpa/inet.h>
#include <rte_flow.h>
#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <string>

namespace mptap::test {
namespace {

const char* file_name() { return getenv("FAKE_FLOWS"); }

void note(const std::string& line) {
  if (file_name() != nullptr) std::ofstream(file_name(), std::ios::app) << line << std::endl;
}

std::string end_of(int family, const void* address, const void* mask, rte_be16_t port, rte_be16_t port_mask) {
  const std::string whole(family == AF_INET ? 4 : 16, '\xff');
  if (whole.compare(0, whole.size(), static_cast<const char*>(mask), whole.size()) != 0 || port_mask != 0xffff) return "any";
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, address, text, sizeof text);
  return std::string(text) + ":" + std::to_string(ntohs(port));
}

/// Of Ethernet, IP and TCP; empty where it is anything else.
std::string text_of(const rte_flow_attr& attributes, const rte_flow_item* item, const rte_flow_action* action) {
  if (attributes.ingress == 0 || attributes.egress != 0 || attributes.transfer != 0 || attributes.group != 0) return {};
  if (item[0].last != nullptr || item[1].last != nullptr || item[2].last != nullptr || item[0].type != RTE_FLOW_ITEM_TYPE_ETH || item[0].spec != nullptr) return {};
  if (item[2].type != RTE_FLOW_ITEM_TYPE_TCP || item[3].type != RTE_FLOW_ITEM_TYPE_END) return {};
  const auto& tcp = *static_cast<const rte_flow_item_tcp*>(item[2].spec);
  const auto& tcp_mask = *static_cast<const rte_flow_item_tcp*>(item[2].mask);
  std::string text;
  const auto name = [&](int family, const auto& ip, const auto& mask) {
    text = end_of(family, &ip.src_addr, &mask.src_addr, tcp.hdr.src_port, tcp_mask.hdr.src_port) + " > " +
           end_of(family, &ip.dst_addr, &mask.dst_addr, tcp.hdr.dst_port, tcp_mask.hdr.dst_port);
  };
  if (item[1].type == RTE_FLOW_ITEM_TYPE_IPV4) {
    name(AF_INET, static_cast<const rte_flow_item_ipv4*>(item[1].spec)->hdr, static_cast<const rte_flow_item_ipv4*>(item[1].mask)->hdr);
  } else if (item[1].type == RTE_FLOW_ITEM_TYPE_IPV6) {
    name(AF_INET6, static_cast<const rte_flow_item_ipv6*>(item[1].spec)->hdr, static_cast<const rte_flow_item_ipv6*>(item[1].mask)->hdr);
  } else {
    return {};
  }
  for (; action->type != RTE_FLOW_ACTION_TYPE_END; ++action) {
    text += action->type == RTE_FLOW_ACTION_TYPE_COUNT ? " count" : action->type == RTE_FLOW_ACTION_TYPE_DROP ? " drop" : " something else";
  }
  return text;
}

bool takes(std::uint16_t device) { return file_name() != nullptr || FakeFlows::instance().devices.count(device) != 0; }

}  // namespace

FakeFlows& FakeFlows::instance() {
  static FakeFlows flows;
  return flows;
}

}  // namespace mptap::test

using mptap::test::FakeFlows;

extern "C" {

int rte_flow_validate(std::uint16_t device, const rte_flow_attr* attributes, const rte_flow_item pattern[], const rte_flow_action actions[],
                      rte_flow_error*) {
  return mptap::test::takes(device) && !mptap::test::text_of(*attributes, pattern, actions).empty() ? 0 : -ENOTSUP;
}

rte_flow* rte_flow_create(std::uint16_t device, const rte_flow_attr* attributes, const rte_flow_item pattern[],
                          const rte_flow_action actions[], rte_flow_error* error) {
  FakeFlows& flows = FakeFlows::instance();
  error->message = "it is full";
  if (rte_flow_validate(device, attributes, pattern, actions, error) != 0 || flows.rules.size() >= flows.most) return nullptr;
  flows.rules.push_back({device, mptap::test::text_of(*attributes, pattern, actions), 0});
  mptap::test::note("create " + flows.rules.back().text);
  return reinterpret_cast<rte_flow*>(&flows.rules.back());
}

int rte_flow_destroy(std::uint16_t device, rte_flow* flow, rte_flow_error*) {
  FakeFlows& flows = FakeFlows::instance();
  const auto* const rule = reinterpret_cast<const FakeFlows::Rule*>(flow);
  if (rule->device != device || flows.keeps) return -EBUSY;
  mptap::test::note("destroy " + rule->text);
  const std::size_t before = flows.rules.size();
  flows.rules.remove_if([rule](const FakeFlows::Rule& it) { return &it == rule; });
  flows.destroyed += before - flows.rules.size();
  return before == flows.rules.size() ? -ENOENT : 0;
}

int rte_flow_query(std::uint16_t device, rte_flow* flow, const rte_flow_action* action, void* data, rte_flow_error*) {
  if (action->type != RTE_FLOW_ACTION_TYPE_COUNT || !FakeFlows::instance().counts) return -ENOTSUP;
  auto* const rule = reinterpret_cast<FakeFlows::Rule*>(flow);
  if (rule->device != device) return -EINVAL;
  if (mptap::test::file_name() != nullptr) rule->hits += 2;
  auto& counted = *static_cast<rte_flow_query_count*>(data);
  counted.hits = rule->hits;
  counted.hits_set = 1;
  return 0;
}

}  // extern "C"
