#include "daemon/loss_spell.h"

#include "daemon/human.h"

namespace mptap {
namespace {

constexpr std::uint64_t kNsASecond = 1'000'000'000;

}  // namespace

std::optional<std::string> LossSpell::look(std::uint64_t lost, std::uint64_t held, std::uint64_t now_ns) {
  const std::uint64_t new_losses = lost - lost_;
  if (new_losses != 0 && !on_) {
    lost_before_ = lost_;
    held_before_ = held_;
    begun_ns_ = now_ns;
  }
  lost_ = lost;
  held_ = held;
  if (new_losses != 0) {
    latest_ns_ = now_ns;
    if (on_) return std::nullopt;
    on_ = true;
    return "control does not keep up: " + plural(new_losses, "vital record") +
           " lost so far; notices of what was not seen are held back where it may be among them";
  }
  if (!on_ || now_ns < latest_ns_ + kQuietNs) return std::nullopt;
  return end();
}

std::optional<std::string> LossSpell::finish(std::uint64_t lost, std::uint64_t held, std::uint64_t now_ns) {
  (void)look(lost, held, now_ns);
  if (!on_) return std::nullopt;
  return end();
}

std::string LossSpell::end() {
  on_ = false;
  return plural(lost_ - lost_before_, "vital record") + " lost within " +
         plural((latest_ns_ - begun_ns_) / kNsASecond + 1, "second") + ", none since; " +
         plural(held_ - held_before_, "notice") + " held back until now";
}

}  // namespace mptap
