#include "config/setting.h"

#include <algorithm>

namespace mptap {

const Setting* find_setting(std::string_view path) {
  const auto all = settings();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Setting& setting) { return setting.path == path; });
  return found == all.end() ? nullptr : &*found;
}

std::string inner_path(const Setting& group) {
  return std::string(group.path) + (group.type == SettingType::kPorts ? "[]" : "");
}

Value default_of(const Setting& setting) {
  return setting.reach.get ? setting.reach.get(Config{}, PortOptions{}) : Value{};
}

bool is_unset(const Setting& setting, const Value& value) {
  return setting.type == SettingType::kText && std::get<std::string>(value).empty();
}

std::string_view Setting::parent() const {
  const std::size_t dot = path.rfind('.');
  return dot == path.npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view Setting::key() const { return path.substr(path.rfind('.') + 1); }

}  // namespace mptap
