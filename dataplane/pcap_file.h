// One capture file, packet by packet, behind libpcap.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "dataplane/packet_source.h"

struct pcap;  // libpcap's pcap_t: only pcap_file.cc sees its header

namespace mptap {

/// A capture that stands at one packet, of which packet() is a view into libpcap's memory.
/// One thread at a time.
class PcapFile {
 public:
  /// Longest packet that is taken whole, as in libpcap.
  static constexpr std::uint32_t kMaxPacketBytes = 256 * 1024;

  /// Opens a capture and reads its header, not yet a packet.
  ///
  /// @param path   A pcap or pcapng file; `-` is the standard input.
  /// @param port   What packet().port says.
  /// @param error  Set where nothing is returned: one sentence that names the file, what is wrong and what to
  /// do.
  /// @return The capture, in front of its first packet: call try_advance() next.
  static std::unique_ptr<PcapFile> open(const std::string& path, std::uint16_t port, std::string& error);

  PcapFile(const PcapFile&) = delete;
  PcapFile& operator=(const PcapFile&) = delete;
  ~PcapFile();

  /// Goes to the next packet.
  ///
  /// @return False at the end and where the file breaks off: failed() tells which. No allocation, no throw.
  [[nodiscard]] bool try_advance() noexcept;

  /// The packet that the last try_advance() came to; its bytes live until the next one.
  [[nodiscard]] const PacketView& packet() const { return packet_; }

  [[nodiscard]] bool failed() const { return failed_; }
  /// One sentence: the file, after which packet, why. Only where failed().
  [[nodiscard]] std::string error() const;

  /// Bytes read so far, as the file's position has it; 0 where the input has none.
  [[nodiscard]] std::uint64_t read_bytes() const noexcept;
  /// The file's size when it was opened; 0 for a pipe.
  [[nodiscard]] std::uint64_t total_bytes() const { return total_bytes_; }

 private:
  PcapFile() = default;

  std::string path_;
  pcap* pcap_ = nullptr;         // owns stream_
  std::FILE* stream_ = nullptr;  // libpcap's, asked for its position only
  std::uint64_t total_bytes_ = 0;
  std::uint64_t packets_ = 0;
  bool classic_ = false;             // pcap, not pcapng
  std::uint32_t skipped_bytes_ = 0;  // the loopback header before raw IP
  PacketView packet_;
  bool failed_ = false;
};

}  // namespace mptap
