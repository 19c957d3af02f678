// mptap-metrics-of [--config FILE] [--log-dir DIRECTORY] CAPTURE...: the metrics once all captures are read, in Prometheus's
// text format, for tests to hold against what is known of them, and their sums. `mptap run` serves the same while it runs,
// but in the time of the wall clock. Logs are JSON; without a directory nobody writes rows.
//
// Exit codes: 0; 1 where a capture cannot be read to its end; 2 for wrong arguments.
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "config/config_loader.h"
#include "daemon/export/log_queue.h"
#include "daemon/export/log_writer.h"
#include "daemon/export/metrics.h"
#include "daemon/pipeline.h"
#include "dataplane/pcap_source.h"

namespace mptap {
namespace {

int print_metrics(Config config, const std::vector<std::string>& captures, const std::string& log_directory) {
  const PcapSource::Opened opened = PcapSource::open({captures.begin(), captures.end()});
  if (!opened.source) {
    std::fprintf(stderr, "%s\n", opened.error.c_str());
    return 1;
  }
  const StartupConfig& startup = config.startup;
  RuntimeConfig& runtime = config.runtime;
  runtime.logs.directory = log_directory;
  runtime.logs.format = LogFormat::kJson;
  ControlCounters control;
  LogQueue queue(runtime.logs, RunMode::kLive, control);  // where it is full, rows are dropped
  std::optional<LogWriter> writer;
  if (!log_directory.empty()) writer.emplace(queue, runtime.logs);
  Pipeline pipeline({opened.source.get()}, startup, runtime, queue, control);
  pipeline.start({});
  pipeline.join();
  if (writer) writer->stop();
  const MetricsSources sources{pipeline.counters(), &control, &queue, {}, nullptr, capacities_of(startup)};
  std::fputs(format_metrics(sources, "test").c_str(), stdout);
  if (!pipeline.source_failed()) return 0;
  std::fprintf(stderr, "%s\n", opened.source->error().c_str());
  return 1;
}

/// The value of an option that stands first; removes both.
std::optional<std::string> take_option(std::vector<std::string>& arguments, const char* name) {
  if (arguments.size() < 2 || arguments[0] != name) return std::nullopt;
  const std::string value = arguments[1];
  arguments.erase(arguments.begin(), arguments.begin() + 2);
  return value;
}

int run(std::vector<std::string> arguments) {
  Config config;
  if (const auto path = take_option(arguments, "--config")) {
    const ConfigResult loaded = load_config(*path);
    for (const ConfigError& error : loaded.errors) std::fprintf(stderr, "%s\n", error.to_string().c_str());
    if (!loaded.errors.empty()) return 2;
    config = loaded.config;
  }
  const std::string log_directory = take_option(arguments, "--log-dir").value_or("");
  if (!arguments.empty()) return print_metrics(config, arguments, log_directory);
  std::fputs("usage: mptap-metrics-of [--config FILE] [--log-dir DIRECTORY] CAPTURE...\n", stderr);
  return 2;
}

}  // namespace
}  // namespace mptap

int main(int argc, char** argv) { return mptap::run({argv + 1, argv + argc}); }
