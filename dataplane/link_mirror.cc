#include "dataplane/link_mirror.h"

namespace mptap {

LinkMirror::Step LinkMirror::look(const std::array<LinkState, 2>& links, std::uint64_t now_ns) {
  if (held_down_) {
    const std::size_t held = *held_down_;
    const bool is_up = links.at(held).is_up;  // somebody else brought it up: it is judged anew
    if (!is_up && !links.at(1 - held).has_link) return {};
    held_down_.reset();
    expect_link(held, now_ns);
    return is_up ? Step{} : Step{Deed::kBringUp, held};
  }
  for (std::size_t port = 0; port < links.size(); ++port) {
    if (links.at(port).has_link) settles_ns_.at(port) = 0;
  }
  for (std::size_t port = 0; port < links.size(); ++port) {
    const std::size_t partner = 1 - port;
    if (links.at(port).has_link || now_ns < settles_ns_.at(port) || !links.at(partner).has_link) continue;
    held_down_ = partner;
    return {Deed::kTakeDown, partner};
  }
  return {};
}

}  // namespace mptap
