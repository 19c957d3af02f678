// What the sensor says of vital records that it lost: once a spell.
#include "daemon/loss_spell.h"

#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST_CASE("nothing lost, nothing said", "[loss_spell]") {
  LossSpell spell;
  for (std::uint64_t second = 0; second < 60; ++second) CHECK_FALSE(spell.look(0, 0, second * kSecond));
  CHECK_FALSE(spell.finish(0, 0, 61 * kSecond));
}

TEST_CASE("a spell is told when it begins and when it is over, and not in between", "[loss_spell]") {
  LossSpell spell;
  CHECK_FALSE(spell.look(0, 0, 0));
  CHECK(spell.look(5, 2, kSecond) ==
        "control does not keep up: 5 vital records lost so far; notices of what was not seen are held back where it may be among them");
  CHECK_FALSE(spell.look(9, 3, 5 * kSecond));
  CHECK_FALSE(spell.look(9, 3, 14 * kSecond));
  CHECK_FALSE(spell.look(10, 4, 14 * kSecond));  // still the same spell
  CHECK_FALSE(spell.look(10, 4, 23 * kSecond));
  CHECK(spell.look(10, 4, 24 * kSecond) == "10 vital records lost within 14 seconds, none since; 4 notices held back until now");
  CHECK_FALSE(spell.look(10, 5, 60 * kSecond));
}

TEST_CASE("another spell is told anew, with its own numbers", "[loss_spell]") {
  LossSpell spell;
  CHECK(spell.look(5, 2, kSecond));
  CHECK(spell.look(5, 2, 11 * kSecond));
  CHECK(spell.look(6, 2, 100 * kSecond) ==
        "control does not keep up: 1 vital record lost so far; notices of what was not seen are held back where it may be among them");
  CHECK(spell.look(6, 3, 110 * kSecond) == "1 vital record lost within 1 second, none since; 1 notice held back until now");
}

TEST_CASE("a sensor that stops within a spell says how it went", "[loss_spell]") {
  LossSpell spell;
  CHECK(spell.look(5, 0, kSecond));
  CHECK(spell.finish(7, 1, 3 * kSecond) == "7 vital records lost within 3 seconds, none since; 1 notice held back until now");
  CHECK_FALSE(spell.finish(7, 1, 4 * kSecond));
  LossSpell late;
  CHECK(late.finish(7, 1, 3 * kSecond) == "7 vital records lost within 1 second, none since; 1 notice held back until now");
}

}  // namespace
}  // namespace mptap
