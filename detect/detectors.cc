#include "detect/correlator.h"
#include "detect/detectors/duplicate_add_addr.h"
#include "detect/detectors/join_flood.h"
#include "detect/detectors/key_change.h"
#include "detect/detectors/rejected.h"
#include "detect/detectors/unknown_join.h"

namespace mptap {

std::vector<std::unique_ptr<Detector>> make_detectors(const DetectorOptions& options, std::uint64_t seed,
                                                      ControlCounters& counters) {
  std::vector<std::unique_ptr<Detector>> detectors;
  detectors.push_back(std::make_unique<DuplicateAddAddrDetector>(options.duplicate_add_addr));
  detectors.push_back(std::make_unique<KeyChangeDetector>(options.key_change));
  detectors.push_back(std::make_unique<UnknownJoinDetector>(options.unknown_join));
  detectors.push_back(std::make_unique<JoinFloodDetector>(options.join_flood, seed, counters));
  detectors.push_back(std::make_unique<RejectedDetector>(options.rejected));
  return detectors;
}

Notice notice_about(const Event& event, const char* note, Severity severity) {
  Notice notice;
  notice.time_ns = event.time_ns;
  notice.note = note;
  notice.severity = severity;
  if (event.connection != nullptr) notice.connection = ConnectionName{event.connection->mp_id, {}};
  notice.source = event.from_opener ? event.tuple.opener : event.tuple.acceptor;
  notice.destination = event.from_opener ? event.tuple.acceptor : event.tuple.opener;
  return notice;
}

}  // namespace mptap
