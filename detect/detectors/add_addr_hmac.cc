#include "detect/detectors/add_addr_hmac.h"

#include "detect/address_text.h"

namespace mptap {

void AddAddrHmacDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kAddressAdvertised || event.proof != Proof::kInvalid) return;
  const AddAddrBody& add = event.record->add_addr;
  Notice notice = notice_about(event, "add_addr_hmac", Severity::kHigh);
  notice.address_id = add.address_id;
  notice.address = add.address;
  notice.message = "the HMAC of an ADD_ADDR for " + address_text(add.address) + ", address ID " +
                   std::to_string(add.address_id.value) + ", is not that of the connection's keys";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap
