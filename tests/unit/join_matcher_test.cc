// Which of several candidates a join belongs to.
#include "detect/join_matcher.h"

#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

struct Matcher {
  ConnectionTable connections{CorrelatorOptions{}};
  TokenIndex tokens{connections, 1};
  KeylessIndex keyless{connections, 2};
  Crypto crypto;
  ControlCounters counters;
  Prover prover{crypto, counters, 1'000'000};
  JoinMatcher matcher{connections, tokens, keyless, prover};

  /// A connection whose responder carries `token`; 0 for a key is unknown.
  Connection* add(Token token, std::uint64_t initiator_key, std::uint64_t responder_key, const char* initiator, const char* responder) {
    Connection* connection = connections.try_create();
    connection->set_version(1);
    if (initiator_key != 0) connection->host(Role::kInitiator).set_key(Key{initiator_key});
    if (responder_key != 0) connection->host(Role::kResponder).set_key(Key{responder_key});
    for (Host& host : connection->hosts) host.key_confirmed = true;
    connection->host(Role::kInitiator).note_used(AddressId{0}, ip(initiator));
    connection->host(Role::kResponder).note_used(AddressId{0}, ip(responder));
    connection->host(Role::kResponder).set_token(token);
    (void)tokens.add(token, {connection->self, Role::kResponder});
    return connection;
  }
};

Subflow join_of(const char* opener, const char* acceptor, const Secrets* proven_by) {
  Subflow join;
  join.syn_seen = true;
  join.offer = Offer::kJoin;
  join.token = Token{7};
  join.opener_nonce = 11;
  join.acceptor_nonce = 22;
  join.set_syn_ack_ns(1);
  join.tuple = tuple_of(opener, 1, acceptor, 80);
  if (proven_by != nullptr) {
    const auto hmac = ControlRun::syn_ack_hmac(*proven_by, Role::kResponder);
    std::copy_n(hmac.begin(), 8, join.extra.make().synack_hmac.begin());
    join.extra.make().ack_hmac = ControlRun::ack_hmac(*proven_by, Role::kResponder);
    join.has_ack_hmac = true;
  }
  return join;
}

const Secrets kOne{.initiator_key = 1, .responder_key = 9};
const Secrets kTwo{.initiator_key = 2, .responder_key = 9};

TEST_CASE("nothing fits", "[matcher]") {
  Matcher at;
  CHECK(at.matcher.match(join_of("10.0.0.1", "10.0.0.2", nullptr)).connection == nullptr);
  at.add(Token{8}, 1, 9, "10.0.0.1", "10.0.0.2");
  CHECK(at.matcher.match(join_of("10.0.0.1", "10.0.0.2", &kOne)).connection == nullptr);  // another token
}

TEST_CASE("the HMAC decides, against order and addresses", "[matcher]") {
  Matcher at;
  Connection* one = at.add(Token{7}, 1, 9, "10.0.0.1", "10.0.0.2");
  Connection* two = at.add(Token{7}, 2, 9, "10.0.1.1", "10.0.1.2");
  const JoinMatch to_two = at.matcher.match(join_of("10.0.0.1", "10.0.0.2", &kTwo));
  CHECK(to_two.connection == two);
  CHECK(to_two.matched_by == MatchedBy::kHmac);
  CHECK(to_two.syn_ack.proof == Proof::kValid);
  CHECK(to_two.acceptor_role == Role::kResponder);
  CHECK(at.matcher.match(join_of("10.0.1.1", "10.0.1.2", &kOne)).connection == one);
}

TEST_CASE("where keys are unknown the destination's address decides", "[matcher]") {
  Matcher at;
  Connection* one = at.add(Token{7}, 0, 9, "10.0.0.1", "10.0.0.2");
  Connection* two = at.add(Token{7}, 0, 9, "10.0.1.1", "10.0.1.2");
  const JoinMatch match = at.matcher.match(join_of("172.16.0.1", "10.0.1.2", &kOne));
  CHECK(match.connection == two);
  CHECK(match.matched_by == MatchedBy::kToken);
  CHECK(match.syn_ack.proof == Proof::kUnverified);
  CHECK(at.matcher.match(join_of("172.16.0.1", "10.0.0.2", &kOne)).connection == one);
  CHECK(at.matcher.match(join_of("172.16.0.1", "172.16.0.2", &kOne)).connection != nullptr);
}

