// How a worker's records leave it: bulk gives way to vital, which has a reserve of its own; all is counted.
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/packet_keeper.h"
#include "dataplane/record.h"
#include "dataplane/spsc_ring.h"
#include "dataplane/worker_counters.h"

namespace mptap {

using RecordRing = SpscRing<Record>;

/// Which records may be lost first (DESIGN: what is lost is chosen).
enum class RecordClass : std::uint8_t {
  kBulk,   // unanswered SYNs, periodic counters, mid-stream options
  kVital,  // of subflows whose acceptor has answered
};

/// Makes records in their places in the ring, in order.
///
/// Live: bulk stops at three quarters of the ring; the ring's reserve is for vital records alone. From files: waits for
/// room, nothing is lost.
/// One worker thread; no allocation after construction.
class RecordOut {
 public:
  /// @param ring           Its consumer is control.
  /// @param wait_for_room  True where the source can wait (a file).
  /// @param stop           Ends the waiting; whoever stops control sets it first.
  /// @param keeper         Keeps the packets that make records; nullptr: none are kept.
  RecordOut(RecordRing& ring, bool wait_for_room, const std::atomic<bool>& stop, WorkerTally& tally, PacketKeeper* keeper = nullptr);

  /// The next record, in its default state, to be filled in where it stands: a record made elsewhere, in parts, and copied
  /// whole would wait for the store buffer. One at a time; end() ends it.
  [[nodiscard]] Record& begin(RecordClass klass) noexcept {
    ++tally_.records_built;
    begun_ = wait_for_room_ ? wait_for_place() : find_place(klass);
    if (begun_ == nullptr) [[unlikely]] begun_ = &lost_;
    return *begun_;
  }

  /// The record that was begun is whole.
  /// @return False where it was lost; it is counted then.
  bool end() noexcept {
    if (begun_ == &lost_) return forget_lost();
    if (keeper_ != nullptr && keeper_->wants(*begun_)) keep_packet(*begun_);
    ring_.push_next();
    ++pushed_;
    return true;
  }

  /// Whether a bulk record would be lost now; it is counted as built and lost then, so that it need not be made.
  [[nodiscard]] bool loses_bulk() noexcept {
    if (!has_no_bulk_room()) return false;
    ++tally_.records_built;
    ++tally_.ring_full_bulk;
    return true;
  }

  /// From now on waits for room as files do: for the last records of a live worker, while control still takes.
  /// Waits until none is left in the reserve.
  void wait_from_now_on() noexcept;

  /// Shows what was pushed to control: once a burst or poll.
  void publish() noexcept;

 private:
  // By the ring as it was at the last burst: asking anew for each record would cost a line that control writes all the time.
  [[nodiscard]] bool has_no_bulk_room() const noexcept {
    return !wait_for_room_ && ring_.fill_bound() >= ring_.capacity() / 4 * 3;
  }
  /// @return nullptr where the record is lost; it is counted then.
  [[nodiscard]] Record* find_place(RecordClass klass) noexcept {
    if (klass == RecordClass::kBulk) {
      if (!has_no_bulk_room()) return ring_.next_place(ring_.capacity());
      ++tally_.ring_full_bulk;
      return nullptr;
    }
    Record* place = ring_.next_place(ring_.capacity() + ring_.reserve());
    if (place == nullptr) ++tally_.ring_full_vital;
    return place;
  }
  bool forget_lost() noexcept;
  [[nodiscard]] Record* wait_for_place() noexcept;
  void keep_packet(Record& record) noexcept;
  void show() noexcept;

  RecordRing& ring_;
  WorkerTally& tally_;
  PacketKeeper* const keeper_;
  const std::atomic<bool>& stop_;
  bool wait_for_room_;
  Record* begun_ = nullptr;
  std::uint64_t pushed_ = 0;  // the reserve's, too
  Record lost_;               // of a record that finds no place
};

}  // namespace mptap
