// Detectors of addresses and priorities: when each fires, and when it stays silent.
#include "tests/unit/detector_cases.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h, detector_cases.h

const Secrets kOld{.version = 0};  // its ADD_ADDR needs no HMAC

TEST_CASE("address_id_exhaustion", "[detectors]") {
  const auto advertise = [](ControlRun& run, int count, bool remove) {
    const Slot first = connect(run, kOld);
    for (int i = 1; i <= count; ++i) {
      const auto id = static_cast<std::uint8_t>(i);
      run.add_addr(first, 1 + i * 20, false, id, ("10.1.0." + std::to_string(i)).c_str(), 0);
      if (remove && i > 8) run.remove_addr(first, 1.5 + i * 20, false, static_cast<std::uint8_t>(i - 8));
    }
  };
  check_cases({
      {"as many as allowed: 15 and the initial one", "address_id_exhaustion", "", 0, [=](ControlRun& run) { advertise(run, 15, false); }},
      {"one more, told once", "address_id_exhaustion", "", 1, [=](ControlRun& run) { advertise(run, 60, false); }},
      {"removed as others come", "address_id_exhaustion", "", 0, [=](ControlRun& run) { advertise(run, 60, true); }},
      {"by joins", "address_id_exhaustion", "", 1,
       [](ControlRun& run) {
         connect(run);
         for (std::uint8_t n = 1; n < 30; ++n) join(run, n, n);
       }},
  });
}

/// A v1 ADD_ADDR by the responder with this HMAC.
Record signed_with(const ControlRun& run, const Slot& of, double at_s, std::uint64_t hmac, bool echo = false) {
  Record record = run.record(of, at_s, RecordKind::kAddAddr, false);
  record.add_addr = AddAddrBody{};
  record.add_addr.address = ip("10.0.0.9");
  record.add_addr.address_id = AddressId{3};
  record.add_addr.version = 1;
  record.add_addr.echo = echo;
  record.add_addr.has_hmac = !echo;
  for (std::size_t i = 0; i < 8; ++i) record.add_addr.hmac[i] = static_cast<std::uint8_t>(hmac >> (8 * (7 - i)));
  return record;
}

TEST_CASE("add_addr_hmac", "[detectors]") {
  const Secrets secrets;
  const std::uint64_t right =
      testing::derive_addr_hmac(secrets.responder_key, secrets.initiator_key, 3, testing::IpAddress::parse("10.0.0.9"), 0);
  check_cases({
      {"right", "add_addr_hmac", "", 0, [=](ControlRun& run) { const Slot first = connect(run); run.send(first, signed_with(run, first, 1, right)); }},
      {"wrong", "add_addr_hmac", "", 1, [=](ControlRun& run) { const Slot first = connect(run); run.send(first, signed_with(run, first, 1, right ^ 1)); }},
      {"wrong, repeated", "add_addr_hmac", "", 1,
       [=](ControlRun& run) {
         const Slot first = connect(run);
         run.send(first, signed_with(run, first, 1, right ^ 1));
         run.send(first, signed_with(run, first, 2, right ^ 1));
       }},
      {"an echo has none", "add_addr_hmac", "", 0, [=](ControlRun& run) { const Slot first = connect(run); run.send(first, signed_with(run, first, 1, 0, true)); }},
      {"the keys are confirmed only later", "add_addr_hmac", "", 1,
       [=](ControlRun& run) {
         const Slot first = run.slot();
         run.syn_capable(first, 0, secrets);
         run.syn_ack_capable(first, 0.01, secrets);
         run.capable_ack(first, 0.02, secrets);
         run.send(first, signed_with(run, first, 0.03, right ^ 1));
         CHECK(run.notices.empty());
         run.capable_ack(first, 0.04, secrets);
       }},
      {"nothing confirms them, nothing contradicts them", "add_addr_hmac", "", 1,
       [=](ControlRun& run) {
         const Slot first = run.slot();
         run.syn_capable(first, 0, secrets);
         run.syn_ack_capable(first, 0.01, secrets);
         run.capable_ack(first, 0.02, secrets);
         run.send(first, signed_with(run, first, 0.03, right ^ 1));
         run.advance(0.6);
       }, true},
  });
}

