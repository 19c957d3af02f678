// Threat: who joins before the handshake is over knows keys that were not all said yet.
// Evidence: the time of a join's SYN, with the responder's token, against the connection's third ACK or first DSS.
// Fires when: the third ACK comes more than `grace` after the join (medium); or nothing shows for half a second that it
//   was ever sent.
// Stays silent when: SYN or SYN/ACK were not seen; or where the third ACK was not, once anything else shows that it was
//   sent.
// Known false positives: a tap that shows the third ACK later than `grace` behind what it precedes.
// Source: RFC 8684 section 3.2: joins follow the connection's establishment.
#pragma once

#include <deque>

#include "detect/detector.h"

namespace mptap {

class PrematureJoinDetector : public Detector {
 public:
  explicit PrematureJoinDetector(const PrematureJoinOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kJoinAttempt, EventKind::kConnectionConfirmed}; }
  void on_event(const Event& event, NoticeSink& notices) override;
  void advance(std::uint64_t now_ns, NoticeSink& notices) override;
  void finish(NoticeSink& notices) override;

 private:
  static constexpr std::size_t kMaxWaiting = 4'096;
  static constexpr std::uint64_t kSilenceNs = 500 * kNsPerMillisecond;

  void on_confirmed(const Event& event, NoticeSink& notices);

  struct Waiting {
    std::uint64_t mp_id;
    std::uint64_t deadline_ns;
    std::uint64_t since_ns;
    Notice notice;
  };

  const PrematureJoinOptions& options_;
  std::deque<Waiting> waiting_;  // in order of time
  std::uint64_t now_ns_ = 0;
};

}  // namespace mptap
