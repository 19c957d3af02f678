#include "dataplane/dpdk_interface.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <utility>

#include "dataplane/capability_bits.h"
#include "dataplane/interface_query.h"

namespace mptap {
namespace {

constexpr const char* kInterfaces = "/sys/class/net/";
constexpr std::size_t kNamedInterfaces = 8;

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({substituted, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// The interfaces there are, those with the most similar names first.
std::string list_interfaces(const std::string& wanted) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kInterfaces, ignored)) {
    if (entry.is_directory(ignored)) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  std::stable_sort(names.begin(), names.end(), [&wanted](const auto& a, const auto& b) {
    return edit_distance(a, wanted) < edit_distance(b, wanted);
  });
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kNamedInterfaces); ++i)
    list += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamedInterfaces) list += ", ...";
  return list.empty() ? "none" : list;
}

/// Whether DPDK may open the interface: a packet socket, its flags (which af_packet sets to what they are)
/// and the memory of its rings, which is locked.
std::string check_permission(const PortOptions& port, std::uint64_t locked_bytes) {
  const std::uint64_t capabilities = read_capabilities("/proc/thread-self/status", "CapEff");
  if ((capabilities & kCapNetRaw) == 0 || (capabilities & kCapNetAdmin) == 0) {
    return port.interface +
           ": reading an interface needs CAP_NET_RAW and CAP_NET_ADMIN: run as root, or grant them "
           "(AmbientCapabilities= in the systemd unit, or setcap cap_net_raw,cap_net_admin,cap_ipc_lock+ep)";
  }
  rlimit limit{};
  if ((capabilities & kCapIpcLock) != 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
      limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= locked_bytes) {
    return {};
  }
  return port.interface + ": its rings lock " + std::to_string(locked_bytes >> 20) + " MiB of memory and " +
         std::to_string(limit.rlim_cur >> 20) +
         " MiB are allowed: grant CAP_IPC_LOCK, set LimitMEMLOCK=infinity (systemd) or ulimit -l unlimited, "
         "or lower "
         "receive_descriptors";
}

}  // namespace

std::string check_interface(const PortOptions& port, std::uint64_t locked_bytes,
                            std::vector<std::string>& warnings) {
  if (if_nametoindex(port.interface.c_str()) == 0) {
    return port.interface + ": there is no such interface; there are: " + list_interfaces(port.interface);
  }
  if (std::string error = check_permission(port, locked_bytes); !error.empty()) return error;
  if ((read_interface_flags(port.interface) & IFF_UP) == 0) {
    warnings.push_back(port.interface + ": the interface is down and delivers nothing: ip link set " +
                       port.interface + " up");
  }
  const SegmentMerging merging = read_merging(port.interface).value_or(SegmentMerging{});
  if (port.driver == PortDriver::kAfPacket && merging.any()) {
    const std::string command = format_merging_off(merging, port.interface);
    warnings.push_back(port.interface + ": the interface merges segments before they are seen (" +
                       format_merging(merging) + "), and merged ones may be cut to max_frame: " +
                       (command.empty() ? "its driver does not let that be switched off" : command));
  }
  return {};
}

InterfaceWatch::InterfaceWatch(std::string interface, bool promiscuous, std::vector<std::string>& warnings)
    : interface_(std::move(interface)),
      was_promiscuous_((read_interface_flags(interface_) & IFF_PROMISC) != 0),
      rx_before_(read_counter("rx_packets")),
      tx_before_(read_counter("tx_packets")) {
  if (!promiscuous) return;
  promiscuous_socket_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  packet_mreq membership{};
  membership.mr_ifindex = static_cast<int>(if_nametoindex(interface_.c_str()));
  membership.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(promiscuous_socket_, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)) !=
      0) {
    warnings.push_back(interface_ + ": does not become promiscuous (" + std::strerror(errno) +
                       "): only frames sent to its own address are seen");
  }
}

InterfaceWatch::~InterfaceWatch() {
  for (const int descriptor : sockets_) close(descriptor);
  if (promiscuous_socket_ >= 0) close(promiscuous_socket_);
}

void InterfaceWatch::adopt_packet_sockets() {
  const auto index = static_cast<int>(if_nametoindex(interface_.c_str()));
  std::vector<int> open_descriptors;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    open_descriptors.push_back(std::atoi(entry.path().filename().c_str()));
  }
  const std::lock_guard lock(mutex_);
  for (const int descriptor : open_descriptors) {
    sockaddr_ll address{};
    socklen_t size = sizeof(address);
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    if (address.sll_family != AF_PACKET || address.sll_ifindex != index || address.sll_protocol == 0)
      continue;
    const int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0) sockets_.push_back(copy);
  }
}

void InterfaceWatch::ignore_outgoing() noexcept {
  const std::lock_guard lock(mutex_);
  for (const int descriptor : sockets_) {
    const int yes = 1;
    (void)setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
  }
}

void InterfaceWatch::resume_sending() noexcept {
  const std::lock_guard lock(mutex_);
  for (const int descriptor : sockets_) {
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    const char nothing = 0;
    (void)send(descriptor, &nothing, 0, MSG_DONTWAIT);
  }
}

void InterfaceWatch::start_counting() {
  (void)read();  // clears those of the sockets
  rx_before_ = read_counter("rx_packets");
  tx_before_ = read_counter("tx_packets");
  const std::lock_guard lock(mutex_);
  ring_packets_ = 0;
  ring_drops_ = 0;
}

InterfaceCounters InterfaceWatch::read() {
  InterfaceCounters counters;
  counters.present = if_nametoindex(interface_.c_str()) != 0;
  counters.up = counters.present && read_link(interface_);
  // An interface made anew under its name counts from zero.
  const auto since = [](std::uint64_t now, std::uint64_t before) {
    return now >= before ? now - before : now;
  };
  counters.rx_packets = since(read_counter("rx_packets"), rx_before_);
  counters.tx_packets = since(read_counter("tx_packets"), tx_before_);
  const std::lock_guard lock(mutex_);
  for (const int descriptor : sockets_) {
    tpacket_stats statistics{};
    socklen_t size = sizeof(statistics);
    if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) continue;
    ring_packets_ += statistics.tp_packets;
    ring_drops_ += statistics.tp_drops;
  }
  counters.ring_packets = ring_packets_;
  counters.ring_drops = ring_drops_;
  return counters;
}

std::uint64_t InterfaceWatch::read_counter(const char* name) const {
  std::uint64_t value = 0;
  std::ifstream(kInterfaces + interface_ + "/statistics/" + name) >> value;
  return value;
}

}  // namespace mptap
