// A worker fed with crafted packets, its records gathered.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/worker.h"
#include "tests/support/mptcp_encode.h"
#include "tests/support/packet_builder.h"
#include "tests/unit/catch.h"
#include "tests/unit/exact_bytes.h"

namespace mptap::test {

namespace ts = mptap::testing;

constexpr std::uint64_t kStartNs = 1'700'000'000 * kNsPerSecond;
constexpr std::uint64_t kMs = kNsPerMillisecond;
constexpr std::uint32_t kOpenerIsn = 1000;
constexpr std::uint32_t kAcceptorIsn = 5000;
constexpr std::uint8_t kSynFlag = tcp_flag::kSyn;
constexpr std::uint8_t kSynAckFlags = tcp_flag::kSyn | tcp_flag::kAck;
constexpr std::uint8_t kAckFlag = tcp_flag::kAck;
constexpr std::uint8_t kRstAck = tcp_flag::kRst | tcp_flag::kAck;
constexpr std::uint8_t kFinAck = tcp_flag::kFin | tcp_flag::kAck;

/// Packets in the order in which they were put; the memory of each has exactly its size and dies with its burst.
class VectorSource final : public PacketSource {
 public:
  explicit VectorSource(bool live = false) : live_(live) {}
  void put(std::uint64_t time_ns, const ts::Bytes& frame) { waiting_.push_back({time_ns, frame}); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  ReceiveStatus receive(Burst& burst) noexcept override {
    held_.clear();
    burst.size = 0;
    while (burst.size < burst_limit && !waiting_.empty()) {
      held_.push_back(std::make_unique<ExactBytes>(waiting_.front().frame));
      PacketView& packet = burst.packets[burst.size++];
      packet = PacketView{};
      packet.data = held_.back()->view().data();
      packet.captured_bytes = packet.wire_bytes = static_cast<std::uint32_t>(waiting_.front().frame.size());
      packet.time_ns = waiting_.front().time_ns;
      packet.is_inline = is_inline;
      packet.place = static_cast<std::uint8_t>(burst.size - 1);
      waiting_.pop_front();
    }
    return ReceiveStatus::kMore;
  }
  bool overwrite(std::uint8_t place, std::uint32_t at, std::span<const std::uint8_t> bytes) noexcept override {
    const std::span<std::uint8_t> packet = held_.at(place)->bytes();
    if (at + bytes.size() > packet.size()) return false;
    std::copy(bytes.begin(), bytes.end(), packet.begin() + at);
    return true;
  }
  void release(std::uint64_t dropped) noexcept override {
    for (std::size_t i = 0; i < held_.size(); ++i) held_back.push_back((dropped >> i & 1) != 0);
    if (!held_.empty()) last_left.assign(held_.back()->view().begin(), held_.back()->view().end());
  }
  [[nodiscard]] bool is_live() const override { return live_; }

  bool is_inline = false;
  std::vector<bool> held_back;  // of each packet that was delivered
  ts::Bytes last_left;          // the last of them, as it went on
  std::size_t burst_limit = Burst::kCapacity;

 private:
  struct Waiting {
    std::uint64_t time_ns;
    ts::Bytes frame;
  };
  const bool live_;
  std::deque<Waiting> waiting_;
  std::vector<std::unique_ptr<ExactBytes>> held_;
};

inline const char* word_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::kNone: return "none";
    case RecordKind::kOpened: return "opened";
    case RecordKind::kJoinNotStored: return "join_not_stored";
    case RecordKind::kSynAck: return "syn_ack";
    case RecordKind::kCapableAck: return "capable_ack";
    case RecordKind::kJoinAck: return "join_ack";
    case RecordKind::kFirstDss: return "first_dss";
    case RecordKind::kAddAddr: return "add_addr";
    case RecordKind::kRemoveAddr: return "remove_addr";
    case RecordKind::kPrio: return "prio";
    case RecordKind::kFail: return "fail";
    case RecordKind::kFastClose: return "fast_close";
    case RecordKind::kDataFin: return "data_fin";
    case RecordKind::kReset: return "reset";
    case RecordKind::kFin: return "fin";
    case RecordKind::kMalformed: return "malformed";
    case RecordKind::kAnomaly: return "anomaly";
    case RecordKind::kDss: return "dss";
    case RecordKind::kOption: return "option";
    case RecordKind::kCounters: return "counters";
    case RecordKind::kClosed: return "closed";
  }
  return "?";
}

/// The kinds of records in order, e.g. "opened syn_ack".
inline std::string words_of(const std::vector<Record>& records) {
  std::string words;
  for (const Record& record : records) words += (words.empty() ? "" : " ") + std::string(word_of(record.kind));
  return words;
}

/// Two ends of a flow that a test speaks for.
struct Ends {
  ts::Endpoint opener = ts::endpoint("10.0.0.1", 40000);
  ts::Endpoint acceptor = ts::endpoint("10.0.0.2", 80);
};

enum class From { kOpener, kAcceptor };

inline WorkerOptions small_options(std::uint32_t capacity = 1024) {
  WorkerOptions options;
  options.table.capacity = capacity;
  options.ring_capacity = 1u << 16;
  options.overflow_capacity = 1024;
  return options;
}

