#include "detect/detectors/duplicate_add_addr.h"

#include "detect/address_text.h"

namespace mptap {

void DuplicateAddAddrDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kAddressAdvertised || event.proof == Proof::kInvalid) return;
  const AddAddrBody& add = event.record->add_addr;
  const bool conflict = event.change == AddressChange::kConflict;
  const bool repeat = event.change == AddressChange::kRepeated && add.version == 0 && options_.repeats;
  if (!conflict && !repeat) return;
  // One with an HMAC that is not wrong is its host's own word: perhaps the tap has missed a REMOVE_ADDR.
  const Severity severity = !conflict ? Severity::kInfo : add.has_hmac ? Severity::kLow : Severity::kMedium;
  Notice notice = notice_about(event, "duplicate_add_addr", severity);
  notice.cause = conflict ? "other_address" : "repeated";
  notice.address_id = add.address_id;
  notice.address = add.address;
  const std::string id = std::to_string(add.address_id.value);
  notice.message = conflict ? "address ID " + id + " already names " + address_text(event.previous_address) +
                                  " and is advertised for " + address_text(add.address)
                            : "address ID " + id + " is advertised for " + address_text(add.address) + " again";
  notices.on_absence(std::move(notice), begin_of(*event.connection));
}

}  // namespace mptap
