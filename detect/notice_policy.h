// What becomes of a notice before it is told: its severity, whom it spares, how often one is said of the same subject.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/seeded_hash.h"
#include "detect/control_counters.h"
#include "detect/detector_options.h"
#include "detect/lru_map.h"
#include "detect/reports.h"

namespace mptap {

/// Control thread; bounded memory: beyond kMaxSubjects the subject whose last notice is oldest is forgotten.
class NoticePolicy {
 public:
  /// @param detectors, notices  Outlive the policy; a reload may change the values between calls.
  /// @param seed                Of the table of subjects; secret.
  NoticePolicy(const DetectorOptions& detectors, const NoticeOptions& notices, std::uint64_t seed,
               ControlCounters& counters)
      : detectors_(detectors), notices_(notices), counters_(counters), subjects_(kMaxSubjects, Hash{SeededHash(seed)}) {}

  /// @return False where the notice is not to be told; that is counted. Otherwise its severity is what the user
  ///         wants it to be.
  [[nodiscard]] bool admit(Notice& notice);

  /// Whether `notices.allow` names the address.
  [[nodiscard]] bool allows(const IpAddress& address) const;

 private:
  static constexpr std::size_t kMaxSubjects = 65'536;

  /// What a notice is about: its connection where it has one, else its two addresses.
  struct Subject {
    const char* note;
    std::optional<std::uint64_t> mp_id;
    IpAddress source;
    IpAddress destination;
    friend bool operator==(const Subject&, const Subject&) = default;
  };
  struct Hash {
    SeededHash hash;
    std::size_t operator()(const Subject& subject) const;
  };

  [[nodiscard]] bool is_allowed(const Notice& notice) const;

  const DetectorOptions& detectors_;
  const NoticeOptions& notices_;
  ControlCounters& counters_;
  LruMap<Subject, std::uint64_t, Hash> subjects_;  // until when nothing more is said
};

}  // namespace mptap
