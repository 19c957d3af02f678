#include "daemon/version.h"

#include "daemon/commit.h"

namespace mptap {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = "clang++ " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

}  // namespace

std::string version_text() {
  const std::string march = MPTAP_MARCH;
  return std::string("mptap ") + kVersion + "\ncommit: " + MPTAP_COMMIT + "\ncompiler: " + kCompiler + ", " +
         (march.empty() ? "no -march" : "-march=" + march) + "\nbuild type: " MPTAP_BUILD_TYPE +
         "\nlibraries: DPDK " MPTAP_DPDK ", libpcap " MPTAP_LIBPCAP;
}

}  // namespace mptap
