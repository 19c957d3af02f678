// Numbers and times as people read them in a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mptap {

/// "1 port", "2 ports".
[[nodiscard]] inline std::string plural(std::uint64_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

/// "0", "999", "1.2 k", "12.3 M", "4.5 G": at most 6 letters.
[[nodiscard]] std::string format_count(double count);

/// "512 B", "1.5 KiB", "12.0 GiB"; rounded down.
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// "12 s", "3 min", "2 h 03 min", "4 d 5 h".
[[nodiscard]] std::string format_age(double seconds);

/// "0.0 %", "12.3 %"; never 0.0 where it is more than nothing: "<0.1 %".
[[nodiscard]] std::string format_share(double share);

}  // namespace mptap
