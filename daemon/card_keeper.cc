#include "daemon/card_keeper.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace mptap {

std::unique_ptr<CardKeeper> CardKeeper::begin(const DpdkPorts& ports) {
  std::vector<std::uint16_t> devices;
  for (const DpdkPorts::Queue& queue : ports.queues_of(0)) {
    if (queue.has_partner) devices.push_back(queue.device);
  }
  auto cards = std::make_unique<DpdkCards>(devices);
  if (cards->size() == 0) return nullptr;
  return std::unique_ptr<CardKeeper>(new CardKeeper(std::move(cards)));
}

CardKeeper::CardKeeper(std::unique_ptr<DpdkCards> cards) : cards_(std::move(cards)) {
  thread_ = std::make_unique<PeriodicThread>("mptap-cards", PeriodicThread::Work{
                                                                .turn = [this] { cards_->turn(channel_, steady_ns()); },
                                                                .leave = [this] { cards_->withdraw_all(channel_); },
                                                            });
}

}  // namespace mptap
