#include "detect/detectors/address_id_exhaustion.h"

namespace mptap {

void AddressIdExhaustionDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.connection == nullptr) return;
  if (event.kind == EventKind::kAddressAdvertised) {
    if (event.proof != Proof::kInvalid) look_at(event, event.role, notices);
  } else if (event.kind == EventKind::kJoinMatched) {
    look_at(event, event.subflow->opener_role, notices);
  }
}

void AddressIdExhaustionDetector::look_at(const Event& event, Role role, NoticeSink& notices) const {
  const std::size_t ids = event.connection->host(role).live_ids();
  if (ids <= options_.threshold) return;
  if (!event.connection->told.first(Telling::kIdExhaustion, static_cast<std::size_t>(role))) return;
  Notice notice = notice_about(event, "address_id_exhaustion", Severity::kMedium);
  notice.count = ids;
  notice.message = "one host of the connection occupies " + std::to_string(ids) + " address IDs";
  notices.on_absence(std::move(notice), begin_of(*event.connection));
}

}  // namespace mptap
