#include "detect/detectors/unknown_version.h"

namespace mptap {

void UnknownVersionDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled) return;
  if (event.kind == EventKind::kMalformed && is_unknown_version(event.record->malformed)) {
    std::uint64_t& quiet_until_ns = told_.touch(event.tuple.opener);
    if (event.time_ns < quiet_until_ns) return;
    quiet_until_ns = event.time_ns + kRepeatNs;
    Notice notice = notice_about(event, "unknown_version", Severity::kLow);
    notice.cause = "version";
    notice.message = "an MP_CAPABLE of a version that is neither 0 nor 1";
    notices.on_notice(std::move(notice));
  }
  if (event.kind != EventKind::kCapableAttempt) return;
  const SynOption& syn = event.record->opened.syn;
  const std::uint8_t algorithms = syn.version == 0 ? 0x3f : 0x1f;  // RFC 6824: C..H; RFC 8684: D..H
  if ((syn.flags & algorithms) == CapableOption::kHmacAlgorithm) return;
  Notice notice = notice_about(event, "unknown_version", Severity::kLow);
  notice.cause = "algorithm";
  notice.message = "an MP_CAPABLE that asks for another algorithm than HMAC";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap
