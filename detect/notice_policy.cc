#include "detect/notice_policy.h"

#include <algorithm>
#include <string_view>

namespace mptap {
namespace {

/// The switch of the detector that a notice comes from: stages of an attack are their detector's.
const DetectorSwitch* switch_of(const DetectorOptions& detectors, std::string_view note) {
#define X(name, Options, doc) \
  if (note == #name) return &detectors.name;
  MPTAP_DETECTORS(X)
#undef X
  if (note.starts_with("join_flood_")) return &detectors.join_flood;
  return nullptr;
}

}  // namespace

std::size_t NoticePolicy::Hash::operator()(const Subject& subject) const {
  const std::uint64_t name = std::hash<std::string_view>()(subject.note);
  if (subject.mp_id) return hash.of64(name ^ *subject.mp_id);
  return hash.of16(subject.source.bytes.data()) ^ hash.of64(name ^ hash.of16(subject.destination.bytes.data()));
}

bool NoticePolicy::allows(const IpAddress& address) const {
  return std::any_of(notices_.allow.begin(), notices_.allow.end(), [&](const Prefix& prefix) { return holds(prefix, address); });
}

bool NoticePolicy::is_allowed(const Notice& notice) const {
  const std::optional<Endpoint>& whom = notice.source ? notice.source : notice.destination;
  return whom && allows(whom->address);
}

bool NoticePolicy::admit(Notice& notice) {
  if (is_allowed(notice)) {
    ControlCounters::add(counters_.notices_allowed);
    return false;
  }
  const DetectorSwitch* wanted = switch_of(detectors_, notice.note);
  if (wanted == nullptr) return true;
  if (wanted->severity != SeverityChoice::kOwn) {
    notice.severity = static_cast<Severity>(static_cast<unsigned>(wanted->severity) - 1);
  }
  if (wanted->suppress_ns == 0) return true;
  Subject subject{.note = notice.note, .mp_id = {}, .source = {}, .destination = {}};
  if (notice.connection) {
    subject.mp_id = notice.connection->mp_id;
  } else {
    if (notice.source) subject.source = notice.source->address;
    if (notice.destination) subject.destination = notice.destination->address;
  }
  std::uint64_t& quiet_until_ns = subjects_.touch(subject);
  if (notice.time_ns < quiet_until_ns) {
    ControlCounters::add(counters_.notices_suppressed);
    return false;
  }
  quiet_until_ns = notice.time_ns + wanted->suppress_ns;
  return true;
}

}  // namespace mptap
