#include "daemon/export/metrics_table.h"

#include <cctype>
#include <limits>
#include <string_view>
#include <utility>

#include "dataplane/frame.h"
#include "dataplane/mptcp_option.h"

namespace mptap {
namespace {

using Samples = std::vector<MetricSample>;
using Table = std::vector<Metric>;

std::string sentence(std::string_view meaning) {
  std::string text(meaning);
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text + '.';
}

/// A metric with one sample for each worker.
void add_per_worker(Table& table, MetricType type, std::string name, const char* meaning,
                    std::uint64_t (*get)(const WorkerTally&)) {
  table.push_back(
      {std::move(name), type, sentence(meaning), "worker",
       [get](const MetricsReading& reading, Samples& out) {
         for (std::size_t i = 0; i < reading.workers.size(); ++i) {
           out.push_back({{{"worker", std::to_string(i)}}, static_cast<double>(get(reading.workers[i]))});
         }
       }});
}

/// A counter with one sample for each worker and each value of a second label. `get` is given the index of
/// the value; a value without a name is left out.
template <typename NameOf, typename Get>
void add_by_label(Table& table, std::string name, const char* meaning, const char* label, std::size_t values,
                  NameOf name_of_value, Get get) {
  table.push_back({std::move(name), MetricType::kCounter, sentence(meaning), std::string("worker, ") + label,
                   [=](const MetricsReading& reading, Samples& out) {
                     for (std::size_t i = 0; i < reading.workers.size(); ++i) {
                       for (std::size_t value = 0; value < values; ++value) {
                         const char* value_name = name_of_value(value);
                         if (value_name == nullptr) continue;
                         out.push_back({{{"worker", std::to_string(i)}, {label, value_name}},
                                        static_cast<double>(get(reading.workers[i], value))});
                       }
                     }
                   }});
}

const char* cause_of(std::size_t index) {
  const auto status = static_cast<FrameStatus>(index);
  return is_malformed(status) ? label_of(status) : nullptr;
}

const char* subtype_of(std::size_t index) {
  const auto subtype = static_cast<Subtype>(index);
  const bool assigned = subtype <= Subtype::kTcpRst || subtype == Subtype::kExperimental;
  return assigned ? name_of(subtype) : nullptr;
}

const char* error_of(std::size_t index) {
  const auto error = static_cast<OptionError>(index);
  return error == OptionError::kOk ? nullptr : label_of(error);
}

const char* class_of(std::size_t index) { return index == 0 ? "vital" : "bulk"; }

/// Attempts that nothing tells yet, or ever told, to be answered. Numbers of a burst may be torn: never below
/// 0.
std::uint64_t joins_unanswered(const WorkerTally& tally) {
  const std::uint64_t others = tally.joins_not_stored + tally.joins_answered;
  return tally.joins_seen > others ? tally.joins_seen - others : 0;
}

void add_workers(Table& table) {
  // Told apart by a label below.
  const auto has_labels = [](std::string_view field) {
    return field == "malformed" || field == "ring_full_vital" || field == "ring_full_bulk";
  };
#define X(field, meaning)                                                                  \
  if (!has_labels(#field)) {                                                               \
    add_per_worker(table, MetricType::kCounter, "mptap_" #field "_total", meaning,         \
                   [](const WorkerTally& tally) -> std::uint64_t { return tally.field; }); \
  }
  MPTAP_WORKER_COUNTERS(X)
#undef X
  add_by_label(table, "mptap_malformed_total",
               "frames that break the grammar of a header, or were captured too short, by cause", "cause",
               kFrameStatuses, cause_of,
               [](const WorkerTally& tally, std::size_t i) { return tally.frames[i]; });
  add_by_label(table, "mptap_options_total", "well-formed MPTCP options, by subtype", "subtype", kSubtypes,
               subtype_of, [](const WorkerTally& tally, std::size_t i) { return tally.options[i]; });
  table.push_back({"mptap_options_by_direction_total", MetricType::kCounter,
                   "Well-formed MPTCP options, by subtype and by which end of the subflow sent them.",
                   "worker, subtype, direction", [](const MetricsReading& reading, Samples& out) {
                     for (std::size_t i = 0; i < reading.workers.size(); ++i) {
                       for (std::size_t subtype = 0; subtype < kSubtypes; ++subtype) {
                         if (subtype_of(subtype) == nullptr) continue;
                         const std::uint64_t acceptor = reading.workers[i].options_from_acceptor[subtype];
                         const std::uint64_t opener = reading.workers[i].options[subtype] - acceptor;
                         for (const auto& [word, count] : {std::pair{"opener", opener}, std::pair{"acceptor", acceptor}}) {
                           out.push_back({{{"worker", std::to_string(i)}, {"subtype", subtype_of(subtype)}, {"direction", word}},
                                          static_cast<double>(count)});
                         }
                       }
                     }
                   }});
  add_by_label(table, "mptap_option_errors_total",
               "MPTCP options, or TCP option lists, that break the grammar, by what is wrong", "error",
               kOptionErrors, error_of,
               [](const WorkerTally& tally, std::size_t i) { return tally.option_errors[i]; });
  add_by_label(table, "mptap_ring_full_total",
               "records lost between worker and control: vital ones because control did not keep up, bulk "
               "ones because "
               "the ring was three quarters full",
               "class", 2, class_of, [](const WorkerTally& tally, std::size_t i) {
                 return i == 0 ? tally.ring_full_vital : tally.ring_full_bulk;
               });
#define X(field, meaning)                                             \
  add_per_worker(table, MetricType::kGauge, "mptap_" #field, meaning, \
                 [](const WorkerTally& tally) -> std::uint64_t { return tally.field; });
  MPTAP_WORKER_GAUGES(X)
#undef X
  add_per_worker(table, MetricType::kGauge, "mptap_joins_unanswered",
                 "MP_JOIN attempts whose acceptor has not answered with MP_JOIN", joins_unanswered);
}

void add_capacities(Table& table) {
  const auto add = [&table](const char* name, const char* help, std::uint64_t Capacities::*field) {
    table.push_back({name, MetricType::kGauge, help, "worker", [field](const MetricsReading& reading, Samples& out) {
                       for (std::size_t i = 0; i < reading.workers.size(); ++i) {
                         out.push_back({{{"worker", std::to_string(i)}}, static_cast<double>(reading.capacities.*field)});
                       }
                     }});
  };
  add("mptap_subflows_capacity", "Slots of the subflow table.", &Capacities::subflows);
  add("mptap_ring_capacity", "Records that the ring holds, without its reserve.", &Capacities::ring);
  add("mptap_records_pending_capacity", "Vital records that the reserve of the ring holds.", &Capacities::records_pending);
  table.push_back({"mptap_connections_capacity", MetricType::kGauge, "MPTCP connections that the table holds.", "",
                   [](const MetricsReading& reading, Samples& out) {
                     if (reading.control != nullptr) out.push_back({{}, static_cast<double>(reading.capacities.connections)});
                   }});
  table.push_back({"mptap_log_queue_capacity", MetricType::kGauge, "Rows that may wait for the log writer.", "",
                   [](const MetricsReading& reading, Samples& out) {
                     if (reading.logs != nullptr) out.push_back({{}, static_cast<double>(reading.logs->capacity())});
                   }});
}

const char* fallback_of(std::size_t index) {
  const char* word = name_of(static_cast<Fallback>(index));
  return *word == 0 ? nullptr : word;
}

const char* hmac_kind_of(std::size_t index) {
  static constexpr const char* kWords[] = {
#define X(name, word) word,
      MPTAP_HMAC_KINDS(X)
#undef X
  };
  return kWords[index];
}

const char* proof_of(std::size_t index) {
  static constexpr const char* kWords[] = {"unverified", "valid", "invalid"};
  return kWords[index];
}

const char* version_of(std::size_t index) {
  static constexpr const char* kWords[] = {"0", "1", "unknown"};
  return kWords[index];
}

double read_cell(const ControlCounters::Cell& cell) { return static_cast<double>(cell.load(std::memory_order_relaxed)); }

/// A histogram of control; `unit` is how many of what it counts make one of what the metric names.
template <typename Get>
void add_histogram(Table& table, const char* name, const char* meaning, double unit, Get get) {
  table.push_back({name, MetricType::kHistogram, sentence(meaning), "", [=](const MetricsReading& reading, Samples& out) {
                     if (reading.control == nullptr) return;
                     const auto& histogram = get(*reading.control);
                     MetricSample sample;
                     std::uint64_t cumulative = 0;
                     for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
                       cumulative += histogram.counts[i].load(std::memory_order_relaxed);
                       const bool last = i + 1 == histogram.counts.size();
                       const double upper = last ? std::numeric_limits<double>::infinity()
                                                 : static_cast<double>(histogram.upper[i]) / unit;
                       sample.buckets.push_back({upper, cumulative});
                     }
                     sample.value = static_cast<double>(histogram.sum.load(std::memory_order_relaxed)) / unit;
                     out.push_back(std::move(sample));
                   }});
}

void add_control_labels(Table& table) {
  table.push_back({"mptap_fallbacks_total", MetricType::kCounter,
                   "Connections, and attempts at one, that went on as plain TCP, by cause.", "cause",
                   [](const MetricsReading& reading, Samples& out) {
                     for (std::size_t i = 0; reading.control != nullptr && i < kFallbacks; ++i) {
                       if (fallback_of(i) == nullptr) continue;
                       out.push_back({{{"cause", fallback_of(i)}}, read_cell(reading.control->fallbacks[i])});
                     }
                   }});
  table.push_back({"mptap_hmacs_total", MetricType::kCounter,
                   "HMACs by what they prove and whether they do; unverified where a key was not seen, or the budget spent.",
                   "kind, result", [](const MetricsReading& reading, Samples& out) {
                     for (std::size_t kind = 0; reading.control != nullptr && kind < kHmacKinds; ++kind) {
                       for (std::size_t proof = 0; proof < 3; ++proof) {
                         out.push_back({{{"kind", hmac_kind_of(kind)}, {"result", proof_of(proof)}},
                                        read_cell(reading.control->hmacs[kind][proof])});
                       }
                     }
                   }});
  table.push_back({"mptap_connections_ended_total", MetricType::kCounter,
                   "MPTCP connections that ended, by version and outcome.", "version, outcome",
                   [](const MetricsReading& reading, Samples& out) {
                     for (std::size_t version = 0; reading.control != nullptr && version < 3; ++version) {
                       for (std::size_t outcome = 0; outcome < 3; ++outcome) {
                         out.push_back({{{"version", version_of(version)}, {"outcome", name_of(static_cast<Outcome>(outcome))}},
                                        read_cell(reading.control->connections_ended[version][outcome])});
                       }
                     }
                   }});
  table.push_back({"mptap_joins_total", MetricType::kCounter, "Joins whose fate is known, by what it was.", "result",
                   [](const MetricsReading& reading, Samples& out) {
                     if (reading.control == nullptr) return;
                     const ControlCounters& control = *reading.control;
                     out.push_back({{{"result", "matched"}}, read_cell(control.joins_matched)});
                     out.push_back({{{"result", "unknown"}}, read_cell(control.joins_unknown)});
                     out.push_back({{{"result", "refused"}}, read_cell(control.subflows_refused)});
                     out.push_back({{{"result", "denied"}}, read_cell(control.joins_denied)});
                     out.push_back({{{"result", "unanswered"}}, read_cell(control.joins_attempted)});
                   }});
  add_histogram(table, "mptap_connection_subflows", "subflows that a connection had, by connections that ended", 1,
                [](const ControlCounters& control) -> const auto& { return control.subflows_per_connection; });
  constexpr auto kSecond = static_cast<double>(kNsPerSecond);
  add_histogram(table, "mptap_join_latency_seconds", "from a connection's start, where it was seen, to the SYN/ACK of a join", kSecond,
                [](const ControlCounters& control) -> const auto& { return control.join_latency_ns; });
  add_histogram(table, "mptap_handshake_rtt_seconds", "from a SYN to the third ACK of its subflow", kSecond,
                [](const ControlCounters& control) -> const auto& { return control.handshake_rtt_ns; });
}

void add_control(Table& table) {
  const auto add = [&table](MetricType type, const char* name, const char* meaning, auto get) {
    table.push_back({name, type, sentence(meaning), "", [get](const MetricsReading& reading, Samples& out) {
                       if (reading.control != nullptr) out.push_back({{}, get(*reading.control)});
                     }});
  };
#define X(field, meaning)                                                                           \
  add(MetricType::kCounter, "mptap_" #field "_total", meaning, [](const ControlCounters& control) { \
    return static_cast<double>(control.field.load(std::memory_order_relaxed));                      \
  });
  MPTAP_CONTROL_COUNTERS(X)
#undef X
#define X(field, meaning)                                                                  \
  if (std::string_view(#field) != "time_ns") {                                             \
    add(MetricType::kGauge, "mptap_" #field, meaning, [](const ControlCounters& control) { \
      return static_cast<double>(control.field.load(std::memory_order_relaxed));           \
    });                                                                                    \
  }
  MPTAP_CONTROL_GAUGES(X)
#undef X
  add(MetricType::kGauge, "mptap_packet_time_seconds", "packet time of control, seconds since the epoch",
      [](const ControlCounters& control) {
        return static_cast<double>(control.time_ns.load(std::memory_order_relaxed)) /
               static_cast<double>(kNsPerSecond);
      });
}

void add_logs(Table& table) {
  table.push_back({"mptap_notices_total", MetricType::kCounter, "Notices, by name, whether logged or not.",
                   "note", [](const MetricsReading& reading, Samples& out) {
                     if (reading.logs == nullptr) return;
                     reading.logs->counters().notes.for_each([&out](const char* note, std::uint64_t count) {
                       out.push_back({{{"note", note}}, static_cast<double>(count)});
                     });
                   }});
#define X(field, meaning)                                                                          \
  table.push_back({"mptap_log_" #field "_total", MetricType::kCounter, sentence(meaning), "log",   \
                   [](const MetricsReading& reading, Samples& out) {                               \
                     if (reading.logs == nullptr) return;                                          \
                     for (const LogKind kind : kAllLogs) {                                         \
                       const std::uint64_t count = reading.logs->counters().of(kind).field.read(); \
                       out.push_back({{{"log", path_of(kind)}}, static_cast<double>(count)});      \
                     }                                                                             \
                     const std::uint64_t packets = reading.logs->counters().evidence.field.read(); \
                     out.push_back({{{"log", "evidence"}}, static_cast<double>(packets)});         \
                   }});
  MPTAP_LOG_COUNTERS(X)
#undef X
  table.push_back({"mptap_log_queue_rows", MetricType::kGauge, "Rows that wait for the log writer.", "",
                   [](const MetricsReading& reading, Samples& out) {
                     if (reading.logs != nullptr)
                       out.push_back({{}, static_cast<double>(reading.logs->size())});
                   }});
}

void add_ports(Table& table) {
  const auto add = [&table](const char* name, const char* help, std::uint64_t PortCounters::*field) {
    table.push_back(
        {name, MetricType::kCounter, help, "port", [field](const MetricsReading& reading, Samples& out) {
           for (const PortCounters& port : reading.ports) {
             out.push_back({{{"port", port.name}}, static_cast<double>(port.*field)});
           }
         }});
  };
  add("mptap_port_rx_packets_total", "Frames the port delivered, by its own account.",
      &PortCounters::rx_packets);
  add("mptap_port_nic_missed_total", "Frames lost by the network card, because workers did not keep up.",
      &PortCounters::nic_missed);
  add("mptap_port_rx_errors_total", "Frames the port received broken.", &PortCounters::rx_errors);
  add("mptap_port_no_mbuf_total", "Frames lost by the driver, because no packet buffer was free.",
      &PortCounters::no_mbuf);
  table.push_back({"mptap_port_up", MetricType::kGauge, "1 where the port's link is up, else 0.", "port",
                   [](const MetricsReading& reading, Samples& out) {
                     for (const PortCounters& port : reading.ports) out.push_back({{{"port", port.name}}, port.up ? 1.0 : 0.0});
                   }});
}

void add_inline(Table& table) {
  const auto add = [&table](const char* name, const char* help, std::uint64_t ForwardTally::*field) {
    table.push_back({name, MetricType::kCounter, help, "port", [field](const MetricsReading& reading, Samples& out) {
                       for (const PortCounters& port : reading.ports) {
                         if (port.is_inline) out.push_back({{{"port", port.name}}, static_cast<double>(port.forward.*field)});
                       }
                     }});
  };
  add("mptap_inline_received_total", "Frames that came in on a port of a pair.", &ForwardTally::received);
  add("mptap_inline_forwarded_total", "Frames that came in on a port of a pair and left by its partner.", &ForwardTally::forwarded);
  add("mptap_inline_dropped_total", "Frames of a port of a pair that a rule held back.", &ForwardTally::dropped);
  table.push_back({"mptap_inline_lost_total", MetricType::kCounter,
                   "Frames of a port of a pair that its partner did not take: too_long, longer than its MTU allows, or cut; "
                   "queue_full, it sends too slowly.",
                   "port, cause", [](const MetricsReading& reading, Samples& out) {
                     for (const PortCounters& port : reading.ports) {
                       if (!port.is_inline) continue;
                       out.push_back({{{"port", port.name}, {"cause", "too_long"}}, static_cast<double>(port.forward.too_long)});
                       out.push_back({{{"port", port.name}, {"cause", "queue_full"}}, static_cast<double>(port.forward.queue_full)});
                     }
                   }});
}

void add_daemon(Table& table) {
  table.push_back({"mptap_config_reloads_total", MetricType::kCounter,
                   "Reloads of the configuration; refused ones changed nothing.", "result",
                   [](const MetricsReading& reading, Samples& out) {
                     if (reading.daemon == nullptr) return;
                     for (const auto& [word, result] : {std::pair{"applied", ReloadResult::kApplied}, std::pair{"refused", ReloadResult::kRefused}}) {
                       out.push_back({{{"result", word}}, read_cell(reading.daemon->reloads[static_cast<std::size_t>(result)])});
                     }
                   }});
  const auto add = [&table](const char* name, const char* help, double scale, std::atomic<std::uint64_t> DaemonCounters::*field) {
    table.push_back({name, MetricType::kGauge, help, "", [field, scale](const MetricsReading& reading, Samples& out) {
                       if (reading.daemon != nullptr) out.push_back({{}, read_cell(reading.daemon->*field) / scale});
                     }});
  };
  add("mptap_config_hash", "Of the settings that are obeyed, defaults included: changes as they do.", 1, &DaemonCounters::config_hash);
  add("mptap_start_time_seconds", "When the sensor began to watch, seconds since the epoch.", static_cast<double>(kNsPerSecond),
      &DaemonCounters::started_ns);
  add("mptap_config_loaded_seconds", "When the settings that are obeyed were read, seconds since the epoch.",
      static_cast<double>(kNsPerSecond), &DaemonCounters::config_loaded_ns);
  add("mptap_stalled_threads", "Workers and control that stand still: the watchdog of the service manager is not fed meanwhile.", 1,
      &DaemonCounters::stalled_threads);
}

void add_build(Table& table) {
  table.push_back({"mptap_build_info", MetricType::kGauge, "Always 1; the label tells the version.",
                   "version", [](const MetricsReading& reading, Samples& out) {
                     out.push_back({{{"version", reading.version}}, 1});
                   }});
}

Table make_table() {
  Table table;
  add_ports(table);
  add_inline(table);
  add_workers(table);
  add_control(table);
  add_control_labels(table);
  add_logs(table);
  add_capacities(table);
  add_daemon(table);
  add_build(table);
  return table;
}

}  // namespace

MetricsReading read_metrics(const MetricsSources& sources, const std::string& version) {
  MetricsReading reading;
  reading.version = version;
  for (const WorkerCounters* worker : sources.workers) reading.workers.push_back(worker->read());
  if (sources.ports) reading.ports = sources.ports();
  reading.control = sources.control;
  reading.logs = sources.logs;
  reading.daemon = sources.daemon;
  reading.capacities = sources.capacities;
  return reading;
}

const char* name_of(MetricType type) {
  switch (type) {
    case MetricType::kCounter: return "counter";
    case MetricType::kGauge: return "gauge";
    case MetricType::kHistogram: return "histogram";
  }
  return "";
}

const std::vector<Metric>& metrics_table() {
  static const Table kTable = make_table();
  return kTable;
}

}  // namespace mptap
