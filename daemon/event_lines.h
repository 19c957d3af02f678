// Events as lines for a person: what `mptap read --events` prints where it writes no logs.
#pragma once

#include "daemon/export/log_writer.h"

namespace mptap {

/// Writer thread; prints each event to stdout as it comes: time, type, addresses, and the fields that are set.
class EventLines : public ReportConsumer {
 public:
  void on_report(const Report& report) override;
};

}  // namespace mptap
