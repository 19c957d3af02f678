// Inline pairs as wires whose ends have a link both or neither.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "daemon/periodic_thread.h"
#include "dataplane/dpdk_ports.h"
#include "dataplane/link_mirror.h"
#include "dataplane/port_options.h"

namespace mptap {

/// Looks at the links ten times a second from a thread of its own, which alone keeps the power to change interfaces; says in
/// messages what it does. Main thread.
class LinkKeeper {
 public:
  /// Brings up what is down of the pairs, and begins.
  /// @param ports    Outlives this.
  /// @param options  What they were opened by.
  LinkKeeper(const DpdkPorts& ports, const DataplaneOptions& options);
  LinkKeeper(const LinkKeeper&) = delete;
  LinkKeeper& operator=(const LinkKeeper&) = delete;
  /// Brings up again what it holds down.
  ~LinkKeeper() = default;

 private:
  struct Pair {
    std::array<std::size_t, 2> ports;  // by their index
    std::array<std::string, 2> names;
    LinkMirror mirror;
    std::array<bool, 2> had_link{};  // when looked at last
    bool is_refused = false;  // a port could not be changed
  };

  void bring_up(Pair& pair);
  void look(Pair& pair);
  void look_at_all();
  void bring_up_held();
  bool set_up(Pair& pair, std::size_t port, bool up);

  const DpdkPorts& ports_;
  std::vector<Pair> pairs_;
  std::unique_ptr<PeriodicThread> thread_;  // where there is a pair to look at
};

}  // namespace mptap
