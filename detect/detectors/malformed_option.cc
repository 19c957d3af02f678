#include "detect/detectors/malformed_option.h"

#include "detect/detectors/unknown_version.h"

namespace mptap {

void MalformedOptionDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kMalformed) return;
  const MalformedBody& malformed = event.record->malformed;
  if (is_unknown_version(malformed)) return;
  const Endpoint& sender = event.from_opener ? event.tuple.opener : event.tuple.acceptor;
  std::uint64_t& quiet_until_ns = told_.touch({sender.address, malformed.error});
  if (event.time_ns < quiet_until_ns) return;
  quiet_until_ns = event.time_ns + options_.interval_ns;
  Notice notice = notice_about(event, "malformed_option", Severity::kLow);
  notice.cause = label_of(malformed.error);
  notice.message = std::string("an option ") + name_of(static_cast<Subtype>(malformed.subtype)) + " of " +
                   std::to_string(malformed.length) + " bytes: " + sentence_of(malformed.error);
  notices.on_notice(std::move(notice));
}

}  // namespace mptap
