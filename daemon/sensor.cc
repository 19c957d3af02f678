#include "daemon/sensor.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "config/config_loader.h"
#include "config/reload.h"
#include "daemon/human.h"
#include "daemon/messages.h"
#include "daemon/periodic_thread.h"
#include "daemon/privileges.h"
#include "daemon/version.h"

namespace mptap {
Sensor::Sensor(const Config& config) : config_(config), queue_(config.runtime.logs, RunMode::kLive, control_counters_) {}

Sensor::~Sensor() { stop(); }

std::string Sensor::start() {
  if (std::string error = start_filter(); !error.empty()) return error;
  // Listener and log writer first: what they cannot open is told before DPDK takes its time and the ports.
  if (std::string error = start_exports(); !error.empty()) return error;
  if (std::string error = start_dpdk(); !error.empty()) return error;
  mirror_links();
  use_cards();
  give_up_capabilities();
  note_config();
  counters_.started_ns.store(counters_.config_loaded_ns.load(std::memory_order_relaxed), std::memory_order_relaxed);
  start_pipeline();
  start_query();
  return {};
}

void Sensor::mirror_links() {
  const DataplaneOptions& options = config_.startup.dataplane;
  if (!options.mirror_links || options.pairs.empty()) return;
  links_ = std::make_unique<LinkKeeper>(*ports_, options);
}

void Sensor::use_cards() {
  if (!config_.startup.dataplane.use_cards) return;
  cards_ = CardKeeper::begin(*ports_);
}

void Sensor::give_up_capabilities() {
  if (needs_capabilities_to_close(config_.startup.dataplane)) return;
  if (const std::string remark = drop_capabilities(); !remark.empty()) spdlog::warn("{}", remark);
}

void Sensor::note_config() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  counters_.config_hash.store(hash_config(config_), std::memory_order_relaxed);
  counters_.config_loaded_ns.store(static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count()), std::memory_order_relaxed);
}

/// The configuration was checked; a host that the filter names may have lost its address since.
std::string Sensor::start_filter() {
  const std::string& expression = config_.startup.dataplane.filter;
  if (expression.empty()) return {};
  PcapFilter::Compiled compiled = PcapFilter::compile(expression, kPortLinks);
  filter_ = std::move(compiled.filter);
  return filter_ ? "" : "`filter` " + compiled.error;
}

std::string Sensor::start_exports() {
  try {
    if (config_.startup.metrics.enabled) metrics_ = std::make_unique<MetricsServer>(config_.startup.metrics, kVersion);
    writer_ = std::make_unique<LogWriter>(queue_, config_.runtime.logs, std::vector<ReportConsumer*>{&recent_notices_});
  } catch (const MetricsError& error) {
    return error.what();
  } catch (const LogError& error) {
    return error.what();
  }
  return {};
}

std::string Sensor::start_dpdk() {
  const DataplaneOptions& options = config_.startup.dataplane;
  std::vector<std::string> warnings;
  if (std::string error = check_ports(options, warnings); !error.empty()) return error;
  EalPlan plan;
  std::string error;
  if (!build_eal_plan(options, read_machine(), plan, error)) return error;
  for (const std::string& warning : plan.warnings) spdlog::warn("{}", warning);
  Eal::Started started = Eal::start(options, plan, [](std::string_view message) { spdlog::warn("DPDK: {}", message); });
  if (!started.eal) return started.error;
  eal_ = std::move(started.eal);
  DpdkPorts::Opened opened = DpdkPorts::open(options, *eal_);
  for (const std::string& warning : opened.warnings) spdlog::warn("{}", warning);
  if (!opened.ports) return opened.error;
  ports_ = std::move(opened.ports);
  for (std::uint32_t worker = 0; worker < options.workers; ++worker) {
    sources_.push_back(std::make_unique<DpdkSource>(*ports_, worker));
  }
  return {};
}

void Sensor::start_pipeline() {
  std::vector<PacketSource*> sources;
  for (const auto& source : sources_) sources.push_back(source.get());
  pipeline_ = std::make_unique<Pipeline>(sources, config_.startup, config_.runtime, queue_, control_counters_,
                                         filter_.get(), cards_ ? &cards_->channel() : nullptr);
  Pipeline::ThreadHooks hooks;
  hooks.enter = [this](std::size_t worker) {
    const std::string remark = eal_->enter_worker(static_cast<std::uint32_t>(worker));
    if (!remark.empty()) spdlog::warn("{}", remark);
  };
  hooks.leave = [this](std::size_t) { eal_->leave_worker(); };
  hooks.on_runtime = [this](const RuntimeConfig& runtime) {
    queue_.set_attempts_per_second(runtime.logs.attempts_per_second);
  };
  pipeline_->start(hooks);
  pipeline_->wait_until_polling();
  if (metrics_) metrics_->publish(metrics_sources());
}

MetricsSources Sensor::metrics_sources() const {
  return {pipeline_->counters(), &control_counters_, &queue_, [this] { return port_counters(); }, &counters_,
          capacities_of(config_.startup)};
}

