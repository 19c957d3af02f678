// What the running sensor answers to those who ask on this machine: JSON in, JSON out. Knows nothing of sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/export/metrics_table.h"
#include "daemon/query/rule_questions.h"
#include "detect/connection_survey.h"

namespace mptap {

/// Where answers come from. Called on the asker's thread; none throws but for memory.
struct QuerySources {
  std::function<MetricsReading()> metrics;
  std::function<bool(ConnectionSurvey&)> survey;  // false: control gave no answer in time
  std::function<std::string()> config;            // the running one, as YAML
  std::function<std::vector<std::string>(std::size_t most)> notices;  // rows of notice.log in JSON, the oldest first
  MitigatorAccess with_mitigator;                 // empty where nothing is inline
  std::uint64_t started_ns = 0;                   // since the epoch
};

/// Who asks: a reader changes nothing.
enum class Asker : std::uint8_t { kReader, kOperator };

/// What a question comes to.
enum class Answered : std::uint8_t { kYes, kBadQuestion, kNotInTime };

struct QueryAnswer {
  std::string json;  // one object without a newline: "ok" is true, or false beside a sentence "error"
  Answered how = Answered::kYes;
};

/// Any thread.
class QueryService {
 public:
  static constexpr std::size_t kMostConnections = 1'000;

  explicit QueryService(QuerySources sources) : sources_(std::move(sources)) {}

  /// @param request  One JSON object: docs/query.md has the questions.
  [[nodiscard]] QueryAnswer answer(std::string_view request, Asker asker = Asker::kReader) const;

 private:
  [[nodiscard]] std::string status() const;
  [[nodiscard]] QueryAnswer connections(ConnectionSurvey survey) const;
  [[nodiscard]] std::string notices(std::size_t most) const;
  [[nodiscard]] std::string config() const;

  const QuerySources sources_;
};

}  // namespace mptap
