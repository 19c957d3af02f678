// Detectors of data, options and fallback: when each fires, and when it stays silent.
#include "tests/unit/detector_cases.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h, detector_cases.h

TEST_CASE("mapping_conflict, reserved_bits", "[detectors]") {
  const auto play = [](ControlRun& run, Anomaly kind, int times) {
    const Slot first = connect(run);
    for (int i = 0; i < times; ++i) run.send(first, anomaly(run, first, 1 + i, kind, Subtype::kJoin));
  };
  check_cases({
      {"one SSN, two DSNs", "mapping_conflict", "", 1, [=](ControlRun& run) { play(run, Anomaly::kMappingConflict, 1); }},
      {"told once", "mapping_conflict", "", 1, [=](ControlRun& run) { play(run, Anomaly::kMappingConflict, 3); }},
      {"the option is named", "reserved_bits", "mp_join", 1, [=](ControlRun& run) { play(run, Anomaly::kReservedBits, 2); }},
      {"another oddity", "reserved_bits", "", 0,
       [=](ControlRun& run) {
         run.detectors.mapping_conflict.enabled = false;
         play(run, Anomaly::kMappingConflict, 1);
       }},
      {"another oddity", "mapping_conflict", "", 0,
       [=](ControlRun& run) {
         run.detectors.reserved_bits.enabled = false;
         play(run, Anomaly::kReservedBits, 1);
       }},
  });
}

TEST_CASE("infinite_mapping", "[detectors]") {
  const auto play = [](ControlRun& run, bool data, bool fail) {
    const Slot first = connect(run);
    if (data) run.send(first, mapping(run, first, 1));
    if (fail) {
      Record record = run.record(first, 2, RecordKind::kFail, false);
      record.fail = FailBody{1};
      run.send(first, record);
    }
    run.send(first, anomaly(run, first, 3, Anomaly::kInfiniteMapping));
  };
  check_cases({
      {"in the middle", "infinite_mapping", "", 1, [=](ControlRun& run) { play(run, true, false); }},
      {"MP_FAIL asked for it", "infinite_mapping", "", 0, [=](ControlRun& run) { play(run, true, true); }},
      {"from the start", "infinite_mapping", "", 0, [=](ControlRun& run) { play(run, false, false); }},
  });
}

TEST_CASE("checksum_mismatch", "[detectors]") {
  const auto play = [](ControlRun& run, std::uint8_t syn_flags, std::uint8_t answer_flags, bool checksum, bool syn_seen) {
    const Secrets secrets;
    const Slot first = run.slot();
    if (syn_seen) run.syn_capable(first, 0, secrets, syn_flags);
    else run.unseen(first, 0);
    run.syn_ack_capable(first, 0.1, secrets, answer_flags);
    run.capable_ack(first, 0.2, secrets);
    run.send(first, mapping(run, first, 1, checksum));
    run.send(first, mapping(run, first, 2, checksum));
  };
  check_cases({
      {"absent; the initiator asked", "checksum_mismatch", "absent", 1, [=](ControlRun& run) { play(run, 0x81, 1, false, true); }},
      {"absent; the responder asked", "checksum_mismatch", "absent", 1, [=](ControlRun& run) { play(run, 1, 0x81, false, true); }},
      {"unexpected", "checksum_mismatch", "unexpected", 1, [=](ControlRun& run) { play(run, 1, 1, true, true); }},
      {"present as negotiated", "checksum_mismatch", "", 0, [=](ControlRun& run) { play(run, 0x81, 1, true, true); }},
      {"absent as negotiated", "checksum_mismatch", "", 0, [=](ControlRun& run) { play(run, 1, 1, false, true); }},
      {"the SYN was not seen: it may have asked", "checksum_mismatch", "", 0, [=](ControlRun& run) { play(run, 0x81, 1, true, false); }},
  });
}

