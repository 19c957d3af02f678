// What logs and metrics obey.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mptap {

enum class LogFormat : std::uint8_t { kZeek, kJson, kEve };

/// The capture of evidence, evidence.pcap and those before it.
struct EvidenceFileOptions {
  std::uint64_t file_bytes = 4ull << 20;         // then another begins
  std::uint32_t files = 4;                       // that are kept, the one being written included
  friend bool operator==(const EvidenceFileOptions&, const EvidenceFileOptions&) = default;
};

struct LogOptions {
  std::string directory;                         // empty: no logs
  LogFormat format = LogFormat::kZeek;
  bool subflows = true;                          // mptcp_subflow.log
  bool connections = true;                       // mptcp_conn.log
  bool notices = true;                           // notice.log
  std::vector<std::string> events;               // types that go to mptcp_event.log; empty: none
  EvidenceFileOptions evidence;                  // written where control reports packets
  std::uint32_t attempts_per_second = 100;       // rows of unanswered attempts; the rest is counted
  std::uint32_t queue_rows = 65'536;             // rows that wait for the writer
};

struct MetricsOptions {
  bool enabled = true;
  std::string listen = "127.0.0.1:9464";         // address:port
  bool page = true;                              // at / of the same listener
};

/// The socket by which commands on this machine ask the sensor.
struct QueryOptions {
  std::string socket = "/run/mptap/control.sock";  // empty: none
};

/// The sensor's own messages on stderr.
struct MessageOptions {
  std::string level = "info";                    // trace debug info warning error
};

}  // namespace mptap
