// Whether the processor has the instructions that this binary was compiled for.
#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <set>
#include <sstream>

#include "daemon/doctor/checks.h"

namespace mptap {
namespace {

/// An instruction set: its name in /proc/cpuinfo, the level of x86-64 it came with, whether the compiler may use it.
struct Instructions {
  const char* flag;
  int level;
  bool compiled;
};

// The compiler defines such a macro to 1; one that it does not define stays its own name, which begins with _.
#define MPTAP_TEXT(word) #word
#define MPTAP_COMPILED(macro) (MPTAP_TEXT(macro)[0] == '1')  // expands the macro first

constexpr std::array<Instructions, 18> kInstructions = {{
    {"sse2", 1, MPTAP_COMPILED(__SSE2__)},
    {"pni", 2, MPTAP_COMPILED(__SSE3__)},
    {"ssse3", 2, MPTAP_COMPILED(__SSSE3__)},
    {"sse4_1", 2, MPTAP_COMPILED(__SSE4_1__)},
    {"sse4_2", 2, MPTAP_COMPILED(__SSE4_2__)},
    {"popcnt", 2, MPTAP_COMPILED(__POPCNT__)},
    {"avx", 3, MPTAP_COMPILED(__AVX__)},
    {"avx2", 3, MPTAP_COMPILED(__AVX2__)},
    {"bmi1", 3, MPTAP_COMPILED(__BMI__)},
    {"bmi2", 3, MPTAP_COMPILED(__BMI2__)},
    {"f16c", 3, MPTAP_COMPILED(__F16C__)},
    {"fma", 3, MPTAP_COMPILED(__FMA__)},
    {"abm", 3, MPTAP_COMPILED(__LZCNT__)},
    {"movbe", 3, MPTAP_COMPILED(__MOVBE__)},
    {"avx512f", 4, MPTAP_COMPILED(__AVX512F__)},
    {"avx512bw", 4, MPTAP_COMPILED(__AVX512BW__)},
    {"avx512dq", 4, MPTAP_COMPILED(__AVX512DQ__)},
    {"avx512vl", 4, MPTAP_COMPILED(__AVX512VL__)},
}};

#undef MPTAP_COMPILED
#undef MPTAP_TEXT

std::string level_name(int level) { return level < 2 ? "x86-64" : "x86-64-v" + std::to_string(level); }

std::set<std::string> read_flags(const std::string& cpuinfo) {
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

}  // namespace

void check_processor(const MachineView& machine, const Config&, Findings& findings) {
  const MachineView::Text cpuinfo = machine.read("/proc/cpuinfo");
  std::set<std::string> flags = read_flags(cpuinfo.text);
  if (flags.empty()) {
    const std::string reason = cpuinfo.error != 0 ? std::strerror(cpuinfo.error) : "no line of flags";
    findings.unknown("", "/proc/cpuinfo does not tell what the processor can: " + reason);
    return;
  }
  if (machine.kernel().has_lzcnt()) flags.insert("abm");
  int compiled_level = 1;
  int level = 4;  // of the processor
  std::size_t used = 0;
  std::string lacking;
  for (const Instructions& set : kInstructions) {
    const bool has = flags.contains(set.flag);
    if (!has) level = std::min(level, std::max(set.level - 1, 1));
    if (!set.compiled) continue;
    ++used;
    compiled_level = std::max(compiled_level, set.level);
    if (!has) lacking += (lacking.empty() ? "" : ", ") + std::string(set.flag);
  }
  if (lacking.empty()) {
    findings.ok("", "compiled for " + level_name(compiled_level) + ", and the processor has all " + std::to_string(used) +
                        " sets of instructions");
    return;
  }
  findings.problem("", "compiled for " + level_name(compiled_level) + ", and the processor lacks " + lacking +
                           ": mptap would end by an illegal instruction",
                   "cmake --preset release -DMPTAP_MARCH=" + level_name(level) + " && cmake --build --preset release");
}

}  // namespace mptap
