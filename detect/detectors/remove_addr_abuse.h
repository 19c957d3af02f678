// Threat: forged REMOVE_ADDR, which has no HMAC, takes paths away.
// Evidence: REMOVE_ADDR, and mapped data on a subflow of that address afterwards; IDs removed by one host.
// Fires when: data goes on `grace`, or two round trips, after (data_after, medium), once a subflow; one host removes
//   `mass` IDs of a connection within `interval` (mass, medium).
// Stays silent when: the subflow ends with its address.
// Known false positives: a REMOVE_ADDR that its receiver never got; a host that loses many interfaces at once.
// Source: RFC 8684 section 3.4.2.
#pragma once

#include "dataplane/seeded_hash.h"
#include "detect/detector.h"
#include "detect/lru_map.h"
#include "detect/sliding_count.h"

namespace mptap {

class RemoveAddrAbuseDetector : public Detector {
 public:
  /// @param seed  Of the table of removers; secret.
  RemoveAddrAbuseDetector(const RemoveAddrAbuseOptions& options, std::uint64_t seed)
      : options_(options), removers_(kMaxRemovers, Hash{SeededHash(seed)}) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kAddressesRemoved, EventKind::kProgress}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  static constexpr std::size_t kMaxRemovers = 16'384;

  /// One host of one connection.
  struct Remover {
    SlidingCount removed;
    std::uint64_t quiet_until_ns = 0;
    std::uint64_t latest_ns = 0;       // of the option counted last: its copies count once
    RemoveAddrBody latest{};
  };
  struct Hash {
    SeededHash hash;
    std::size_t operator()(std::uint64_t key) const { return hash.of64(key); }
  };

  void on_removal(const Event& event, NoticeSink& notices);
  void on_progress(const Event& event, NoticeSink& notices) const;

  const RemoveAddrAbuseOptions& options_;
  LruMap<std::uint64_t, Remover, Hash> removers_;
};

}  // namespace mptap
