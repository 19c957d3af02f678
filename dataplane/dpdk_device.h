// One DPDK device: made, given queues and started.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/dpdk_vdev.h"
#include "dataplane/eal_log.h"

struct rte_mempool;

namespace mptap {

/// Descriptors of a queue by which frames of a partner leave; as many buffers of the partner's may lie there.
constexpr std::uint16_t kInlineDescriptors = 1024;

/// What to make of a device.
struct DeviceRequest {
  std::string name;                  // for sentences: as the user wrote it
  std::uint32_t workers = 1;         // queues wanted
  std::uint32_t descriptors = 2048;  // a queue
  std::uint32_t max_frame_bytes = 0;
  std::uint32_t buffer_data_bytes = 0;  // 0: whole frames, or 2 kB parts where the device chains them
  std::uint32_t most_buffers = 0;
  std::uint64_t most_buffer_bytes = 0;
  bool hardware = false;            // a card: knows MTU and RSS
  std::uint32_t held_a_queue = 0;   // buffers in the descriptors of a queue
  bool keeps_file = false;          // all buffers allowed are wanted: the device keeps a capture in them
  bool balanced_by_kernel = false;  // the kernel spreads flows, both directions alike
  bool promiscuous = true;          // to be set through DPDK
  bool sends = false;               // its partner's frames leave by it: as many queues for sending as for receiving
};

/// A started device; plain data, closed by close_device().
struct Device {
  std::uint16_t id = 0;
  std::uint16_t queues = 0;
  rte_mempool* pool = nullptr;
};

/// Makes DPDK's device of a virtual device's name and arguments.
///
/// @return False where DPDK refuses.
[[nodiscard]] bool try_make_vdev(const Vdev& vdev, std::uint16_t& id);

/// Finds a device that DPDK found by itself.
[[nodiscard]] bool try_find_device(const std::string& dpdk_name, std::uint16_t& id);

/// Gives a device its buffers and queues and starts it.
///
/// @param request   See DeviceRequest.
/// @param device    Its id is set; the rest is filled in.
/// @param warnings  Gets a sentence for each thing that is less than asked for.
/// @param step      Where the driver's reasons are looked up.
/// @return Empty, or one sentence that names the device and the reason; then close_device() is still due.
[[nodiscard]] std::string start_device(const DeviceRequest& request, Device& device, EalLog::Step& step,
                                       std::vector<std::string>& warnings);

/// Throws away what waits in a started device's queues, at most `most` packets of each, and counts from 0. Main thread,
/// before any worker polls.
void drop_waiting(const Device& device, std::uint32_t most) noexcept;

/// Stops and closes, and frees the buffers.
void close_device(Device& device) noexcept;

}  // namespace mptap
