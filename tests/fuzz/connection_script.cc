#include "tests/fuzz/connection_script.h"

#include <algorithm>
#include <deque>

#include "tests/support/mptcp_dialogue.h"

namespace mptap::fuzz {
namespace {

using namespace mptap::testing;

constexpr std::int64_t kStartNs = 1'700'000'000'000'000'000;
constexpr std::int64_t kMs = 1'000'000;
constexpr unsigned kMaxSteps = 40;
constexpr unsigned kMaxJoins = 12;  // of a connection: fewer addresses than address_id_exhaustion wants

class Frames final : public FrameSink {
 public:
  explicit Frames(std::vector<SeenFrame>& frames) : frames_(frames) {}
  void write(std::int64_t time_ns, std::span<const std::uint8_t> frame, std::uint32_t) override {
    frames_.push_back({time_ns, Bytes(frame.begin(), frame.end())});
  }

 private:
  std::vector<SeenFrame>& frames_;
};

Side side_of(bool responder) { return responder ? Side::kResponder : Side::kInitiator; }

/// One connection, and what its generator does not tell of it.
class Actor {
 public:
  Actor(Tap& tap, Truth& truth, Story& story, const DialogueSpec& spec, std::uint64_t seed, unsigned number)
      : story_(story), number_(number), dialogue_(tap, truth, Random(seed), spec) {}

  void open(KeyFault fault) {
    dialogue_.open(fault);
    faulty_keys_ = fault != KeyFault::kNone;
    if (faulty_keys_) allow({"key_change"});
    // A wrong key that nobody corrects: what it proves, or does not, is not its owner's doing.
    if (faulty_keys_)
      allow({"join_hmac", "add_addr_hmac", "fastclose_key", "unknown_join", "data_ack_beyond"});
    live_.push_back(0);
  }

  void step(unsigned what, Script& script) {
    if (what == kWait) return dialogue_.wait(wait_of(script.next()));
    if (ended_) return;
    switch (what) {
      case 0:
        return send(script, 40);
      case 1:
        return send(script, 700);
      case 2:
      case 3:
        return join(script);
      case 4:
      case 5:
        return add_address(script);
      case 6:
        return remove_addresses(script);
      case 7:
        return set_priority(script);
      case 8:
        return fail(script);
      case 9:
        return reinject(script);
      case 10:
        return send_data_fin(script);
      case 11:
        return close(script);
      case 12:
        return close_subflow(script);
      case 13:
        return fastclose(script);
      case 14:
        return reset_subflow(script);
      default:
        return dialogue_.wait(50 * kMs);
    }
  }

  static constexpr unsigned kWait = 15;
  ConnectionTruth& truth() { return dialogue_.truth(); }
  [[nodiscard]] bool has_faulty_keys() const { return faulty_keys_; }

 private:
  static std::int64_t wait_of(std::uint8_t byte) {
    return std::int64_t{1} << (byte % 16) << 20;
  }  // 1 ms to half a minute

  void allow(std::initializer_list<const char*> notes) { story_.notes.insert(notes.begin(), notes.end()); }
  [[nodiscard]] std::size_t pick(Script& script) const {
    return live_[script.below(static_cast<unsigned>(live_.size()))];
  }
  [[nodiscard]] testing::IpAddress address_of(Side side, unsigned id) const {
    const std::uint32_t step = (side == Side::kInitiator ? 0x10000u : 0x20000u) + (number_ << 8) + id;
    return (dialogue_.spec().initiator.address.is_v6 ? testing::IpAddress::parse("2001:db8:3::")
                                                     : testing::IpAddress::from_v4(0x0a000000u))
        .plus(step);
  }
  void gone(std::size_t subflow) {
    std::erase(live_, subflow);
    ended_ = ended_ || live_.empty();
  }

  void send(Script& script, std::size_t unit) {
    const std::uint8_t how = script.next();
    const Side from = side_of((how & 1) != 0);
    if (fin_sent_[static_cast<std::size_t>(from)]) return;
    std::vector<std::size_t> over;
    if ((how & 2) != 0) over.push_back(pick(script));
    if (over.empty()) over = live_;
    dialogue_.send(from, 1 + (how >> 2) * unit, over);
    sent_[static_cast<std::size_t>(from)] = true;
    last_over_ = over.front();
  }

