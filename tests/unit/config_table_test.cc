// The settings table, and what comes of it: printing and docs/configuration.md.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "config/config_loader.h"
#include "config/setting.h"
#include "config/suggestion.h"
#include "config/value.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

bool is_group(const Setting& setting) {
  return setting.type == SettingType::kGroup || setting.type == SettingType::kPorts;
}

bool is_numeric(const Setting& setting) {
  return setting.type == SettingType::kNumber || setting.type == SettingType::kDuration ||
         setting.type == SettingType::kSize;
}

/// A value that differs from the default.
Value other_value(const Setting& setting) {
  const Value value = default_of(setting);
  switch (setting.type) {
    case SettingType::kBool:
      return !std::get<bool>(value);
    case SettingType::kChoice:
      return std::string(setting.words[std::get<std::string>(value) == setting.words[0] ? 1 : 0]);
    case SettingType::kText:
      for (const std::string text :
           {"net_null7,size=64", "0000:01:00.0", "eth7", "192.0.2.1:80", "a \"b\\"}) {
        if (setting.form->accepts(text)) return text;
      }
      return {};
    case SettingType::kNumbers:
      return std::vector<std::uint64_t>{setting.range.least, setting.range.most};
    case SettingType::kChoices:
      return std::vector<std::string>{std::string(setting.words.back()), std::string(setting.words.front())};
    case SettingType::kTexts:
      return std::vector<std::string>{"10.0.0.0/8", "2001:db8::7"};
    case SettingType::kPairs:
      return std::vector<PortPair>{{"eth1", "eth2"}, {"0000:01:00.0", "net_null0"}};
    default:
      return std::get<std::uint64_t>(value) == setting.range.most ? setting.range.least : setting.range.most;
  }
}

/// YAML that sets one setting, in groups on one line.
std::string yaml_of(const Setting& setting, const Value& value) {
  std::string yaml = format_value(setting, value);
  for (const Setting* at = &setting;; at = find_setting(at->parent())) {
    yaml = std::string(at->key()) + ": " + yaml;
    if (at->is_of_port()) {
      const bool names_port =
          setting.key() == "interface" || setting.key() == "pci" || setting.key() == "vdev";
      return "ports: [{" + yaml + (names_port ? "" : ", interface: x") + "}]";
    }
    if (setting.type == SettingType::kPairs) {
      yaml += "\nports: [{interface: eth1}, {interface: eth2}, {pci: '01:00.0'}, {vdev: 'net_null0,size=64'}]";
    }
    const bool needs_pair = (setting.key() == "mitigation" && setting.type == SettingType::kChoice) || setting.path == "mitigation.cards";
    if (needs_pair && at->parent().empty()) {
      yaml += "\nports: [{interface: eth1}, {interface: eth2}]\ninline: [[eth1, eth2]]";
    }
    if (at->parent().empty()) return yaml;
    yaml = "{" + yaml + "}";
  }
}

TEST_CASE("Every row of the settings table is complete", "[config]") {
  std::set<std::string_view> paths;
  for (const Setting& setting : settings()) {
    INFO(setting.path);
    CHECK(paths.insert(setting.path).second);
    CHECK(find_setting(setting.path) == &setting);
    REQUIRE_FALSE(setting.doc.empty());
    CHECK(setting.doc.back() == '.');
    CHECK((setting.parent().empty() || setting.is_of_port() || paths.contains(setting.parent())));
    CHECK((setting.reach.get == nullptr) == is_group(setting));
    CHECK((setting.reach.set == nullptr) == is_group(setting));
    CHECK((setting.form == nullptr) == (setting.type != SettingType::kText && setting.type != SettingType::kTexts));
    CHECK(setting.words.empty() ==
          (setting.type != SettingType::kChoice && setting.type != SettingType::kChoices));
    if (is_numeric(setting)) {
      CHECK(setting.range.least <= setting.range.most);
      CHECK(setting.range.holds(std::get<std::uint64_t>(default_of(setting))));
    }
    if (setting.type == SettingType::kChoice) {
      const std::string word = std::get<std::string>(default_of(setting));
      CHECK(std::find(setting.words.begin(), setting.words.end(), word) != setting.words.end());
    }
    if (setting.type == SettingType::kText && !is_unset(setting, default_of(setting))) {
      CHECK(setting.form->accepts(std::get<std::string>(default_of(setting))));
    }
  }
}

TEST_CASE("Every setting reads back what it wrote, at both ends of its range", "[config]") {
  for (const Setting& setting : settings()) {
    if (is_group(setting)) continue;
    std::vector<Value> values = {other_value(setting)};
    if (is_numeric(setting)) values = {setting.range.least, setting.range.most};
    for (const Value& value : values) {
      std::string yaml = yaml_of(setting, value);
      if (setting.path == "cores") yaml += "\nworkers: 2";
      INFO(yaml);
      const ConfigResult result = parse_config(yaml, "f");
      for (const ConfigError& error : result.errors) UNSCOPED_INFO(error.to_string());
      REQUIRE(result.errors.empty());
      const auto& ports = result.config.startup.dataplane.ports;
      CHECK(setting.reach.get(result.config, ports.empty() ? PortOptions{} : ports[0]) == value);
      if (value != default_of(setting)) CHECK((print_config(result.config) != print_config({})));
      const ConfigResult again = parse_config(print_config(result.config), "f");
      REQUIRE(again.errors.empty());
      CHECK((print_config(again.config) == print_config(result.config)));
    }
  }
}

TEST_CASE("The printed defaults load back to the same values", "[config]") {
  const ConfigResult result = parse_config(print_config({}), "f");
  for (const ConfigError& error : result.errors) UNSCOPED_INFO(error.to_string());
  REQUIRE(result.errors.empty());
  for (const Setting& setting : settings()) {
    INFO(setting.path);
    if (!is_group(setting)) CHECK(setting.reach.get(result.config, {}) == default_of(setting));
  }
}

TEST_CASE("docs/configuration.md and mptap.yaml(5) are what the table says", "[config]") {
  const std::vector<std::pair<std::string, std::string>> documents = {
      {"/docs/configuration.md", format_configuration_doc()},
      {"/docs/man/mptap.yaml.5", format_manual_page()},
  };
  for (const auto& [file, wanted] : documents) {
    const std::string path = std::string(MPTAP_SOURCE_DIR) + file;
    if (std::getenv("MPTAP_WRITE_DOCS") != nullptr) std::ofstream(path, std::ios::binary) << wanted;
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    INFO(file << " is out of date: run this test once with MPTAP_WRITE_DOCS=1");
    CHECK((text.str() == wanted));
  }
}

TEST_CASE("The examples in docs/configuration.md are valid", "[config]") {
  const std::string text = format_configuration_doc();
  int examples = 0;
  for (std::size_t at = 0; (at = text.find("```yaml\n", at)) != std::string::npos; ++examples) {
    at += 8;
    const std::size_t end = text.find("```", at);
    REQUIRE(end != std::string::npos);
    const ConfigResult result = parse_config(text.substr(at, end - at), "example");
    for (const ConfigError& error : result.errors) UNSCOPED_INFO(error.to_string());
    CHECK(result.errors.empty());
    at = end + 3;
  }
  CHECK(examples == 2);
}

TEST_CASE("The edit distance counts what a typist does", "[config]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("ABC", "abc") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("abc", "ac") == 1);
  CHECK(edit_distance("abc", "abxc") == 1);
  CHECK(edit_distance("abc", "axc") == 1);
  CHECK(edit_distance("abc", "acb") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

}  // namespace
}  // namespace mptap
