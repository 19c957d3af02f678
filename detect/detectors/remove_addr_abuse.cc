#include "detect/detectors/remove_addr_abuse.h"

#include <algorithm>

namespace mptap {

void RemoveAddrAbuseDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.connection == nullptr) return;
  if (event.kind == EventKind::kAddressesRemoved) on_removal(event, notices);
  if (event.kind == EventKind::kProgress) on_progress(event, notices);
}

void RemoveAddrAbuseDetector::on_removal(const Event& event, NoticeSink& notices) {
  const RemoveAddrBody& remove = event.record->remove_addr;
  Remover& remover = removers_.touch(event.connection->mp_id * 2 + static_cast<std::uint64_t>(event.role));
  const bool repeated = remover.latest_ns != 0 && remover.latest.count == remove.count &&
                        std::equal(remove.address_ids.begin(), remove.address_ids.begin() + remove.count,
                                   remover.latest.address_ids.begin());
  remover.latest = remove;
  remover.latest_ns = event.time_ns;
  if (repeated) return;
  remover.removed.advance(SlidingCount::step_of(event.time_ns, options_.interval_ns));
  remover.removed.add(remove.count);
  const std::uint64_t count = remover.removed.total();
  if (count < options_.mass || event.time_ns < remover.quiet_until_ns) return;
  remover.quiet_until_ns = event.time_ns + options_.interval_ns;
  Notice notice = notice_about(event, "remove_addr_abuse", Severity::kMedium);
  notice.cause = "mass";
  notice.count = count;
  notice.message = "one host removed " + std::to_string(count) + " addresses of the connection at once";
  notices.on_notice(std::move(notice));
}

void RemoveAddrAbuseDetector::on_progress(const Event& event, NoticeSink& notices) const {
  const Subflow& path = *event.subflow;
  const SubflowExtra& rare = path.extra.read();
  if (rare.removed_ns == 0) return;
  const std::uint64_t grace_ns = std::max(options_.grace_ns, 2 * event.connection->handshake_rtt_ns());
  if (event.record->counters.last_mapped_ns <= rare.removed_ns + grace_ns) return;
  if (!path.told.first(Telling::kDataAfterRemoval)) return;
  Notice notice = notice_about(event, "remove_addr_abuse", Severity::kMedium);
  notice.cause = "data_after";
  notice.address_id = rare.removed_id;
  notice.message = "data goes on over a path whose address was removed";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap
