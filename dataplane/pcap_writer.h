// A capture file that grows, behind libpcap.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "dataplane/packet_source.h"

struct pcap;  // libpcap's pcap_t and pcap_dumper_t: only pcap_writer.cc sees its header
struct pcap_dumper;

namespace mptap {

/// A pcap file with nanoseconds and one link type. One thread at a time.
class PcapWriter {
 public:
  /// Makes the file anew.
  /// @param error  Set where nothing is returned: one sentence with the path and the reason.
  static std::unique_ptr<PcapWriter> create(const std::string& path, LinkType link, std::string& error);

  PcapWriter(const PcapWriter&) = delete;
  PcapWriter& operator=(const PcapWriter&) = delete;
  ~PcapWriter();

  /// Appends a packet; it may stay in memory until flush().
  /// @param wire_bytes  At least the size of `bytes`.
  void append(std::uint64_t time_ns, std::uint32_t wire_bytes, std::span<const std::uint8_t> bytes);

  /// @return 0, or errno of what could not be written since the last flush.
  [[nodiscard]] int flush();

  [[nodiscard]] LinkType link() const { return link_; }
  /// Bytes appended so far, the header of the file included.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  PcapWriter(pcap* capture, pcap_dumper* dumper, LinkType link) : pcap_(capture), dumper_(dumper), link_(link) {}

  pcap* const pcap_;
  pcap_dumper* const dumper_;
  const LinkType link_;
  std::uint64_t bytes_ = 24;  // the file's header
};

}  // namespace mptap
