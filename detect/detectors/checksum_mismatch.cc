#include "detect/detectors/checksum_mismatch.h"

#include <optional>

namespace mptap {

namespace {

/// Whether the record holds a mapping of data, and then whether that has a checksum.
std::optional<bool> checksum_of(const Record& record) {
  if (record.kind == RecordKind::kCapableAck) {
    if (!record.capable_ack.has_data_len) return std::nullopt;
    return record.capable_ack.has_checksum;
  }
  const DssBody& dss = record.dss;
  if ((dss.flags & DssOption::kMapping) == 0 || dss.data_len == 0) return std::nullopt;
  return dss.has_checksum;
}

}  // namespace

void ChecksumMismatchDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kFirstDss || event.connection == nullptr) return;
  const std::optional<bool> has_checksum = checksum_of(*event.record);
  if (!has_checksum || *has_checksum == event.connection->checksums) return;
  if (*has_checksum && !event.connection->handshake_seen) return;  // the side not seen may have asked for them
  if (!event.subflow->told.first(Telling::kChecksum, event.from_opener ? 0 : 1)) return;
  Notice notice = notice_about(event, "checksum_mismatch", Severity::kMedium);
  notice.cause = *has_checksum ? "unexpected" : "absent";
  notice.message = *has_checksum ? "a mapping carries a checksum though none were negotiated"
                                 : "a mapping lacks the checksum that was negotiated";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap
