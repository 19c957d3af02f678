// The line that `systemctl status` shows.
#include "daemon/status_line.h"

#include <cstdint>
#include <string>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

struct Row {
  StatusNumbers before;
  StatusNumbers now;
  std::string line;
};

TEST_CASE("a status line tells ports, connections, and what was missed since the last", "[status_line]") {
  const Row rows[] = {
      {{}, {2, 2, 41, 1'000, 0}, "2 ports up, 41 connections, 0.0 % missed"},
      {{}, {1, 1, 1, 0, 0}, "1 port up, 1 connection, 0.0 % missed"},
      {{}, {3, 1, 0, 0, 0}, "1 of 3 ports up, 0 connections, 0.0 % missed"},
      {{}, {1, 0, 0, 750, 250}, "0 of 1 port up, 0 connections, 25.0 % missed"},
      // Of the time in between only.
      {{1, 1, 0, 1'000, 1'000}, {1, 1, 0, 2'000, 1'000}, "1 port up, 0 connections, 0.0 % missed"},
      {{1, 1, 0, 1'000, 0}, {1, 1, 0, 1'900, 100}, "1 port up, 0 connections, 10.0 % missed"},
      // Neither nothing nor all where it is neither.
      {{}, {1, 1, 0, 10'000'000, 1}, "1 port up, 0 connections, below 0.1 % missed"},
      {{}, {1, 1, 0, 1, 10'000'000}, "1 port up, 0 connections, 99.9 % missed"},
      {{}, {1, 1, 0, 0, 10}, "1 port up, 0 connections, 100.0 % missed"},
      // Counters that were reset.
      {{1, 1, 0, 1'000, 1'000}, {1, 1, 0, 30, 10}, "1 port up, 0 connections, 25.0 % missed"},
  };
  for (const Row& row : rows) {
    StatusLine line;
    (void)line.format(row.before);
    CHECK(line.format(row.now) == row.line);
  }
}

}  // namespace
}  // namespace mptap
