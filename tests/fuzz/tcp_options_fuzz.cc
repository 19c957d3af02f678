// Option lists of TCP: the scanner and its short cuts against a plain reference.
//
// Input: the list, of which the first 40 bytes count.
#include <algorithm>

#include "dataplane/tcp.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference/option_list.h"

namespace mptap::fuzz {
namespace {

void compare(Bytes options) {
  const reference::OptionList expected = reference::read_option_list(options);
  OptionScan scan;
  scan_tcp_options(options, scan);
  expect(scan.count == expected.mptcp.size(), "both find as many MPTCP options");
  for (std::size_t i = 0; i < scan.count; ++i) {
    expect(scan.offset[i] == expected.mptcp[i].offset, "an MPTCP option stands at the same place for both");
    expect(scan.length[i] == expected.mptcp[i].length, "an MPTCP option is as long for both");
  }
  expect(scan.broken == expected.broken, "both tell whether the list can be walked to its end");
  expect(scan.has_timestamps == expected.has_timestamps, "both tell whether there are timestamps");
  if (has_plain_options(options)) {
    expect(expected.mptcp.empty(), "a list that is passed over as plain has no MPTCP option");
    expect(!expected.broken, "a list that is passed over as plain is not broken");
    expect(expected.has_timestamps == !options.empty(), "a plain list that is not empty has timestamps");
  }
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mptap::fuzz::compare({data, std::min<std::size_t>(size, 40)});
  return 0;
}
