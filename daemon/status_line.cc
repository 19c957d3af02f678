#include "daemon/status_line.h"

#include <cstdio>

#include "daemon/human.h"

namespace mptap {
namespace {

/// Never rounded to 0.0 where something was missed, nor to 100.0 where something was not.
std::string percent(std::uint64_t missed, std::uint64_t received) {
  if (missed == 0) return "0.0 %";
  const double share = 100.0 * static_cast<double>(missed) / static_cast<double>(missed + received);
  if (share < 0.05) return "below 0.1 %";
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", received != 0 && share > 99.9 ? 99.9 : share);
  return text;
}

}  // namespace

std::string StatusLine::format(const StatusNumbers& now) {
  const std::string ports = now.ports_up == now.ports ? plural(now.ports, "port") + " up"
                                                      : std::to_string(now.ports_up) + " of " + plural(now.ports, "port") + " up";
  // A card whose counters were reset counts anew.
  const auto since = [](std::uint64_t value, std::uint64_t before) { return value >= before ? value - before : value; };
  const std::uint64_t missed = since(now.missed, before_.missed);
  const std::uint64_t received = since(now.received, before_.received);
  before_ = now;
  return ports + ", " + plural(now.connections, "connection") + ", " + percent(missed, received) + " missed";
}

}  // namespace mptap
