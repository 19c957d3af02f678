// Any text as a configuration: every mistake has its place in the text, and what is accepted can be written
// down and read back to the same.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_loader.h"
#include "config/setting.h"
#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string_view> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.push_back(text);
  return lines;
}

/// On a line of the text, and no further than one behind its last byte (characters are bytes, or fewer).
void expect_place(const ConfigError& error, const std::vector<std::string_view>& lines) {
  expect(error.line >= 1 && static_cast<std::size_t>(error.line) <= lines.size(),
         "a mistake is on a line of the text");
  const std::size_t longest = lines[static_cast<std::size_t>(error.line) - 1].size() + 1;
  expect(error.column >= 1 && static_cast<std::size_t>(error.column) <= longest,
         "a mistake is within its line");
}

void expect_errors(const std::string& text, const ConfigResult& result) {
  const std::vector<std::string_view> lines = lines_of(text);
  for (const ConfigError& error : result.errors) {
    expect(error.file == "f" && error.message.size() > 10, "a mistake names its file and is a sentence");
    expect(error.message.find('\n') == std::string::npos, "a mistake is one line");
    expect_place(error, lines);
  }
  const auto place_of = [](const ConfigError& error) { return std::pair(error.line, error.column); };
  expect(std::ranges::is_sorted(result.errors, {}, place_of), "mistakes stand in the order of the text");
}

void expect_same(const Config& one, const Config& other) {
  const auto& ports = one.startup.dataplane.ports;
  const auto& other_ports = other.startup.dataplane.ports;
  expect(ports.size() == other_ports.size(), "a configuration keeps its ports");
  for (const Setting& setting : settings()) {
    if (setting.reach.get == nullptr) continue;
    if (!setting.is_of_port()) {
      expect(setting.reach.get(one, {}) == setting.reach.get(other, {}),
             "a setting that is written down reads back to the same");
      continue;
    }
    for (std::size_t i = 0; i < ports.size(); ++i) {
      expect(setting.reach.get(one, ports[i]) == setting.reach.get(other, other_ports[i]),
             "a setting of a port that is written down reads back to the same");
    }
  }
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mptap;
  using namespace mptap::fuzz;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const ConfigResult result = parse_config(text, "f");
  expect_errors(text, result);
  if (!result.errors.empty()) return 0;
  const std::string printed = print_config(result.config);
  const ConfigResult again = parse_config(printed, "f");
  for (const ConfigError& error : again.errors) std::fprintf(stderr, "%s\n", error.to_string().c_str());
  expect(again.errors.empty(), "what is written down is accepted");
  expect_same(result.config, again.config);
  expect(hash_config(result.config) == hash_config(again.config), "the same settings have the same hash");
  return 0;
}
