// Address prefixes as people write them.
#pragma once

#include <optional>
#include <string>

#include "detect/detector_options.h"

namespace mptap {

/// "10.0.0.0/8", "2001:db8::/32", or an address alone.
///
/// @return None where it is no address, too long, or has bits set behind the prefix.
[[nodiscard]] std::optional<Prefix> parse_prefix(const std::string& text);

/// The other way; a prefix of full length stands as an address.
[[nodiscard]] std::string format_prefix(const Prefix& prefix);

}  // namespace mptap
