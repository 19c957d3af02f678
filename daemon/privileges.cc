#include "daemon/privileges.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "dataplane/capability_bits.h"
#include "dataplane/thread_ids.h"

namespace mptap {
namespace {

constexpr std::uint32_t bit(unsigned capability) { return 1u << capability; }
constexpr std::uint32_t kForFiles = bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_CHOWN);

std::atomic<int> threads_done{0};
std::atomic<int> administrator{0};  // the thread that keeps CAP_NET_ADMIN
std::atomic<int> raw_sender{0};     // CAP_NET_RAW

std::uint32_t kept_by(int thread) noexcept {
  if (thread == administrator.load(std::memory_order_relaxed)) return bit(CAP_NET_ADMIN);
  if (thread == raw_sender.load(std::memory_order_relaxed)) return bit(CAP_NET_RAW);
  return geteuid() == 0 ? kForFiles : 0;
}

/// Capabilities belong to threads, and each can change its own only; so does the promise to gain none by what it starts.
/// Safe in a signal handler.
bool drop_own() noexcept {
  (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const std::uint32_t kept = kept_by(static_cast<int>(gettid()));
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct had[2]{};
  if (syscall(SYS_capget, &header, had) != 0) return false;
  const __user_cap_data_struct left[2]{{had[0].permitted & kept, had[0].permitted & kept, 0}, {0, 0, 0}};
  return syscall(SYS_capset, &header, left) == 0;
}

void on_signal(int) noexcept {
  const int error = errno;
  (void)drop_own();
  threads_done.fetch_add(1, std::memory_order_release);
  errno = error;
}

/// Lets every other thread drop its own; none of them masks this signal.
void signal_others(int signal) {
  const auto tell = [signal](int id) {
    const int before = threads_done.load(std::memory_order_acquire);
    if (syscall(SYS_tgkill, getpid(), id, signal) != 0) return;  // it has ended
    for (int i = 0; i < 1'000 && threads_done.load(std::memory_order_acquire) == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  visit_threads(tell, {static_cast<int>(gettid())});
}

}  // namespace

bool needs_capabilities_to_close(const DataplaneOptions& options) {
  return std::ranges::any_of(options.ports, [](const PortOptions& port) {
    return (!port.interface.empty() && port.driver == PortDriver::kAfXdp) || port.vdev.starts_with("net_af_xdp") ||
           port.vdev.starts_with("net_tap");
  });
}

void keep_network_administration() noexcept { administrator.store(static_cast<int>(gettid()), std::memory_order_relaxed); }

void keep_raw_network() noexcept { raw_sender.store(static_cast<int>(gettid()), std::memory_order_relaxed); }

std::string drop_capabilities() {
  if (!drop_own()) return std::string("capabilities are kept: ") + std::strerror(errno);
  const int signal = SIGRTMIN;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
  signal_others(signal);
  action.sa_handler = SIG_IGN;  // one that comes late must not end the process
  sigaction(signal, &action, nullptr);
  std::string remark;
  visit_threads([&remark](int thread) {
    const std::string status = "/proc/self/task/" + std::to_string(thread) + "/status";
    if ((read_capabilities(status, "CapPrm") & ~std::uint64_t{kept_by(thread)}) == 0) return;
    remark = "thread " + std::to_string(thread) + " keeps its capabilities: it takes no signals";
  });
  return remark;
}

}  // namespace mptap
