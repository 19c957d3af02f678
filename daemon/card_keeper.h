// Gives the cards of inline ports their rules.
#pragma once

#include <memory>
#include <string>

#include "daemon/periodic_thread.h"
#include "dataplane/card_orders.h"
#include "dataplane/dpdk_cards.h"
#include "dataplane/dpdk_ports.h"

namespace mptap {

/// Obeys control's orders ten times a second from a thread of its own: a driver may take its time for each. Main thread.
class CardKeeper {
 public:
  /// Begins, where a card of an inline port takes rules; says so in messages, or what its driver says.
  /// @param ports  Outlives this. @return Empty where none does.
  static std::unique_ptr<CardKeeper> begin(const DpdkPorts& ports);

  CardKeeper(const CardKeeper&) = delete;
  CardKeeper& operator=(const CardKeeper&) = delete;
  /// Withdraws all rules.
  ~CardKeeper() = default;

  /// Whom control asks. Lives as long as this.
  [[nodiscard]] CardChannel& channel() { return channel_; }

 private:
  explicit CardKeeper(std::unique_ptr<DpdkCards> cards);
  void turn();

  const std::unique_ptr<DpdkCards> cards_;
  CardChannel channel_;
  std::string told_;  // the driver's words that were told last
  std::unique_ptr<PeriodicThread> thread_;
};

}  // namespace mptap
