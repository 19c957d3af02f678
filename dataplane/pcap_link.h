// The numbers by which libpcap knows what frames begin with.
#pragma once

#include <pcap/dlt.h>

#include "dataplane/packet_source.h"

namespace mptap {

[[nodiscard]] constexpr int dlt_of(LinkType link) {
  switch (link) {
    case LinkType::kEthernet: return DLT_EN10MB;
    case LinkType::kSll: return DLT_LINUX_SLL;
    case LinkType::kSll2: return DLT_LINUX_SLL2;
    case LinkType::kRawIp: return DLT_RAW;
  }
  return DLT_EN10MB;
}

}  // namespace mptap
