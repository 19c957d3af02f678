#include "tests/fuzz/reference/option_list.h"

namespace mptap::reference {

OptionList read_option_list(std::span<const std::uint8_t> options) {
  OptionList list;
  std::size_t at = 0;
  while (at < options.size()) {
    const unsigned kind = options[at];
    if (kind == 0) return list;
    if (kind == 1) {
      at += 1;
      continue;
    }
    const bool has_length_byte = options.size() - at >= 2;
    const std::size_t length = has_length_byte ? options[at + 1] : 0;
    if (length < 2 || length > options.size() - at || (kind == 30 && length < 3)) {
      list.broken = true;
      return list;
    }
    if (kind == 8) list.has_timestamps = true;
    if (kind == 30) list.mptcp.push_back({at, length});
    at += length;
  }
  return list;
}

}  // namespace mptap::reference