TEST_CASE("join_to_removed", "[detectors]") {
  const auto play = [](ControlRun& run, double joined_s, bool again, std::uint8_t removed) {
    const Slot first = connect(run, kOld);
    run.add_addr(first, 1, false, 3, "10.0.0.9", 0);
    run.remove_addr(first, 2, false, removed);
    if (again) run.add_addr(first, 2.5, false, 4, "10.0.0.9", 0);
    run.syn_join(run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.9", 80)), joined_s, kOld.token(Role::kResponder));
  };
  check_cases({
      {"later", "join_to_removed", "", 1, [=](ControlRun& run) { play(run, 3, false, 3); }},
      {"before REMOVE_ADDR can have arrived", "join_to_removed", "", 0, [=](ControlRun& run) { play(run, 2.01, false, 3); }},
      {"advertised again", "join_to_removed", "", 0, [=](ControlRun& run) { play(run, 3, true, 3); }},
      {"another was removed", "join_to_removed", "", 0, [=](ControlRun& run) { play(run, 3, false, 7); }},
  });
}

TEST_CASE("remove_addr_abuse", "[detectors]") {
  const auto go_on = [](ControlRun& run, double until_s, std::uint8_t removed) {
    const Slot first = connect(run, kOld);
    const Slot second = join(run, 1, 1, kOld);
    run.remove_addr(first, 2, true, removed);
    CountersBody body{9, 0, 100, 100, 0, 0, ControlRun::ns(until_s)};
    run.send(second, counters(run, second, until_s + 0.1, true, body));
    body.payload_bytes = 200;
    run.send(second, counters(run, second, until_s + 1.1, true, body));
  };
  const auto remove = [](ControlRun& run, std::vector<std::vector<std::uint8_t>> options, double gap_s) {
    const Slot first = connect(run, kOld);
    double at_s = 1;
    for (const auto& ids : options) {
      Record record = run.record(first, at_s += gap_s, RecordKind::kRemoveAddr);
      record.remove_addr = RemoveAddrBody{};
      std::copy(ids.begin(), ids.end(), record.remove_addr.address_ids.begin());
      record.remove_addr.count = static_cast<std::uint8_t>(ids.size());
      run.send(first, record);
    }
  };
  check_cases({
      {"data goes on", "remove_addr_abuse", "data_after", 1, [=](ControlRun& run) { go_on(run, 2.5, 1); }},
      {"what was under way", "remove_addr_abuse", "", 0, [=](ControlRun& run) { go_on(run, 2.1, 1); }},
      {"another path's address", "remove_addr_abuse", "", 0, [=](ControlRun& run) { go_on(run, 2.5, 7); }},
      {"three at once", "remove_addr_abuse", "", 0, [=](ControlRun& run) { remove(run, {{1, 2, 3}}, 1); }},
      {"four at once", "remove_addr_abuse", "mass", 1, [=](ControlRun& run) { remove(run, {{1, 2, 3, 4}}, 1); }},
      {"four in four options", "remove_addr_abuse", "mass", 1, [=](ControlRun& run) { remove(run, {{1}, {2}, {3}, {4}}, 1); }},
      {"the same option again", "remove_addr_abuse", "", 0, [=](ControlRun& run) { remove(run, {{1, 2}, {1, 2}, {1, 2}}, 0.1); }},
      {"over a minute", "remove_addr_abuse", "", 0, [=](ControlRun& run) { remove(run, {{1}, {2}, {3}, {4}}, 15); }},
  });
}

TEST_CASE("priority_diversion", "[detectors]") {
  const auto turn = [](ControlRun& run, std::uint8_t joins, std::vector<int> turned, double gap_s) {
    std::vector<Slot> paths{connect(run)};
    for (std::uint8_t n = 1; n <= joins; ++n) paths.push_back(join(run, n, n));
    double at_s = 20;
    for (const int path : turned) run.send(paths[static_cast<std::size_t>(path)], prio(run, paths[static_cast<std::size_t>(path)], at_s += gap_s, true));
  };
  check_cases({
      {"two of three", "priority_diversion", "all_but_one", 1, [=](ControlRun& run) { turn(run, 2, {0, 1}, 1); }},
      {"told once", "priority_diversion", "all_but_one", 1, [=](ControlRun& run) { turn(run, 2, {0, 1, 0, 1}, 1); }},
      {"one of two", "priority_diversion", "", 0, [=](ControlRun& run) { turn(run, 1, {0}, 1); }},
      {"one of three", "priority_diversion", "", 0, [=](ControlRun& run) { turn(run, 2, {1}, 1); }},
      {"three of three", "priority_diversion", "all_but_one", 1, [=](ControlRun& run) { turn(run, 2, {0, 1, 2}, 1); }},
      {"one after the other, a minute apart", "priority_diversion", "", 0, [=](ControlRun& run) { turn(run, 2, {0, 1}, 60); }},
      {"v0: for another's address ID", "priority_diversion", "other_address_id", 1,
       [](ControlRun& run) {
         const Slot first = connect(run, kOld);
         join(run, 1, 1, kOld);
         run.send(first, prio(run, first, 2, true, 1));
         run.send(first, prio(run, first, 3, false, 1));
       }},
      {"v0: for its own", "priority_diversion", "", 0,
       [](ControlRun& run) {
         connect(run, kOld);
         const Slot second = join(run, 1, 1, kOld);
         run.send(second, prio(run, second, 2, true, 1));
       }},
  });
}

}  // namespace
}  // namespace mptap
