#include "daemon/card_keeper.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/privileges.h"

namespace mptap {

std::unique_ptr<CardKeeper> CardKeeper::begin(const DpdkPorts& ports) {
  std::vector<std::uint16_t> devices;
  for (const DpdkPorts::Queue& queue : ports.queues_of(0)) {
    if (queue.has_partner) devices.push_back(queue.device);
  }
  auto cards = std::make_unique<DpdkCards>(devices);
  if (cards->size() == 0) {
    spdlog::warn("no card of an inline port takes rules by rte_flow ({}): all act in software (setting mitigation.cards)", cards->complaint());
    return nullptr;
  }
  spdlog::info("cards of {} inline ports drop blocked subflows by themselves (setting mitigation.cards)", cards->size());
  return std::unique_ptr<CardKeeper>(new CardKeeper(std::move(cards)));
}

CardKeeper::CardKeeper(std::unique_ptr<DpdkCards> cards) : cards_(std::move(cards)), told_(cards_->complaint()) {
  thread_ = std::make_unique<PeriodicThread>("mptap-cards", PeriodicThread::Work{
                                                                .enter = keep_raw_network,
                                                                .turn = [this] { turn(); },
                                                                .leave = [this] { cards_->withdraw_all(channel_); },
                                                            });
}

void CardKeeper::turn() {
  cards_->turn(channel_, steady_ns());
  if (told_ == cards_->complaint()) return;
  told_ = cards_->complaint();
  spdlog::warn("a card refuses to drop a subflow: {}; workers hold it back all the same (setting mitigation.cards)", told_);
}

}  // namespace mptap
