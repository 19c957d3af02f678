#pragma once

#include <string>

namespace mptap {

constexpr const char* kVersion = MPTAP_VERSION;

/// What `mptap --version` says: the version, then what it was built of and how, in lines without an end.
/// Names no path and no time: the same sources, compiler and libraries give the same text.
[[nodiscard]] std::string version_text();

}  // namespace mptap
