// What a good configuration means, and files that cannot be read or must not hang.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/config_loader.h"
#include "config/reload.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

Config load(const std::string& yaml) {
  INFO(yaml);
  const ConfigResult result = parse_config(yaml, "f");
  for (const ConfigError& error : result.errors) UNSCOPED_INFO(error.to_string());
  REQUIRE(result.errors.empty());
  return result.config;
}

TEST_CASE("Nothing is a configuration of defaults", "[config]") {
  const std::string defaults = print_config({});
  for (const std::string yaml :
       {"", "\n", "# nothing\n", "---\n", "---\n...\n", "null", "\xEF\xBB\xBF", "{}", "detectors:\n",
        "logs:\n  # queue: 3\nports:\n", "cores: []", "ports: []", "cores:", "%YAML 1.2\n---\n"}) {
    CHECK((print_config(load(yaml)) == defaults));
  }
}

TEST_CASE("Settings reach their fields", "[config]") {
  const Config config = load(R"(
ports:
  - interface: eth1
    driver: af_xdp
    receive_descriptors: 4096
    promiscuous: false
  - {pci: 0000:01:00.0}
  - {vdev: "net_null0,size=64"}
workers: 3
cores: [2, 3, 5]
poll: busy
max_rest: 1ms
hugepages: never
memory: 2GiB
mbufs: 131072
max_frame: 1518
frames: {decapsulate: off, max_depth: 16, vlan_in_identity: on, tunnel_in_identity: true, vxlan_port: 8472, gtpu_port: 65535}
subflows: {capacity: 1024, idle_timeout: 30m, unanswered_timeout: 10s, midstream_timeout: 1m, linger: 0s,
           closed_share: 2, receiver_share: 4, counters_interval: 500ms, ring: 1024, overflow: 2048}
connections: {max: 4096, linger: 1h, join_grace: 0s, max_waiting_joins: 10}
detectors:
  join_flood: {enabled: false, threshold: 50, interval: 1s, max_receivers: 9, top_sources: 0}
  duplicate_add_addr: {enabled: false, repeats: false}
  key_change: {enabled: false}
  unknown_join: {enabled: false}
  rejected: {enabled: false}
logs: {directory: /var/log/mptap, format: json, subflows: false, connections: false, notices: false,
       events: [mp_join, connection], attempts_per_second: 0, queue: 64}
metrics: {enabled: false, listen: 127.0.0.2:0}
messages: {level: debug}
eal: {log_level: notice}
)");
  const auto& ports = config.startup.dataplane.ports;
  REQUIRE(ports.size() == 3);
  CHECK(ports[0].interface == "eth1");
  CHECK(ports[0].driver == PortDriver::kAfXdp);
  CHECK(ports[0].receive_descriptors == 4'096);
  CHECK_FALSE(ports[0].promiscuous);
  CHECK(ports[1].pci == "0000:01:00.0");
  CHECK(ports[1].interface.empty());
  CHECK(ports[1].promiscuous);
  CHECK(ports[1].receive_descriptors == 2'048);
  CHECK(ports[2].vdev == "net_null0,size=64");
  CHECK(config.startup.dataplane.workers == 3);
  CHECK(config.startup.dataplane.cores == std::vector<std::uint32_t>{2, 3, 5});
  CHECK(config.startup.dataplane.poll == PollMode::kBusy);
  CHECK(config.startup.dataplane.rest_ns == 1'000'000);
  CHECK(config.startup.dataplane.hugepages == HugepageUse::kNever);
  CHECK(config.startup.dataplane.memory_bytes == 2'147'483'648);
  CHECK(config.startup.dataplane.mbufs == 131'072);
  CHECK(config.startup.dataplane.max_frame_bytes == 1'518);
  CHECK(config.startup.dataplane.eal_log_level == "notice");
  const WorkerOptions& worker = config.startup.worker;
  CHECK_FALSE(worker.frame.decapsulate);
  CHECK(worker.frame.max_depth == 16);
  CHECK(worker.frame.vlan_in_identity);
  CHECK(worker.frame.tunnel_in_identity);
  CHECK(worker.frame.vxlan_port == 8'472);
  CHECK(worker.frame.gtpu_port == 65'535);
  CHECK(worker.table.capacity == 1'024);
  CHECK(worker.table.idle_timeout_ns == 1'800 * kSecond);
  CHECK(worker.table.unanswered_timeout_ns == 10 * kSecond);
  CHECK(worker.table.midstream_timeout_ns == 60 * kSecond);
  CHECK(worker.table.linger_ns == 0);
  CHECK(worker.table.closed_share == 2);
  CHECK(worker.table.receiver_share == 4);
  CHECK(worker.counters_interval_ns == kSecond / 2);
  CHECK(worker.ring_capacity == 1'024);
  CHECK(worker.overflow_capacity == 2'048);
  CHECK(config.startup.correlator.max_connections == 4'096);
  CHECK(config.startup.correlator.linger_ns == 3'600 * kSecond);
  CHECK(config.startup.correlator.join_grace_ns == 0);
  CHECK(config.startup.correlator.max_waiting_joins == 10);
  const DetectorOptions& detectors = config.runtime.detectors;
  CHECK_FALSE(detectors.join_flood.enabled);
  CHECK(detectors.join_flood.threshold == 50);
  CHECK(detectors.join_flood.interval_ns == kSecond);
  CHECK(detectors.join_flood.max_receivers == 9);
  CHECK(detectors.join_flood.top_sources == 0);
  CHECK_FALSE(detectors.duplicate_add_addr.enabled);
  CHECK_FALSE(detectors.duplicate_add_addr.repeats);
  CHECK_FALSE(detectors.key_change.enabled);
  CHECK_FALSE(detectors.unknown_join.enabled);
  CHECK_FALSE(detectors.rejected.enabled);
  const LogOptions& logs = config.runtime.logs;
  CHECK(logs.directory == "/var/log/mptap");
  CHECK(logs.format == LogFormat::kJson);
  CHECK_FALSE(logs.subflows);
  CHECK_FALSE(logs.connections);
  CHECK_FALSE(logs.notices);
  CHECK(logs.events == std::vector<std::string>{"mp_join", "connection"});
  CHECK(logs.attempts_per_second == 0);
  CHECK(logs.queue_rows == 64);
  CHECK_FALSE(config.startup.metrics.enabled);
  CHECK(config.startup.metrics.listen == "127.0.0.2:0");
  CHECK(config.runtime.messages.level == "debug");
}

TEST_CASE("Workers make the records that the chosen events need", "[config]") {
  struct Row {
    std::string events;
    bool every_dss;
    bool every_option;
  };
  for (const Row& row :
       {Row{"[]", false, false}, Row{"[mp_join, subflow]", false, false}, Row{"[mp_dss]", true, false},
        Row{"[mptcp]", true, true}, Row{"[mp_fail, mptcp, mp_dss]", true, true}}) {
    INFO(row.events);
    const RecordChoice records = load("logs: {events: " + row.events + "}").startup.worker.records;
    CHECK(records.every_dss == row.every_dss);
    CHECK(records.every_option == row.every_option);
  }
}

TEST_CASE("A reload says which settings need a restart", "[config]") {
  const auto names = [](const std::string& before, const std::string& after) {
    return find_restart_settings(load(before), load(after));
  };
  using Paths = std::vector<std::string>;
  CHECK(names("", "").empty());
  CHECK(names("", "detectors: {join_flood: {threshold: 3}}\nlogs: {format: json}").empty());
  CHECK(names("", "workers: 2\nsubflows: {linger: 1s}") == Paths{"workers", "subflows.linger"});
  CHECK(names("ports: [{interface: a}]", "ports: [{interface: b}]") == Paths{"ports[].interface"});
  CHECK(names("ports: [{interface: a}]", "") == Paths{"ports"});
  CHECK(names("", "logs: {events: [mp_join]}").empty());
  CHECK(names("", "logs: {events: [mp_dss]}") == Paths{"logs.events"});
}

/// A directory of this test's own, removed at its end.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mptap-config-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST_CASE("A file is loaded and its name stands in the errors", "[config]") {
  const Scratch scratch;
  CHECK(load_config(scratch.write("good.yaml", "workers: 2\n")).config.startup.dataplane.workers == 2);
  const std::string path = scratch.write("bad.yaml", "workers: 0\n");
  const ConfigResult result = load_config(path);
  REQUIRE(result.errors.size() == 1);
  CHECK_FALSE(result.unreadable);
  CHECK(result.errors[0].to_string().starts_with(path + ":1:10: `workers` must be"));
}

TEST_CASE("A file that cannot be read is the machine's fault, with its name and what to do", "[config]") {
  const Scratch scratch;
  struct Row {
    std::string path;
    std::string message;
  };
  std::vector<Row> rows = {
      {scratch.path() / "none.yaml", "this file does not exist; check the path"},
      {scratch.path(), "this is a directory; name the YAML file in it"},
      {scratch.write("file", "") + "/x", "a part of this path is not a directory; check the path"},
  };
  if (geteuid() != 0) {
    const std::string secret = scratch.write("secret.yaml", "workers: 2\n");
    std::filesystem::permissions(secret, std::filesystem::perms::none);
    rows.push_back(
        {secret, "no permission to read this file; make it readable for the user that runs mptap"});
  }
  for (const Row& row : rows) {
    const ConfigResult result = load_config(row.path);
    CHECK(result.unreadable);
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors[0].line == 0);
    CHECK(result.errors[0].to_string() == row.path + ": " + row.message);
  }
}

std::string repeat(const std::string& part, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += part;
  return text;
}

TEST_CASE("No text hangs the loader or floods its reader", "[config]") {
  std::string laughs = "a: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string inner = "*a" + std::to_string(i - 1);
    laughs += "b" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + inner + ", " + inner + "]\n";
  }
  std::vector<std::string> texts = {laughs, repeat("x", 2'000'000), "x: \"" + repeat("x", 100'000) + "\""};
  for (const char* part :
       {"{a: ",         "[a: ",           "[",   "{",   ", ",  ": ",   "- ", "? ", "- - a: ", "a: |\n b\n",
        "a:\n",         "---\n",          "&a ", "*a ", "!a ", "%a\n", "\"", "'",  "a: \"",   "workers: x\n",
        "wrokers: 1\n", "ports:\n- {}\n", "\n",  "#"}) {
    texts.push_back(repeat(part, 100'000));
  }
  for (const char* list : {"cores: [", "ports: [", "logs: {events: ["}) {
    texts.push_back(list + repeat("1,", 100'000) + (std::string(list).starts_with("logs") ? "]}" : "]"));
  }
  for (const std::string& text : texts) {
    INFO(text.substr(0, 40));
    const ConfigResult result = parse_config(text, "f");
    CHECK(result.errors.size() <= 101);
    std::size_t bytes = 0;
    for (const ConfigError& error : result.errors) bytes += error.message.size();
    CHECK(bytes < 100'000);
  }
}

TEST_CASE("More than a hundred mistakes are counted, not listed", "[config]") {
  const ConfigResult result = parse_config(repeat("zz: 1\n", 6 * 150), "f");
  REQUIRE(result.errors.size() == 101);
  CHECK(result.errors.back().line == 101);
  CHECK(result.errors.back().message == "and 50 more mistakes from here on");
}

TEST_CASE("A text of more than 1 MiB is refused", "[config]") {
  CHECK(parse_config(std::string(1 << 20, '\n'), "f").errors.empty());
  const ConfigResult result = parse_config(std::string((1 << 20) + 1, '\n'), "f");
  REQUIRE(result.errors.size() == 1);
  CHECK(result.errors[0].to_string() == "f: this is longer than 1 MiB; a configuration is a few kilobytes");
}

}  // namespace
}  // namespace mptap
