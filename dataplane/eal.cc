#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <sched.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "dataplane/thread_ids.h"

namespace mptap {
namespace {

/// @param thread  As the kernel numbers it; 0 is the calling one.
bool pin(const std::vector<std::uint32_t>& cpus, pid_t thread = 0) noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const auto cpu : cpus) CPU_SET(cpu, &set);
  return sched_setaffinity(thread, sizeof(set), &set) == 0;
}

/// The listener's and the log writer's are there before DPDK, and would take their turns on a worker's core.
void pin_all_threads(const std::vector<std::uint32_t>& cpus) {
  visit_threads([&cpus](int id) { pin(cpus, id); });
}

std::string format_failure(const DataplaneOptions& options, const EalPlan& plan, int code,
                           const std::string& cause) {
  const std::string because = cause.empty() ? std::string(rte_strerror(code)) : cause;
  if (because.find("annot init memory") != because.npos ||
      because.find("annot get hugepage") != because.npos || because.find("mmap") != because.npos ||
      code == ENOMEM) {
    const std::string size = std::to_string(options.memory_bytes >> 20) + " MiB";
    if (plan.hugepages) {
      return "DPDK could not take " + size + " of hugepages (" + because +
             "): reserve more (sysctl vm.nr_hugepages, which is /proc/sys/vm/nr_hugepages), or use "
             "`hugepages: never`";
    }
    return "DPDK could not take " + size + " of memory (" + because + "): ask for less, or free some";
  }
  if (code == EACCES || code == EPERM) {
    return "DPDK may not start (" + because +
           "): run as root, or grant what docs/ports.md lists for this kind of port";
  }
  return "DPDK could not start (" + because + "): see its messages with `eal: {log_level: debug}`";
}

}  // namespace

Eal::Started Eal::start(const DataplaneOptions& options, const EalPlan& plan, EalLog::Sink sink) {
  static bool started = false;
  Started result;
  if (std::exchange(started, true)) {
    result.error =
        "DPDK was started before in this process, and cannot be started twice: start the program anew";
    return result;
  }

  std::vector<std::uint32_t> former_cpus = read_machine().cpus;
  pin(plan.control_cpus);
  auto log = std::make_unique<EalLog>(find_eal_log_level(options.eal_log_level), std::move(sink));
  std::vector<std::string> arguments = plan.arguments;  // EAL permutes them
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const EalLog::Step step(*log);
  const int status = rte_eal_init(static_cast<int>(arguments.size()), pointers.data());
  if (status < 0) {
    result.error = format_failure(options, plan, rte_errno, step.complaints());
    pin(former_cpus);
    return result;
  }
  pin_all_threads(plan.control_cpus);
  result.eal.reset(new Eal(plan, std::move(log), std::move(former_cpus)));
  return result;
}

Eal::Eal(const EalPlan& plan, std::unique_ptr<EalLog> log, std::vector<std::uint32_t> former_cpus)
    : plan_(plan), log_(std::move(log)), former_cpus_(std::move(former_cpus)) {}

Eal::~Eal() {
  rte_eal_cleanup();
  pin(former_cpus_);
}

std::string Eal::enter_worker(std::uint32_t worker) const {
  const std::uint32_t cpu = plan_.worker_cpus.at(worker);
  const std::string name = "worker " + std::to_string(worker);
  if (!pin({cpu})) {
    return name + " could not be pinned to core " + std::to_string(cpu) + " (" + std::strerror(errno) +
           "): name another core";
  }
  if (rte_thread_register() != 0) {
    return name + " could not be registered with DPDK (" + rte_strerror(rte_errno) +
           "): it runs without a cache of packet buffers, slower";
  }
  return {};
}

void Eal::leave_worker() const noexcept { rte_thread_unregister(); }

}  // namespace mptap
