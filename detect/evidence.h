// What notices show of packets: the one that raised them, and a capture of the signalling around.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "detect/connection.h"
#include "detect/connection_table.h"
#include "detect/control_counters.h"
#include "detect/evidence_options.h"
#include "detect/packet_history.h"
#include "detect/reports.h"
#include "detect/subflow_book.h"

namespace mptap {

/// Control thread. Bounded: EvidenceOptions::history packets, kMaxScenes notices that await what comes after them;
/// of further ones the packets are not written, which is counted.
class Evidence {
 public:
  /// @param book, connections  Tell which connection a packet belongs to.
  /// @param sink               Gets an EvidencePacket for each packet of the capture.
  Evidence(const EvidenceOptions& options, SubflowBook& book, ConnectionTable& connections, ReportSink& sink,
           ControlCounters& counters)
      : options_(options), book_(book), connections_(connections), sink_(sink), counters_(counters),
        history_(options.history) {}

  /// A packet whose record comes next.
  void on_packet(std::uint16_t worker, const KeptPacket& packet);

  /// A notice on its way out: it gets its packet, and what is around it will be written.
  void on_notice(Notice& notice);

  /// Packet time has come to `now_ns`: writes what has come since for the notices whose time is over.
  void advance(std::uint64_t now_ns);

  /// No more packets come.
  void finish();

 private:
  static constexpr std::size_t kMaxScenes = 64;
  static constexpr std::size_t kMaxPackets = 256;  // of one scene, before and after each

  /// What a notice is about, for as long as packets are gathered for it.
  struct Scene {
    std::uint64_t from_ns;
    std::uint64_t until_ns;
    std::optional<std::uint64_t> mp_id;            // else by addresses
    std::optional<IpAddress> source;
    std::optional<IpAddress> destination;
  };

  [[nodiscard]] std::optional<std::uint64_t> connection_of(const PacketHistory::Entry& entry);
  [[nodiscard]] bool belongs(const PacketHistory::Entry& entry, const Scene& scene);
  void write(const Scene& scene);

  const EvidenceOptions options_;
  SubflowBook& book_;
  ConnectionTable& connections_;
  ReportSink& sink_;
  ControlCounters& counters_;
  PacketHistory history_;
  std::deque<Scene> scenes_;                       // by until_ns
};

}  // namespace mptap
