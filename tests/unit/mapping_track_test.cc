// What the track of one direction's mappings notices, and what it takes for granted.
#include "dataplane/mapping_track.h"

#include <vector>

#include "dataplane/subflow_slot.h"
#include "tests/support/random.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

struct Mapping {
  std::uint32_t ssn;
  std::uint32_t dsn;
  std::uint16_t bytes;
};

struct Row {
  const char* what;
  std::vector<Mapping> mappings;
  bool conflict;  // of the last one
  std::uint32_t tiny_jumps;
};

/// A direction that tells its track of the mappings that do not go on, as the tracker does.
class Direction {
 public:
  MappingTrack::Noted map(const Mapping& mapping) {
    const std::uint32_t ssn_end = mapping.ssn + mapping.bytes;
    const std::uint32_t dsn_end = mapping.dsn + mapping.bytes;
    MappingTrack::Noted noted{};
    const bool goes_on = begun_ && mapping.ssn == static_cast<std::uint32_t>(ssn_high_) && mapping.dsn == dsn_high_;
    if (!begun_) ssn_high_ = mapping.ssn;
    if (!goes_on) {
      track_.catch_up(ssn_high_, dsn_high_);
      noted = track_.note(mapping.ssn, mapping.dsn, mapping.bytes);
    }
    if (Ssn{static_cast<std::uint32_t>(ssn_high_)}.before(Ssn{ssn_end})) ssn_high_ += ssn_end - static_cast<std::uint32_t>(ssn_high_);
    if (!begun_ || Ssn{dsn_high_}.before(Ssn{dsn_end})) dsn_high_ = dsn_end;
    if (!goes_on) track_.ssn_high = ssn_high_;
    begun_ = true;
    return noted;
  }
  /// Goes on for so many bytes.
  void run(std::uint64_t bytes) {
    while (bytes != 0) {
      const auto part = static_cast<std::uint16_t>(bytes < 65'535 ? bytes : 65'535);
      map({static_cast<std::uint32_t>(ssn_high_), dsn_high_, part});
      bytes -= part;
    }
  }
  [[nodiscard]] bool covers(std::uint32_t ssn, std::uint32_t bytes) {
    track_.catch_up(ssn_high_, dsn_high_);
    return track_.covers(ssn, bytes);
  }

 private:
  MappingTrack track_{};
  std::uint64_t ssn_high_ = 0;
  std::uint32_t dsn_high_ = 0;
  bool begun_ = false;
};

