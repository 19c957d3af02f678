// The configuration as the program uses it: one part is sealed at start, the other may be reloaded.
#pragma once

#include <string>

#include "daemon/export/export_options.h"
#include "dataplane/port_options.h"
#include "dataplane/worker_options.h"
#include "detect/correlator_options.h"
#include "detect/detector_options.h"

namespace mptap {

/// Fixed from start to exit.
struct StartupConfig {
  DataplaneOptions dataplane;
  WorkerOptions worker;
  CorrelatorOptions correlator;
  MetricsOptions metrics;
  QueryOptions query;
};

/// What a reload may change.
struct RuntimeConfig {
  DetectorOptions detectors;
  NoticeOptions notices;
  MitigationOptions mitigation;
  LogOptions logs;
  MessageOptions messages;
};

struct Config {
  StartupConfig startup;
  RuntimeConfig runtime;
};

}  // namespace mptap
