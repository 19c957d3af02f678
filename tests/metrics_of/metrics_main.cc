// mptap-metrics-of CAPTURE...: the metrics once all captures are read, in Prometheus's text format, for tests/cli to hold
// against what is known of them. `mptap run` serves the same while it runs, but in the time of the wall clock.
//
// Exit codes: 0; 1 where a capture cannot be read to its end; 2 for wrong arguments.
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/export/log_queue.h"
#include "daemon/export/metrics.h"
#include "daemon/pipeline.h"
#include "dataplane/pcap_source.h"

namespace mptap {
namespace {

int print_metrics(const std::vector<std::string>& captures) {
  const PcapSource::Opened opened = PcapSource::open({captures.begin(), captures.end()});
  if (!opened.source) {
    std::fprintf(stderr, "%s\n", opened.error.c_str());
    return 1;
  }
  const StartupConfig startup;
  const RuntimeConfig runtime;
  ControlCounters control;
  LogQueue queue(runtime.logs, RunMode::kLive, control);  // nobody writes rows: where it is full, they are dropped
  Pipeline pipeline({opened.source.get()}, startup, runtime, queue, control);
  pipeline.start({});
  pipeline.join();
  std::fputs(format_metrics({pipeline.counters(), &control, &queue, {}}, "test").c_str(), stdout);
  if (!pipeline.source_failed()) return 0;
  std::fprintf(stderr, "%s\n", opened.source->error().c_str());
  return 1;
}

}  // namespace
}  // namespace mptap

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: mptap-metrics-of CAPTURE...\n", stderr);
    return 2;
  }
  return mptap::print_metrics({argv + 1, argv + argc});
}
