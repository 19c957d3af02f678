// What the program tells the shell.
#pragma once

namespace mptap {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,  // the machine or a file failed: missing, unreadable, broken, busy
  kUsage = 2,   // what arguments and YAML alone show to be wrong
};

}  // namespace mptap