TEST_CASE("unknown_version, malformed_option", "[detectors]") {
  const auto malformed = [](ControlRun& run, std::vector<std::pair<OptionError, std::uint8_t>> errors, double gap_s) {
    double at_s = 0;
    for (const auto& [error, flags] : errors) {
      Record record;
      record.time_ns = ControlRun::ns(at_s += gap_s);
      record.kind = RecordKind::kMalformed;
      record.malformed = MalformedBody{ip("10.0.0.1"), ip("10.0.0.2"), 1, 80, error, 0, 12, flags};
      run.correlator().on_record(0, record);
    }
  };
  const auto algorithm = [](ControlRun& run, std::uint8_t version, std::uint8_t flags) {
    run.syn_capable(run.slot(), 0, Secrets{.version = version}, flags);
  };
  constexpr std::uint8_t kSyn = tcp_flag::kSyn;
  constexpr std::uint8_t kAck = tcp_flag::kAck;
  check_cases({
      {"a SYN of another version", "unknown_version", "version", 1, [=](ControlRun& run) { malformed(run, {{OptionError::kVersion, kSyn}}, 1); }},
      {"algorithm not HMAC, v1", "unknown_version", "algorithm", 1, [=](ControlRun& run) { algorithm(run, 1, 0x02); }},
      {"HMAC and another, v1", "unknown_version", "algorithm", 1, [=](ControlRun& run) { algorithm(run, 1, 0x03); }},
      {"flag C is no algorithm in v1", "unknown_version", "", 0, [=](ControlRun& run) { algorithm(run, 1, 0x21); }},
      {"it is one in v0", "unknown_version", "algorithm", 1, [=](ControlRun& run) { algorithm(run, 0, 0x21); }},
      {"checksums asked for", "unknown_version", "", 0, [=](ControlRun& run) { algorithm(run, 0, 0x81); }},
      {"a length", "malformed_option", "length", 1, [=](ControlRun& run) { malformed(run, {{OptionError::kLength, kAck}}, 1); }},
      {"the same again within the interval", "malformed_option", "length", 1,
       [=](ControlRun& run) { malformed(run, {{OptionError::kLength, kAck}, {OptionError::kLength, kAck}}, 20); }},
      {"the same again later", "malformed_option", "length", 2,
       [=](ControlRun& run) { malformed(run, {{OptionError::kLength, kAck}, {OptionError::kLength, kAck}}, 70); }},
      {"a version elsewhere than on a SYN", "malformed_option", "version", 1, [=](ControlRun& run) { malformed(run, {{OptionError::kVersion, kAck}}, 1); }},
      {"unknown_version tells it", "malformed_option", "", 0,
       [=](ControlRun& run) {
         run.detectors.unknown_version.enabled = false;
         malformed(run, {{OptionError::kVersion, kSyn}}, 1);
       }},
      {"malformed_option tells it", "unknown_version", "", 0,
       [=](ControlRun& run) {
         run.detectors.malformed_option.enabled = false;
         malformed(run, {{OptionError::kVersion, kAck}, {OptionError::kLength, kSyn}}, 1);
       }},
      {"the SYN again", "unknown_version", "version", 1,
       [=](ControlRun& run) { malformed(run, {{OptionError::kVersion, kSyn}, {OptionError::kVersion, kSyn}}, 1); }},
  });
}

TEST_CASE("fastclose_key", "[detectors]") {
  const auto play = [](ControlRun& run, std::uint64_t key, bool from_opener) {
    const Slot first = connect(run);
    for (const double at_s : {1.0, 1.1}) {
      Record record = run.record(first, at_s, RecordKind::kFastClose, from_opener);
      record.fast_close = FastCloseBody{Key{key}};
      run.send(first, record);
    }
  };
  const Secrets secrets;
  check_cases({
      {"right", "fastclose_key", "", 0, [=](ControlRun& run) { play(run, secrets.responder_key, true); }},
      {"right, the other way", "fastclose_key", "", 0, [=](ControlRun& run) { play(run, secrets.initiator_key, false); }},
      {"wrong, told once", "fastclose_key", "", 1, [=](ControlRun& run) { play(run, 1, true); }},
      {"the sender's own", "fastclose_key", "", 1, [=](ControlRun& run) { play(run, secrets.initiator_key, true); }},
  });
}

TEST_CASE("fallback_burst", "[detectors]") {
  const auto play = [](ControlRun& run, int spoke, int stripped, double gap_s, bool other_version = false) {
    run.detectors.rejected.enabled = false;  // it tells each of them
    double at_s = 0;
    for (int i = 0; i < spoke + stripped; ++i) {
      const auto port = static_cast<std::uint16_t>(1000 + i);
      const Slot slot = run.slot(tuple_of("10.0.0.1", port, "10.0.0.2", 80));
      if (i < spoke) {
        run.connect(slot, at_s += gap_s, Secrets{.initiator_key = 100u + static_cast<unsigned>(i), .responder_key = 500u + static_cast<unsigned>(i)});
      } else {
        run.syn_capable(slot, at_s += gap_s, Secrets{});
        if (other_version) run.syn_ack_capable(slot, at_s + 0.01, Secrets{.version = 0});
        else run.answer(slot, at_s + 0.01, Offer::kNone);
      }
    }
  };
  check_cases({
      {"nine", "fallback_burst", "", 0, [=](ControlRun& run) { play(run, 1, 9, 1); }},
      {"ten, told once", "fallback_burst", "stripped", 1, [=](ControlRun& run) { play(run, 1, 30, 1); }},
      {"over a long time", "fallback_burst", "", 0, [=](ControlRun& run) { play(run, 1, 30, 20); }},
      {"a host that never spoke MPTCP", "fallback_burst", "", 0, [=](ControlRun& run) { play(run, 0, 30, 1); }},
      {"hosts of another version", "fallback_burst", "", 0, [=](ControlRun& run) { play(run, 1, 30, 1, true); }},
  });
}

