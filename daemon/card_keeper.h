// The thread that gives the cards of inline ports their rules.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "dataplane/card_orders.h"
#include "dataplane/dpdk_cards.h"
#include "dataplane/dpdk_ports.h"

namespace mptap {

/// Obeys control's orders ten times a second: a driver may take its time for each, which control and workers do not have.
/// Main thread.
class CardKeeper {
 public:
  /// Begins, where a card of an inline port takes rules. @param ports  Outlives this.
  /// @return Empty where none does.
  static std::unique_ptr<CardKeeper> begin(const DpdkPorts& ports);

  CardKeeper(const CardKeeper&) = delete;
  CardKeeper& operator=(const CardKeeper&) = delete;
  /// Withdraws all rules.
  ~CardKeeper();

  /// Whom control asks. Lives as long as this.
  [[nodiscard]] CardChannel& channel() { return channel_; }

  /// Of inline ports, how many take rules.
  [[nodiscard]] std::size_t cards() const { return cards_->size(); }

 private:
  explicit CardKeeper(std::unique_ptr<DpdkCards> cards);
  void run();
  [[nodiscard]] bool sleeps_on();

  std::unique_ptr<DpdkCards> cards_;
  CardChannel channel_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace mptap
