// What is made of the sensor's answers, and how control is asked.
#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/control_mailbox.h"
#include "daemon/human.h"
#include "daemon/query/top_screen.h"
#include "daemon/query/views.h"
#include "tests/unit/catch.h"
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

TEST_CASE("counts, bytes, ages and shares read well", "[query]") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(999.6) == "1.0 k");
  CHECK(format_count(1'000) == "1.0 k");
  CHECK(format_count(999'950) == "1.0 M");
  CHECK(format_count(14.88e6) == "14.9 M");
  CHECK(format_count(1.8e19) == "18000.0 P");
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1'023) == "1023 B");
  CHECK(format_bytes(1'536) == "1.5 KiB");
  CHECK(format_bytes(std::uint64_t{1} << 40) == "1.0 TiB");
  CHECK(format_age(-1) == "0 s");
  CHECK(format_age(59.9) == "59 s");
  CHECK(format_age(60) == "1 min");
  CHECK(format_age(3'600 + 180) == "1 h 03 min");
  CHECK(format_age(4 * 86'400 + 5 * 3'600) == "4 d 5 h");
  CHECK(format_share(0) == "0.0 %");
  CHECK(format_share(0.0001) == "<0.1 %");
  CHECK(format_share(0.123) == "12.3 %");
}

Json status_at(double time, std::uint64_t packets) {
  return {{"ok", true},
          {"version", "1.2.3"},
          {"time", time},
          {"started", 100.0},
          {"ports", {{{"name", "eth1"}, {"up", true}, {"rx_packets", packets}, {"nic_missed", 0}, {"no_mbuf", 0}, {"rx_errors", 0}, {"missed_share", 0.0}}}},
          {"workers", {{{"rx_packets", packets}, {"rx_bytes", 100 * packets}, {"tcp_segments", packets}, {"with_mptcp", packets / 2},
                        {"subflows", 2}, {"joins_seen", 1}, {"records_built", 8}, {"ring_full_vital", 0}, {"ring_full_bulk", 0}}}},
          {"control", {{"connections", 1}, {"connections_established", 1}, {"joins_matched", 1}, {"joins_unknown", 0}, {"hmac_invalid", 0}}},
          {"stalled_threads", 0}};
}

Json subflow_from(const char* address, std::uint64_t bytes, Json proof) {
  return {{"orig_h", address}, {"orig_p", 40000}, {"resp_h", "2001:db8:ffff:ffff:ffff:ffff:ffff:2"}, {"resp_p", 443}, {"backup_at_end", false},
          {"hmac_synack", proof}, {"hmac_ack", proof}, {"orig_bytes", bytes}, {"resp_bytes", 0}};
}

Json connection_of(std::uint64_t id, std::uint64_t bytes, Json proof = true) {
  Json row = subflow_from("2001:db8:ffff:ffff:ffff:ffff:ffff:1", bytes, nullptr);
  row["MP_ID"] = id;
  row["duration"] = 61.0;
  return {{"connection", row}, {"live_subflows", 2},
          {"subflows", {subflow_from("2001:db8:ffff:ffff:ffff:ffff:ffff:1", bytes / 4, nullptr), subflow_from("10.0.0.1", bytes - bytes / 4, proof)}}};
}

Moment moment(double time, std::uint64_t packets, Json connections) {
  return {status_at(time, packets), {{"matching", connections.size()}, {"connections", std::move(connections)}}, {{"notices", Json::array()}}};
}

std::size_t line_with(const std::vector<ScreenLine>& lines, const std::string& text) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].text.find(text) != std::string::npos) return i;
  }
  return std::numeric_limits<std::size_t>::max();
}

TEST_CASE("a screen shows rates of the time in between, and who moved most first", "[query]") {
  const Moment before = moment(200, 1'000, {connection_of(1, 0), connection_of(2, 0)});
  const Moment now = moment(202, 5'000, {connection_of(1, 2'048), connection_of(2, 8'192)});
  const auto lines = fill_screen(before, now, 80, 24);
  CHECK(line_with(lines, "2.0 k packets/s, 1.6 Mbit/s, 50.0 % of TCP segments with MPTCP") < 24);
  const std::size_t second = line_with(lines, "4.0 KiB");
  const std::size_t first = line_with(lines, "1.0 KiB");
  CHECK(second < first);
  CHECK(first < 24);
  CHECK(lines[second].text.starts_with("2 "));
  CHECK(line_with(lines, "75.0 %") == second + 2);  // the second path's share
  for (const ScreenLine& line : lines) CHECK(line.text.size() <= 80);
}

TEST_CASE("a screen keeps to its size, whatever it is", "[query]") {
  Json many = Json::array();
  for (std::uint64_t i = 0; i < 200; ++i) many.push_back(connection_of(i, i));
  Moment now = moment(202, 5'000, many);
  for (int i = 0; i < 50; ++i) {
    now.notices["notices"].push_back({{"ts", 1.0}, {"severity", "high"}, {"note", "join_flood"}, {"msg", std::string(300, 'x')}});
  }
  for (const auto& [columns, rows] : {std::pair{40u, 12u}, std::pair{80u, 24u}, std::pair{300u, 100u}}) {
    const auto lines = fill_screen({}, now, columns, rows);
    CHECK(lines.size() <= rows);
    CHECK(line_with(lines, "join_flood") < rows);
    for (const ScreenLine& line : lines) CHECK(line.text.size() <= columns);
  }
}

TEST_CASE("what is wrong stands out", "[query]") {
  Moment now = moment(202, 5'000, Json::array({connection_of(1, 100, false)}));
  now.status["stalled_threads"] = 1;
  now.status["workers"][0]["ring_full_bulk"] = 3;
  const auto lines = fill_screen({}, now, 80, 24);
  for (const char* text : {"HMAC WRONG", "threads stand still", "3 lost"}) {
    const std::size_t at = line_with(lines, text);
    REQUIRE(at < lines.size());
    CHECK(lines[at].style == LineStyle::kAlarm);
  }
}

TEST_CASE("losses of ports are summed up", "[query]") {
  Json status = status_at(1, 900);
  status["ports"].push_back({{"name", "eth2"}, {"up", false}, {"rx_packets", 0}, {"nic_missed", 60}, {"no_mbuf", 40}});
  const PortSums sums = sum_ports(status);
  CHECK(sums.ports == 2);
  CHECK(sums.up == 1);
  CHECK(sums.received == 900);
  CHECK(sums.missed == 100);
}

TEST_CASE("control answers a question in steps, and who asks waits", "[query]") {
  ControlMailbox mailbox;
  test::ControlRun run;
  std::atomic<bool> end{false};
  std::thread control([&] {
    while (!end) mailbox.serve(run.correlator());
  });
  int steps = 0;
  CHECK(mailbox.ask([&steps](Correlator&) { return ++steps == 5; }, 10s));
  CHECK(steps == 5);
  CHECK(mailbox.ask([&steps](Correlator&) { return ++steps == 6; }, 10s));
  end = true;
  control.join();
}

TEST_CASE("a question that control does not answer is given up, and never touched again", "[query]") {
  ControlMailbox mailbox;
  test::ControlRun run;
  int steps = 0;
  CHECK_FALSE(mailbox.ask([&steps](Correlator&) { return ++steps == 1; }, 1ms));
  mailbox.serve(run.correlator());
  CHECK(steps == 0);
}

}  // namespace
}  // namespace mptap
