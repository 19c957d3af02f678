#include "config/reader.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "config/setting.h"
#include "config/suggestion.h"
#include "config/value.h"

namespace mptap {
namespace {

/// Where a map of the document belongs.
struct Group {
  std::string path;  // of the table's rows below it: "", "detectors", "ports[]"
  std::string name;  // as sentences call it: "ports[0]"
};

std::string below(const std::string& group, const std::string& key) {
  return group.empty() ? key : group + '.' + key;
}

/// Whether a text may stand in a sentence as the name of an interface: the kernel takes up to 15 bytes.
bool may_be_interface(const std::string& text) {
  constexpr std::size_t kLongest = 15;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '`'; });
}

class SettingsReader {
 public:
  Reading read(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::kMap) {
      read_map(root, {});
    } else if (root.kind != YamlNode::Kind::kNone) {
      fault(root.place, "", "a configuration is made of lines `name: value`, with a blank behind the colon");
    }
    return std::move(reading_);
  }

 private:
  void fault(Place place, const std::string& name, std::string message) {
    reading_.mistakes.push_back({place, std::move(message)});
    reading_.faulty.insert(name);
  }

  void read_map(const YamlNode& map, const Group& group) {
    std::map<std::string_view, int> lines;  // where each key stood first
    for (const YamlNode& child : map.children) {
      const Setting* setting = find_child(group, child.key);
      if (setting == nullptr) {
        refuse_unknown(child, group);
        continue;
      }
      const auto [first, is_new] = lines.emplace(child.key, child.key_place.line);
      const std::string name = below(group.name, child.key);
      if (!is_new) {
        fault(child.key_place, name,
              quote_excerpt(child.key) + " is set twice, first in line " + std::to_string(first->second));
      }
      read_entry(child, *setting, name);
    }
  }

  static const Setting* find_child(const Group& group, const std::string& key) {
    const bool is_word = key.find_first_of(".[]") == std::string::npos;
    return is_word ? find_setting(below(group.path, key)) : nullptr;
  }

  void refuse_unknown(const YamlNode& child, const Group& group) {
    const bool is_vdev_argument = group.path == "ports[]" && child.key.find('=') != std::string::npos;
    fault(child.key_place, below(group.name, child.key),
          "unknown setting " + quote_excerpt(child.key) + "; " +
              (is_vdev_argument ? "put a `vdev` with its arguments in quotes when it stands inside { }"
                                : suggest_setting(group.path, child.key)));
  }

  void read_entry(const YamlNode& child, const Setting& setting, const std::string& name) {
    if (setting.type == SettingType::kGroup) {
      read_group(child, {.path = inner_path(setting), .name = name});
    } else if (setting.type == SettingType::kPorts) {
      read_ports(child, setting);
    } else {
      read_setting(child, setting, name);
    }
  }

  void read_group(const YamlNode& node, const Group& group) {
    if (node.kind == YamlNode::Kind::kMap) {
      read_map(node, group);
    } else if (node.kind != YamlNode::Kind::kNone) {  // a group with all its lines commented out is empty
      fault(place_of(node), group.name,
            "`" + group.name + "` is a group; write its settings on lines of their own below it, indented");
    }
  }

  void read_setting(const YamlNode& node, const Setting& setting, const std::string& name) {
    const std::optional<Value> value = read_value(setting, name, node, reading_.mistakes);
    if (!value) {
      reading_.faulty.insert(name);
      return;
    }
    setting.reach.set(reading_.config, port_, *value);
    reading_.places[name] = place_of(node);
    if (setting.type != SettingType::kPairs) return;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      reading_.places[name + '[' + std::to_string(i) + ']'] = place_of(node.children[i]);
    }
  }

  void read_ports(const YamlNode& node, const Setting& setting) {
    const std::string name(setting.path);
    auto& ports = reading_.config.startup.dataplane.ports;
    ports.clear();
    reading_.places[name] = place_of(node);
    if (node.kind == YamlNode::Kind::kNone) return;
    if (node.kind != YamlNode::Kind::kList) {
      return fault(place_of(node), name,
                   "`ports` must be a list; begin each port with a dash: `- interface: eth1`");
    }
    if (node.children.size() > setting.max_items) {
      fault(place_of(node), name,
            "`ports` has " + std::to_string(node.children.size()) + " entries; DPDK takes at most " +
                std::to_string(setting.max_items));
    }
    const std::size_t count = std::min(node.children.size(), setting.max_items);
    for (std::size_t i = 0; i < count; ++i) {
      const YamlNode& entry = node.children[i];
      const Group group{.path = inner_path(setting), .name = name + '[' + std::to_string(i) + ']'};
      reading_.places[group.name] = place_of(entry);
      port_ = {};
      if (entry.kind == YamlNode::Kind::kScalar) {
        fault(entry.place, group.name,
              "a port must be a group of settings: `- interface: " + (may_be_interface(entry.text) ? entry.text : "eth1") + "`");
      } else if (entry.kind == YamlNode::Kind::kList) {
        fault(entry.place, group.name, "a port must be a group of settings: `- interface: eth1`");
      } else {
        read_map(entry, group);
      }
      ports.push_back(port_);
    }
  }

  Reading reading_;
  PortOptions port_;  // the port that is being read
};

}  // namespace

Reading read_settings(const YamlNode& root) { return SettingsReader().read(root); }

}  // namespace mptap
