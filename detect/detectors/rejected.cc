#include "detect/detectors/rejected.h"

#include <string_view>

#include "detect/address_text.h"

namespace mptap {

void RejectedDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kDenied || event.subflow->offer != Offer::kCapable) return;
  const std::string_view cause = event.cause;
  Notice notice = notice_about(event, "rejected", Severity::kInfo);
  // The SYN/ACK tells it, but the attempt is the opener's.
  notice.source = event.tuple.opener;
  notice.destination = event.tuple.acceptor;
  notice.cause = event.cause;
  notice.message = address_text(event.tuple.acceptor.address) +
                   (cause == "mirrored"    ? " answered with a copy of the MPTCP option it was sent: a middlebox echoes it"
                    : cause == "blackhole" ? " answered only once the SYN came without its MPTCP option"
                    : cause == "stripped"  ? " answered without MPTCP, which it spoke before"
                    : cause == "version"   ? " answered with another version of MPTCP"
                                           : " answered without MPTCP");
  notices.on_notice(std::move(notice));
}

}  // namespace mptap