  void join(Script& script) {
    const std::uint8_t how = script.next();
    if (++joins_ > kMaxJoins) return;
    JoinSpec spec{};
    spec.opener = side_of((how & 1) != 0);
    const Side acceptor = peer_of(spec.opener);
    spec.backup = (how & 2) != 0;
    spec.outcome = static_cast<JoinOutcome>((how >> 2) % 8 > 4 ? 0 : (how >> 2) % 8);
    spec.wrong_synack_hmac = (how & 0x60) == 0x20;
    spec.wrong_ack_hmac = (how & 0x60) == 0x40;
    const auto port = static_cast<std::uint16_t>(20'000 + joins_);
    spec.from_id = static_cast<std::uint8_t>(joins_);
    spec.from = {address_of(spec.opener, spec.from_id), port};
    spec.to_id = 0;
    spec.to = acceptor == Side::kInitiator ? dialogue_.spec().initiator : dialogue_.spec().responder;
    if ((how & 0x80) != 0) spec.token = 0xdead0000u + joins_;
    const bool right = !spec.token && spec.outcome == JoinOutcome::kCompleted && !spec.wrong_synack_hmac &&
                       !spec.wrong_ack_hmac;
    if (spec.outcome == JoinOutcome::kHalfOpen) allow({"half_open_join"});
    if (spec.outcome == JoinOutcome::kDenied) allow({"rejected"});
    if (spec.token) allow({"unknown_join"});
    if (spec.wrong_synack_hmac || spec.wrong_ack_hmac) allow({"join_hmac"});
    if (acceptor == Side::kResponder && dialogue_.spec().no_join_to_initial) allow({"join_after_c_flag"});
    if (removed_) allow({"join_to_removed"});
    const std::size_t joined = dialogue_.join(spec);
    // Half of its proof never comes.
    if (spec.outcome == JoinOutcome::kHalfOpen && !spec.token)
      dialogue_.truth().subflows.back().hmac_ok.reset();
    if (right) live_.push_back(joined);
  }

  void add_address(Script& script) {
    const std::uint8_t how = script.next();
    if (++told_ > kMaxJoins) return;
    AddressSpec spec{};
    spec.from = side_of((how & 1) != 0);
    spec.address_id = static_cast<std::uint8_t>(100 + told_);
    if ((how & 2) != 0) {  // one that was used, or told, before
      spec.address_id = script.below(104);
      allow({"duplicate_add_addr"});
    }
    spec.address = address_of(spec.from, 100 + told_);
    if ((how & 4) != 0) spec.port = std::uint16_t{4433};
    spec.echoed = (how & 8) == 0;
    spec.hmac_form = static_cast<AddrHmacForm>((how >> 4) % 3);
    dialogue_.add_address(spec, pick(script));
  }

  void remove_addresses(Script& script) {
    const Side from = side_of(script.flag());
    std::vector<std::uint8_t> ids(1 + script.below(6));
    for (std::uint8_t& id : ids) id = script.below(110);
    removed_ = true;
    allow({"remove_addr_abuse"});
    dialogue_.remove_addresses(from, ids, pick(script));
  }

  void set_priority(Script& script) {
    const std::uint8_t how = script.next();
    allow({"priority_diversion"});
    std::optional<std::uint8_t> id;
    if ((how & 4) != 0 && dialogue_.spec().version == 0) id = script.below(8);
    dialogue_.set_priority(side_of((how & 1) != 0), (how & 2) != 0, pick(script), id);
  }

  void fail(Script& script) {
    dialogue_.fail(side_of(script.flag()), pick(script));
    ended_ = true;  // what goes on is plain TCP
  }

  void reinject(Script& script) {
    const Side from = side_of(script.flag());
    if (sent_[static_cast<std::size_t>(from)] && !fin_sent_[static_cast<std::size_t>(from)])
      dialogue_.reinject(from, pick(script));
  }

  void send_data_fin(Script& script) {
    const Side from = side_of(script.flag());
    dialogue_.send_data_fin(from);
    fin_sent_[static_cast<std::size_t>(from)] = true;
  }

  void close(Script& script) {
    dialogue_.close(side_of(script.flag()));
    ended_ = true;
  }

  void close_subflow(Script& script) {
    const std::size_t subflow = pick(script);
    dialogue_.close_subflow(subflow, side_of(script.flag()));
    gone(subflow);
  }

  void fastclose(Script& script) {
    dialogue_.fastclose(side_of(script.flag()));
    ended_ = true;
  }

  void reset_subflow(Script& script) {
    const std::size_t subflow = pick(script);
    dialogue_.reset_subflow(subflow, side_of(script.flag()), script.next());
    gone(subflow);
  }

  Story& story_;
  const unsigned number_;
  MptcpDialogue dialogue_;
  std::vector<std::size_t> live_;  // subflows that can carry data
  std::size_t last_over_ = 0;
  unsigned joins_ = 0;
  unsigned told_ = 0;  // addresses
  bool ended_ = false;
  bool removed_ = false;
  bool faulty_keys_ = false;
  std::array<bool, 2> sent_{};  // by Side
  std::array<bool, 2> fin_sent_{};
};

DialogueSpec spec_of(Script& script, unsigned number) {
  const std::uint8_t how = script.next();
  DialogueSpec spec;
  spec.version = how & 1;
  spec.checksums = (how & 2) != 0;
  spec.timestamps = (how & 4) != 0;
  spec.no_join_to_initial = (how & 8) != 0 && spec.version == 1;
  spec.dss_form = static_cast<DssForm>((how >> 4) % 3);
  spec.loss = (how & 0x40) != 0 ? 0.1 : 0;
  spec.segments_per_mapping = (how & 0x80) != 0 ? 3 : 1;
  const auto port = static_cast<std::uint16_t>(40'000 + number);
  if (script.flag()) {
    spec.initiator = endpoint("2001:db8:1::1", port);
    spec.responder = endpoint("2001:db8:2::1", 443);
  } else {
    spec.initiator = endpoint("10.0.0.1", port);
    spec.responder = endpoint("10.0.0.2", 443);
  }
  spec.start_ns = kStartNs + number * 100 * kMs;
  return spec;
}

/// What the way does to frames: one of them is lost, twice there, moved, damaged or cut.
void alter(std::vector<SeenFrame>& frames, Script& script) {
  if (frames.empty()) return;
  const std::uint8_t how = script.next();
  const std::size_t at = (script.next() | std::size_t{script.next()} << 8) % frames.size();
  const auto place = frames.begin() + static_cast<std::ptrdiff_t>(at);
  if (place->bytes.empty()) return;  // cut before
  switch (how % 6) {
    case 0:
      frames.erase(place);
      return;
    case 1:
      frames.insert(place, SeenFrame(*place));
      return;
    case 2:
      std::swap(frames[at].bytes, frames[script.next() % frames.size()].bytes);
      return;
    case 3:
      place->bytes[script.next() % place->bytes.size()] ^= static_cast<std::uint8_t>(1u << script.below(8));
      return;
    case 4:
      place->bytes.resize(script.next() % place->bytes.size());
      return;
    default:
      place->bytes[script.next() % place->bytes.size()] = script.next();
      return;
  }
}

}  // namespace

Story play(Script script) {
  constexpr std::array kFaults{KeyFault::kInitiatorKeyInAck, KeyFault::kResponderKeyInAck,
                               KeyFault::kInitiatorKeyInData};
  Story story;
  Frames frames(story.frames);
  Truth truth;
  TapOptions tap_options;
  const std::uint8_t taps = script.next();
  if ((taps & 1) != 0) tap_options.duplicate = 1;
  tap_options.encapsulation = static_cast<Encapsulation>((taps >> 1) % 10);
  Tap tap(frames, truth, tap_options, Random(1));
  std::deque<Actor> actors;
  const unsigned count = 1 + script.below(3);
  for (unsigned number = 0; number < count; ++number) {
    const DialogueSpec spec = spec_of(script, number);
    actors.emplace_back(tap, truth, story, spec, script.next() * 3u + number, number);
    const unsigned fault = script.below(16);
    actors.back().open(fault < kFaults.size() ? kFaults[fault] : KeyFault::kNone);
  }
  std::vector<Script> alterations;
  for (unsigned steps = 0; steps < kMaxSteps && !script.at_end(); ++steps) {
    const std::uint8_t step = script.next();
    if (step >= 0xf0) break;  // the rest are alterations
    actors[(step >> 4) % count].step(step & 0xf, script);
  }
  tap.finish();
  for (unsigned steps = 0; steps < kMaxSteps && !script.at_end(); ++steps) {
    alter(story.frames, script);
    story.altered = true;
  }
  for (Actor& actor : actors) {
    if (!actor.has_faulty_keys()) story.connections.push_back(std::move(actor.truth()));
  }
  return story;
}

}  // namespace mptap::fuzz
