// A source that replays a capture without end and makes each round new traffic.
#pragma once

#include <cstdint>

#include "dataplane/packet_source.h"
#include "tests/bench/rewrite_plan.h"

namespace mptap::bench {

/// Changes the frames of a plan's capture, which are given to it in order and over and over. Checksums are
/// left as they were: nobody verifies them. One thread.
class Rewriter {
 public:
  /// @param plan, keys  Outlive this.
  /// @param first_round, step  Rounds are first_round, first_round + step ...: two workers share no
  /// connection.
  Rewriter(const RewritePlan& plan, const RoundKeys& keys, std::uint64_t first_round, std::uint64_t step)
      : plan_(plan), keys_(keys), round_(first_round), step_(step), row_(keys.of_round(first_round)) {}

  [[nodiscard]] bool is_idle() const { return plan_.rewriting == Rewriting::kNone; }

  /// @param frame  The next one's bytes.
  void rewrite(std::uint8_t* frame) noexcept;

  /// Rounds that were begun.
  [[nodiscard]] std::uint64_t rounds() const { return begun_; }

 private:
  const RewritePlan& plan_;
  const RoundKeys& keys_;
  std::uint64_t round_;
  const std::uint64_t step_;
  std::uint64_t begun_ = 1;
  std::size_t next_ = 0;  // frame of the plan
  const ConnectionKeys* row_;
};

/// Rewrites what another source delivers. The worker's thread.
class RewritingSource final : public PacketSource {
 public:
  /// @param source    Its buffers may be written. Both outlive this.
  RewritingSource(PacketSource& source, Rewriter& rewriter) : source_(source), rewriter_(rewriter) {}

  ReceiveStatus receive(Burst& burst) noexcept override {
    const ReceiveStatus status = source_.receive(burst);
    if (rewriter_.is_idle()) return status;
    for (std::size_t i = 0; i < burst.size; ++i)
      rewriter_.rewrite(const_cast<std::uint8_t*>(burst.packets[i].data));
    return status;
  }
  void release(std::uint64_t dropped) noexcept override { source_.release(dropped); }
  [[nodiscard]] bool is_live() const override { return source_.is_live(); }

 private:
  PacketSource& source_;
  Rewriter& rewriter_;
};

}  // namespace mptap::bench
