#include "daemon/link_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/privileges.h"
#include "dataplane/port_names.h"

namespace mptap {
LinkKeeper::LinkKeeper(const DpdkPorts& ports, const DataplaneOptions& options) : ports_(ports) {
  for (const auto& [first_name, second_name] : options.pairs) {
    const auto first = find_port(options, first_name);
    const auto second = find_port(options, second_name);
    if (!first || !second || !ports.link(*first) || !ports.link(*second)) continue;  // a virtual device has no link
    pairs_.push_back({{*first, *second}, {name_of(options.ports[*first]), name_of(options.ports[*second])}, {}, {}, false});
  }
  if (pairs_.empty()) return;
  for (Pair& pair : pairs_) bring_up(pair);
  thread_ = std::make_unique<PeriodicThread>("mptap-links", PeriodicThread::Work{
                                                                .enter = keep_network_administration,
                                                                .turn = [this] { look_at_all(); },
                                                                .leave = [this] { bring_up_held(); },
                                                            });
}

void LinkKeeper::look_at_all() {
  for (Pair& pair : pairs_) look(pair);
}

void LinkKeeper::bring_up_held() {
  for (Pair& pair : pairs_) {
    if (const auto held = pair.mirror.held_down()) (void)set_up(pair, *held, true);
  }
}

/// What an earlier run left down when it was killed, or was never up: nothing passes by it.
void LinkKeeper::bring_up(Pair& pair) {
  for (const std::size_t port : {0u, 1u}) {
    const auto link = ports_.link(pair.ports.at(port));
    if (!link || link->has_link) continue;
    pair.mirror.expect_link(port, steady_ns());
    if (link->is_up) continue;
    if (set_up(pair, port, true)) spdlog::info("{} was down: brought up, for it is one of an inline pair", pair.names.at(port));
  }
}

void LinkKeeper::look(Pair& pair) {
  const auto first = ports_.link(pair.ports[0]);
  const auto second = ports_.link(pair.ports[1]);
  if (!first || !second) return;
  const std::array<LinkState, 2> links{*first, *second};
  for (const std::size_t port : {0u, 1u}) {
    const bool has_link = links.at(port).has_link;
    if (const bool had_link = std::exchange(pair.had_link.at(port), has_link); has_link && !had_link) ports_.resume_sending(pair.ports.at(port));
  }
  if (pair.is_refused) return;
  const LinkMirror::Step step = pair.mirror.look(links, steady_ns());
  if (step.deed == LinkMirror::Deed::kNone) return;
  const bool up = step.deed == LinkMirror::Deed::kBringUp;
  const std::string& cause = pair.names.at(1 - step.port);
  if (up) {
    spdlog::info("{} has a link again: {} is brought up", cause, pair.names.at(step.port));
  } else {
    spdlog::warn("{} has no link: {} is taken down until it has (setting mirror_links)", cause, pair.names.at(step.port));
  }
  (void)set_up(pair, step.port, up);
}

/// A refusal is told once, and nothing more is tried with the pair: it would be told ten times a second.
bool LinkKeeper::set_up(Pair& pair, std::size_t port, bool up) {
  if (ports_.set_up(pair.ports.at(port), up)) return true;
  if (std::exchange(pair.is_refused, true)) return false;
  spdlog::warn("{} cannot be {}: links of this pair are not mirrored; an interface needs CAP_NET_ADMIN", pair.names.at(port),
               up ? "brought up" : "taken down");
  return false;
}

}  // namespace mptap
