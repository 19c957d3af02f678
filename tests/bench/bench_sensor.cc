#include "tests/bench/bench_sensor.h"

#include <cstdio>
#include <stdexcept>

namespace mptap::bench {

BenchPorts::BenchPorts(const DataplaneOptions& options) {
  EalPlan plan;
  std::string error;
  if (!build_eal_plan(options, read_machine(), plan, error)) throw std::runtime_error(error);
  Eal::Started started = Eal::start(options, plan);
  if (!started.eal) throw std::runtime_error(started.error);
  eal_ = std::move(started.eal);
  DpdkPorts::Opened opened = DpdkPorts::open(options, *eal_);
  if (!opened.ports) throw std::runtime_error(opened.error);
  ports_ = std::move(opened.ports);
  for (std::uint32_t worker = 0; worker < options.workers; ++worker) {
    sources_.push_back(std::make_unique<DpdkSource>(*ports_, worker));
  }
}

BenchPorts::~BenchPorts() {
  sources_.clear();
  ports_.reset();
}

BenchSensor::BenchSensor(const Config& config)
    : config_(config), queue_(config.runtime.logs, RunMode::kLive, control_) {
  if (config_.startup.metrics.enabled)
    metrics_ = std::make_unique<MetricsServer>(config_.startup.metrics, "bench");
  writer_ = std::make_unique<LogWriter>(queue_, config_.runtime.logs);
}

BenchSensor::~BenchSensor() { stop(); }

void BenchSensor::start(BenchPorts& ports, const std::vector<PacketSource*>& sources) {
  pipeline_ = std::make_unique<Pipeline>(sources, config_.startup, config_.runtime, queue_, control_);
  Pipeline::ThreadHooks hooks;
  hooks.enter = [&ports](std::size_t worker) {
    const std::string remark = ports.eal().enter_worker(static_cast<std::uint32_t>(worker));
    if (!remark.empty()) std::fprintf(stderr, "%s\n", remark.c_str());
  };
  hooks.leave = [&ports](std::size_t) { ports.eal().leave_worker(); };
  pipeline_->start(hooks);
  pipeline_->wait_until_polling();
  counters_ = pipeline_->counters();
  if (metrics_) metrics_->publish(metrics_sources());
}

void BenchSensor::stop() {
  if (pipeline_) {
    pipeline_->request_stop();
    pipeline_->join();
  }
  if (metrics_) metrics_->withdraw();
  if (writer_) writer_->stop();
}

MetricsSources BenchSensor::metrics_sources() const {
  return {counters_, &control_, &queue_, {}, nullptr, capacities_of(config_.startup)};
}

std::string BenchSensor::format_page() const { return format_metrics(metrics_sources(), "bench"); }

}  // namespace mptap::bench
