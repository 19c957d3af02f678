// mptap-generate: writes a capture of an invented MPTCP story, and what a tap could know of it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/scenario.h"

namespace {

using namespace mptap::testing;

constexpr int kExitMachine = 1;    // the machine or a file failed
constexpr int kExitArguments = 2;  // what the arguments alone show to be wrong

struct Arguments {
  std::string scenario;
  bool list = false;
  std::uint64_t seed = 1;
  std::string out;
  std::string truth;
  ScenarioOptions scenario_options;
  CaptureFormat format = CaptureFormat::kPcap;
  std::uint32_t snaplen_bytes = 262144;
  bool big_endian = false;
  TapOptions tap;
  std::optional<double> miss{};
};

const std::map<std::string, CaptureFormat> kFormats = {
    {"pcap", CaptureFormat::kPcap},
    {"pcap-ns", CaptureFormat::kPcapNano},
    {"pcapng", CaptureFormat::kPcapng},
};
const std::map<std::string, LinkType> kLinks = {
    {"ethernet", LinkType::kEthernet},
    {"sll", LinkType::kLinuxSll},
    {"sll2", LinkType::kLinuxSll2},
    {"raw", LinkType::kRaw},
};
const std::map<std::string, Encapsulation> kEncapsulations = {
    {"none", Encapsulation::kNone},       {"vlan", Encapsulation::kVlan},
    {"qinq", Encapsulation::kQinq},       {"mpls", Encapsulation::kMpls},
    {"gre", Encapsulation::kGre},         {"erspan2", Encapsulation::kErspan2},
    {"erspan3", Encapsulation::kErspan3}, {"vxlan", Encapsulation::kVxlan},
    {"gtpu", Encapsulation::kGtpu},       {"ipip", Encapsulation::kIpip},
};

const std::map<std::string, TapHears> kHears = {{"opener", TapHears::kOpener}, {"acceptor", TapHears::kAcceptor}};

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;
  for (const auto list :
       {connection_scenarios(), address_scenarios(), misuse_scenarios(), refusal_scenarios(), tap_scenarios(),
        frame_scenarios(), load_scenarios(), line_scenarios(), flood_scenarios(), demo_scenarios(), day_scenarios(),
        corpus_join_scenarios(), corpus_address_scenarios(), corpus_data_scenarios()}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

void add_options(CLI::App& app, Arguments& arguments) {
  const CLI::Range probability(0.0, 0.9);
  app.add_option("scenario", arguments.scenario, "The story to tell; see --list");
  app.add_flag("--list", arguments.list, "Print the scenarios, a line each");
  app.add_option("--seed", arguments.seed, "The same seed gives the same bytes")->capture_default_str();
  app.add_option("--out", arguments.out, "The capture file to write");
  app.add_option("--truth", arguments.truth, "Where to write what the capture shows, as JSON");
  app.add_option("--connections", arguments.scenario_options.connections,
                 "How many connections (or flood SYNs, flows, subflows)");
  app.add_option("--packets", arguments.scenario_options.packets,
                 "Begin nothing new after this many packets; line-...: exactly so many");
  app.add_option("--format", arguments.format, "pcap, pcap-ns or pcapng")
      ->transform(CLI::CheckedTransformer(kFormats));
  app.add_option("--snaplen", arguments.snaplen_bytes, "Cut frames to this many bytes");
  app.add_option("--keep-payload", arguments.tap.keep_payload_bytes,
                 "Cut frames behind this many bytes of payload; their length on the wire stays");
  app.add_flag("--big-endian", arguments.big_endian, "Write the file in the other byte order");
  app.add_option("--link", arguments.tap.link, "ethernet, sll, sll2 or raw")
      ->transform(CLI::CheckedTransformer(kLinks));
  app.add_option("--encap", arguments.tap.encapsulation,
                 "none, vlan, qinq, mpls, gre, erspan2, erspan3, vxlan, gtpu or ipip")
      ->transform(CLI::CheckedTransformer(kEncapsulations));
  app.add_option("--loss", arguments.scenario_options.loss,
                 "Probability that the network loses a segment (the tap misses a third as many)")
      ->check(probability);
  app.add_option("--reorder", arguments.tap.reorder, "Probability that a segment is seen late")
      ->check(probability);
  app.add_option("--duplicate", arguments.tap.duplicate, "Probability that a frame is delivered twice")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--miss", arguments.miss, "Probability that the tap misses a segment; a third of --loss where absent")
      ->check(probability);
  app.add_option("--one-direction", arguments.tap.hears, "The tap hears one host only: opener or acceptor of each subflow")
      ->transform(CLI::CheckedTransformer(kHears));
  app.add_option("--version", arguments.scenario_options.version, "corpus-...: MPTCP version")->check(CLI::Range(0, 1));
  app.add_flag("--ipv6", arguments.scenario_options.ipv6, "corpus-...: over IPv6");
  app.add_flag("--behind-nat", arguments.scenario_options.behind_nat,
               "corpus-...: initiators advertise other addresses than the tap sees");
  app.add_option("--hostile", arguments.scenario_options.hostile, "flood-...: pieces of hostile traffic");
  app.add_flag("--opening", arguments.scenario_options.opening, "line-dss: the handshakes before it");
  app.add_option("--seconds", arguments.scenario_options.seconds, "day: of packet time; 86400 where absent");
  app.add_option("--clean", arguments.scenario_options.clean, "corpus-...: connections without misuse around it");
}

/// Seeds differ by scenario too, so that captures of one seed can be merged without sharing keys.
std::uint64_t mix_seed(std::uint64_t seed, const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char letter : name) {
    hash = (hash ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
  }
  return hash ^ seed;
}

void generate(const Scenario& scenario, const Arguments& arguments) {
  Random random(mix_seed(arguments.seed, scenario.name));
  Truth truth;
  CaptureWriter writer(arguments.out, {.format = arguments.format,
                                       .link_type = static_cast<std::uint16_t>(arguments.tap.link),
                                       .snaplen_bytes = arguments.snaplen_bytes,
                                       .big_endian = arguments.big_endian});
  TapOptions tap_options = arguments.tap;
  tap_options.miss = arguments.miss.value_or(arguments.scenario_options.loss.value_or(0) / 3);
  Tap tap(writer, truth, tap_options, random.fork());
  Stage stage(tap, truth, random.fork(), arguments.scenario_options);
  scenario.play(stage);
  tap.finish();
  writer.close();
  if (arguments.truth.empty()) return;
  std::ofstream file(arguments.truth, std::ios::trunc);
  file << truth.to_json(writer.packets()).dump(1) << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write " + arguments.truth);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Writes a capture of an invented MPTCP story, and what a tap could know of it");
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitArguments;
  }
  const std::vector<Scenario> scenarios = all_scenarios();
  if (arguments.list) {
    for (const Scenario& scenario : scenarios) {
      std::cout << scenario.name << std::string(34 - std::string(scenario.name).size(), ' ')
                << scenario.summary << '\n';
    }
    return 0;
  }
  const auto scenario = std::find_if(scenarios.begin(), scenarios.end(), [&](const Scenario& candidate) {
    return candidate.name == arguments.scenario;
  });
  if (scenario == scenarios.end()) {
    std::cerr << "mptap-generate: no scenario '" << arguments.scenario << "'; try --list\n";
    return kExitArguments;
  }
  if (arguments.out.empty()) {
    std::cerr << "mptap-generate: --out is missing\n";
    return kExitArguments;
  }
  try {
    generate(*scenario, arguments);
  } catch (const std::invalid_argument& error) {
    std::cerr << "mptap-generate: " << error.what() << '\n';
    return kExitArguments;
  } catch (const std::exception& error) {
    std::cerr << "mptap-generate: " << error.what() << '\n';
    return kExitMachine;
  }
  return 0;
}
