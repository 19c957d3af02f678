// Every mistake in a configuration, with its place and its sentence.
#include <string>
#include <vector>

#include "config/config_loader.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

/// "line:column: " and a part of the message.
struct Expected {
  std::string place;
  std::string part;
};

struct Row {
  std::string yaml;
  std::vector<Expected> expected;
};

void check(const Row& row) {
  INFO(row.yaml);
  const ConfigResult result = parse_config(row.yaml, "f");
  CHECK_FALSE(result.unreadable);
  std::string all;
  for (const ConfigError& error : result.errors) all += error.to_string() + "\n";
  INFO(all);
  REQUIRE(result.errors.size() == row.expected.size());
  for (std::size_t i = 0; i < row.expected.size(); ++i) {
    const std::string text = result.errors[i].to_string();
    INFO(text);
    CHECK(text.starts_with("f:" + row.expected[i].place + ": "));
    CHECK(text.find(row.expected[i].part) != std::string::npos);
  }
}

TEST_CASE("Wrong values", "[config]") {
  const Row rows[] = {
      {"workers: 0", {{"1:10", "`workers` must be a whole number from 1 to 64 (threads), not `0`"}}},
      {"workers: 65", {{"1:10", "from 1 to 64"}}},
      {"workers: two", {{"1:10", "not `two`"}}},
      {"workers: -1", {{"1:10", "not `-1`"}}},
      {"workers: 1.5", {{"1:10", "a whole number"}}},
      {"workers: \"2\"", {{"1:10", "remove the quotes"}}},
      {"workers: 18446744073709551617", {{"1:10", "from 1 to 64"}}},
      {"workers: [2]", {{"1:10", "not a list"}}},
      {"workers: {a: 2}", {{"1:10", "not a group"}}},
      {"workers:\n", {{"1:1", "`workers` has no value"}}},
      {"workers: null", {{"1:1", "`workers` has no value"}}},
      {"frames:\n  decapsulate: yes", {{"2:16", "must be true or false, not `yes`"}}},
      {"frames: {decapsulate: True}", {{"1:23", "must be true or false, not `True`"}}},
      {"frames: {decapsulate: \"true\"}", {{"1:23", "remove the quotes"}}},
      {"frames: {decapsulate: 1}", {{"1:23", "true or false"}}},
      {"poll: bussy", {{"1:7", "one of adaptive, busy, not `bussy`"}}},
      {"poll: Busy", {{"1:7", "one of adaptive, busy"}}},
      {"subflows: {ring: 5000}", {{"1:18", "a power of two from 1024 to 16777216 (records), not `5000`"}}},
      {"subflows: {linger: 30}", {{"1:20", "has no unit: `30`; the units are ns, us, ms, s, m, h and d"}}},
      {"subflows: {linger: 30sec}",
       {{"1:20", "unknown unit `sec`; the units are ns, us, ms, s, m, h and d"}}},
      {"subflows: {linger: 1.5h}", {{"1:20", "a whole number and a unit such as 10s, not `1.5h`"}}},
      {"subflows: {linger: 2h}", {{"1:20", "from 0s to 1h, not `2h`"}}},
      {"memory: 256", {{"1:9", "has no unit: `256`; the units are B, KiB, MiB, GiB and TiB"}}},
      {"memory: 256MB", {{"1:9", "unknown unit `MB`"}}},
      {"memory: 1MiB", {{"1:9", "from 16MiB to 1TiB"}}},
      {"cores: 2", {{"1:8", "`cores` must be a list such as [2, 3]"}}},
      {"workers: 2\ncores: [2, x]", {{"2:12", "not `x`"}}},
      {"workers: 2\ncores: [2, 2]", {{"2:12", "lists `2` twice"}}},
      {"logs: {events: mptcp}", {{"1:16", "must be a list such as [mptcp]"}}},
      {"logs: {events: [mp_jion]}", {{"1:17", "any of mptcp, mp_error"}}},
      {"logs: {events: [mp_dss, mp_dss]}", {{"1:25", "twice"}}},
      {"logs: {directory: \"a\\nb\"}", {{"1:19", "line break"}}},
      {"logs: {directory: [a]}", {{"1:19", "must be a path, or empty, not a list"}}},
      {"messages: {level: loud}", {{"1:19", "one of trace, debug, info, warning, error"}}},
      {"metrics: {listen: localhost:9464}",
       {{"1:19", "a numeric IPv4 address and a port such as 127.0.0.1:9464"}}},
      {"metrics: {listen: 127.0.0.1}", {{"1:19", "a numeric IPv4 address and a port"}}},
      {"metrics: {listen: 127.0.0.1:65536}", {{"1:19", "a numeric IPv4 address and a port"}}},
      {"metrics: {listen: 127.0.0.256:1}", {{"1:19", "a numeric IPv4 address and a port"}}},
      {"metrics: {listen: \"::1:9464\"}", {{"1:19", "a numeric IPv4 address and a port"}}},
      {"metrics: {listen: \"[127.0.0.1]:9464\"}", {{"1:19", "a numeric IPv4 address and a port"}}},
      {"metrics: {listen: 9464}", {{"1:19", "a numeric IPv4 address and a port"}}},
      {"metrics: 9464", {{"1:10", "`metrics` is a group"}}},
      {"metrics: [a]", {{"1:10", "`metrics` is a group"}}},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("Unknown names name the nearest known one", "[config]") {
  const Row rows[] = {
      {"wrokers: 2", {{"1:1", "unknown setting `wrokers`; did you mean `workers`?"}}},
      {"Workers: 2", {{"1:1", "did you mean `workers`?"}}},
      {"hugepage: auto", {{"1:1", "did you mean `hugepages`?"}}},
      {"detectors:\n  join-flood: {}", {{"2:3", "did you mean `join_flood`?"}}},
      {"detectors:\n  join_flood:\n    treshold: 3", {{"3:5", "did you mean `threshold`?"}}},
      {"logs: {dir: /x}", {{"1:8", "did you mean `directory`?"}}},
      {"ports: [{interfaces: eth1}]", {{"1:10", "did you mean `interface`?"}}},
      {"interface: eth1", {{"1:1", "did you mean `interface` inside an entry of `ports`?"}}},
      {"top_sources: 3", {{"1:1", "did you mean `top_sources` inside `detectors.join_flood`?"}}},
      {"notices: {allow: [10.0.0.1/8]}", {{"1:19", "with no bit set behind the prefix, not `10.0.0.1/8`"}}},
      {"notices: {allow: [10.0.0.0/33]}", {{"1:19", "addresses or prefixes such as"}}},
      {"notices: {allow: [example.org]}", {{"1:19", "addresses or prefixes such as"}}},
      {"notices: {allow: [10.0.0.1, 10.0.0.1]}", {{"1:29", "lists `10.0.0.1` twice"}}},
      {"notices: {allow: 10.0.0.1}", {{"1:18", "must be a list such as [10.0.0.0/8]"}}},
      {"detectors: {reserved_bits: {severity: worst}}", {{"1:39", "one of own, info, low, medium, high"}}},
      {"join_flood.threshold: 3", {{"1:1", "did you mean `threshold` inside `detectors.join_flood`?"}}},
      {"detectors.join_flood.threshold: 3",
       {{"1:1", "did you mean `threshold` inside `detectors.join_flood`?"}}},
      {"subflows: {workers: 3}", {{"1:12", "did you mean `workers` at the top of the file?"}}},
      {"metrics: {zzzzzzz: 3}", {{"1:11", "the settings here are enabled, listen, page"}}},
      {"ports[]: 3", {{"1:1", "unknown setting"}}},
      {"? \"\"\n: 3", {{"1:3", "unknown setting ``"}}},
      {"? \"a\n\n  b\"\n: 3", {{"1:3", "unknown setting `a b`"}}},               // a message is one line
      {"\"a\\e[31mb\": 3", {{"1:1", "unknown setting `a [31mb`"}}},              // and tells a terminal nothing
      {"ports: [{vdev: net_null0,size=64}]", {{"1:26", "put a `vdev` with its arguments in quotes"}}},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("Names that stand twice", "[config]") {
  check({"zz: 1\nzz: 2", {{"1:1", "unknown"}, {"2:1", "unknown"}}});
  check({"workers: 1\npoll: busy\nworkers: 1", {{"3:1", "`workers` is set twice, first in line 1"}}});
  check({"logs: {queue: 64, queue: 64}", {{"1:19", "`queue` is set twice, first in line 1"}}});
  check({"logs: {queue: 64}\nlogs: {format: json}", {{"2:1", "`logs` is set twice, first in line 1"}}});
  check({"ports:\n- interface: a\n  interface: b", {{"3:3", "`interface` is set twice, first in line 2"}}});
}

TEST_CASE("Settings that contradict each other", "[config]") {
  const Row rows[] = {
      {"workers: 2\ncores: [2]", {{"2:8", "`cores` names 1, but `workers` is 2"}}},
      {"cores: [2, 3]", {{"1:8", "`cores` names 2, but `workers` is 1"}}},
      {"workers: x\ncores: [2, 3]", {{"1:10", "not `x`"}}},  // what is wrong already is not compared
      {"ports:\n  - interface: eth1\n    pci: 0000:01:00.0",
       {{"3:10", "this one has `interface` and `pci`"}}},
      {"ports: [{pci: 01:00.0, vdev: net_null0}]", {{"1:30", "this one has `pci` and `vdev`"}}},
      {"ports:\n  - interface: eth1\n  - interface: eth1",
       {{"3:16", "`eth1` is already the port in line 2"}}},
      {"ports:\n  - pci: 0000:01:00.0\n  - pci: 01:00.0",
       {{"3:10", "`0000:01:00.0` is already the port in line 2"}}},
      {"ports:\n  - vdev: net_null0\n  - vdev: \"net_null0,size=64\"", {{"3:11", "`net_null0` is already"}}},
      {"ports:\n  - promiscuous: true", {{"2:5", "a port without a name"}}},
      {"ports: [{}]", {{"1:9", "a port without a name"}}},
      {"ports: [{interface: \"\"}]", {{"1:21", "the name of a network interface"}}},
      {"ports: [{vdev: net_null0, driver: af_xdp}]", {{"1:35", "`driver` says how `interface` is opened"}}},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("Wrong pairs", "[config]") {
  const std::string ports = "ports: [{interface: a}, {interface: b}, {pci: '01:00.0'}]\n";
  const Row rows[] = {
      {"inline: a", {{"1:9", "`inline` must be a list of pairs such as [[eth1, eth2]]"}}},
      {"inline: [a, b]", {{"1:10", "is made of pairs"}, {"1:13", "is made of pairs"}}},
      {"inline: [[a]]", {{"1:10", "each names two ports"}}},
      {"inline: [[a, b, c]]", {{"1:10", "each names two ports"}}},
      {"inline: [[a, [b]]]", {{"1:10", "each names two ports"}}},
      {ports + "inline:\n  - [a, b]\n  - [c, 01:00.0]", {{"4:5", "`inline` names `c`, which is no port"}}},
      {ports + "inline:\n  - [a, b]\n  - [a, 01:00.0]", {{"4:5", "`inline` names `a` twice"}}},
      {"ports: [eth0]", {{"1:9", "a port must be a group of settings: `- interface: eth0`"}}},
      {"ports:\n  - of two\n\n    lines", {{"2:5", "a port must be a group of settings: `- interface: eth1`"}}},
      {ports + "inline: [[a, \"c\\nd\"]]", {{"2:10", "names `c d`, which is no port; name it under `ports`, e.g. as an `interface`"}}},
      {ports + "inline: [[01:00.0, '0000:01:00.0']]", {{"2:10", "`inline` names `0000:01:00.0` twice"}}},
      {"ports: [{interface: a/b}]\ninline: [[a/b, c]]", {{"1:21", "the name of a network interface"}}},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("Rules that hold packets back need a port that sends them on", "[config]") {
  const std::string listening = "ports: [{interface: a}, {interface: b}]\n";
  const Row rows[] = {
      {listening + "detectors:\n  join_flood:\n    mitigation: enforce", {{"4:17", "no port is inline"}}},
      {listening + "detectors: {join_hmac: {mitigation: observe}}", {{"2:37", "no port is inline"}}},
      {listening + "detectors: {add_addr_hmac: {mitigation: enforce}}", {{"2:41", "no port is inline"}}},
      {listening + "mitigation: {cards: true}", {{"2:21", "no port is inline"}}},
      {"ports: [{interface: a}, {interface: b}]\ninline: [[a, b]]\nframes: {vlan_in_identity: true}\nmitigation: {cards: true}",
       {{"4:21", "not all of a flow"}}},
      {"detectors: {join_hmac: {mitigation: \"on\"}}", {{"1:37", "one of off, observe, enforce"}}},
  };
  for (const Row& row : rows) check(row);
  CHECK(parse_config(listening + "detectors: {join_flood: {mitigation: off}}", "f").errors.empty());
  CHECK(parse_config(listening + "inline: [[a, b]]\ndetectors: {join_flood: {mitigation: enforce}}", "f").errors.empty());
}

TEST_CASE("Pairs that this machine cannot make one wire", "[config]") {
  const PairCheck refuse = [](const PortOptions& first, const PortOptions& second) {
    return first.interface == "b" ? "joins " + first.interface + " and " + second.interface : std::string();
  };
  const std::string yaml = "ports: [{interface: a}, {interface: b}, {interface: c}, {interface: d}]\ninline:\n  - [a, d]\n  - [b, c]";
  const ConfigResult result = parse_config(yaml, "f", {.pair = refuse});
  REQUIRE(result.errors.size() == 1);
  CHECK(result.errors[0].to_string() == "f:4:5: `inline` joins b and c");
  CHECK(parse_config(yaml, "f").errors.empty());
}

TEST_CASE("Wrong ports", "[config]") {
  const Row rows[] = {
      {"ports: eth1", {{"1:8", "`ports` must be a list"}}},
      {"ports: {interface: eth1}", {{"1:8", "`ports` must be a list"}}},
      {"ports: [eth1]", {{"1:9", "`- interface: eth1`"}}},
      {"ports: [[eth1]]", {{"1:9", "a port must be a group"}}},
      {"ports:\n  - interface: a/b", {{"2:16", "the name of a network interface such as eth1, not `a/b`"}}},
      {"ports: [{interface: \"eth1,x=1\"}]", {{"1:21", "the name of a network interface"}}},
      {"ports: [{interface: sixteencharacter}]", {{"1:21", "the name of a network interface"}}},
      {"ports: [{pci: 01:00}]", {{"1:15", "a PCI address such as 0000:01:00.0"}}},
      {"ports: [{pci: \"0000:01:00.8\"}]", {{"1:15", "a PCI address"}}},
      {"ports: [{pci: \"0000:0g:00.0\"}]", {{"1:15", "a PCI address"}}},
      {"ports: [{vdev: eth1}]", {{"1:16", "a DPDK device"}}},
      {"ports: [{interface: a, receive_descriptors: 63}]", {{"1:45", "from 64 to 32768"}}},
      {"ports: [{interface: a, driver: pcap}]", {{"1:32", "one of af_packet, af_xdp"}}},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("Text that is not YAML, or YAML that is not taken", "[config]") {
  const Row rows[] = {
      {"poll: \"busy\nworkers: 2\n", {{"1:7", "this quote is never closed"}}},
      {"poll: 'it''s", {{"1:7", "this quote is never closed"}}},
      {"poll: busy\n\tworkers: 2", {{"2:1", "a tab in the indentation"}}},
      {"poll: busy\n  workers: 2",
       {{"1:7", "one of adaptive"}, {"2:10", "a colon where no value may begin"}}},
      {"logs:\n    format: json\n  queue: 64", {{"3:3", "this does not continue the group above"}}},
      {"cores: [1", {{"1:10", "a [ is not closed"}}},
      {"metrics: {", {{"1:11", "a { is not closed"}}},
      {"cores: 1\n]", {{"1:8", "must be a list"}, {"2:1", "closes nothing"}}},
      {"poll: @busy", {{"1:7", "no value may begin with this character"}}},
      {"workers:2", {{"1:1", "lines `name: value`, with a blank behind the colon"}}},
      {"- a", {{"1:1", "lines `name: value`"}}},
      {": 1", {{"1:1", "a setting without a name"}}},
      {"?", {{"1:2", "a setting without a name"}}},  // at the end of the text, and not behind it
      {"workers: 2\n?\n", {{"3:1", "a setting without a name"}}},
      {"? [a]\n: b", {{"1:3", "close it, or use quotes"}}},
      {"workers: 2\n---\nworkers: 3", {{"2:1", "a second YAML document"}}},
      {"workers: &a 2", {{"1:10", "anchors"}}},
      {"workers: *a", {{"1:10", "aliases"}}},
      {"workers: !!int 2", {{"1:10", "tags"}}},
      {"poll: ! \"busy\"", {{"1:7", "tags"}}},
      {"a: {a: {a: {a: {a: {a: {a: {a: {a: 1", {{"1:32", "nested deeper than 8"}}},
      {std::string("poll: a\0b", 9), {{"1:8", "control character 00"}}},
      {"poll: x\n# \x04\nworkers: 0", {{"2:3", "control character 04"}}},
      {"poll: \xff", {{"1:7", "byte FF is not UTF-8"}}},
      {"poll: \xed\xa0\x80", {{"1:7", "byte ED is not UTF-8"}}},
      {"poll: \xc0\xaf", {{"1:7", "byte C0 is not UTF-8"}}},
      {"poll: \xc3", {{"1:7", "byte C3 is not UTF-8"}}},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("All mistakes come at once and in the order of the file", "[config]") {
  check(
      {"workers: 0\n"
       "cores: [1, x]\n"
       "wrokers: 2\n"
       "ports:\n"
       "  - interface: eth1\n"
       "    pci: 01:00.0\n"
       "  - interface: eth1\n"
       "detectors:\n"
       "  join_flood: {threshold: 0, interval: 10}\n"
       "workers: 2\n",
       {{"1:10", "workers"},
        {"2:12", "cores"},
        {"3:1", "wrokers"},
        {"6:10", "`interface` and `pci`"},
        {"7:16", "already the port in line 5"},
        {"9:27", "threshold"},
        {"9:40", "no unit"},
        {"10:1", "twice"}}});
}

/// Stands for libpcap, which this program does without.
std::string refuse_all(const std::string& expression, bool for_ports) {
  return "says `" + expression + "`" + (for_ports ? ", for ports" : "");
}

TEST_CASE("A filter that cannot be compiled", "[config]") {
  const auto check_filter = [](const std::string& yaml, const std::string& wanted) {
    INFO(yaml);
    const ConfigResult result = parse_config(yaml, "f", {.filter = refuse_all});
    std::string all;
    for (const ConfigError& error : result.errors) all += (all.empty() ? "" : "\n") + error.to_string();
    CHECK(all == wanted);
    CHECK(parse_config(yaml, "f").errors.size() == (all.starts_with("f:1:1: ") ? 1 : 0));
  };
  check_filter("filter: tcp", "f:1:9: `filter` says `tcp`");
  check_filter("workers: 2\nfilter: \"tcp and\"\n", "f:2:9: `filter` says `tcp and`");
  check_filter("filter: tcp\nports: [{interface: x}]", "f:1:9: `filter` says `tcp`, for ports");
  check_filter("filter: \"\"", "");
  check_filter("workers: 2", "");
  check_filter("filter:", "f:1:1: `filter` has no value; give it one, or remove the line to keep the default");
  const ConfigResult several = parse_config("filter: tcp\nworkers: 0\nfilters: udp", "f", {.filter = refuse_all});
  CHECK(several.errors.size() == 3);
}

TEST_CASE("Columns count characters, not bytes", "[config]") {
  check({"logs: {directory: \"/\u00e9\u00e9/\u4e2d\U0001F600\", queue: 1}", {{"1:36", "`logs.queue`"}}});
  check({"\xEF\xBB\xBFworkers: 0", {{"1:10", "`workers`"}}});
  check({"poll: busy\r\nworkers: 0\r\n", {{"2:10", "`workers`"}}});
}

TEST_CASE("Long values are shortened, not inside a character", "[config]") {
  std::string value = "aa";
  for (int i = 0; i < 100; ++i) value += "\u4e2d";
  const ConfigResult result = parse_config("poll: " + value, "f");
  REQUIRE(result.errors.size() == 1);
  CHECK(result.errors[0].message.ends_with("not `" + value.substr(0, 38) + "...`"));
}

}  // namespace
}  // namespace mptap
