// The settings as YAML with their meaning, from the table.
#include <algorithm>

#include "config/config_loader.h"
#include "config/setting.h"
#include "config/value.h"

namespace mptap {
namespace {

constexpr std::size_t kCommentWidth = 100;

/// A comment behind `margin`, in lines of about kCommentWidth.
std::string comment(const std::string& margin, std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    std::size_t end = text.size() > kCommentWidth ? text.rfind(' ', kCommentWidth) : text.size();
    if (end == std::string_view::npos) end = text.size();
    lines += margin + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string facts_of(const Setting& setting) {
  const Value value = default_of(setting);
  std::string facts = describe_allowed(setting) + "; default " +
                      (is_unset(setting, value) ? "none" : format_value(setting, value));
  if (!setting.is_of_port()) facts += setting.reach.reloadable ? "; reload" : "; restart";
  return facts;
}

/// The lines of one setting with its comment.
std::string setting_lines(const Setting& setting, const std::string& indent, const Value& value) {
  return comment(indent + "# ", setting.doc) + comment(indent + "# ", "(" + facts_of(setting) + ")") +
         indent + std::string(setting.key()) + ": " + format_value(setting, value) + "\n";
}

/// One port; a text that is not set has no line, for it may not be empty.
std::string port_lines(const Config& config, const PortOptions& port) {
  std::string lines;
  for (const Setting& setting : settings()) {
    if (!setting.is_of_port()) continue;
    const Value value = setting.reach.get(config, port);
    if (is_unset(setting, value)) continue;
    if (setting.key() == "driver" && port.interface.empty()) continue;
    lines += (lines.empty() ? "  - " : "    ") + std::string(setting.key()) + ": " +
             format_value(setting, value) + "\n";
  }
  return lines;
}

/// The ports, and in a comment what a port may say.
std::string ports_lines(const Setting& setting, const Config& config) {
  std::string lines = comment("# ", setting.doc);
  for (const Setting& row : settings()) {
    if (!row.is_of_port()) continue;
    lines += "#   " + std::string(row.key()) + ":\n" + comment("#     ", row.doc) +
             comment("#     ", "(" + facts_of(row) + ")");
  }
  const auto& ports = config.startup.dataplane.ports;
  lines += ports.empty() ? "ports: []\n" : "ports:\n";
  for (const PortOptions& port : ports) lines += port_lines(config, port);
  return lines;
}

}  // namespace

std::string print_config(const Config& config) {
  std::string text =
      "# The settings of mptap. In parentheses: what is allowed, the default, and whether a reload\n"
      "# is enough to change it or a restart is needed.\n";
  for (const Setting& setting : settings()) {
    if (setting.is_of_port()) continue;
    const auto depth = static_cast<std::size_t>(std::count(setting.path.begin(), setting.path.end(), '.'));
    const std::string indent(2 * depth, ' ');
    text += '\n';
    if (setting.type == SettingType::kGroup) {
      text += comment(indent + "# ", setting.doc) + indent + std::string(setting.key()) + ":\n";
    } else if (setting.type == SettingType::kPorts) {
      text += ports_lines(setting, config);
    } else {
      text += setting_lines(setting, indent, setting.reach.get(config, {}));
    }
  }
  return text;
}

std::uint64_t hash_config(const Config& config) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char letter : print_config(config)) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  return (hash >> 48 ^ hash) & 0xffffffffffffu;
}

}  // namespace mptap
