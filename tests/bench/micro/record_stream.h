// Records of honest connections as workers send them, made by hand: keys, tokens and HMACs are right.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/record.h"

namespace mptap::bench {

/// Appends the records of connections to one stream, whose time goes on with each record.
///
/// Connection `number` has the slot 2 * number for its initial subflow and the next one for its join; what it is made of
/// depends on the number alone. Version 1.
class RecordStream {
 public:
  static constexpr std::uint64_t kStartNs = 1'700'000'000 * kNsPerSecond;
  static constexpr std::uint64_t kStepNs = 10'000;  // between records; leaves the budget of hashes unspent

  /// SYN, SYN/ACK, third ACK and the first DSS of either host.
  void establish(std::uint32_t number);
  /// SYN, SYN/ACK and third ACK of a join from another address, with both HMACs.
  void join(std::uint32_t number);
  /// The counters of both directions of the initial subflow.
  void count(std::uint32_t number);
  /// DATA_FIN and FIN both ways, the last counters, and the end of the initial subflow.
  void end(std::uint32_t number);
  /// The end of the join's subflow.
  void end_join(std::uint32_t number);
  /// A join whose token nobody has, to the one address that is flooded; nobody answers and the slot is given up.
  void stray_join(std::uint32_t number);

  [[nodiscard]] std::vector<Record>& records() { return records_; }

 private:
  Record& append(std::uint32_t slot, RecordKind kind, bool from_opener = true);
  void open(std::uint32_t slot, const FourTuple& tuple, const SynOption& syn);

  std::vector<Record> records_;
};

}  // namespace mptap::bench
