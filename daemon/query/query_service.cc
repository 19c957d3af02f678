#include "daemon/query/query_service.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "config/prefix_text.h"
#include "daemon/export/log_format.h"
#include "daemon/export/text.h"
#include "daemon/query/question.h"

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;

QueryAnswer refuse(const std::string& sentence, Answered how = Answered::kBadQuestion) {
  return {Json{{"ok", false}, {"error", sentence}}.dump(), how};
}

QueryAnswer refuse_late() { return refuse("control gave no answer: it has too much to do, or stands still", Answered::kNotInTime); }

double seconds_of(std::uint64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNsPerSecond); }

std::uint64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

Json json_of(const PortCounters& port) {
  const std::uint64_t lost = port.nic_missed + port.no_mbuf;
  const std::uint64_t offered = port.rx_packets + lost;
  Json json{{"name", port.name},
          {"up", port.up},
          {"rx_packets", port.rx_packets},
          {"nic_missed", port.nic_missed},
          {"no_mbuf", port.no_mbuf},
          {"rx_errors", port.rx_errors},
          {"missed_share", offered == 0 ? 0.0 : static_cast<double>(lost) / static_cast<double>(offered)}};
  if (port.is_inline) {
    json["inline"] = {{"forwarded", port.forward.forwarded},
                      {"lost", port.forward.too_long + port.forward.queue_full},
                      {"dropped", port.forward.dropped}};
  }
  return json;
}

Json json_of(const WorkerTally& tally) {
  Json json;
#define X(name, meaning) json[#name] = tally.name;
  MPTAP_WORKER_COUNTERS(X)
  MPTAP_WORKER_GAUGES(X)
#undef X
  return json;
}

Json json_of(const ControlCounters& counters) {
  Json json;
#define X(name, meaning) json[#name] = counters.name.load(std::memory_order_relaxed);
  MPTAP_CONTROL_COUNTERS(X)
  MPTAP_CONTROL_GAUGES(X)
#undef X
  return json;
}

Json json_of(const LogQueue& queue) {
  Json json;
  for (const LogKind kind : kAllLogs) {
    const auto& log = queue.counters().of(kind);
    json[path_of(kind)] = {{"written", log.rows_written.read()}, {"dropped", log.rows_dropped.read()}, {"errors", log.write_errors.read()}};
  }
  return json;
}

Json json_of(const DaemonCounters& daemon) {
  const auto reloads = [&daemon](ReloadResult result) { return daemon.reloads[static_cast<std::size_t>(result)].load(); };
  char hash[16];
  const auto end = std::to_chars(hash, hash + sizeof hash, daemon.config_hash.load(), 16).ptr;
  return {{"hash", std::string(hash, end)},
          {"loaded", seconds_of(daemon.config_loaded_ns.load())},
          {"reloads", {{"applied", reloads(ReloadResult::kApplied)}, {"refused", reloads(ReloadResult::kRefused)}}}};
}

template <typename Row>
void append_json(std::string& out, const Row& row) {
  append_row(out, LogFormat::kJson, row);
  out.pop_back();  // the newline
}

void append_json(std::string& out, const SurveyedConnection& seen) {
  out += "{\"connection\":";
  append_json(out, seen.connection);
  out += ",\"live_subflows\":" + std::to_string(seen.live_subflows) + ",\"subflows\":[";
  for (std::size_t i = 0; i < seen.subflows.size(); ++i) {
    if (i != 0) out += ',';
    append_json(out, seen.subflows[i]);
  }
  out += "]}";
}

Token token_of(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || text.size() > 8) {
    throw QuestionError("'" + text + "' is no token: up to 8 hex digits, as in the logs");
  }
  return Token{value};
}

std::size_t limit_of(const Json& question, std::size_t otherwise, std::size_t most) {
  const auto found = question.find("limit");
  if (found == question.end()) return otherwise;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
    throw QuestionError("limit: a number from 0 to " + std::to_string(most));
  }
  return found->get<std::size_t>();
}

ConnectionSurvey survey_of(const Json& question) {
  ConnectionSurvey survey;
  survey.most = limit_of(question, survey.most, QueryService::kMostConnections);
  if (const std::string token = text_of(question, "token"); !token.empty()) survey.filter.token = token_of(token);
  if (const std::string address = text_of(question, "address"); !address.empty()) {
    survey.filter.address = parse_prefix(address);
    if (!survey.filter.address) throw QuestionError("'" + address + "' is no address and no prefix such as 10.0.0.0/8");
  }
  return survey;
}

}  // namespace

QueryAnswer QueryService::answer(std::string_view request, Asker asker) const {
  const Json question = Json::parse(request, nullptr, false);
  if (!question.is_object()) return refuse("a question is one JSON object in a line, such as {\"ask\":\"status\"}");
  try {
    const std::string what = text_of(question, "ask");
    if (what == "connections") {
      check_keys(question, {"token", "address", "limit"});
      return connections(survey_of(question));
    }
    if (what == "notices") {
      check_keys(question, {"limit"});
      return {notices(limit_of(question, 20, kMostConnections))};
    }
    if (changes_rules(what) && asker != Asker::kOperator) return refuse("only root, and the user whose sensor it is, may change something");
    if (is_rule_question(what)) return {answer_rule_question(question, sources_.with_mitigator).dump()};
    check_keys(question, {});
    if (what == "status") return {status()};
    if (what == "config") return {config()};
    return refuse("ask: status, connections, notices, config, mitigations, add_mitigation or remove_mitigation");
  } catch (const QuestionError& error) {
    return refuse(error.what());
  } catch (const NotInTime&) {
    return refuse_late();
  }
}

std::string QueryService::status() const {
  const MetricsReading reading = sources_.metrics();
  const std::uint64_t now = now_ns();
  Json json{{"ok", true},
            {"version", reading.version},
            {"pid", getpid()},
            {"time", seconds_of(now)},
            {"started", seconds_of(sources_.started_ns)}};
  json["ports"] = Json::array();
  for (const PortCounters& port : reading.ports) json["ports"].push_back(json_of(port));
  json["workers"] = Json::array();
  for (const WorkerTally& worker : reading.workers) json["workers"].push_back(json_of(worker));
  if (reading.control != nullptr) json["control"] = json_of(*reading.control);
  if (reading.logs != nullptr) {
    json["logs"] = json_of(*reading.logs);
    json["notices"] = Json::object();
    reading.logs->counters().notes.for_each([&json](const char* note, std::uint64_t count) { json["notices"][note] = count; });
  }
  if (reading.daemon != nullptr) {
    json["config"] = json_of(*reading.daemon);
    json["stalled_threads"] = reading.daemon->stalled_threads.load();
  }
  return json.dump();
}

QueryAnswer QueryService::connections(ConnectionSurvey survey) const {
  if (!sources_.survey(survey)) return refuse_late();
  std::string out = "{\"ok\":true,\"matching\":" + std::to_string(survey.matching) + ",\"connections\":[";
  for (std::size_t i = 0; i < survey.found.size(); ++i) {
    if (i != 0) out += ',';
    append_json(out, survey.found[i]);
  }
  return {out + "]}"};
}

std::string QueryService::notices(std::size_t most) const {
  std::string out = "{\"ok\":true,\"notices\":[";
  const std::vector<std::string> rows = sources_.notices(most);
  for (std::size_t i = 0; i < rows.size(); ++i) out += (i != 0 ? "," : "") + rows[i];
  return out + "]}";
}

std::string QueryService::config() const { return Json{{"ok", true}, {"yaml", sources_.config()}}.dump(); }

}  // namespace mptap
