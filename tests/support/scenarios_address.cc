// What hosts say about their addresses, honest and not.

#include <array>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

void play_addresses(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 5'000);
    const Endpoint second = stage.server(240);
    dialogue.add_address({.address_id = 1, .address = second.address});
    dialogue.add_address({.address_id = 2, .address = stage.server(241).address, .port = 8443});
    dialogue.add_address({.address_id = 3, .address = stage.server(3, true).address});
    dialogue.add_address({.address_id = 4, .address = stage.server(4, true).address, .port = 8443});
    // Both hosts number their own addresses: the initiator's 1 is no conflict with the responder's.
    dialogue.add_address({.from = Side::kInitiator, .address_id = 1, .address = stage.next_client().address});
    const JoinSpec join{.from = stage.next_client(), .to = second, .from_id = 2, .to_id = 1};
    const std::size_t joined = dialogue.join(join);
    dialogue.send(Side::kResponder, 8'000);
    dialogue.remove_addresses(Side::kResponder, {1, 3});
    dialogue.close_subflow(joined, Side::kResponder);
    // A removed ID may be used again, for any address.
    dialogue.add_address({.address_id = 1, .address = stage.server(242).address});
    dialogue.add_address({.address_id = 3, .address = stage.server(243).address});
    dialogue.remove_addresses(Side::kResponder, {2});
    dialogue.send(Side::kResponder, 3'000);
    dialogue.close();
    stage.wait(2 * kSecondNs);
  }
}

void play_addr_hmac_forms(Stage& stage) {
  for (const AddrHmacForm form :
       {AddrHmacForm::kLast8of32, AddrHmacForm::kLast8of20, AddrHmacForm::kFirst8}) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(1));
    exchange_request(dialogue, 2'000);
    dialogue.add_address({.address_id = 1, .address = stage.server(240).address, .hmac_form = form});
    dialogue.add_address(
        {.address_id = 2, .address = stage.server(3, true).address, .port = 8443, .hmac_form = form});
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_duplicate_add_addr(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 2'000);
    dialogue.add_address({.address_id = 2, .address = IpAddress::parse("192.168.1.57")});
    dialogue.wait(300 * kMillisecondNs);
    dialogue.add_address({.address_id = 2, .address = IpAddress::parse("192.168.1.60")});
    stage.truth().expect_notice("duplicate_add_addr");
    dialogue.send(Side::kResponder, 2'000);
    dialogue.close();
    stage.wait(2 * kSecondNs);
  }
}

void play_repeated_add_addr(Stage& stage) {
  MptcpDialogue old = stage.dialogue(stage.spec(0));
  exchange_request(old, 2'000);
  for (int i = 0; i < 2; ++i) {
    old.add_address({.address_id = 2, .address = stage.server(240).address, .port = 8443});
    old.wait(500 * kMillisecondNs);
  }
  stage.truth().expect_notice("duplicate_add_addr");
  stage.truth().set_extra("severity", {{"duplicate_add_addr", "info"}});
  old.close();

  // v1 repeats an ADD_ADDR until it is echoed: nothing to report.
  stage.wait(3 * kSecondNs);
  MptcpDialogue current = stage.dialogue(stage.spec(1));
  exchange_request(current, 2'000);
  for (int i = 0; i < 3; ++i) {
    current.add_address(
        {.address_id = 2, .address = stage.server(240).address, .port = 8443, .echoed = i == 2});
    current.wait(500 * kMillisecondNs);
  }
  current.close();
}

constexpr std::array kScenarios = {
    Scenario{"addresses", "ADD_ADDR of every shape, REMOVE_ADDR, a removed ID used again", play_addresses},
    Scenario{"addr-hmac-forms", "v1 ADD_ADDR with the HMAC cut in the three ways seen in the wild",
             play_addr_hmac_forms},
    Scenario{"duplicate-add-addr", "another address on an address ID in use (bad)", play_duplicate_add_addr},
    Scenario{"repeated-add-addr", "the same ADD_ADDR again: noted in v0, normal in v1",
             play_repeated_add_addr},
};

}  // namespace

std::span<const Scenario> address_scenarios() { return kScenarios; }

}  // namespace mptap::testing
