#include "config/value.h"

#include <algorithm>
#include <set>

#include "config/quantity.h"

namespace mptap {
namespace {

constexpr std::size_t kMaxExcerpt = 40;

std::string join(std::span<const std::string_view> words) {
  std::string all;
  for (const std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  return all;
}

std::string format_number(SettingType type, std::uint64_t number) {
  if (type == SettingType::kDuration) return format_duration(number);
  return type == SettingType::kSize ? format_size(number) : std::to_string(number);
}

/// One scalar of a value, and where to report what is wrong with it.
class ScalarReader {
 public:
  ScalarReader(const Setting& setting, const std::string& name, const YamlNode& node, Mistakes& mistakes)
      : setting_(setting), name_(name), node_(node), mistakes_(mistakes) {}

  std::optional<Value> read() {
    switch (node_.kind) {
      case YamlNode::Kind::kNone:
        return fail(" has no value; give it one, or remove the line to keep the default");
      case YamlNode::Kind::kList:
      case YamlNode::Kind::kMap:
        return fail(" must be " + describe_allowed(setting_) + ", not a " +
                    (node_.kind == YamlNode::Kind::kMap ? "group of settings" : "list"));
      case YamlNode::Kind::kScalar:
        break;
    }
    switch (setting_.type) {
      case SettingType::kBool:
        return read_bool();
      case SettingType::kNumber:
      case SettingType::kNumbers:
        return read_number();
      case SettingType::kDuration:
        return read_quantity(parse_duration(node_.text), "10s", kDurationUnits);
      case SettingType::kSize:
        return read_quantity(parse_size(node_.text), "64MiB", kSizeUnits);
      case SettingType::kChoice:
      case SettingType::kChoices:
        return read_choice();
      case SettingType::kText:
      case SettingType::kTexts:
        return read_text();
      case SettingType::kGroup:
      case SettingType::kPorts:
      case SettingType::kPairs:
        break;
    }
    return std::nullopt;
  }

 private:
  std::nullopt_t fail(const std::string& rest) {
    mistakes_.push_back({place_of(node_), "`" + name_ + "`" + rest});
    return std::nullopt;
  }
  std::nullopt_t fail_wanted() {
    return fail(" must be " + describe_allowed(setting_) + ", not " + quote_excerpt(node_.text));
  }
  std::nullopt_t fail_quoted() {
    return fail(" must be " + describe_allowed(setting_) + ", not text in quotes; remove the quotes");
  }

  /// on and off are said of switches, and mean the same.
  std::optional<Value> read_bool() {
    const bool is_true = node_.text == "true" || node_.text == "on";
    if (!is_true && node_.text != "false" && node_.text != "off") return fail_wanted();
    if (node_.quoted) return fail_quoted();
    return is_true;
  }

  std::optional<Value> read_number() {
    const Quantity quantity = parse_whole(node_.text);
    if (quantity.status != QuantityStatus::kOk || !setting_.range.holds(quantity.value)) return fail_wanted();
    if (node_.quoted) return fail_quoted();
    return quantity.value;
  }

  std::optional<Value> read_quantity(const Quantity& quantity, const std::string& example,
                                     std::string_view units) {
    const std::string known = "; the units are " + std::string(units);
    switch (quantity.status) {
      case QuantityStatus::kOk:
        if (!setting_.range.holds(quantity.value)) return fail_wanted();
        return quantity.value;
      case QuantityStatus::kNoUnit:
        return fail(" has no unit: " + quote_excerpt(node_.text) + known);
      case QuantityStatus::kUnknownUnit:
        return fail(" has the unknown unit " + quote_excerpt(std::string(quantity.unit)) + known);
      case QuantityStatus::kNotWhole:
        return fail(" must be a whole number and a unit such as " + example + ", not " +
                    quote_excerpt(node_.text) + known);
      case QuantityStatus::kTooLarge:
        break;
    }
    return fail_wanted();
  }

  std::optional<Value> read_choice() {
    const auto& words = setting_.words;
    if (std::find(words.begin(), words.end(), node_.text) == words.end()) return fail_wanted();
    return node_.text;
  }

  std::optional<Value> read_text() {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(node_.text.begin(), node_.text.end(), is_control)) {
      return fail(" holds a line break or another control character; write it on one line");
    }
    if (!setting_.form->accepts(node_.text)) return fail_wanted();
    return node_.text;
  }

  const Setting& setting_;
  const std::string& name_;
  const YamlNode& node_;
  Mistakes& mistakes_;
};

template <typename Item>
std::optional<Value> read_list(const Setting& setting, const std::string& name, const YamlNode& node,
                               Mistakes& mistakes) {
  if (node.kind != YamlNode::Kind::kList && node.kind != YamlNode::Kind::kNone) {
    mistakes.push_back({place_of(node), "`" + name + "` must be a list such as [" +
                                            (setting.type == SettingType::kTexts ? "10.0.0.0/8"
                                             : setting.words.empty()             ? "2, 3"
                                                                                 : std::string(setting.words[0])) +
                                            "]"});
    return std::nullopt;
  }
  const std::size_t before = mistakes.size();
  if (node.children.size() > setting.max_items) {
    mistakes.push_back({place_of(node), "`" + name + "` has " + std::to_string(node.children.size()) +
                                            " entries; at most " + std::to_string(setting.max_items) +
                                            " may stand there"});
  }
  std::vector<Item> items;
  std::set<Item> seen;
  for (const YamlNode& child :
       std::span(node.children).first(std::min(node.children.size(), setting.max_items))) {
    const std::optional<Value> value = ScalarReader(setting, name, child, mistakes).read();
    if (!value) continue;
    items.push_back(std::get<Item>(*value));
    if (!seen.insert(items.back()).second) {
      mistakes.push_back({place_of(child), "`" + name + "` lists " + quote_excerpt(child.text) + " twice"});
    }
  }
  if (mistakes.size() > before) return std::nullopt;
  return items;
}

/// The two names of a pair; what is wrong with it goes to `mistakes`.
std::optional<PortPair> read_pair(const std::string& name, const YamlNode& node, Mistakes& mistakes) {
  const auto is_name = [](const YamlNode& child) { return child.kind == YamlNode::Kind::kScalar && !child.text.empty(); };
  if (node.kind == YamlNode::Kind::kList && node.children.size() == 2 && std::ranges::all_of(node.children, is_name)) {
    return PortPair{node.children[0].text, node.children[1].text};
  }
  mistakes.push_back({place_of(node), "`" + name + "` is made of pairs: each names two ports, as in [[eth1, eth2]]"});
  return std::nullopt;
}

std::optional<Value> read_pairs(const Setting& setting, const std::string& name, const YamlNode& node, Mistakes& mistakes) {
  if (node.kind != YamlNode::Kind::kList && node.kind != YamlNode::Kind::kNone) {
    mistakes.push_back({place_of(node), "`" + name + "` must be a list of pairs such as [[eth1, eth2]]"});
    return std::nullopt;
  }
  if (node.children.size() > setting.max_items) {
    mistakes.push_back({place_of(node), "`" + name + "` has " + std::to_string(node.children.size()) + " pairs; at most " +
                                            std::to_string(setting.max_items) + " may stand there"});
    return std::nullopt;
  }
  std::vector<PortPair> pairs;
  for (const YamlNode& child : node.children) {
    if (const auto pair = read_pair(name, child, mistakes)) pairs.push_back(*pair);
  }
  if (pairs.size() < node.children.size()) return std::nullopt;
  return pairs;
}

std::string quote_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::optional<Value> read_value(const Setting& setting, const std::string& name, const YamlNode& node,
                                Mistakes& mistakes) {
  if (setting.type == SettingType::kNumbers) return read_list<std::uint64_t>(setting, name, node, mistakes);
  if (setting.type == SettingType::kChoices || setting.type == SettingType::kTexts) return read_list<std::string>(setting, name, node, mistakes);
  if (setting.type == SettingType::kPairs) return read_pairs(setting, name, node, mistakes);
  return ScalarReader(setting, name, node, mistakes).read();
}

std::string format_value(const Setting& setting, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return format_number(setting.type, *number);
  if (const auto* word = std::get_if<std::string>(&value)) {
    return setting.type == SettingType::kChoice ? *word : quote_text(*word);
  }
  std::string items;
  if (const auto* numbers = std::get_if<std::vector<std::uint64_t>>(&value)) {
    for (const std::uint64_t item : *numbers) items += (items.empty() ? "" : ", ") + std::to_string(item);
  } else if (const auto* words = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& item : *words) {
      items += (items.empty() ? "" : ", ") + (setting.type == SettingType::kTexts ? quote_text(item) : item);
    }
  } else if (const auto* pairs = std::get_if<std::vector<PortPair>>(&value)) {
    for (const PortPair& pair : *pairs) {
      items += (items.empty() ? "[" : ", [") + quote_text(pair.first) + ", " + quote_text(pair.second) + "]";
    }
  }
  return "[" + items + "]";
}

std::string describe_allowed(const Setting& setting) {
  const std::string range = format_number(setting.type, setting.range.least) + " to " +
                            format_number(setting.type, setting.range.most);
  const std::string unit = setting.unit.empty() ? "" : " (" + std::string(setting.unit) + ")";
  switch (setting.type) {
    case SettingType::kBool:
      return "true or false";
    case SettingType::kNumber:
      return (setting.range.power_of_two ? "a power of two from " : "a whole number from ") + range + unit;
    case SettingType::kDuration:
    case SettingType::kSize:
      return "from " + range;
    case SettingType::kNumbers:
      return "whole numbers from " + range + unit;
    case SettingType::kChoice:
      return "one of " + join(setting.words);
    case SettingType::kChoices:
      return "any of " + join(setting.words);
    case SettingType::kText:
    case SettingType::kTexts:
      return std::string(setting.form->wanted);
    case SettingType::kPairs:
      return "pairs of ports such as [[eth1, eth2]]";
    case SettingType::kGroup:
    case SettingType::kPorts:
      break;
  }
  return "a group of settings";
}

std::string quote_excerpt(const std::string& text) {
  std::size_t end = std::min(text.size(), kMaxExcerpt);
  const bool is_whole = end == text.size();
  while (!is_whole && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u)
    --end;  // not inside a character
  std::string excerpt = text.substr(0, end);
  // Keys over several lines and escapes in quotes: a message is one line, and tells a terminal nothing.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  std::replace_if(excerpt.begin(), excerpt.end(), is_control, ' ');
  return "`" + excerpt + (is_whole ? "`" : "...`");
}

Place place_of(const YamlNode& node) { return node.place.line > 0 ? node.place : node.key_place; }

}  // namespace mptap
