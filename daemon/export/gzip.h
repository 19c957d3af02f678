// Compression of what a listener sends.
#pragma once

#include <string>
#include <string_view>

namespace mptap {

/// The text in gzip's format; empty where zlib has no memory. Any thread.
[[nodiscard]] std::string compress_gzip(std::string_view text);

}  // namespace mptap
