#include "dataplane/record_out.h"

#include <algorithm>
#include <memory>
#include <thread>

namespace mptap {

RecordOut::RecordOut(RecordRing& ring, bool wait_for_room, const std::atomic<bool>& stop, WorkerTally& tally, PacketKeeper* keeper)
    : ring_(ring), tally_(tally), keeper_(keeper), stop_(stop), wait_for_room_(wait_for_room) {}

bool RecordOut::forget_lost() noexcept {
  std::construct_at(&lost_);  // it may hold keys
  return false;
}

Record* RecordOut::wait_for_place() noexcept {
  while (ring_.fill_bound() >= ring_.capacity() && ring_.update_fill() >= ring_.capacity()) {
    show();
    if (stop_.load(std::memory_order_relaxed)) {
      ++tally_.ring_full_vital;
      return nullptr;
    }
    std::this_thread::yield();
  }
  return ring_.next_place(ring_.capacity());
}

void RecordOut::wait_from_now_on() noexcept {
  wait_for_room_ = true;
  while (ring_.update_fill() > ring_.capacity() && !stop_.load(std::memory_order_relaxed)) {
    show();
    std::this_thread::yield();
  }
}

/// Record and packet go together or not at all: control takes one packet for each record that says so.
void RecordOut::keep_packet(Record& record) noexcept {
  while (!keeper_->has_room() && wait_for_room_ && !stop_.load(std::memory_order_relaxed)) {
    show();
    std::this_thread::yield();
  }
  if (!keeper_->has_room()) {
    ++tally_.packets_not_kept;
    return;
  }
  record.flags |= record_flag::kKept;
  keeper_->keep(record);
  ++tally_.packets_kept;
}

/// Packets first: whoever sees a record finds its packet.
void RecordOut::show() noexcept {
  if (keeper_ != nullptr) keeper_->publish();
  ring_.publish();
}

void RecordOut::publish() noexcept {
  show();
  const std::size_t fill = ring_.update_fill();
  tally_.ring_fill = std::min(fill, ring_.capacity());
  tally_.records_pending = fill - tally_.ring_fill;
  tally_.records_pushed = pushed_ - tally_.records_pending;
}

}  // namespace mptap
