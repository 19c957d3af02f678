// The capture of evidence: evidence.pcap, and those before it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/export/export_options.h"
#include "dataplane/pcap_writer.h"
#include "detect/reports.h"

namespace mptap {

/// Writes DIRECTORY/evidence.pcap; where that has its size, or packets begin with another header, it becomes
/// evidence-1.pcap, that one evidence-2.pcap, and the oldest goes. Writer thread.
class EvidenceFile {
 public:
  EvidenceFile(std::string directory, const EvidenceFileOptions& options)
      : directory_(std::move(directory)), options_(options) {}

  /// Makes a file at the first packet.
  void append(const EvidencePacket& packet);

  struct FlushResult {
    std::uint64_t packets_written = 0;
    std::uint64_t packets_lost = 0;
    std::string error;  // a sentence; empty: all was written
  };
  [[nodiscard]] FlushResult flush();

  /// The next packet begins a new file: as after the name was moved away.
  void reopen() { writer_.reset(); }

 private:
  [[nodiscard]] std::string path_of(std::uint32_t number) const;
  void make_room() const;
  void begin(LinkType link);
  void flush_writer();

  const std::string directory_;
  const EvidenceFileOptions options_;
  std::unique_ptr<PcapWriter> writer_;
  FlushResult since_flush_;
  std::uint64_t unflushed_ = 0;  // packets appended to writer_
};

}  // namespace mptap
