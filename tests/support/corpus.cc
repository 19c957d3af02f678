// What the corpus shares: the clean traffic around each misuse.

#include "tests/support/corpus.h"

namespace mptap::testing {
namespace {

constexpr std::int64_t kMisuseAfterNs = 6 * kSecondNs;
constexpr std::int64_t kCleanForNs = 14 * kSecondNs;

}  // namespace

bool Corpus::needs_version(int version) {
  if (version_ == version) return true;
  stage_.truth().set_extra("impossible", "MPTCP version " + std::to_string(version_) + " has no such thing");
  bury();
  return false;
}

SubflowTruth& Corpus::attempt(const Endpoint& from, const Endpoint& to, const char* state) {
  SubflowTruth& truth = stage_.truth().add_unmatched();
  truth.orig = from;
  truth.resp = to;
  truth.is_initial = true;
  truth.state = state;
  return truth;
}

MptcpDialogue Corpus::conversation() { return conversation(spec()); }

MptcpDialogue Corpus::conversation(DialogueSpec spec) {
  spec.start_ns = start_ns_ + kMisuseAfterNs;
  MptcpDialogue dialogue = stage_.dialogue(spec);
  exchange_request(dialogue, 3'000);
  return dialogue;
}

std::size_t Corpus::join(MptcpDialogue& dialogue, std::uint8_t address_id) {
  if (stage_.options().behind_nat) {
    const IpAddress inner = ipv6_ ? IpAddress::parse("2001:db8:f0::1").plus(address_id)
                                  : IpAddress::from_v4(0xc0a80100U + address_id);
    dialogue.add_address({.from = Side::kInitiator, .address_id = address_id, .address = inner});
  }
  return join_from_second_address(dialogue, Side::kInitiator, address_id);
}

/// One of a few honest shapes, by its number.
void Corpus::play_clean(std::uint64_t number) {
  Random& random = stage_.random();
  DialogueSpec spec = stage_.spec(number % 2 == 0 ? 1 : 0, number % 3 == 2);
  spec.start_ns = start_ns_ + random.between(0, kCleanForNs);
  spec.checksums = number % 5 == 1;
  spec.segments_per_mapping = 1 + number % 3;
  MptcpDialogue dialogue = stage_.dialogue(spec);
  exchange_request(dialogue, 2'000 + random.below(8'000));
  std::size_t joined = 0;
  if (number % 4 != 0) joined = join(dialogue, 1);
  if (number % 6 == 3) join(dialogue, 2);
  if (number % 7 == 2) dialogue.add_address({.address_id = 9, .address = stage_.server(230, number % 3 == 2).address});
  dialogue.send(Side::kResponder, 3'000);
  if (joined != 0 && number % 8 == 5) dialogue.set_priority(Side::kInitiator, true, joined);
  if (joined != 0 && number % 8 == 6) dialogue.reinject(Side::kResponder, joined);
  if (joined != 0 && number % 9 == 7) {
    dialogue.remove_addresses(Side::kInitiator, {1});
    dialogue.close_subflow(joined, Side::kInitiator);
  }
  dialogue.send(Side::kInitiator, 500);
  switch (number % 10) {
    case 3: dialogue.fastclose(Side::kInitiator); break;
    case 8: dialogue.fastclose(Side::kResponder); break;
    default: dialogue.close(number % 2 == 0 ? Side::kInitiator : Side::kResponder); break;
  }
}

void Corpus::bury() {
  for (std::uint64_t i = 0; i < stage_.options().clean; ++i) play_clean(i);
}

}  // namespace mptap::testing