TEST_CASE("mappings in order, again, apart, and against each other", "[mapping]") {
  const Row rows[] = {
      {"one after the other", {{1, 1000, 100}, {101, 1100, 100}, {201, 1200, 100}}, false, 0},
      {"the same again, as segmentation offload does", {{1, 1000, 100}, {1, 1000, 100}, {1, 1000, 100}}, false, 0},
      {"one SSN, two DSNs", {{1, 1000, 100}, {1, 5000, 100}}, true, 0},
      {"overlap that agrees", {{1, 1000, 100}, {51, 1050, 100}}, false, 0},
      {"overlap that differs", {{1, 1000, 100}, {51, 1051, 100}}, true, 0},
      {"overlap from before that differs", {{51, 1050, 100}, {1, 1001, 100}}, true, 0},
      {"side by side is no overlap", {{1, 1000, 100}, {101, 7000, 100}}, false, 0},
      {"an older one, still remembered", {{1, 1000, 9}, {10, 1009, 9}, {19, 1018, 9}, {28, 1027, 9}, {1, 2000, 9}}, true, 0},
      {"deep in a run", {{1, 1000, 9}, {10, 1009, 9}, {19, 1018, 9}, {28, 1027, 9}, {37, 1036, 9}, {10, 2009, 9}}, true, 0},
      {"deep in a run, and agrees", {{1, 1000, 9}, {10, 1009, 9}, {19, 1018, 9}, {28, 1027, 9}, {37, 1036, 9}, {8, 1007, 12}}, false, 0},
      {"an older run, still remembered", {{1, 1000, 99}, {100, 2000, 99}, {199, 3000, 99}, {298, 4000, 99}, {1, 9000, 9}}, true, 0},
      {"an older run, forgotten",
       {{1, 1000, 99}, {100, 2000, 99}, {199, 3000, 99}, {298, 4000, 99}, {397, 5000, 99}, {1, 9000, 9}}, false, 0},
      {"a late one keeps the latest run", {{1, 1000, 99}, {200, 1199, 99}, {100, 1099, 99}, {299, 1298, 99}, {299, 1999, 99}}, true, 0},
      {"late ones, of which the oldest leaves",
       {{1, 1000, 9}, {100, 1099, 9}, {20, 1019, 9}, {40, 1039, 9}, {60, 1059, 9}, {80, 1079, 9}, {20, 5000, 9}}, false, 1},
      {"numbers wrap", {{0xffffffc0u, 0xffffff00u, 128}, {0x40u, 0xffffff80u, 128}, {0x41u, 0xffffff80u, 1}}, true, 0},
      {"wrapped and in order", {{0xffffffc0u, 0xffffff00u, 128}, {0x40u, 0xffffff80u, 128}}, false, 0},
      {"tiny ones that jump", {{1, 1000, 16}, {17, 1100, 16}, {33, 1300, 16}}, false, 2},
      {"tiny ones in order", {{1, 1000, 16}, {17, 1016, 16}, {33, 1032, 16}}, false, 0},
      {"large ones that jump", {{1, 1000, 1400}, {1401, 9000, 1400}}, false, 0},
      {"a retransmission of a tiny one is no jump", {{1, 1000, 16}, {17, 1100, 16}, {1, 1000, 16}}, false, 1},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Direction direction;
    bool conflict = false;
    std::uint32_t tiny_jumps = 0;
    for (const Mapping& mapping : row.mappings) {
      const MappingTrack::Noted noted = direction.map(mapping);
      conflict = noted.conflict;
      tiny_jumps += noted.tiny_jump ? 1 : 0;
    }
    CHECK(conflict == row.conflict);
    CHECK(tiny_jumps == row.tiny_jumps);
  }
}

TEST_CASE("a slot tells a thing once a direction", "[mapping]") {
  SubflowSlot slot{};
  for (const unsigned direction : {0u, 1u}) {
    CHECK(slot.tell_first(direction, track_bit::kConflict));
    CHECK(slot.tell_first(direction, track_bit::kReservedBits));
    CHECK_FALSE(slot.tell_first(direction, track_bit::kConflict));
    CHECK_FALSE(slot.tell_first(direction, track_bit::kReservedBits));
  }
}

TEST_CASE("a direction finds its track until another takes its place", "[mapping]") {
  MappingTracks tracks;
  tracks.of(0, 1, 0).note(1, 1000, 100);
  CHECK(tracks.of(0, 1, 0).covers(1, 100));
  CHECK_FALSE(tracks.of(0, 1, 1).covers(1, 100));
  CHECK_FALSE(tracks.of(0, 2, 0).covers(1, 100));   // the slot's next user
  tracks.of(0, 1, 0).note(1, 1000, 100);
  (void)tracks.of(MappingTracks::kTracks / 2, 1, 0);  // shares its place
  CHECK_FALSE(tracks.of(0, 1, 0).covers(1, 100));
}

TEST_CASE("SSNs that come round are not those of the turn before", "[mapping]") {
  constexpr std::uint64_t kTurn = std::uint64_t{1} << 32;
  Direction direction;
  direction.map({1, 1000, 100});
  direction.map({101, 5000, 100});           // jumps: two runs, the second goes on
  direction.run(kTurn - 100);                // once round, to SSN 101
  CHECK_FALSE(direction.map({1, 4900, 100}).conflict);  // again, of this turn; the first run was a turn ago
  CHECK_FALSE(direction.map({151, 9'000'000, 100}).conflict);
}

TEST_CASE("of a long run the newest part is remembered", "[mapping]") {
  Direction direction;
  direction.map({1, 1000, 100});
  direction.run(2 * std::uint64_t{MappingTrack::kLongest});
  const std::uint32_t high = 101 + 2 * MappingTrack::kLongest;
  CHECK(direction.covers(high - MappingTrack::kLongest, 100));
  CHECK_FALSE(direction.covers(high - MappingTrack::kLongest - 1, 100));
  CHECK(direction.map({high - 5000, 77, 100}).conflict);
}

