// docs/configuration.md, from the settings table.
#include "config/config_loader.h"
#include "config/doc_text.h"
#include "config/quantity.h"
#include "config/setting.h"
#include "config/value.h"

namespace mptap {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Written from the settings table (config/settings_table.cc). Do not edit: change the table, then run the unit
     tests once with MPTAP_WRITE_DOCS=1. -->

`mptap run --config FILE` reads a YAML file. Every setting has a default, so an empty file is a valid configuration;
to watch a port, name it:

```yaml
ports:
  - interface: eth1
logs:
  directory: /var/log/mptap
```

`mptap check-config FILE` tells every mistake at once, each as `file:line:column: sentence`.
`mptap print-config --defaults` prints all settings as YAML, with their meaning.

)";

constexpr std::string_view kRules = R"(- Unknown names are mistakes, and so are names that stand twice.
- Booleans are `true` or `false` and nothing else.
- Groups and lists may stand on one line: `cores: [2, 3]`, `metrics: {enabled: false}`. Inside `{ }` and `[ ]` put text
  that holds a comma in quotes: `- {vdev: "net_null0,size=64"}`.
- Of YAML, tags (`!name`), anchors (`&name`), aliases (`*name`) and second documents are not taken.
- A file is UTF-8 and at most 1 MiB.
)";

constexpr std::string_view kReload = R"(
A reload (SIGHUP) changes the settings marked *reload*; the others are read at start.

A larger example:

)";

std::string escape_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string default_cell(const Setting& setting) {
  const Value value = default_of(setting);
  return is_unset(setting, value) ? "none" : "`" + format_value(setting, value) + "`";
}

std::string setting_row(const Setting& setting) {
  const std::string change = setting.reach.reloadable ? "reload" : "restart";
  return "| `" + std::string(setting.key()) + "` | " + escape_cell(describe_allowed(setting)) + " | " +
         escape_cell(default_cell(setting)) + " | " + change + " | " + escape_cell(std::string(setting.doc)) +
         " |\n";
}

/// The settings that stand directly in a group, as a table; empty where it holds only groups.
std::string settings_table(const std::string& group) {
  std::string rows;
  for (const Setting& setting : settings()) {
    if (setting.parent() == group && setting.reach.get != nullptr) rows += setting_row(setting);
  }
  if (rows.empty()) return rows;
  return "\n| Setting | Allowed | Default | Change by | Meaning |\n|---|---|---|---|---|\n" + rows;
}

std::string section(const Setting& group) {
  return "\n## `" + std::string(group.path) + "`\n\n" + std::string(group.doc) + "\n" +
         settings_table(inner_path(group));
}

}  // namespace

std::string yaml_rules() {
  return "- Durations are a whole number and one of the units " + std::string(kDurationUnits) +
         ": `10s`, `200us`.\n- Sizes are a whole number and one of " + std::string(kSizeUnits) + ": `64MiB`.\n" +
         std::string(kRules);
}

std::string format_configuration_doc() {
  std::string text = std::string(kIntroduction) + yaml_rules() + std::string(kReload);
  text += "```yaml\n" + std::string(kLargerExample) + "```\n";
  text += "\n## At the top of the file\n" + settings_table("");
  for (const Setting& setting : settings()) {
    if (setting.reach.get == nullptr) text += section(setting);
  }
  return text;
}

}  // namespace mptap
