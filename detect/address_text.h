// Addresses in the messages of notices.
#pragma once

#include <arpa/inet.h>

#include <string>

#include "dataplane/types.h"

namespace mptap {

/// An address as people write it (RFC 5952 for IPv6).
inline std::string address_text(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool v4 = address.is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes.data() + (v4 ? 12 : 0), text, sizeof text);
  return text;
}

}  // namespace mptap