/// A sensor that cannot be asked senses all the same.
void Sensor::start_query() {
  static constexpr std::chrono::milliseconds kPatience{2'000};
  query_service_ = std::make_unique<QueryService>(QuerySources{
      .metrics = [this] { return read_metrics(metrics_sources(), kVersion); },
      .survey = [this](ConnectionSurvey& survey) { return pipeline_->survey(survey, kPatience); },
      .config = [this] { return running_config(); },
      .notices = [this](std::size_t most) { return recent_notices_.rows(most); },
      .with_mitigator = pipeline_->has_mitigator() ? MitigatorAccess([this](const auto& work) { return pipeline_->with_mitigator(work, kPatience); })
                                                   : MitigatorAccess(),
      .started_ns = counters_.started_ns.load(std::memory_order_relaxed),
  });
  if (metrics_ && config_.startup.metrics.page) {
    page_ = std::make_unique<WebPage>(*query_service_, config_.startup.metrics.listen);
    metrics_->publish_page([page = page_.get()](const HttpRequest& request) { return page->answer(request); });
  }
  const std::string& path = config_.startup.query.socket;
  if (path.empty()) return;
  try {
    query_socket_ = std::make_unique<QuerySocket>(path, *query_service_);
  } catch (const QuerySocketError& error) {
    spdlog::warn("{}", error.what());
  }
}

std::string Sensor::running_config() const {
  const std::lock_guard lock(config_mutex_);
  return print_config(config_);
}

std::vector<PortCounters> Sensor::port_counters() const {
  std::vector<PortCounters> all;
  for (std::size_t i = 0; i < ports_->size(); ++i) {
    const PortStatistics port = ports_->statistics(i);
    PortCounters counters{port.name, port.received_packets, port.missed_packets, port.error_packets, port.no_buffer_packets,
                          port.up};
    counters.is_inline = port.is_inline;
    for (const auto& source : sources_) counters.forward += source->forwarded(static_cast<std::uint16_t>(i));
    all.push_back(std::move(counters));
  }
  return all;
}

std::string Sensor::reload(const Config& wanted) {
  std::string error = take_over(wanted);
  if (error.empty()) note_config();
  return error;
}

std::string Sensor::take_over(const Config& wanted) {
  LogOptions logs = wanted.runtime.logs;
  logs.queue_rows = config_.runtime.logs.queue_rows;
  try {
    writer_->reload(logs);
  } catch (const LogError& error) {
    return error.what();
  }
  for (const std::string& path : find_restart_settings(config_, wanted)) {
    spdlog::warn("`{}` changes with a restart only", path);
  }
  {
    const std::lock_guard lock(config_mutex_);
    config_.runtime = wanted.runtime;
    config_.runtime.logs = logs;
  }
  set_message_level(config_.runtime.messages);
  pipeline_->publish(std::make_shared<const RuntimeConfig>(config_.runtime));
  return {};
}

std::string Sensor::reopen_logs() {
  try {
    writer_->reopen();
  } catch (const LogError& error) {
    return error.what();
  }
  return {};
}

/// The listener first: it takes up to two seconds to end, in which packets are still seen, and forwarded.
void Sensor::stop() {
  query_socket_.reset();
  if (metrics_) metrics_->withdraw_page();
  metrics_.reset();
  if (pipeline_) {
    pipeline_->request_stop();
    pipeline_->join();
    const auto said = spell_.finish(pipeline_->total().ring_full_vital, control_counters_.notices_held.load(), steady_ns());
    if (said) spdlog::warn("{}", *said);
  }
  if (writer_) writer_->stop();
  links_.reset();
  cards_.reset();
  sources_.clear();
  ports_.reset();
  eal_.reset();
}

bool Sensor::check_itself() {
  const auto said = spell_.look(pipeline_->total().ring_full_vital, control_counters_.notices_held.load(), steady_ns());
  if (said) spdlog::warn("{}", *said);
  health_.look(pipeline_->pulse(), steady_ns());
  if (const auto news = health_.news()) spdlog::error("{}", *news);
  counters_.stalled_threads.store(health_.stalled(), std::memory_order_relaxed);
  return health_.goes_on();
}

std::string Sensor::status() {
  StatusNumbers now;
  for (const PortCounters& port : port_counters()) {
    ++now.ports;
    now.ports_up += port.up ? 1 : 0;
    now.received += port.rx_packets;
    now.missed += port.nic_missed + port.no_mbuf;
  }
  now.connections = control_counters_.connections.load(std::memory_order_relaxed);
  return status_line_.format(now);
}

std::string Sensor::summary() const {
  std::string text = plural(ports_->size(), "port") + ", " + plural(sources_.size(), "worker");
  if (metrics_) text += ", metrics on " + config_.startup.metrics.listen;
  if (filter_) text += ", filter `" + config_.startup.dataplane.filter + "`";
  if (!config_.runtime.logs.directory.empty()) text += ", logs in " + config_.runtime.logs.directory;
  return text;
}

std::string Sensor::totals() const {
  const WorkerTally tally = pipeline_->total();
  const std::string left_out = filter_ ? std::to_string(tally.filtered_out) + " left out by the filter, " : "";
  return std::to_string(tally.rx_packets) + " packets, " + left_out + std::to_string(tally.with_mptcp) + " TCP segments with MPTCP, " +
         std::to_string(control_counters_.connections_established.load()) + " connections, " +
         std::to_string(tally.ring_full_vital + tally.ring_full_bulk) + " records lost";
}

std::string Sensor::first_log_error() const { return writer_ ? writer_->first_write_error().value_or("") : ""; }

}  // namespace mptap