class WorkerRun {
 public:
  explicit WorkerRun(const WorkerOptions& options = small_options(), std::uint64_t seed = 1, bool live = false,
                     const PacketFilter* filter = nullptr, RuleChannel* rules = nullptr)
      : source_(live), ring_(options.ring_capacity, options.overflow_capacity), worker_(source_, options, ring_, seed, stop_, nullptr, filter, rules) {}

  /// One segment at `ms` after the start; returns its frame.
  ts::Bytes send(double ms, From from, std::uint8_t flags, std::uint32_t seq, std::uint32_t ack = 0,
                 const ts::Bytes& options = {}, std::size_t payload_bytes = 0) {
    const bool opener = from == From::kOpener;
    const ts::Endpoint& source = opener ? ends.opener : ends.acceptor;
    const ts::Endpoint& destination = opener ? ends.acceptor : ends.opener;
    ts::PacketBuilder frame = below;
    if (source.address.is_v6) {
      frame.ip(source.address, destination.address);
    } else {
      ts::Ipv4Layer layer;
      layer.source = source.address;
      layer.destination = destination.address;
      layer.identification = ++ip_id_;
      frame.ipv4(layer);
    }
    frame.tcp(source.port, destination.port).seq(seq);
    if ((flags & tcp_flag::kAck) != 0) frame.ack(ack);
    frame.flags(flags);
    if (!options.empty()) frame.option(options);
    const ts::Bytes bytes = frame.payload(ts::Bytes(payload_bytes, 0x55)).build();
    show(ms, bytes);
    return bytes;
  }
  void show(double ms, const ts::Bytes& frame) {
    const auto since_start_ns = static_cast<std::int64_t>(ms * static_cast<double>(kMs));  // may lie before it
    source_.put(kStartNs + static_cast<std::uint64_t>(since_start_ns), frame);
  }
  /// Something else passes: packet time goes on.
  void tick(double ms) { show(ms, ts::Bytes(60, 0)); }

  /// Polls until everything was seen; the new records. The sums must hold each time.
  std::vector<Record> take() {
    std::vector<Record> records;
    do {
      (void)worker_.poll_once();
      drain(records);
    } while (!source_.empty());
    check_sums();
    return records;
  }
  std::vector<Record> finish() {
    std::vector<Record> records = take();
    worker_.finish();
    drain(records);
    CHECK(worker_.has_finished());
    check_sums();
    return records;
  }

  [[nodiscard]] RecordRing& ring() { return ring_; }
  [[nodiscard]] WorkerTally tally() const { return worker_.counters(); }

  void check_sums() const {
    const WorkerTally sum = tally();
    CHECK(sum.rx_packets == sum.filtered_out + sum.not_ip + sum.not_tcp + sum.fragments + sum.malformed + sum.tcp_segments);
    CHECK(sum.tcp_segments == sum.with_mptcp + sum.without_mptcp);
    CHECK(sum.records_built == sum.records_pushed + sum.records_pending + sum.ring_full_vital + sum.ring_full_bulk);
    CHECK(sum.joins_seen >= sum.joins_answered + sum.joins_not_stored);
    std::uint64_t frames = 0;
    for (const std::uint64_t count : sum.frames) frames += count;
    CHECK(frames + sum.filtered_out == sum.rx_packets);
  }

  // The handshakes, each packet 10 ms after the one before.
  static constexpr ts::Key kOpenerKey = 0x0102030405060708;
  static constexpr ts::Key kAcceptorKey = 0x1112131415161718;
  void open_v1(double ms = 0) {
    send(ms, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_capable({.version = 1}));
    send(ms + 10, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kOpenerIsn + 1,
         ts::encode_mp_capable({.version = 1, .sender_key = kAcceptorKey}));
    send(ms + 20, From::kOpener, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1,
         ts::encode_mp_capable({.version = 1, .sender_key = kOpenerKey, .receiver_key = kAcceptorKey}));
  }
  void syn_join(double ms, std::uint32_t isn = kOpenerIsn, ts::Token token = 0xaabbccdd, std::uint32_t nonce = 7) {
    send(ms, From::kOpener, kSynFlag, isn, 0, ts::encode_mp_join_syn(2, token, nonce));
  }
  void syn_ack_join(double ms, std::uint32_t isn = kOpenerIsn) {
    send(ms, From::kAcceptor, kSynAckFlags, kAcceptorIsn, isn + 1, ts::encode_mp_join_synack(3, 0x2122232425262728, 9));
  }
  void ack_join(double ms, std::uint32_t isn = kOpenerIsn) {
    std::array<std::uint8_t, 20> hmac{};
    hmac.fill(0x31);
    send(ms, From::kOpener, kAckFlag, isn + 1, kAcceptorIsn + 1, ts::encode_mp_join_ack(hmac));
  }
  void open_join(double ms = 0) {
    syn_join(ms);
    syn_ack_join(ms + 10);
    ack_join(ms + 20);
  }

  Ends ends;
  ts::PacketBuilder below = ts::PacketBuilder().ethernet();  // what stands before IP
  VectorSource source_;

 private:
  void drain(std::vector<Record>& records) {
    for (Record record; ring_.try_pop(record);) {
      CHECK(record.time_ns >= last_time_ns_);  // never less than that of the record before
      last_time_ns_ = record.time_ns;
      records.push_back(record);
    }
  }

  std::atomic<bool> stop_{false};
  RecordRing ring_;
  Worker worker_;
  std::uint16_t ip_id_ = 0;
  std::uint64_t last_time_ns_ = 0;
};

}  // namespace mptap::test
