#include "daemon/doctor_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "daemon/config_command.h"
#include "daemon/doctor/checks.h"
#include "daemon/doctor/report.h"
#include "daemon/exit_code.h"

namespace mptap {
namespace {

constexpr std::size_t kReadableWidth = 100;
constexpr std::size_t kUsualWidth = 80;

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualWidth;
  return std::min<std::size_t>(size.ws_col, kReadableWidth);
}

}  // namespace

int examine_machine(const DoctorArguments& arguments) {
  int exit_code = kDone;
  const auto config = load_or_explain(arguments.config_path, exit_code);
  if (!config) return exit_code;
  const RealKernel kernel;
  const std::vector<Finding> findings = examine(MachineView("", kernel), *config, !arguments.config_path.empty());
  if (arguments.json) {
    std::cout << format_json(findings);
  } else {
    std::cout << (isatty(STDOUT_FILENO) == 1 ? format_report(findings, terminal_width()) : format_lines(findings));
  }
  const bool any_problem = std::ranges::find(findings, FindingState::kProblem, &Finding::state) != findings.end();
  return any_problem ? kFailed : kDone;
}

}  // namespace mptap
