#include "detect/detectors/duplicate_add_addr.h"

#include "detect/address_text.h"

namespace mptap {

void DuplicateAddAddrDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kAddressAdvertised || event.proof == Proof::kInvalid) return;
  const AddAddrBody& add = event.record->add_addr;
  const bool conflict = event.change == AddressChange::kConflict;
  const bool repeat = event.change == AddressChange::kRepeated && add.version == 0 && options_.repeats;
  if (!conflict && !repeat) return;
  Notice notice = notice_about(event, "duplicate_add_addr", conflict ? Severity::kMedium : Severity::kInfo);
  notice.cause = conflict ? "other_address" : "repeated";
  notice.address_id = add.address_id;
  notice.address = add.address;
  const std::string id = std::to_string(add.address_id.value);
  notice.message = conflict ? "address ID " + id + " already names " + address_text(event.previous_address) +
                                  " and is advertised for " + address_text(add.address)
                            : "address ID " + id + " is advertised for " + address_text(add.address) + " again";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap
