#include "daemon/human.h"

#include <cstdio>

namespace mptap {
namespace {

template <typename... Values>
std::string print(const char* form, Values... values) {
  char text[64];
  std::snprintf(text, sizeof text, form, values...);
  return text;
}

}  // namespace

std::string format_count(double count) {
  if (count < 999.5) return print("%.0f", count);
  for (const char* unit : {"k", "M", "G", "T"}) {
    count /= 1000;
    if (count < 999.95) return print("%.1f %s", count, unit);
  }
  return print("%.1f %s", count / 1000, "P");
}

std::string format_bytes(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  std::uint64_t tenths = bytes * 10;
  while (tenths >= 10'240 && unit < 4) {
    tenths /= 1024;
    ++unit;
  }
  return std::to_string(tenths / 10) + (unit == 0 ? "" : "." + std::to_string(tenths % 10)) + " " + kUnits[unit];
}

std::string format_age(double seconds) {
  const auto whole = static_cast<unsigned long long>(seconds < 0 ? 0 : seconds);
  if (whole < 60) return print("%llu s", whole);
  if (whole < 3'600) return print("%llu min", whole / 60);
  if (whole < 86'400) return print("%llu h %02llu min", whole / 3'600, whole / 60 % 60);
  return print("%llu d %llu h", whole / 86'400, whole / 3'600 % 24);
}

std::string format_share(double share) {
  if (share > 0 && share < 0.0005) return "<0.1 %";
  return print("%.1f %%", 100 * share);
}

}  // namespace mptap
