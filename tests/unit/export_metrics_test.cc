#include <arpa/inet.h>

#include <map>
#include <set>
#include <sstream>

#include "daemon/export/metrics.h"
#include "tests/unit/catch.h"
#include "tests/unit/export_rows.h"
#include "tests/unit/http_request.h"

namespace mptap {
namespace {

/// Lines of the text format: "name{labels}" -> value.
using Samples = std::map<std::string, double>;

Samples parse_samples(const std::string& text) {
  Samples samples;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    INFO(line);
    const std::size_t space = line.rfind(' ');
    REQUIRE(space != std::string::npos);
    CHECK(samples.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second);
  }
  return samples;
}

/// The sum over all labels of one metric.
double sum_of(const Samples& samples, const std::string& name) {
  double sum = 0;
  for (const auto& [key, value] : samples) {
    if (key == name || key.starts_with(name + "{")) sum += value;
  }
  return sum;
}

using test::body_of, test::get;

/// Two workers, control and a queue that have counted something.
struct Sensor {
  WorkerCounters workers[2];
  ControlCounters control;
  DaemonCounters daemon;
  LogQueue queue{LogOptions{}, RunMode::kLive, control};

  Sensor() {
    WorkerTally tally;
    tally.rx_packets = 107;
    tally.filtered_out = 7;
    tally.rx_bytes = 123'456'789'012;
    tally.not_ip = 1;
    tally.not_tcp = 2;
    tally.fragments = 3;
    tally.malformed = 4;
    tally.tcp_segments = 90;
    tally.with_mptcp = 50;
    tally.without_mptcp = 40;
    tally.joins_seen = 20;
    tally.joins_not_stored = 5;
    tally.joins_answered = 8;
    tally.records_built = 60;
    tally.records_pushed = 50;
    tally.records_pending = 1;
    tally.ring_full_vital = 2;
    tally.ring_full_bulk = 7;
    tally.frames[static_cast<std::size_t>(FrameStatus::kTcpSegment)] = 90;
    tally.frames[static_cast<std::size_t>(FrameStatus::kIpTruncated)] = 3;
    tally.frames[static_cast<std::size_t>(FrameStatus::kTooDeep)] = 1;
    tally.options[static_cast<std::size_t>(Subtype::kJoin)] = 25;
    tally.options_from_acceptor[static_cast<std::size_t>(Subtype::kJoin)] = 9;
    tally.option_errors[static_cast<std::size_t>(OptionError::kOk)] = 25;
    tally.option_errors[static_cast<std::size_t>(OptionError::kLength)] = 6;
    workers[0].publish(tally);
    tally = {};
    tally.rx_packets = tally.not_ip = 10;
    workers[1].publish(tally);
    ControlCounters::add(control.joins_matched, 5);
    ControlCounters::add(control.joins_unknown, 2);
    ControlCounters::add(control.subflows_refused, 12);
    ControlCounters::add(control.joins_denied, 13);
    ControlCounters::add(control.joins_attempted, 14);
    ControlCounters::add(control.fallbacks[static_cast<std::size_t>(Fallback::kStripped)], 15);
    ControlCounters::add(control.hmacs[static_cast<std::size_t>(HmacKind::kJoinAck)][static_cast<std::size_t>(Proof::kInvalid)], 16);
    ControlCounters::add(control.connections_ended[1][static_cast<std::size_t>(Outcome::kFallback)], 17);
    ControlCounters::add(control.connections_ended[2][static_cast<std::size_t>(Outcome::kPartial)], 18);
    control.subflows_per_connection.add(1);
    control.subflows_per_connection.add(33);
    control.join_latency_ns.add(2'000'000);   // the bound of a bucket is in it
    control.handshake_rtt_ns.add(2'000'001);
    ControlCounters::set(control.joins_waiting, 1);
    ControlCounters::set(control.connections, 3);
    ControlCounters::set(control.time_ns, 1'700'000'000'500'000'000);
    daemon.reloads[static_cast<std::size_t>(ReloadResult::kApplied)] = 21;
    daemon.reloads[static_cast<std::size_t>(ReloadResult::kRefused)] = 22;
    daemon.config_hash = 0xffff'ffff'ffff;
    daemon.started_ns = 1'700'000'000'125'000'000;
    daemon.config_loaded_ns = 1'700'000'000'250'000'000;
    daemon.stalled_threads = 23;
    queue.on_report(test::full_notice());
    queue.counters().of(LogKind::kNotice).rows_written.add(11);
  }