/// The initiator maps 1000 bytes; the responder acknowledges this many.
void acknowledge(ControlRun& run, std::uint64_t acked, std::uint8_t flags, bool data_fin,
                 const std::function<void(const Slot&)>& before = {}) {
  const Secrets secrets;
  const Slot first = connect(run, secrets);
  if (before) before(first);
  const bool halves = (flags & record_flag::kDsnLow) != 0;
  std::uint64_t start = testing::derive_idsn(1, secrets.initiator_key) + 1;
  if (halves) start = (start & 0xffffffff) | 1ull << 32;  // marked, as the worker does
  if (data_fin) run.data_fin(first, 1, true);
  for (const double at_s : {2.0, 3.0}) {
    run.send(first, counters(run, first, at_s, true, {9, 0, 1000, 1000, start + 1000, 0, 0}, flags));
    run.send(first, counters(run, first, at_s, false, {9, 0, 0, 0, 0, start + acked, 0}, flags));
  }
  run.close(first, 4, CloseCause::kReset);
}

TEST_CASE("data_ack_beyond", "[detectors]") {
  check_cases({
      {"all of it", "data_ack_beyond", "", 0, [](ControlRun& run) { acknowledge(run, 1000, 0, false); }},
      {"one more: perhaps a DATA_FIN that was missed", "data_ack_beyond", "", 0, [](ControlRun& run) { acknowledge(run, 1001, 0, false); }},
      {"two more, without a DATA_FIN", "data_ack_beyond", "", 1, [](ControlRun& run) { acknowledge(run, 1002, 0, false); }},
      {"another path may have it", "data_ack_beyond", "", 0,
       [](ControlRun& run) { acknowledge(run, 5000, 0, false, [&run](const Slot& first) { run.add_addr(first, 1, false, 3, "10.0.0.3", 0); }); }},
      {"another path may have it, but the DATA_FIN tells", "data_ack_beyond", "", 1,
       [](ControlRun& run) { acknowledge(run, 5000, 0, true, [&run](const Slot& first) { run.add_addr(first, 1, false, 3, "10.0.0.3", 0); }); }},
      {"halves of numbers, widened by the key", "data_ack_beyond", "", 1,
       [](ControlRun& run) { acknowledge(run, 1002, record_flag::kDsnLow | record_flag::kDataAckLow, false); }},
      {"halves of numbers, all of it", "data_ack_beyond", "", 0,
       [](ControlRun& run) { acknowledge(run, 1000, record_flag::kDsnLow | record_flag::kDataAckLow, false); }},
      {"one more, for the DATA_FIN", "data_ack_beyond", "", 0, [](ControlRun& run) { acknowledge(run, 1001, 0, true); }},
      {"two more", "data_ack_beyond", "", 1, [](ControlRun& run) { acknowledge(run, 1002, 0, true); }},
      {"the first ACK of all", "data_ack_beyond", "", 1,
       [](ControlRun& run) {
         acknowledge(run, 5000, 0, true, [&run](const Slot& first) {
           Record record = run.record(first, 1, RecordKind::kFirstDss, false);
           record.dss = DssBody{};
           record.dss.flags = DssOption::kDataAck | DssOption::kDataAck8;
           record.dss.data_ack = testing::derive_idsn(1, Secrets{}.initiator_key) + 1 + 5000;
           record.dss.data_ack_known = true;
           run.send(first, record);
         });
       }},
      {"the tap missed some", "data_ack_beyond", "", 0, [](ControlRun& run) { acknowledge(run, 1002, record_flag::kMissed, false); }},
      {"another subflow has it, and reports later", "data_ack_beyond", "", 0,
       [](ControlRun& run) {
         const Secrets secrets;
         const Slot first = connect(run, secrets);
         const Slot second = join(run, 1, 1, secrets);
         const std::uint64_t start = testing::derive_idsn(1, secrets.initiator_key) + 1;
         for (const double at_s : {2.0, 2.5}) {
           run.send(first, counters(run, first, at_s, true, {9, 0, 1000, 1000, start + 1000, 0, 0}));
           run.send(first, counters(run, first, at_s, false, {9, 0, 0, 0, 0, start + 3000, 0}));
         }
         run.send(second, counters(run, second, 2.9, true, {9, 0, 2000, 2000, start + 3000, 0, 0}));
         run.send(second, counters(run, second, 2.9, false, {9, 0, 0, 0, 0, start + 3000, 0}));
         run.close(first, 4);
         run.close(second, 4);
       }},
  });
}

TEST_CASE("cross_path_scatter", "[detectors]") {
  const auto play = [](ControlRun& run, std::uint8_t paths, std::uint32_t jumps, std::uint64_t bytes) {
    connect(run);
    for (std::uint8_t n = 1; n <= paths; ++n) {
      const Slot path = join(run, n, n);
      run.send(path, counters(run, path, 10, true, {99, jumps, bytes, bytes, 0, 0, 0}));
    }
  };
  check_cases({
      {"three paths", "cross_path_scatter", "", 1, [=](ControlRun& run) { play(run, 3, 8, 200); }},
      {"told once", "cross_path_scatter", "", 1, [=](ControlRun& run) { play(run, 6, 20, 500); }},
      {"two paths", "cross_path_scatter", "", 0, [=](ControlRun& run) { play(run, 2, 50, 500); }},
      {"a few", "cross_path_scatter", "", 0, [=](ControlRun& run) { play(run, 3, 7, 100); }},
      {"among much else", "cross_path_scatter", "", 0, [=](ControlRun& run) { play(run, 3, 8, 100'000); }},
  });
}

}  // namespace
}  // namespace mptap
