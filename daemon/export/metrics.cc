// Metrics in Prometheus's text format.
#include <prometheus/text_serializer.h>

#include <utility>

#include "daemon/export/metrics.h"

namespace mptap {
namespace {

std::vector<prometheus::MetricFamily> families_of(const MetricsReading& reading) {
  std::vector<prometheus::MetricFamily> families;
  std::vector<MetricSample> samples;
  for (const Metric& metric : metrics_table()) {
    samples.clear();
    metric.read(reading, samples);
    if (samples.empty()) continue;

    prometheus::MetricFamily family;
    family.name = metric.name;
    family.help = metric.help;
    family.type = metric.type == MetricType::kCounter     ? prometheus::MetricType::Counter
                  : metric.type == MetricType::kHistogram ? prometheus::MetricType::Histogram
                                                          : prometheus::MetricType::Gauge;
    for (MetricSample& sample : samples) {
      prometheus::ClientMetric& out = family.metric.emplace_back();
      for (auto& [name, value] : sample.labels) out.label.push_back({std::move(name), std::move(value)});
      switch (metric.type) {
        case MetricType::kCounter: out.counter.value = sample.value; break;
        case MetricType::kGauge: out.gauge.value = sample.value; break;
        case MetricType::kHistogram:
          out.histogram.sample_sum = sample.value;
          out.histogram.sample_count = sample.buckets.back().cumulative;
          for (const MetricBucket& bucket : sample.buckets) out.histogram.bucket.push_back({bucket.cumulative, bucket.upper});
          break;
      }
    }
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace

std::string format_metrics(const MetricsSources& sources, const std::string& version) {
  return prometheus::TextSerializer().Serialize(families_of(read_metrics(sources, version)));
}

}  // namespace mptap