TEST_CASE("what is called a conflict is one, whatever the order of mappings", "[mapping]") {
  testing::Random random(11);
  std::uint32_t conflicts = 0;
  for (int round = 0; round < 300; ++round) {
    constexpr std::uint32_t kBytes = 4000;
    std::vector<std::vector<std::uint32_t>> offsets(kBytes);  // of each SSN: DSN - SSN of all that mapped it
    Direction direction;
    std::uint32_t ssn = 1;
    std::uint32_t offset = 10'000;
    for (int i = 0; i < 120 && ssn < kBytes - 200; ++i) {
      if (random.chance(0.1)) offset += static_cast<std::uint32_t>(random.below(500));
      const auto bytes = static_cast<std::uint16_t>(1 + random.below(60));
      Mapping mapping{ssn, ssn + offset, bytes};
      if (random.chance(0.25)) {  // again, or late, or wrong
        mapping.ssn = 1 + static_cast<std::uint32_t>(random.below(ssn));
        mapping.dsn = mapping.ssn + offset - static_cast<std::uint32_t>(random.chance(0.3) ? random.below(500) : 0);
      } else {
        ssn += bytes + static_cast<std::uint32_t>(random.chance(0.1) ? random.below(100) : 0);
      }
      const MappingTrack::Noted noted = direction.map(mapping);
      bool is_one = false;
      for (std::uint32_t at = mapping.ssn; at < mapping.ssn + mapping.bytes; ++at) {
        for (const std::uint32_t other : offsets[at]) is_one = is_one || other != mapping.dsn - mapping.ssn;
        offsets[at].push_back(mapping.dsn - mapping.ssn);
      }
      conflicts += noted.conflict ? 1 : 0;
      if (noted.conflict) REQUIRE(is_one);
      if (noted.conflict) REQUIRE(mapping.dsn - mapping.ssn != noted.other_dsn - mapping.ssn);
    }
  }
  CHECK(conflicts > 1000);
}

TEST_CASE("bytes mapped: turns, holes, and a beginning that was not seen", "[mapping]") {
  SubflowSlot slot{};
  SlotRare rare{};
  CHECK(mapped_bytes_of(slot, rare, 0) == 0);
  slot.numbers[0].ssn_high = 1;
  raise_ssn_high(slot, 0, 101);
  CHECK(mapped_bytes_of(slot, rare, 0) == 100);
  CHECK(mapped_bytes_of(slot, rare, 1) == 0);
  raise_ssn_high(slot, 0, 0x7fff'0000u);
  raise_ssn_high(slot, 0, 0xfffe'0000u);
  raise_ssn_high(slot, 0, 0x10u);
  CHECK(mapped_bytes_of(slot, rare, 0) == 0x1'0000'000full);
  rare.direction[0].ssn_hole = 0xf;
  CHECK(mapped_bytes_of(slot, rare, 0) == 0x1'0000'0000ull);
  rare.direction[1].ssn_before = 0xffff'ff00u;
  slot.numbers[1].ssn_high = 0xffff'ff01u;
  raise_ssn_high(slot, 1, 0x1u);
  CHECK(mapped_bytes_of(slot, rare, 1) == 0x100);
}

TEST_CASE("the time of the latest mapping is not told later than it was", "[mapping]") {
  constexpr std::uint64_t kDay = 86'400ull * 1'000'000'000;
  constexpr std::uint64_t kMidnight = 1'800'000'000ull * 1'000'000'000;
  for (const std::uint64_t then : {kMidnight, kMidnight + 1, kMidnight + 123'456'789, std::uint64_t{1} << 52}) {
    for (const std::uint64_t later : {std::uint64_t{0}, std::uint64_t{999'999}, kDay, 40 * kDay}) {
      const std::uint64_t told = time_of_mapped_step(mapped_step_of(then), then + later);
      CHECK(told <= then);
      CHECK(then - told <= 2u << 20);
    }
  }
  CHECK(time_of_mapped_step(0, kMidnight) == 0);
  CHECK(time_of_mapped_step(mapped_step_of(5), 5) == 0);
}

}  // namespace
}  // namespace mptap
