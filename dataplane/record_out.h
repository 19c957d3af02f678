// How a worker's records leave it: bulk gives way to vital, vital waits in a bounded overflow, all is counted.
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/lazy_array.h"
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

/// Pushes records in order.
///
/// Live: bulk stops at three quarters of the ring; vital records that find no room wait in an overflow queue of
/// fixed size and go first as soon as there is room. From files: waits for room, nothing is lost.
/// One worker thread; no allocation after construction.
class RecordOut {
 public:
  /// @param ring               Its consumer is control.
  /// @param overflow_capacity  Vital records, at least 1.
  /// @param wait_for_room      True where the source can wait (a file).
  /// @param stop               Ends the waiting; whoever stops control sets it first.
  /// @param keeper             Keeps the packets that make records; nullptr: none are kept.
  RecordOut(RecordRing& ring, std::uint32_t overflow_capacity, bool wait_for_room, const std::atomic<bool>& stop,
            WorkerTally& tally, PacketKeeper* keeper = nullptr);

  /// @return False where the record was lost; it is counted then.
  bool push(const Record& record, RecordClass klass) noexcept;

  /// Whether a bulk record would be lost now; it is counted as built and lost then, so that it need not be made.
  [[nodiscard]] bool loses_bulk() noexcept {
    if (!has_no_bulk_room()) return false;
    ++tally_.records_built;
    ++tally_.ring_full_bulk;
    return true;
  }

  /// From now on waits for room as files do: for the last records of a live worker, while control still takes.
  void wait_from_now_on() noexcept;

  /// Moves waiting records into the ring and shows what was pushed to control: once a burst or poll.
  void publish() noexcept;

 private:
  /// By the ring as it was at the last burst: asking anew for each record would cost a line that control writes all the time.
  [[nodiscard]] bool has_no_bulk_room() const noexcept {
    return !wait_for_room_ && (overflow_size_ != 0 || ring_.fill_bound() >= ring_.capacity() / 4 * 3);
  }
  [[nodiscard]] bool push_kept(const Record& record, RecordClass klass) noexcept;
  [[nodiscard]] bool push_plain(const Record& record, RecordClass klass) noexcept;
  [[nodiscard]] bool push_waiting(const Record& record) noexcept;
  void show() noexcept;
  void drain_overflow() noexcept;

  RecordRing& ring_;
  WorkerTally& tally_;
  PacketKeeper* const keeper_;
  const std::atomic<bool>& stop_;
  bool wait_for_room_;
  const std::uint32_t overflow_capacity_;
  LazyArray<Record> overflow_;
  std::uint32_t overflow_head_ = 0;
  std::uint32_t overflow_size_ = 0;
};

}  // namespace mptap
