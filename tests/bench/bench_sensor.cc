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
  hooks.enter_control = [&ports] { ports.eal().move_to_control_cores(); };
  pipeline_->start(hooks);
  pipeline_->wait_until_polling();
  counters_ = pipeline_->counters();
  if (metrics_) metrics_->publish({counters_, &control_, &queue_, {}});
}

void BenchSensor::stop() {
  if (pipeline_) {
    pipeline_->request_stop();
    pipeline_->join();
  }
  if (metrics_) metrics_->withdraw();
  if (writer_) writer_->stop();
}

std::vector<std::string> find_wrong_sums(const WorkerTally& t, const ControlCounters& control) {
  std::vector<std::string> wrong;
  const auto expect = [&wrong](const char* sum, std::uint64_t left, std::uint64_t right) {
    if (left != right)
      wrong.push_back(std::string(sum) + ": " + std::to_string(left) + " and " + std::to_string(right));
  };
  expect("rx_packets", t.rx_packets, t.filtered_out + t.not_ip + t.not_tcp + t.fragments + t.malformed + t.tcp_segments);
  expect("tcp_segments", t.tcp_segments, t.with_mptcp + t.without_mptcp);
  expect("records_built", t.records_built,
         t.records_pushed + t.records_pending + t.ring_full_vital + t.ring_full_bulk);
  expect("records_pushed", t.records_pushed, control.records_taken);
  // Of joins that ended unanswered and whose record was lost, control knows nothing: what is left over are
  // the unanswered.
  const std::uint64_t settled =
      control.joins_matched + control.joins_unknown + control.joins_waiting + t.joins_not_stored;
  if (settled > t.joins_seen) expect("joins_seen", t.joins_seen, settled);
  return wrong;
}

}  // namespace mptap::bench
