#include "daemon/card_keeper.h"

#include <pthread.h>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/export/signals_blocked.h"

namespace mptap {
namespace {

constexpr std::chrono::milliseconds kTurn{100};

std::uint64_t steady_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

}  // namespace

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
  const SignalsBlocked blocked;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "mptap-cards");
    run();
  });
}

CardKeeper::~CardKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void CardKeeper::run() {
  while (sleeps_on()) cards_->turn(channel_, steady_ns());
  cards_->withdraw_all(channel_);
}

bool CardKeeper::sleeps_on() {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, kTurn, [this] { return stops_; });
}

}  // namespace mptap
