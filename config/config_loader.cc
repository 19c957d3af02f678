#include "config/config_loader.h"

#include <algorithm>
#include <utility>

#include "config/contradictions.h"
#include "config/reader.h"
#include "config/source_text.h"
#include "config/yaml_document.h"
#include "dataplane/port_names.h"

namespace mptap {
namespace {

constexpr std::size_t kMaxErrors = 100;

void append(Mistakes& mistakes, Mistakes more) {
  mistakes.insert(mistakes.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Sorts by place and keeps the first hundred, saying how many were left out.
void order(Mistakes& mistakes) {
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.place < b.place; });
  if (mistakes.size() <= kMaxErrors) return;
  const std::size_t left_out = mistakes.size() - kMaxErrors;
  mistakes.resize(kMaxErrors + 1);
  mistakes.back().message = "and " + std::to_string(left_out) + " more mistakes from here on";
}

/// Where `filter` stands and cannot be compiled.
Mistakes check_filter(const Reading& reading, FilterCheck check) {
  const DataplaneOptions& options = reading.config.startup.dataplane;
  const auto place = reading.places.find("filter");
  if (check == nullptr || place == reading.places.end() || options.filter.empty()) return {};
  const std::string problem = check(options.filter, !options.ports.empty());
  if (problem.empty()) return {};
  return {{place->second, "`filter` " + problem}};
}

/// Where `inline` stands and a pair is no wire.
Mistakes check_pairs(const Reading& reading, PairCheck check) {
  const DataplaneOptions& options = reading.config.startup.dataplane;
  if (check == nullptr || reading.faulty.contains("inline")) return {};
  Mistakes mistakes;
  for (std::size_t i = 0; i < options.pairs.size(); ++i) {
    const auto place = reading.places.find("inline[" + std::to_string(i) + "]");
    const auto first = find_port(options, options.pairs[i].first);
    const auto second = find_port(options, options.pairs[i].second);
    if (!first || !second) continue;
    const std::string problem = check(options.ports[*first], options.ports[*second]);
    if (!problem.empty()) mistakes.push_back({place->second, "`inline` " + problem});
  }
  return mistakes;
}

/// Everything wrong with the text, in any order; columns count bytes.
Mistakes read_text(const std::string& text, const ConfigChecks& checks, Config& config) {
  Mistakes mistakes = check_source(text);
  if (!mistakes.empty()) return mistakes;
  if (Mistakes tabs = find_tab_indentation(text); !tabs.empty()) {
    const YamlDocument before = parse_yaml(first_lines(text, tabs.front().place.line - 1));
    append(tabs, read_settings(before.root).mistakes);
    return tabs;
  }
  YamlDocument document = parse_yaml(text);
  Reading reading = read_settings(document.root);
  mistakes = std::move(reading.mistakes);
  // A document that breaks off may lack what would resolve a contradiction.
  if (document.mistakes.empty()) append(mistakes, find_contradictions(reading));
  append(mistakes, std::move(document.mistakes));
  append(mistakes, check_filter(reading, checks.filter));
  append(mistakes, check_pairs(reading, checks.pair));
  config = std::move(reading.config);
  config.startup.worker.records = records_for(config.runtime.logs.events);
  return mistakes;
}

}  // namespace

RecordChoice records_for(const std::vector<std::string>& events) {
  const auto chosen = [&](std::string_view event) {
    return std::find(events.begin(), events.end(), event) != events.end();
  };
  return {.every_dss = chosen("mp_dss") || chosen("mptcp"), .every_option = chosen("mptcp")};
}

std::string ConfigError::to_string() const {
  std::string place = file + ":";
  if (line > 0) place += std::to_string(line) + ":" + std::to_string(column) + ":";
  return place + " " + message;
}

ConfigResult parse_config(const std::string& text, const std::string& name, const ConfigChecks& checks) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::string body = text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
  ConfigResult result;
  Mistakes mistakes = read_text(body, checks, result.config);
  order(mistakes);
  count_characters(body, mistakes);
  for (Mistake& mistake : mistakes) {
    result.errors.push_back({name, mistake.place.line, mistake.place.column, std::move(mistake.message)});
  }
  return result;
}

ConfigResult load_config(const std::string& path, const ConfigChecks& checks) {
  SourceFile source = read_source(path);
  if (source.problem.empty()) return parse_config(source.text, path, checks);
  ConfigResult result;
  result.errors.push_back({.file = path, .message = std::move(source.problem)});
  result.unreadable = true;
  return result;
}

}  // namespace mptap
