// Links of a pair, looked at in turn.
#include "dataplane/link_mirror.h"

#include <string>
#include <vector>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr LinkState kLink{true, true};
constexpr LinkState kNoLink{true, false};
constexpr LinkState kDown{false, false};

struct Pair {
  /// `-0` port 0 is taken down, `+1` port 1 is brought up, `=` nothing.
  std::string look(LinkState first, LinkState second, std::uint64_t at_s = 100) {
    const LinkMirror::Step step = mirror.look({first, second}, at_s * kSecondNs);
    if (step.deed == LinkMirror::Deed::kNone) return "=";
    return (step.deed == LinkMirror::Deed::kTakeDown ? "-" : "+") + std::to_string(step.port);
  }
  LinkMirror mirror;
};

TEST_CASE("a port is taken down when its partner loses its link, and brought up when it is back", "[links]") {
  for (const bool swapped : {false, true}) {
    Pair pair;
    const auto look = [&](LinkState one, LinkState other) { return swapped ? pair.look(other, one) : pair.look(one, other); };
    const std::string other = swapped ? "0" : "1";
    CHECK(look(kLink, kLink) == "=");
    CHECK(look(kNoLink, kLink) == "-" + other);
    CHECK(pair.mirror.held_down() == (swapped ? 0u : 1u));
    CHECK(look(kNoLink, kDown) == "=");
    CHECK(look(kDown, kDown) == "=");  // an administrator took the other down, too
    CHECK(look(kLink, kDown) == "+" + other);
    CHECK(look(kLink, kLink) == "=");
    CHECK_FALSE(pair.mirror.held_down());
  }
}

TEST_CASE("a port that an administrator takes down has no link either", "[links]") {
  Pair pair;
  CHECK(pair.look(kLink, kLink) == "=");
  CHECK(pair.look(kLink, kDown) == "-0");
  CHECK(pair.look(kDown, kLink) == "+0");
}

TEST_CASE("where neither has a link nothing is done, until one has", "[links]") {
  Pair pair;
  CHECK(pair.look(kNoLink, kNoLink) == "=");
  CHECK(pair.look(kNoLink, kLink) == "-1");
}

TEST_CASE("a port that is brought up has time to find its link", "[links]") {
  Pair pair;
  CHECK(pair.look(kNoLink, kLink) == "-1");
  CHECK(pair.look(kLink, kDown, 110) == "+1");
  CHECK(pair.look(kLink, kNoLink, 114) == "=");
  CHECK(pair.look(kLink, kNoLink, 115) == "-0");
  CHECK(pair.look(kDown, kLink, 120) == "+0");
  CHECK(pair.look(kLink, kLink, 121) == "=");
  CHECK(pair.look(kNoLink, kLink, 122) == "-1");  // it had found one
  Pair begun;
  begun.mirror.expect_link(0, 100 * kSecondNs);
  CHECK(begun.look(kNoLink, kLink, 101) == "=");
  CHECK(begun.look(kNoLink, kLink, 105) == "-1");
}

TEST_CASE("a port that somebody else brings up is judged anew", "[links]") {
  Pair pair;
  CHECK(pair.look(kNoLink, kLink) == "-1");
  CHECK(pair.look(kNoLink, kLink, 101) == "=");
  CHECK_FALSE(pair.mirror.held_down());
  CHECK(pair.look(kNoLink, kLink, 102) == "-1");
}

}  // namespace
}  // namespace mptap
