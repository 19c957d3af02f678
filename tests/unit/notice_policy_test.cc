// Severity, allow list and suppression of notices.
#include "detect/notice_policy.h"

#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

struct Policy {
  DetectorOptions detectors;
  NoticeOptions notices;
  ControlCounters counters;
  NoticePolicy policy{detectors, notices, 5, counters};
};

Notice notice_of(const char* note, double at_s, const char* source, const char* destination = "10.0.0.2") {
  Notice notice;
  notice.note = note;
  notice.time_ns = ControlRun::ns(at_s);
  notice.severity = Severity::kMedium;
  if (source != nullptr) notice.source = Endpoint{ip(source), 7};
  notice.destination = Endpoint{ip(destination), 80};
  return notice;
}

TEST_CASE("a severity of the user's own", "[policy]") {
  Policy at;
  Notice notice = notice_of("join_flood_end", 0, "10.0.0.1");
  REQUIRE(at.policy.admit(notice));
  CHECK(notice.severity == Severity::kMedium);
  at.detectors.join_flood.severity = SeverityChoice::kInfo;
  REQUIRE(at.policy.admit(notice));
  CHECK(notice.severity == Severity::kInfo);  // stages of an attack are their detector's
  at.detectors.join_flood.severity = SeverityChoice::kHigh;
  REQUIRE(at.policy.admit(notice));
  CHECK(notice.severity == Severity::kHigh);
}

TEST_CASE("allowed sources raise no notice", "[policy]") {
  Policy at;
  at.notices.allow = {{ip("10.1.0.0"), 96 + 16}, {ip("2001:db8::7"), 128}, {ip("10.2.0.64"), 96 + 26}};
  struct Row {
    const char* source;
    const char* destination;
    bool told;
  };
  const Row rows[] = {
      {"10.1.2.3", "10.0.0.2", false},     {"10.2.0.3", "10.1.2.3", true},   {"2001:db8::7", "2001:db8::1", false},
      {"2001:db8::8", "2001:db8::7", true}, {nullptr, "10.1.2.3", false},     {nullptr, "10.3.2.3", true},
      {"10.2.0.127", "10.0.0.2", false},   {"10.2.0.128", "10.0.0.2", true}, {"10.2.0.63", "10.0.0.2", true},
  };
  std::uint64_t left_out = 0;
  for (const Row& row : rows) {
    INFO((row.source != nullptr ? row.source : "none") << " to " << row.destination);
    Notice notice = notice_of("reserved_bits", 0, row.source, row.destination);
    CHECK(at.policy.admit(notice) == row.told);
    left_out += row.told ? 0 : 1;
  }
  CHECK(at.counters.notices_allowed == left_out);
}

TEST_CASE("once a subject and time, where the user asks for it", "[policy]") {
  Policy at;
  const auto told = [&at](const char* note, double at_s, const char* source, std::optional<std::uint64_t> mp_id) {
    Notice notice = notice_of(note, at_s, source);
    if (mp_id) notice.connection = ConnectionName{*mp_id, {}};
    return at.policy.admit(notice);
  };
  CHECK(told("rejected", 0, "10.0.0.1", {}));
  CHECK(told("rejected", 0.1, "10.0.0.1", {}));  // by default all
  at.detectors.rejected.suppress_ns = 10 * kSecondNs;
  CHECK(told("rejected", 1, "10.0.0.1", {}));
  CHECK_FALSE(told("rejected", 2, "10.0.0.1", {}));
  CHECK(told("rejected", 2, "10.0.0.3", {}));        // another source
  CHECK(told("reserved_bits", 2, "10.0.0.1", {}));   // another detector
  CHECK(told("rejected", 2, "10.0.0.1", 5));         // a connection is a subject of its own
  CHECK_FALSE(told("rejected", 3, "10.0.0.9", 5));   // whoever its source is
  CHECK(told("rejected", 3, "10.0.0.9", 6));
  CHECK_FALSE(told("rejected", 10.9, "10.0.0.1", {}));
  CHECK(told("rejected", 11, "10.0.0.1", {}));
  CHECK(at.counters.notices_suppressed == 3);
}

}  // namespace
}  // namespace mptap
