#include "daemon/cli.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

#include "daemon/exit_code.h"
#include "daemon/version.h"
#include "detect/event_options.h"

namespace mptap {
namespace {

std::string all_events() {
  std::string words;
  for (const std::string_view word : kEventWords) words += (words.empty() ? "" : ", ") + std::string(word);
  return words;
}

/// The commands that ask a running sensor.
class QueryCommands {
 public:
  explicit QueryCommands(CLI::App& app) {
    with_json(add(app.add_subcommand("status", "Ask a running sensor how it does")));
    CLI::App* connections = with_json(add(app.add_subcommand("connections", "Ask a running sensor for its live connections")));
    connections->add_option("--token", query_.token, "Only those with this token")->option_text("HEX");
    connections->add_option("--address", query_.address, "Only those with this address, or one of this prefix")->option_text("ADDRESS");
    connections->add_option("--limit", query_.limit, "At most so many (100; up to 1000)")->check(CLI::Range(0, 1'000))->option_text("N");
    add(app.add_subcommand("config", "Ask a running sensor for the settings it obeys"));
    add_mitigations(app);
    top_app_ = app.add_subcommand("top", "Watch a running sensor in the terminal; q leaves");
    top_app_->add_option("--interval", top_.interval_s, "Seconds between two looks")->check(CLI::Range(0.1, 3'600.0))->option_text("SECONDS");
    top_app_->add_flag("--once", top_.once, "Print one interval as text");
    add_socket(*top_app_, top_.socket);
  }

  [[nodiscard]] std::optional<Command> parsed() {
    if (top_app_->parsed()) return top_;
    if (mitigations_app_->parsed()) return mitigation_;
    for (const CLI::App* app : apps_) {
      if (!app->parsed()) continue;
      query_.what = app->get_name();
      return query_;
    }
    return std::nullopt;
  }

 private:
  void add_mitigations(CLI::App& app) {
    using What = MitigationArguments::What;
    mitigations_app_ = app.add_subcommand("mitigations", "List, add and remove rules by which a running sensor holds packets back");
    mitigations_app_->require_subcommand(0, 1);
    mitigations_app_->add_flag("--json", mitigation_.json, "Print JSON (docs/query.md)");
    add_socket(*mitigations_app_, mitigation_.socket);
    mitigations_app_->add_subcommand("list", "Those in force")->fallthrough();
    CLI::App* add_app = mitigations_app_->add_subcommand("add", "Hold back joins to a receiver that are too many");
    add_app->fallthrough()->callback([this] { mitigation_.what = What::kAdd; });
    add_app->add_option("--receiver", mitigation_.receiver, "To protect")->required()->option_text("ADDRESS");
    add_app->add_option("--joins-per-second", mitigation_.joins_per_second, "That pass (detectors.join_flood.pass_per_second)")->option_text("N");
    add_app->add_option("--seconds", mitigation_.seconds, "Until it ends by itself (mitigation.ttl)")->check(CLI::Range(1, 86'400))->option_text("N");
    add_app->add_flag("--observe", mitigation_.observe, "Count what would be held back, and let it pass");
    CLI::App* remove_app = mitigations_app_->add_subcommand("remove", "End one before its time");
    remove_app->fallthrough()->callback([this] { mitigation_.what = What::kRemove; });
    remove_app->add_option("number", mitigation_.number, "As list tells it")->required()->option_text("NUMBER");
  }
  CLI::App* add(CLI::App* command) {
    add_socket(*command, query_.socket);
    return apps_.emplace_back(command);
  }
  CLI::App* with_json(CLI::App* command) {
    command->add_flag("--json", query_.json, "Print JSON (docs/query.md)");
    return command;
  }
  static void add_socket(CLI::App& command, std::string& socket) {
    command.add_option("--socket", socket, "Its control.socket (" + kDefaultControlSocket + ")")->option_text("PATH");
  }

  QueryArguments query_;
  MitigationArguments mitigation_;
  TopArguments top_;
  std::vector<CLI::App*> apps_;
  CLI::App* top_app_ = nullptr;
  CLI::App* mitigations_app_ = nullptr;
};

}  // namespace

Command parse_command_line(int argc, char** argv) {
  CLI::App app{"A sensor for Multipath TCP: reads ports through DPDK, or capture files."};
  app.name("mptap");
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());
  app.failure_message([](const CLI::App* at, const CLI::Error& error) {
    return "mptap: " + std::string(error.what()) + "; see " + at->get_name() + " --help\n";
  });

  RunArguments run;
  CLI::App* run_app = app.add_subcommand("run", "Watch the ports named in the configuration until stopped");
  run_app->add_option("-c,--config", run.config_path, "Configuration (YAML)")->required()->option_text("FILE");

  ReadArguments read;
  CLI::App* read_app = app.add_subcommand("read", "Read captures and tell what is in them");
  read_app->add_option("captures", read.captures, "pcap or pcapng files, merged by time; - is the standard input")
      ->required()
      ->option_text("CAPTURE ...");
  read_app->add_option("-c,--config", read.config_path, "Configuration (YAML)")->option_text("FILE");
  read_app->add_option("--log-dir", read.log_directory, "Write logs there instead of printing")->option_text("DIR");
  read_app
      ->add_option_function<std::string>(
          "--format",
          [&read](const std::string& word) {
            read.log_format = word == "json" ? LogFormat::kJson : word == "eve" ? LogFormat::kEve : LogFormat::kZeek;
          },
          "Of the logs: zeek, json or eve")
      ->check([](const std::string& word) {
        const bool known = word == "zeek" || word == "json" || word == "eve";
        return known ? std::string() : "'" + word + "' is none of zeek, json and eve";
      })
      ->option_text("FORMAT");
  read_app->add_option("--filter", read.filter, "Look only at packets that pass, such as 'net 10.0.0.0/8 and not port 22' (pcap-filter)")
      ->option_text("EXPRESSION");
  read_app->add_option("--events", read.events, "Types of events to tell, such as mp_join,mp_add_addr (docs/logs.md)")
      ->delimiter(',')
      ->check([](const std::string& word) {
        const bool known = std::find(kEventWords.begin(), kEventWords.end(), word) != kEventWords.end();
        return known ? std::string() : "'" + word + "' is no event; known are " + all_events();
      })
      ->option_text("EVENT,...");

  CheckConfigArguments check;
  CLI::App* check_app = app.add_subcommand("check-config", "Tell every mistake in a configuration");
  check_app->add_option("file", check.config_path, "Configuration (YAML)")->required()->option_text("FILE");

  PrintConfigArguments print;
  CLI::App* print_app = app.add_subcommand("print-config", "Print all settings with units, ranges and meaning");
  print_app->add_flag("--defaults", print.defaults, "The default values (also without --config)");
  print_app->add_option("-c,--config", print.config_path, "Configuration (YAML)")->option_text("FILE");

  QueryCommands query(app);
  DoctorArguments doctor;
  CLI::App* doctor_app = app.add_subcommand("doctor", "Look at this machine, and tell what mends it");
  doctor_app->add_option("-c,--config", doctor.config_path, "Configuration (YAML); without, the machine alone")
      ->option_text("FILE");
  doctor_app->add_flag("--json", doctor.json, "An array of {check, subject, state, finding, mend}");

  const auto is_named = [&](const CLI::App* command) { return argc > 1 && command->get_name() == argv[1]; };
  if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_named).empty()) {
    std::cerr << "mptap: there is no command '" << argv[1] << "'; see mptap --help\n";
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (run_app->parsed()) return run;
  if (read_app->parsed()) return read;
  if (check_app->parsed()) return check;
  if (const auto asked = query.parsed()) return *asked;
  if (doctor_app->parsed()) return doctor;
  return print;
}

}  // namespace mptap
