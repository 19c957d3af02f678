#include "daemon/read_command.h"

#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "daemon/config_command.h"
#include "daemon/connection_tree.h"
#include "daemon/core_dumps.h"
#include "daemon/event_lines.h"
#include "daemon/exit_code.h"
#include "daemon/export/log_writer.h"
#include "daemon/pipeline.h"
#include "daemon/progress_bar.h"
#include "daemon/signals.h"
#include "dataplane/pcap_filter.h"
#include "dataplane/pcap_source.h"

namespace mptap {
namespace {

void explain(const std::string& sentences) {
  std::istringstream lines(sentences);
  for (std::string line; std::getline(lines, line);) std::cerr << "mptap: " << line << "\n";
}

/// The main thread's part: shows how far it is, and ends early where a person asks for it.
void wait_until_read(Pipeline& pipeline, const PcapSource& source, Signals& signals) {
  ProgressBar bar;
  while (!pipeline.has_finished()) {
    if (signals.wait_for(std::chrono::milliseconds(2)) != Signal::kNone) pipeline.request_stop();
    const PcapSource::Progress progress = source.progress();
    bar.show(progress.read_bytes, progress.total_bytes);
  }
  pipeline.join();
}

}  // namespace

int read_captures(const ReadArguments& arguments) {
  forbid_core_dumps();
  int exit_code = kDone;
  const std::optional<Config> loaded = load_or_explain(arguments.config_path, exit_code);
  if (!loaded) return exit_code;
  Config config = *loaded;
  if (arguments.config_path.empty()) config.runtime.logs.directory.clear();
  // Logs go where the command line says; what a configuration says of the daemon's directory is not meant.
  config.runtime.logs.directory = arguments.log_directory.value_or("");
  if (arguments.log_format) config.runtime.logs.format = *arguments.log_format;

  if (!arguments.events.empty()) {
    config.runtime.logs.events = arguments.events;
    config.startup.worker.records = records_for(arguments.events);
  }

  if (arguments.filter) config.startup.dataplane.filter = *arguments.filter;

  Signals signals;
  const PcapSource::Opened opened = PcapSource::open(arguments.captures);
  if (!opened.source) {
    explain(opened.error);
    return kFailed;
  }

  PcapFilter::Compiled filter;
  if (const std::string& expression = config.startup.dataplane.filter; !expression.empty()) {
    filter = PcapFilter::compile(expression, opened.source->link_types());
    if (!filter.filter) {
      explain("the filter `" + expression + "` " + filter.error);
      return filter.fits_none ? kUsage : kFailed;
    }
  }

  const bool to_logs = !config.runtime.logs.directory.empty();
  ConnectionTree tree;
  std::vector<ReportConsumer*> consumers;
  EventLines event_lines;
  if (!to_logs) consumers = {&event_lines, &tree};
  ControlCounters control_counters;
  LogQueue queue(config.runtime.logs, RunMode::kFiles, control_counters);
  std::unique_ptr<LogWriter> writer;
  try {
    writer = std::make_unique<LogWriter>(queue, config.runtime.logs, consumers);
  } catch (const LogError& error) {
    explain(error.what());
    return kFailed;
  }

  Pipeline pipeline({opened.source.get()}, config.startup, config.runtime, queue, control_counters,
                    filter.filter.get());
  pipeline.start({});
  wait_until_read(pipeline, *opened.source, signals);
  writer->stop();

  if (!to_logs) std::cout << tree.to_text(pipeline.total(), control_counters) << std::flush;
  if (pipeline.source_failed()) {
    explain(opened.source->error());
    exit_code = kFailed;
  }
  if (const auto error = writer->first_write_error()) {
    explain(*error);
    exit_code = kFailed;
  }
  return exit_code;
}

}  // namespace mptap
