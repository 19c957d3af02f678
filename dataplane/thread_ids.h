// The threads of this process.
#pragma once

#include <concepts>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>

namespace mptap {

/// Calls `visit` with the kernel's number of each thread of the process once, also of those that are started meanwhile. One that
/// ends meanwhile may be named all the same.
/// @param visited  Those that are passed over.
/// Any thread; reads /proc, and leaves out what it cannot read.
template <std::invocable<int> Visit>
void visit_threads(Visit&& visit, std::set<int> visited = {}) {
  for (bool more = true; more;) {
    more = false;
    std::error_code error;
    for (std::filesystem::directory_iterator task("/proc/self/task", error), end; !error && task != end; task.increment(error)) {
      const int id = std::stoi(task->path().filename());
      if (!visited.insert(id).second) continue;
      more = true;
      visit(id);
    }
  }
}

}  // namespace mptap
