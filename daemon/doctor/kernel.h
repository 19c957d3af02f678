// What `mptap doctor` asks the kernel by calls, not by files; tests answer in its place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/interface_query.h"

namespace mptap {

/// CLOCK_REALTIME, by adjtimex(2).
struct ClockAnswer {
  int error = 0;  // errno; then the rest is empty
  bool synchronised = false;
  std::uint64_t estimated_error_us = 0;
};

struct DirectoryAnswer {
  int error = 0;  // errno of looking at it; ENOENT where it is missing
  bool is_directory = false;
  int write_error = 0;  // errno of writing in it as this user; 0: may be written in
  std::uint64_t free_bytes = 0;
};

/// Whether an address can be listened on.
struct ListenAnswer {
  int error = 0;              // errno of bind(2); 0: free
  bool serves_mptap = false;  // with EADDRINUSE: what listens there serves mptap's metrics
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  /// Each: nothing where the kernel or the driver does not tell.
  [[nodiscard]] virtual std::optional<SegmentMerging> merging(const std::string& interface) const = 0;
  [[nodiscard]] virtual std::optional<ReceiveQueues> receive_queues(const std::string& interface) const = 0;
  [[nodiscard]] virtual std::optional<ReceiveHash> receive_hash(const std::string& interface) const = 0;

  [[nodiscard]] virtual ClockAnswer clock() const = 0;
  [[nodiscard]] virtual DirectoryAnswer directory(const std::string& path) const = 0;
  /// Whether this user may read and write a device node.
  [[nodiscard]] virtual bool may_open(const std::string& path) const = 0;
  /// Binds to the address and lets go of it again; where it is taken, asks what listens for its metrics (2 s at most).
  ///
  /// @param listen  An IPv4 address, or "localhost", and a port: "127.0.0.1:9464".
  [[nodiscard]] virtual ListenAnswer listen(const std::string& listen) const = 0;

  /// The capabilities that the file of this program gives to who runs it, as bits of capability.h; 0: none.
  [[nodiscard]] virtual std::uint64_t file_capabilities() const = 0;

  /// Whether the processor says, by cpuid, that it has LZCNT: there are kernels that leave it out of /proc/cpuinfo.
  [[nodiscard]] virtual bool has_lzcnt() const = 0;
};

/// This machine.
class RealKernel final : public Kernel {
 public:
  [[nodiscard]] std::optional<SegmentMerging> merging(const std::string& interface) const override;
  [[nodiscard]] std::optional<ReceiveQueues> receive_queues(const std::string& interface) const override;
  [[nodiscard]] std::optional<ReceiveHash> receive_hash(const std::string& interface) const override;
  [[nodiscard]] ClockAnswer clock() const override;
  [[nodiscard]] DirectoryAnswer directory(const std::string& path) const override;
  [[nodiscard]] bool may_open(const std::string& path) const override;
  [[nodiscard]] ListenAnswer listen(const std::string& listen) const override;
  [[nodiscard]] std::uint64_t file_capabilities() const override;
  [[nodiscard]] bool has_lzcnt() const override;
};

}  // namespace mptap