  [[nodiscard]] MetricsSources sources() const {
    return {{&workers[0], &workers[1]}, &control, &queue, [] {
              return std::vector<PortCounters>{{"eth0", 111, 4, 5, 6, true, true, {111, 100, 5, 4, 2}}};
            }, &daemon, {31, 32, 33, 34}};
  }
};

TEST_CASE("every number is where its name says", "[export][metrics]") {
  const Sensor sensor;
  const Samples samples = parse_samples(format_metrics(sensor.sources(), "1.2.3"));
  struct Row {
    const char* key;
    double value;
  };
  const Row rows[] = {
      {R"(mptap_rx_packets_total{worker="0"})", 107},
      {R"(mptap_rx_packets_total{worker="1"})", 10},
      {R"(mptap_filtered_out_total{worker="0"})", 7},
      {R"(mptap_rx_bytes_total{worker="0"})", 123'456'789'012},
      {R"(mptap_malformed_total{worker="0",cause="ip_truncated"})", 3},
      {R"(mptap_malformed_total{worker="0",cause="too_deep"})", 1},
      {R"(mptap_malformed_total{worker="1",cause="too_deep"})", 0},
      {R"(mptap_options_total{worker="0",subtype="mp_join"})", 25},
      {R"(mptap_options_by_direction_total{worker="0",subtype="mp_join",direction="opener"})", 16},
      {R"(mptap_options_by_direction_total{worker="0",subtype="mp_join",direction="acceptor"})", 9},
      {R"(mptap_option_errors_total{worker="0",error="length"})", 6},
      {R"(mptap_joins_total{result="matched"})", 5},
      {R"(mptap_joins_total{result="unknown"})", 2},
      {R"(mptap_joins_total{result="refused"})", 12},
      {R"(mptap_joins_total{result="denied"})", 13},
      {R"(mptap_joins_total{result="unanswered"})", 14},
      {R"(mptap_fallbacks_total{cause="stripped"})", 15},
      {R"(mptap_fallbacks_total{cause="mp_fail"})", 0},
      {R"(mptap_hmacs_total{kind="join_ack",result="invalid"})", 16},
      {R"(mptap_hmacs_total{kind="add_addr",result="unverified"})", 0},
      {R"(mptap_connections_ended_total{version="1",outcome="fallback"})", 17},
      {R"(mptap_connections_ended_total{version="unknown",outcome="partial"})", 18},
      {R"(mptap_connections_ended_total{version="0",outcome="established"})", 0},
      {R"(mptap_connection_subflows_bucket{le="1"})", 1},
      {R"(mptap_connection_subflows_bucket{le="32"})", 1},
      {R"(mptap_connection_subflows_bucket{le="+Inf"})", 2},
      {"mptap_connection_subflows_sum", 34},
      {R"(mptap_join_latency_seconds_bucket{le="0.001"})", 0},
      {R"(mptap_join_latency_seconds_bucket{le="0.002"})", 1},
      {"mptap_join_latency_seconds_sum", 0.002},
      {R"(mptap_handshake_rtt_seconds_bucket{le="0.002"})", 0},
      {R"(mptap_handshake_rtt_seconds_bucket{le="0.005"})", 1},
      {"mptap_handshake_rtt_seconds_count", 1},
      {R"(mptap_ring_full_total{worker="0",class="vital"})", 2},
      {R"(mptap_ring_full_total{worker="0",class="bulk"})", 7},
      {R"(mptap_records_pending{worker="0"})", 1},
      {R"(mptap_joins_unanswered{worker="0"})", 7},
      {R"(mptap_joins_unanswered{worker="1"})", 0},
      {"mptap_joins_matched_total", 5},
      {"mptap_joins_unknown_total", 2},
      {"mptap_joins_waiting", 1},
      {"mptap_connections", 3},
      {"mptap_packet_time_seconds", 1'700'000'000.5},
      {R"(mptap_notices_total{note="join_flood"})", 1},
      {R"(mptap_notices_total{note="rejected"})", 0},
      {R"(mptap_notices_total{note="join_flood_status"})", 0},
      {R"(mptap_notices_total{note="join_flood_end"})", 0},
      {R"(mptap_log_rows_written_total{log="notice"})", 11},
      {R"(mptap_log_rows_dropped_total{log="mptcp_conn"})", 0},
      {R"(mptap_log_write_errors_total{log="mptcp_event"})", 0},
      {"mptap_log_queue_rows", 1},
      {R"(mptap_port_rx_packets_total{port="eth0"})", 111},
      {R"(mptap_port_nic_missed_total{port="eth0"})", 4},
      {R"(mptap_port_rx_errors_total{port="eth0"})", 5},
      {R"(mptap_port_no_mbuf_total{port="eth0"})", 6},
      {R"(mptap_inline_received_total{port="eth0"})", 111},
      {R"(mptap_inline_forwarded_total{port="eth0"})", 100},
      {R"(mptap_inline_lost_total{port="eth0",cause="too_long"})", 5},
      {R"(mptap_inline_lost_total{port="eth0",cause="queue_full"})", 4},
      {R"(mptap_inline_dropped_total{port="eth0"})", 2},
      {R"(mptap_port_up{port="eth0"})", 1},
      {R"(mptap_config_reloads_total{result="applied"})", 21},
      {R"(mptap_config_reloads_total{result="refused"})", 22},
      {"mptap_config_hash", 281'474'976'710'655},
      {"mptap_config_loaded_seconds", 1'700'000'000.25},
      {"mptap_stalled_threads", 23},
      {"mptap_start_time_seconds", 1'700'000'000.125},
      {R"(mptap_subflows_capacity{worker="0"})", 31},
      {R"(mptap_ring_capacity{worker="1"})", 32},
      {R"(mptap_records_pending_capacity{worker="1"})", 33},
      {"mptap_connections_capacity", 34},
      {"mptap_log_queue_capacity", 65'536},
      {R"(mptap_build_info{version="1.2.3"})", 1},
  };
  for (const Row& row : rows) {
    INFO(row.key);
    REQUIRE(samples.contains(row.key));
    CHECK(samples.at(row.key) == row.value);
  }
  CHECK_FALSE(samples.contains(R"(mptap_malformed_total{worker="0",cause="tcp_segment"})"));
  CHECK_FALSE(samples.contains(R"(mptap_option_errors_total{worker="0",error="ok"})"));
}

TEST_CASE("every notice has its number before it was ever told", "[export][metrics]") {
  const Sensor sensor;
  const Samples samples = parse_samples(format_metrics(sensor.sources(), "1"));
#define X(name, Options, doc) CHECK(samples.contains(R"(mptap_notices_total{note=")" #name R"("})"));
  MPTAP_DETECTORS(X)
#undef X
}

TEST_CASE("the metrics add up as the counters do", "[export][metrics]") {
  const Sensor sensor;
  const Samples samples = parse_samples(format_metrics(sensor.sources(), "1"));
  const auto sum = [&](const std::string& name) { return sum_of(samples, "mptap_" + name); };
  CHECK(sum("rx_packets_total") == sum("filtered_out_total") + sum("not_ip_total") + sum("not_tcp_total") + sum("fragments_total") +
                                       sum("malformed_total") + sum("tcp_segments_total"));
  CHECK(sum("tcp_segments_total") == sum("with_mptcp_total") + sum("without_mptcp_total"));
  CHECK(sum("records_built_total") ==
        sum("records_pushed_total") + sum("records_pending") + sum("ring_full_total"));
  CHECK(sum("joins_seen_total") == sum("joins_matched_total") + sum("joins_unknown_total") +
                                       sum("joins_waiting") + sum("joins_unanswered") +
                                       sum("joins_not_stored_total"));
}

TEST_CASE("the table keeps to Prometheus's conventions and knows no address", "[export][metrics]") {
  constexpr const char* kNameLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  const std::set<std::string> labels_known = {
      "",     "worker", "worker, cause", "worker, error", "worker, subtype", "worker, class",
      "note", "log",    "port",          "version",       "cause",           "kind, result",
      "version, outcome", "result", "worker, subtype, direction", "port, cause"};
  std::set<std::string> names;
  for (const Metric& metric : metrics_table()) {
    INFO(metric.name);
    CHECK(metric.name.starts_with("mptap_"));
    CHECK(metric.name.find_first_not_of(kNameLetters) == std::string::npos);
    CHECK(names.insert(metric.name).second);
    CHECK(metric.name.ends_with("_total") == (metric.type == MetricType::kCounter));
    CHECK(metric.name.find("_ns") == std::string::npos);
    CHECK(metric.help.ends_with('.'));
    CHECK(labels_known.contains(metric.labels));
  }

  const Sensor sensor;  // its notice names addresses
  const MetricsReading reading = read_metrics(sensor.sources(), "1.2.3");
  for (const Metric& metric : metrics_table()) {
    std::vector<MetricSample> samples;
    metric.read(reading, samples);
    CHECK_FALSE(samples.empty());
    for (const MetricSample& sample : samples) {
      std::string names_of_sample;
      for (const auto& [name, value] : sample.labels) {
        if (!names_of_sample.empty()) names_of_sample += ", ";
        names_of_sample += name;
        std::array<std::uint8_t, 16> bytes{};
        CHECK(inet_pton(AF_INET, value.c_str(), bytes.data()) != 1);
        CHECK(inet_pton(AF_INET6, value.c_str(), bytes.data()) != 1);
      }
      CHECK(names_of_sample == metric.labels);
    }
  }
}

TEST_CASE("a scrape through a socket", "[export][metrics]") {
  MetricsOptions options;
  options.listen = "127.0.0.1:0";
  MetricsServer server(options, "1.2.3");
  REQUIRE(server.port() != 0);

  const auto scrape = [&] { return parse_samples(body_of(get(server.port(), "/metrics"))); };
  CHECK(sum_of(scrape(), "mptap_build_info") == 1);
  CHECK(sum_of(scrape(), "mptap_rx_packets_total") == 0);

  const Sensor sensor;
  server.publish(sensor.sources());
  CHECK(sum_of(scrape(), "mptap_rx_packets_total") == 117);
  CHECK(sum_of(scrape(), "mptap_connections") == 3);
  CHECK(get(server.port(), "/metrics").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(get(server.port(), "/").find(" 404 ") < 20);

  server.withdraw();
  CHECK_FALSE(scrape().contains("mptap_connections"));
}

TEST_CASE("an address that cannot be served is told in one sentence", "[export][metrics]") {
  MetricsOptions options;
  options.listen = "127.0.0.1:0";
  const MetricsServer first(options, "1");
  const std::string taken = "127.0.0.1:" + std::to_string(first.port());
  struct Row {
    std::string listen;
    const char* reason;
  };
  const Row rows[] = {
      {taken, "Address already in use; stop what listens there, or choose another port by metrics.listen"},
      {"192.0.2.1:9464", "this machine does not have that address; choose another by metrics.listen"},
      {"nonsense", "that is not an IPv4 address and a port; write metrics.listen as in 127.0.0.1:9464"},
      {"127.0.0.1", "that is not an IPv4 address and a port; write metrics.listen as in 127.0.0.1:9464"},
      {"127.0.0.1:", "that is not an IPv4 address and a port; write metrics.listen as in 127.0.0.1:9464"},
      {"127.0.0.1:99999",
       "that is not an IPv4 address and a port; write metrics.listen as in 127.0.0.1:9464"},
      {"127.0.0.1:80x", "that is not an IPv4 address and a port; write metrics.listen as in 127.0.0.1:9464"},
      {"[::1]:9464", "that is not an IPv4 address and a port; write metrics.listen as in 127.0.0.1:9464"},
      {"", "that is not an IPv4 address and a port; write metrics.listen as in 127.0.0.1:9464"},
  };
  for (const Row& row : rows) {
    options.listen = row.listen;
    CHECK_THROWS_WITH(MetricsServer(options, "1"),
                      "cannot serve metrics on " + row.listen + ": " + row.reason);
  }
}

TEST_CASE("a metrics port is free again at once", "[export][metrics]") {
  MetricsOptions options;
  options.listen = "localhost:0";
  {
    const MetricsServer server(options, "1");
    CHECK_FALSE(get(server.port(), "/metrics").empty());
    options.listen = "127.0.0.1:" + std::to_string(server.port());
  }
  CHECK_NOTHROW(MetricsServer(options, "1"));
}

}  // namespace
}  // namespace mptap
