// The cards of inline ports: control's orders, obeyed by those that can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/card_orders.h"
#include "dataplane/dpdk_flows.h"

namespace mptap {

/// One thread; a turn may take milliseconds. Memory bounded by kCardPlaces.
class DpdkCards {
 public:
  /// A card drops nothing for longer without a new order: control withdraws its orders earlier, unless it stands still.
  static constexpr std::uint64_t kLongestNs = 10 * kNsPerSecond;

  /// @param devices  DPDK's port numbers. Those that do not take an example of such a rule, and count for it, are left out.
  explicit DpdkCards(const std::vector<std::uint16_t>& devices);
  DpdkCards(const DpdkCards&) = delete;
  DpdkCards& operator=(const DpdkCards&) = delete;

  /// How many cards take rules.
  [[nodiscard]] std::size_t size() const { return cards_.size(); }

  /// Takes the orders, counts what was dropped, and withdraws what is over.
  /// @param now_ns  Of a clock that never goes back.
  void turn(CardChannel& channel, std::uint64_t now_ns);

  void withdraw_all(CardChannel& channel);

  /// The words of the driver that refused last, or at the start; empty where none has.
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  /// What is dropped for one place.
  struct Held {
    CardOrder order;
    std::uint64_t since_ns = 0;
    std::vector<std::optional<DpdkFlows::Dropped>> rules;  // one a card
    std::uint64_t counted = 0;
    bool is_over = false;
  };
  static constexpr std::size_t kCountsATurn = 16;  // places whose rules are asked: each may take a driver a while

  void obey(const CardOrder& order, CardChannel& channel, std::uint64_t now_ns);
  void count(Held& held, CardChannel& channel);
  void try_withdraw(Held& held, CardChannel& channel);

  std::vector<DpdkFlows> cards_;
  std::vector<Held> held_;
  std::size_t next_counted_ = 0;
  std::string complaint_;
};

}  // namespace mptap
