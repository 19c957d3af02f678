// Capture files as a packet source: several files become one stream, in the order of time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/packet_source.h"

namespace mptap {

class PcapFile;

/// Reads pcap and pcapng files (Ethernet, Linux cooked 1 and 2, raw IP, BSD loopback) and merges them by
/// time.
///
/// A packet's `port` is the index of its file. Among packets of one time the earlier file goes first, and the
/// order within a file is kept even where its times go back.
/// A file that breaks off gives its whole packets; the others are read to their end; only then is kFailed
/// returned.
class PcapSource final : public PacketSource {
 public:
  struct Opened {
    std::unique_ptr<PcapSource> source;  // empty where a file could not be opened
    std::string error;                   // then one sentence a line and file, else empty
  };

  /// Opens all files before any packet is read.
  ///
  /// @param paths  At least one; `-`, at most once, is the standard input.
  /// @return The source, or what is wrong with each file that cannot be read (missing, a directory, empty,
  /// not a
  ///         capture, compressed, a link type that is not supported) and what to do.
  /// Source: the pcap and pcapng formats of the IETF opsawg drafts, as libpcap reads them.
  /// Any thread.
  static Opened open(const std::vector<std::string>& paths);

  ~PcapSource() override;

  /// As PacketSource says; a burst is shorter where its packets are long. Waits where the input is a pipe.
  ReceiveStatus receive(Burst& burst) noexcept override;

  /// One sentence a line for each file that broke off; empty where none did.
  [[nodiscard]] std::string error() const override;

  [[nodiscard]] bool is_live() const override { return false; }

  /// Of the files, each once.
  [[nodiscard]] std::vector<LinkType> link_types() const;

  struct Progress {
    std::uint64_t read_bytes = 0;
    std::uint64_t total_bytes = 0;  // 0 where unknown: one of the inputs is a pipe
  };
  /// How far the files are read. Any thread.
  [[nodiscard]] Progress progress() const noexcept;

 private:
  explicit PcapSource(std::vector<std::unique_ptr<PcapFile>> files);
  [[nodiscard]] std::size_t find_earliest() const noexcept;
  void publish_progress() noexcept;

  std::vector<std::unique_ptr<PcapFile>> files_;
  std::vector<PcapFile*> waiting_;  // those that stand at a packet, by argument order
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::uint32_t bursts_ = 0;
  bool started_ = false;
  std::uint64_t total_bytes_ = 0;
  std::atomic<std::uint64_t> read_bytes_{0};
};

}  // namespace mptap