TEST_CASE("a wrong HMAC: an unverified candidate is better, a known destination is told, another is not ours", "[matcher]") {
  Matcher at;
  Connection* wrong = at.add(Token{7}, 1, 9, "10.0.0.1", "10.0.0.2");
  const JoinMatch at_home = at.matcher.match(join_of("10.0.0.1", "10.0.0.2", &kTwo));
  CHECK(at_home.connection == wrong);
  CHECK(at_home.syn_ack.proof == Proof::kInvalid);
  CHECK(at_home.matched_by == MatchedBy::kToken);
  CHECK(at.matcher.match(join_of("10.0.0.1", "172.16.0.2", &kTwo)).connection == nullptr);
  Connection* unverified = at.add(Token{7}, 0, 9, "10.5.0.1", "10.5.0.2");
  CHECK(at.matcher.match(join_of("10.0.0.1", "10.0.0.2", &kTwo)).connection == unverified);
}

TEST_CASE("a wrong HMAC at the initial subflow's address is told, whatever was advertised or removed since", "[matcher]") {
  Matcher at;
  Connection* wrong = at.add(Token{7}, 1, 9, "10.0.0.1", "10.0.0.2");
  wrong->tuple = tuple_of("10.0.0.1", 1000, "10.0.0.2", 80);
  Host& responder = wrong->host(Role::kResponder);
  IpAddress previous;
  REQUIRE(responder.advertise(AddressId{0}, ip("10.0.7.2"), 0, previous) == AddressChange::kConflict);
  CHECK(previous == ip("10.0.0.2"));
  CHECK(at.matcher.match(join_of("10.0.3.1", "10.0.0.2", &kTwo)).connection == wrong);
  CHECK_FALSE(responder.find(AddressId{0})->used);  // nobody has used the other one
  responder.remove(AddressId{0}, 1);
  CHECK(at.matcher.match(join_of("10.0.3.1", "10.0.0.2", &kTwo)).connection == wrong);
  CHECK(at.matcher.match(join_of("10.0.3.1", "10.0.0.3", &kTwo)).connection == nullptr);
}

TEST_CASE("proofs need both keys, the SYN and, for the third ACK, the third ACK", "[matcher]") {
  Matcher at;
  Connection* whole = at.add(Token{7}, 1, 9, "10.0.0.1", "10.0.0.2");
  Connection* half = at.add(Token{6}, 0, 9, "10.0.0.1", "10.0.0.2");
  Subflow join = join_of("10.0.0.1", "10.0.0.2", &kOne);
  CHECK(at.prover.verify_syn_ack(*whole, Role::kResponder, join).proof == Proof::kValid);
  CHECK(at.prover.verify_ack(*whole, Role::kResponder, join).proof == Proof::kValid);
  CHECK(at.prover.verify_syn_ack(*whole, Role::kInitiator, join).proof == Proof::kInvalid);  // the roles count
  CHECK(at.prover.verify_ack(*whole, Role::kInitiator, join).proof == Proof::kInvalid);
  CHECK(at.prover.verify_syn_ack(*half, Role::kResponder, join).proof == Proof::kUnverified);
  CHECK(at.prover.verify_ack(*half, Role::kResponder, join).proof == Proof::kUnverified);
  for (std::size_t at_byte = 0; at_byte < 20; ++at_byte) {
    Subflow changed = join;
    changed.extra.make().ack_hmac[at_byte] ^= 1;
    CHECK(at.prover.verify_ack(*whole, Role::kResponder, changed).proof == Proof::kInvalid);
    if (at_byte >= 8) continue;
    changed.extra.make().synack_hmac[at_byte] ^= 1;
    CHECK(at.prover.verify_syn_ack(*whole, Role::kResponder, changed).proof == Proof::kInvalid);
  }
  join.has_ack_hmac = false;
  CHECK(at.prover.verify_ack(*whole, Role::kResponder, join).proof == Proof::kUnverified);
  join.syn_seen = false;
  CHECK(at.prover.verify_syn_ack(*whole, Role::kResponder, join).proof == Proof::kUnverified);
}

TEST_CASE("without a SYN only addresses are left, of connections whose token is unknown", "[matcher]") {
  Matcher at;
  at.add(Token{7}, 1, 9, "10.0.0.1", "10.0.0.2");
  Subflow join = join_of("10.0.3.1", "10.0.3.2", nullptr);
  join.syn_seen = false;
  CHECK(at.matcher.match(join).connection == nullptr);
  Connection* keyless = at.connections.try_create();
  keyless->host(Role::kResponder).note_used(AddressId{0}, ip("10.0.3.2"));
  at.keyless.add(ip("10.0.3.2"), {keyless->self, Role::kResponder});
  const JoinMatch match = at.matcher.match(join);
  CHECK(match.connection == keyless);
  CHECK(match.matched_by == MatchedBy::kAddress);
}

}  // namespace
}  // namespace mptap
