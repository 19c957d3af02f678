#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

namespace mptap::testing {

enum class CaptureFormat {
  kPcap,      // magic a1b2c3d4, microseconds
  kPcapNano,  // magic a1b23c4d, nanoseconds
  kPcapng,
};

/// LINKTYPE_ values of the link layers PacketBuilder can build.
enum class LinkType : std::uint16_t { kEthernet = 1, kRaw = 101, kLinuxSll = 113, kLinuxSll2 = 276 };

struct CaptureOptions {
  CaptureFormat format = CaptureFormat::kPcap;
  std::uint16_t link_type = static_cast<std::uint16_t>(LinkType::kEthernet);
  std::uint32_t snaplen_bytes = 262144;  // frames are cut to this many bytes
  bool big_endian = false;
  std::uint8_t time_resolution = 9;  // pcapng if_tsresol, decimal digits: 6 or 9
};

/// Takes what a tap captures, in order of time.
class FrameSink {
 public:
  FrameSink() = default;
  FrameSink(const FrameSink&) = delete;
  FrameSink& operator=(const FrameSink&) = delete;
  virtual ~FrameSink() = default;

  /// @param time_ns     Nanoseconds since 1970, not negative.
  /// @param frame       Bytes from the link layer on.
  /// @param wire_bytes  Length on the wire; 0 means that of `frame`.
  virtual void write(std::int64_t time_ns, std::span<const std::uint8_t> frame, std::uint32_t wire_bytes = 0) = 0;
};

/// Writes a capture file, packet by packet.
///
/// Writes pcap (magic in either resolution and byte order) and pcapng (one section header, one
/// interface, enhanced packet blocks). Times finer than the format's are cut off. Throws
/// std::runtime_error where the file cannot be opened or written.
/// Source: the pcap and pcapng file format drafts of the IETF opsawg.
class CaptureWriter final : public FrameSink {
 public:
  CaptureWriter(const std::string& path, const CaptureOptions& options);

  /// Appends one frame.
  void write(std::int64_t time_ns, std::span<const std::uint8_t> frame, std::uint32_t wire_bytes = 0) override;

  /// Flushes and closes; reports what the disk refused. Call it once, after the last packet.
  void close();

  [[nodiscard]] std::uint64_t packets() const { return packets_; }

 private:
  void put(std::uint64_t value, int octets);
  void put_pcapng_preamble();

  std::string path_;
  CaptureOptions options_;
  std::ofstream file_;
  std::uint64_t packets_ = 0;
};

}  // namespace mptap::testing
