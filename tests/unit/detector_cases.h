// Cases of detectors as tables: what is played, and which notice it raises, if any, and nothing else.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/unit/control_run.h"

namespace mptap::test {

struct DetectorCase {
  const char* what;
  const char* note;   // whose case it is: a detector, or a stage of what it tells
  const char* cause;  // "": none
  std::size_t fires;  // how often
  std::function<void(ControlRun&)> play;
  bool by_silence = false;  // it fires because nothing contradicts it, where others of its note show what they say
};

/// The detector that tells a note.
inline std::string detector_of(const std::string& note) { return note.starts_with("join_flood_") ? "join_flood" : note; }

/// Whether a case fires for what was not seen: then it must not where records were lost.
inline bool rests_on_absence(const DetectorCase& it) {
  const std::set<std::string> notes{"address_id_exhaustion", "data_ack_beyond", "duplicate_add_addr", "infinite_mapping",
                                    "join_flood", "join_to_removed", "premature_join", "token_guessing", "token_reuse",
                                    "unknown_join"};
  return it.by_silence || notes.contains(detector_of(it.note)) || std::string(it.cause) == "all_but_one";
}

/// What fires must also do so after a gap that was over before, and in a gap only where what was seen shows it.
inline void check_gaps(const DetectorCase& it) {
  ControlRun after;
  after.correlator().on_lost(1'000, kBaseNs - 2 * RecordGaps::kMemoryNs);
  it.play(after);
  CHECK(after.noticed(it.note) == it.fires);
  CHECK(after.counters.notices_held == 0);
  ControlRun within;
  within.correlator().on_lost(1'000'000, kBaseNs + RecordGaps::kMemoryNs);
  it.play(within);
  CHECK(within.noticed(it.note) == (rests_on_absence(it) ? 0 : it.fires));
  CHECK((within.counters.notices_held != 0) == (rests_on_absence(it) && !it.by_silence));
}

inline void switch_off(DetectorOptions& options, const std::string& detector) {
#define X(name, Options, doc) \
  if (detector == #name) options.name.enabled = false;
  MPTAP_DETECTORS(X)
#undef X
}

/// Plays each case with the detector on, and those that fire once more with it off. Each note must have a case that
/// fires and one that does not; tests/structure/notice_cases.py holds that every note has cases at all.
inline void check_cases(const std::vector<DetectorCase>& cases) {
  std::map<std::string, std::pair<bool, bool>> seen;
  for (const DetectorCase& it : cases) {
    INFO(it.note << ": " << it.what);
    (it.fires == 0 ? seen[it.note].second : seen[it.note].first) = true;
    ControlRun run;
    it.play(run);
    for (const Notice& notice : run.notices) {
      CHECK(detector_of(notice.note) == detector_of(it.note));
      CHECK_FALSE(notice.message.empty());
      CHECK((notice.source || notice.destination));
      if (std::string(notice.note) == it.note) CHECK(std::string(notice.cause) == it.cause);
    }
    CHECK(run.noticed(it.note) == it.fires);
    if (it.fires == 0) continue;
    check_gaps(it);
    ControlRun off;
    switch_off(off.detectors, detector_of(it.note));
    it.play(off);
    CHECK(off.notices.empty());
  }
  for (const auto& [note, both] : seen) {
    INFO(note);
    CHECK(both.first);
    CHECK(both.second);
  }
}

// What several files play.

inline Slot connect(ControlRun& run, const Secrets& secrets = {}) {
  const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
  run.connect(first, 0, secrets);
  return first;
}

/// A completed join from 10.0.0.(10+n) with address ID n.
inline Slot join(ControlRun& run, double at_s, std::uint8_t n, const Secrets& secrets = {}) {
  const Slot slot = run.slot(tuple_of(("10.0.0." + std::to_string(10 + n)).c_str(), 41000, "10.0.0.2", 80));
  run.syn_join(slot, at_s, secrets.token(Role::kResponder), n, n);
  run.syn_ack_join(slot, at_s + 0.01, ControlRun::syn_ack_hmac(secrets, Role::kResponder, n));
  run.join_ack(slot, at_s + 0.02, ControlRun::ack_hmac(secrets, Role::kResponder, n));
  return slot;
}

inline Record prio(const ControlRun& run, const Slot& of, double at_s, bool backup, int address_id = -1) {
  Record record = run.record(of, at_s, RecordKind::kPrio);
  record.prio = PrioBody{backup, address_id >= 0, AddressId{static_cast<std::uint8_t>(std::max(address_id, 0))}};
  return record;
}

inline Record anomaly(const ControlRun& run, const Slot& of, double at_s, Anomaly kind, Subtype subtype = Subtype::kDss) {
  Record record = run.record(of, at_s, RecordKind::kAnomaly);
  record.anomaly = AnomalyBody{};
  record.anomaly.kind = kind;
  record.anomaly.subtype = static_cast<std::uint8_t>(subtype);
  return record;
}

/// A mapping of 10 bytes that is not the first of its host.
inline Record mapping(const ControlRun& run, const Slot& of, double at_s, bool checksum = false) {
  Record record = run.record(of, at_s, RecordKind::kFirstDss);
  record.dss = DssBody{};
  record.dss.flags = DssOption::kMapping;
  record.dss.ssn = 100;
  record.dss.data_len = 10;
  record.dss.has_checksum = checksum;
  return record;
}

inline Record counters(const ControlRun& run, const Slot& of, double at_s, bool from_opener, const CountersBody& body,
                       std::uint8_t flags = 0) {
  Record record = run.record(of, at_s, RecordKind::kCounters, from_opener);
  record.counters = body;
  record.flags |= flags;
  return record;
}

}  // namespace mptap::test
