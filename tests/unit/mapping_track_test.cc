// What the track of one direction's mappings notices, and what it takes for granted.
#include "dataplane/mapping_track.h"

#include "dataplane/subflow_slot.h"

#include <vector>

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
      {"an older one, forgotten", {{1, 1000, 9}, {10, 1009, 9}, {19, 1018, 9}, {28, 1027, 9}, {37, 1036, 9}, {1, 2000, 9}}, false, 0},
      {"numbers wrap", {{0xffffffc0u, 0xffffff00u, 128}, {0x40u, 0xffffff80u, 128}, {0x41u, 0xffffff80u, 1}}, true, 0},
      {"wrapped and in order", {{0xffffffc0u, 0xffffff00u, 128}, {0x40u, 0xffffff80u, 128}}, false, 0},
      {"tiny ones that jump", {{1, 1000, 16}, {17, 1100, 16}, {33, 1300, 16}}, false, 2},
      {"tiny ones in order", {{1, 1000, 16}, {17, 1016, 16}, {33, 1032, 16}}, false, 0},
      {"large ones that jump", {{1, 1000, 1400}, {1401, 9000, 1400}}, false, 0},
      {"a retransmission of a tiny one is no jump", {{1, 1000, 16}, {17, 1100, 16}, {1, 1000, 16}}, false, 1},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    MappingTrack track{};
    bool conflict = false;
    std::uint32_t tiny_jumps = 0;
    for (const Mapping& mapping : row.mappings) {
      const MappingTrack::Noted noted = track.note(mapping.ssn, mapping.dsn, mapping.bytes);
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
  tracks.of(0, 1, 0).last_mapped_ns = 7;
  CHECK(tracks.of(0, 1, 0).remembers(1, 100));
  CHECK_FALSE(tracks.of(0, 1, 1).remembers(1, 100));
  CHECK(tracks.last_mapped_ns(0, 1, 0) == 7);
  CHECK(tracks.last_mapped_ns(0, 2, 0) == 0);   // the slot's next user
  CHECK(tracks.last_mapped_ns(MappingTracks::kTracks / 2, 1, 0) == 0);  // shares its place
  (void)tracks.of(MappingTracks::kTracks / 2, 1, 0);
  CHECK(tracks.last_mapped_ns(0, 1, 0) == 0);
  CHECK_FALSE(tracks.of(0, 1, 0).remembers(1, 100));
}

}  // namespace
}  // namespace mptap
