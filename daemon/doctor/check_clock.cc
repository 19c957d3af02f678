// The clock that gives packets and rows their time.
#include <cstring>

#include "daemon/doctor/checks.h"

namespace mptap {

void check_clock(const MachineView& machine, const Config&, Findings& findings) {
  const ClockAnswer clock = machine.kernel().clock();
  if (clock.error != 0) {
    findings.unknown("", std::string("adjtimex does not tell whether the clock is synchronised: ") + std::strerror(clock.error));
  } else if (clock.synchronised) {
    findings.ok("", "synchronised, to about " + std::to_string(clock.estimated_error_us) + " us");
  } else {
    findings.warn("", "not synchronised: rows do not fit those of other machines", "timedatectl set-ntp true");
  }
}

void check_clocksource(const MachineView& machine, const Config&, Findings& findings) {
  const std::string folder = "/sys/devices/system/clocksource/clocksource0/";
  const std::string source = machine.read(folder + "current_clocksource").text;
  if (source.empty()) return findings.unknown("", folder + "current_clocksource does not tell");
  // Those that the kernel lets programs read without a system call.
  if (source == "tsc" || source == "kvm-clock" || source == "hyperv_clocksource_tsc_page" || source == "arch_sys_counter") {
    return findings.ok("", source + ": read without a system call");
  }
  const bool has_tsc = (" " + machine.read(folder + "available_clocksource").text + " ").find(" tsc ") != std::string::npos;
  findings.warn("", source + ": reading the time is a system call, once a burst",
                has_tsc ? "echo tsc > " + folder + "current_clocksource" : "journalctl -k -g tsc  # why the kernel has none");
}

}  // namespace mptap
