#include "detect/detectors/token_guessing.h"

#include "detect/address_text.h"
#include "detect/record_gaps.h"

namespace mptap {
namespace {

constexpr std::uint8_t kUnknownToken = 1;  // MP_TCPRST: MPTCP-specific error (RFC 8684 section 3.6)

/// Whether a RST says that nobody has this token.
bool is_unknown_token(const Event& event) {
  if (event.subflow->offer != Offer::kJoin || event.record == nullptr) return false;
  const ResetBody& reset = event.record->reset;
  return reset.has_reason ? reset.reason == kUnknownToken && !event.token_known : !event.token_known;
}

}  // namespace

void TokenGuessingDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled) return;
  const bool refused = event.kind == EventKind::kRefused && is_unknown_token(event);
  if (!refused && event.kind != EventKind::kJoinMatched) return;
  const std::uint64_t step = SlidingCount::step_of(event.time_ns, options_.interval_ns);
  const IpAddress& address = event.tuple.opener.address;
  if (!refused) {
    if (Source* known = sources_.find(address)) {  // who was never refused needs no place
      known->let_in.advance(step);
      known->let_in.add();
    }
    return;
  }
  sources_.set_capacity(options_.max_sources);
  Source& source = sources_.touch(address);
  source.refused.advance(step);
  source.let_in.advance(step);
  source.refused.add();
  const std::uint64_t count = source.refused.total();
  const std::uint64_t answered = count + source.let_in.total();
  if (count < options_.threshold || count * 100 < answered * options_.percent) return;
  if (event.time_ns < source.quiet_until_ns) return;
  source.quiet_until_ns = event.time_ns + options_.interval_ns;
  Notice notice = notice_about(event, "token_guessing", Severity::kHigh);
  notice.connection.reset();
  notice.source = Endpoint{address, 0};
  notice.destination = event.tuple.acceptor;
  notice.count = count;
  notice.message = std::to_string(count) + " of " + std::to_string(answered) + " joins of " + address_text(address) +
                   " were refused for tokens that nobody has";
  notices.on_absence(std::move(notice), RecordGaps::memory_before(event.time_ns));
}

}  // namespace mptap
