#include "detect/detectors/join_to_removed.h"

#include <algorithm>
#include <optional>

#include "detect/address_text.h"

namespace mptap {

void JoinToRemovedDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kJoinAttempt || event.connection == nullptr) return;
  const std::uint64_t grace_ns = std::max(options_.grace_ns, event.connection->handshake_rtt_ns());
  std::optional<KnownAddress> removed;
  for (const KnownAddress known : event.connection->host(event.role).addresses) {
    if (known.address != event.tuple.acceptor.address) continue;
    if (!known.removed) return;
    if (known.removed_ns + grace_ns <= event.time_ns) removed = known;
  }
  if (!removed) return;
  Notice notice = notice_about(event, "join_to_removed", Severity::kMedium);
  notice.address_id = removed->id;
  notice.address = removed->address;
  notice.message = "a join to " + address_text(removed->address) + ", which its host removed before";
  notices.on_absence(std::move(notice), begin_of(*event.connection));
}

}  // namespace mptap
