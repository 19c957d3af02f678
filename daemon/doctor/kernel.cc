#include "daemon/doctor/kernel.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <linux/capability.h>
#include <linux/xattr.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "daemon/export/http_listener.h"

namespace mptap {
namespace {

/// Whether what listens there answers a scrape as mptap does.
bool serves_mptap(sockaddr_in address) {
  constexpr std::string_view kRequest = "GET /metrics HTTP/1.0\r\n\r\n";
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  if (address.sin_addr.s_addr == htonl(INADDR_ANY)) address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{2, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string page;
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      send(descriptor, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0) {
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; page.size() < kMostBytes && (got = recv(descriptor, piece.data(), piece.size(), 0)) > 0;) {
      page.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  close(descriptor);
  return page.find("mptap_build_info") != std::string::npos;
}

}  // namespace

std::optional<SegmentMerging> RealKernel::merging(const std::string& interface) const { return read_merging(interface); }

std::optional<ReceiveQueues> RealKernel::receive_queues(const std::string& interface) const {
  return read_receive_queues(interface);
}

std::optional<ReceiveHash> RealKernel::receive_hash(const std::string& interface) const {
  return read_receive_hash(interface);
}

ClockAnswer RealKernel::clock() const {
  timex question{};
  const int state = adjtimex(&question);
  if (state < 0) return {errno, false, 0};
  const bool synchronised = state != TIME_ERROR && (question.status & STA_UNSYNC) == 0;
  return {0, synchronised, static_cast<std::uint64_t>(question.esterror)};
}

DirectoryAnswer RealKernel::directory(const std::string& path) const {
  DirectoryAnswer answer;
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    answer.error = errno;
    return answer;
  }
  answer.is_directory = S_ISDIR(status.st_mode);
  if (access(path.c_str(), W_OK | X_OK) != 0) answer.write_error = errno;
  struct statvfs room {};
  if (statvfs(path.c_str(), &room) == 0) answer.free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
  return answer;
}

bool RealKernel::may_open(const std::string& path) const { return access(path.c_str(), R_OK | W_OK) == 0; }

ListenAnswer RealKernel::listen(const std::string& listen) const {
  const auto address = parse_address(listen);
  if (!address) return {EINVAL, false};
  const int error = try_bind(*address);
  return {error, error == EADDRINUSE && serves_mptap(*address)};
}

std::uint64_t RealKernel::file_capabilities() const {
  vfs_ns_cap_data data{};
  const ssize_t size = getxattr("/proc/self/exe", XATTR_NAME_CAPS, &data, sizeof data);
  if (size < static_cast<ssize_t>(XATTR_CAPS_SZ_1)) return 0;
  // Without the effective bit they would have to be raised by the program, and mptap does not.
  if ((data.magic_etc & VFS_CAP_FLAGS_EFFECTIVE) == 0) return 0;
  std::uint64_t permitted = data.data[0].permitted;
  if (size >= static_cast<ssize_t>(XATTR_CAPS_SZ_2)) permitted |= std::uint64_t{data.data[1].permitted} << 32;
  return permitted;
}

bool RealKernel::has_lzcnt() const {
#if defined(__x86_64__)
  constexpr unsigned kLeaf = 0x80000001;
  constexpr unsigned kLzcnt = 1u << 5;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(kLeaf, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kLzcnt) != 0;
#else
  return false;
#endif
}

}  // namespace mptap
