#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/scenario.h"

namespace mptap::testing {

/// The stage of the labelled corpus: one misuse at a time, in the version and family asked for, buried in clean
/// connections where the command line wants that.
class Corpus {
 public:
  explicit Corpus(Stage& stage)
      : stage_(stage),
        version_(stage.options().version.value_or(1)),
        ipv6_(stage.options().ipv6),
        start_ns_(stage.now_ns()) {}

  /// Plays the clean connections around what the scenario plays. Call last.
  void bury();

  /// False, and noted in the truth, where this version has no such misuse: the scenario returns then.
  [[nodiscard]] bool needs_version(int version);

  Stage& stage() { return stage_; }
  [[nodiscard]] int version() const { return version_; }
  Endpoint client() { return stage_.next_client(ipv6_); }
  [[nodiscard]] Endpoint server(std::uint32_t number) const { return stage_.server(number, ipv6_); }
  DialogueSpec spec() { return stage_.spec(version_, ipv6_); }
  MptcpDialogue dialogue(const DialogueSpec& spec) { return stage_.dialogue(spec); }
  /// The truth of an attempt at a connection that comes to nothing.
  SubflowTruth& attempt(const Endpoint& from, const Endpoint& to, const char* state);
  void expect(const std::string& note, std::uint64_t count = 1) { stage_.truth().expect_notice(note, count); }

  /// A connection after its first request and answer, some seconds after the stage's begin.
  MptcpDialogue conversation();
  MptcpDialogue conversation(DialogueSpec spec);

  /// A completed join of the initiator; behind NAT its address is advertised before, as the initiator knows it.
  std::size_t join(MptcpDialogue& dialogue, std::uint8_t address_id);

 private:
  void play_clean(std::uint64_t number);

  Stage& stage_;
  const int version_;
  const bool ipv6_;
  const std::int64_t start_ns_;
};

/// The number with which the first byte of `side`'s data begins.
inline std::uint64_t first_dsn(const MptcpDialogue& dialogue, Side side) {
  return derive_idsn(dialogue.spec().version, dialogue.key(side)) + 1;
}

}  // namespace mptap::testing
