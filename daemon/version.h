#pragma once

namespace mptap {

constexpr const char* kVersion = MPTAP_VERSION;

}  // namespace mptap
