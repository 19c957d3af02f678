#include "dataplane/record_out.h"

#include <algorithm>
#include <thread>

namespace mptap {

RecordOut::RecordOut(RecordRing& ring, std::uint32_t overflow_capacity, bool wait_for_room,
                     const std::atomic<bool>& stop, WorkerTally& tally, PacketKeeper* keeper)
    : ring_(ring),
      tally_(tally),
      keeper_(keeper),
      stop_(stop),
      wait_for_room_(wait_for_room),
      overflow_capacity_(std::max(overflow_capacity, 1u)),
      overflow_(overflow_capacity_) {}

bool RecordOut::push(const Record& record, RecordClass klass) noexcept {
  ++tally_.records_built;
  if (keeper_ != nullptr && keeper_->wants(record)) return push_kept(record, klass);
  return push_plain(record, klass);
}

/// Record and packet go together or not at all: control takes one packet for each record that says so.
bool RecordOut::push_kept(const Record& record, RecordClass klass) noexcept {
  while (!keeper_->has_room() && wait_for_room_ && !stop_.load(std::memory_order_relaxed)) {
    show();
    std::this_thread::yield();
  }
  if (!keeper_->has_room()) {
    ++tally_.packets_not_kept;
    return push_plain(record, klass);
  }
  Record flagged = record;
  flagged.flags |= record_flag::kKept;
  if (!push_plain(flagged, klass)) return false;
  keeper_->keep(record);
  ++tally_.packets_kept;
  return true;
}

bool RecordOut::push_plain(const Record& record, RecordClass klass) noexcept {
  if (wait_for_room_) return push_waiting(record);
  if (klass == RecordClass::kBulk) {
    if (has_no_bulk_room() || !ring_.try_push(record)) {
      ++tally_.ring_full_bulk;
      return false;
    }
    ++tally_.records_pushed;
    return true;
  }
  if (overflow_size_ == 0 && ring_.try_push(record)) {
    ++tally_.records_pushed;
    return true;
  }
  if (overflow_size_ == overflow_capacity_) {
    ++tally_.ring_full_vital;
    return false;
  }
  overflow_[(overflow_head_ + overflow_size_) % overflow_capacity_] = record;
  ++overflow_size_;
  return true;
}

bool RecordOut::push_waiting(const Record& record) noexcept {
  while (!ring_.try_push(record)) {
    show();
    if (stop_.load(std::memory_order_relaxed)) {
      ++tally_.ring_full_vital;
      return false;
    }
    std::this_thread::yield();
  }
  ++tally_.records_pushed;
  return true;
}

void RecordOut::wait_from_now_on() noexcept {
  while (overflow_size_ != 0 && !stop_.load(std::memory_order_relaxed)) {
    publish();
    std::this_thread::yield();
  }
  wait_for_room_ = true;
}

/// Packets first: whoever sees a record finds its packet.
void RecordOut::show() noexcept {
  if (keeper_ != nullptr) keeper_->publish();
  ring_.publish();
}

void RecordOut::publish() noexcept {
  drain_overflow();
  show();
  tally_.records_pending = overflow_size_;
  tally_.ring_fill = ring_.capacity() - ring_.free_room();
}

void RecordOut::drain_overflow() noexcept {
  while (overflow_size_ != 0 && ring_.try_push(overflow_[overflow_head_])) {
    overflow_[overflow_head_] = Record();
    overflow_head_ = (overflow_head_ + 1) % overflow_capacity_;
    --overflow_size_;
    ++tally_.records_pushed;
  }
}

}  // namespace mptap
