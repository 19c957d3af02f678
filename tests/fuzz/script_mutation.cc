// mutate_script(): changes a program of Script step by step.
#include <algorithm>
#include <array>
#include <cstring>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/segment_script.h"

namespace mptap::fuzz {
namespace {

using StepBytes = std::array<std::uint8_t, Step::kBytes>;
using Verb = Step::Verb;

constexpr std::uint8_t kAcceptorBit = 8;
constexpr std::uint8_t kRight = 100;  // a `choice` that leaves a segment as is right

StepBytes step_of(Verb verb, std::uint8_t where, std::uint8_t choice, std::uint8_t bits, Dice& dice) {
  return {static_cast<std::uint8_t>(verb), where, static_cast<std::uint8_t>(dice.below(8)), bits, choice, dice.byte(),
          static_cast<std::uint8_t>(dice.below(8)), dice.byte()};
}

/// Mostly data and ACKs of a flow that is near.
StepBytes any_step(Dice& dice) {
  static constexpr std::array kVerbs{Verb::kData, Verb::kData, Verb::kData, Verb::kAck, Verb::kAck, Verb::kSignal, Verb::kRepeat};
  const Verb verb = dice.once_in(2) ? kVerbs[dice.below(kVerbs.size())]
                                    : static_cast<Verb>(dice.below(static_cast<std::size_t>(Verb::kCount)));
  const std::uint8_t choice = dice.once_in(2) ? kRight : static_cast<std::uint8_t>(dice.below(24));
  StepBytes step = step_of(verb, static_cast<std::uint8_t>(dice.below(32)), choice, dice.byte(), dice);
  if (dice.once_in(8)) step[2] = dice.byte();
  return step;
}

constexpr std::size_t kHandshake = 5;

/// SYN, SYN/ACK, third ACK of one kind, and data both ways.
std::array<StepBytes, kHandshake> handshake(Dice& dice) {
  const auto flow = static_cast<std::uint8_t>(dice.below(Script::kFlows));
  const auto kind = static_cast<std::uint8_t>(dice.below(3));  // v1, v0, join
  const auto acceptor = static_cast<std::uint8_t>(flow | kAcceptorBit);
  const std::uint8_t bits = dice.once_in(2) ? 64 : 0;
  std::array<StepBytes, kHandshake> steps{
      step_of(Verb::kSyn, flow, kind, bits, dice), step_of(Verb::kAnswer, acceptor, kind, bits, dice),
      step_of(Verb::kThirdAck, flow, kind, bits, dice), step_of(Verb::kData, flow, kRight, bits, dice),
      step_of(Verb::kData, acceptor, kRight, bits, dice)};
  for (StepBytes& step : steps) step[5] = steps[0][5];  // one port, one key
  return steps;
}

/// The program, in whole steps.
class Program {
 public:
  Program(std::uint8_t* bytes, std::size_t size, std::size_t room) : bytes_(bytes), size_(size / kStep * kStep), room_(room) {}

  [[nodiscard]] std::size_t steps() const { return size_ / kStep; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint8_t* step(std::size_t index) { return bytes_ + index * kStep; }

  void insert(std::size_t index, const StepBytes* steps, std::size_t count) {
    if (size_ + count * kStep > room_) return;
    std::memmove(step(index + count), step(index), size_ - index * kStep);
    std::memcpy(step(index), steps, count * kStep);
    size_ += count * kStep;
  }
  void erase(std::size_t index, std::size_t count) {
    std::memmove(step(index), step(index + count), size_ - (index + count) * kStep);
    size_ -= count * kStep;
  }

 private:
  static constexpr std::size_t kStep = Step::kBytes;
  std::uint8_t* bytes_;
  std::size_t size_;
  std::size_t room_;
};

}  // namespace

std::size_t mutate_script(Dice& dice, std::uint8_t* data, std::size_t size, std::size_t max_size, std::size_t head) {
  if (dice.once_in(8)) return LLVMFuzzerMutate(data, size, max_size);
  if (max_size < head) return size;
  if (size < head) {
    std::fill(data + size, data + head, std::uint8_t{0});
    size = head;
  }
  Program program(data + head, size - head, max_size - head);
  const std::size_t steps = program.steps();
  const std::size_t at = dice.below(steps + 1);
  switch (steps == 0 ? 0 : dice.below(8)) {
    case 0: {
      const auto opening = handshake(dice);
      program.insert(at, opening.data(), opening.size());
      break;
    }
    case 1:
    case 2:
    case 3: {
      const StepBytes step = any_step(dice);
      program.insert(at, &step, 1);
      break;
    }
    case 4: program.erase(at % steps, std::min(steps - at % steps, 1 + dice.below(4))); break;
    case 5: {  // once more, elsewhere
      StepBytes step;
      std::memcpy(step.data(), program.step(dice.below(steps)), step.size());
      program.insert(at, &step, 1);
      break;
    }
    case 6: program.step(at % steps)[dice.below(Step::kBytes)] = dice.byte(); break;
    default: data[dice.below(head)] = dice.byte(); break;
  }
  return head + program.size();
}

}  // namespace mptap::fuzz
