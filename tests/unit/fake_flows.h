// Cards that take rules, where there are none: stands in place of DPDK's rte_flow_*() in whatever links it or loads it first.
#pragma once

#include <cstdint>
#include <list>
#include <set>
#include <string>

namespace mptap::test {

/// What the cards of this process can, and what they hold. One thread.
struct FakeFlows {
  struct Rule {
    std::uint16_t device;
    std::string text;  // "192.0.2.1:40000 > 192.0.2.2:80 count drop"
    std::uint64_t hits = 0;
  };

  std::set<std::uint16_t> devices;  // that take rules
  std::size_t most = 64;            // rules of all cards
  bool counts = true;
  bool keeps = false;               // what it should give up
  std::list<Rule> rules;
  std::size_t destroyed = 0;

  static FakeFlows& instance();
};

}  // namespace mptap::test
