// Texts that have a form of their own: names of ports, addresses to listen on.
#pragma once

#include <string>
#include <string_view>

namespace mptap {

/// A form that a text must have.
struct TextForm {
  std::string_view wanted;  // ends the sentence "it must be ..."
  bool (*accepts)(const std::string& text) = nullptr;
};

/// A path, or nothing. Whether it is there is for the machine to say.
extern const TextForm kPathForm;

/// An expression of pcap-filter, or nothing. Whether it can be compiled is for libpcap to say (FilterCheck).
extern const TextForm kFilterForm;

/// A Linux network interface: 1 to 15 characters, none of them a blank, slash, colon or comma (a comma would
/// end it in DPDK's device arguments).
extern const TextForm kInterfaceForm;

/// A PCI address: domain:bus:device.function in hexadecimal, the domain optional.
extern const TextForm kPciForm;

/// A DPDK virtual device: net_..., its arguments behind a comma.
extern const TextForm kVdevForm;

/// IPv4:port or [IPv6]:port, both numeric; port 0 lets the kernel choose.
extern const TextForm kListenForm;

/// An IPv4 or IPv6 address or prefix (see prefix_text.h).
extern const TextForm kPrefixForm;

}  // namespace mptap
