// A strict reader of JSON that says no more than whether it is JSON: fast enough to be asked a million times
// a minute.
#pragma once

#include <string_view>

namespace mptap::fuzz {

/// RFC 8259, UTF-8, no blanks around or inside (none of ours has any), nested no deeper than 16.
[[nodiscard]] bool is_json(std::string_view text);

}  // namespace mptap::fuzz
