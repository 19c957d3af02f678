#include "config/text_form.h"

#include <arpa/inet.h>

#include <algorithm>

#include "config/prefix_text.h"
#include "config/quantity.h"

namespace mptap {
namespace {

bool is_hex(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool is_ipv4(const std::string& text) {
  in_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_interface(const std::string& text) {
  const auto is_wrong = [](char c) { return c <= ' ' || c == '/' || c == ':' || c == ','; };
  return !text.empty() && text.size() <= 15 && text != "." && text != ".." &&
         std::none_of(text.begin(), text.end(), is_wrong);
}

bool is_pci(const std::string& text) {
  std::string_view rest = text;
  if (std::count(rest.begin(), rest.end(), ':') == 2) {
    const std::size_t colon = rest.find(':');
    if (!is_hex(rest.substr(0, colon), 4, 8)) return false;
    rest.remove_prefix(colon + 1);
  }
  return rest.size() == 7 && is_hex(rest.substr(0, 2), 2, 2) && rest[2] == ':' &&
         is_hex(rest.substr(3, 2), 2, 2) && rest[5] == '.' && rest[6] >= '0' && rest[6] <= '7';
}

bool is_vdev(const std::string& text) {
  return text.starts_with("net_") && text.size() > 4 && text[4] != ',' && text.find(' ') == std::string::npos;
}

/// IPv4 only: Debian's build of the listener's library has no IPv6.
bool is_listener(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  const Quantity port = parse_whole(std::string_view(text).substr(colon + 1));
  if (port.status != QuantityStatus::kOk || port.value > 65'535) return false;
  return is_ipv4(text.substr(0, colon));
}

}  // namespace

constexpr TextForm kPathForm{"a path, or empty", [](const std::string&) { return true; }};
constexpr TextForm kFilterForm{"a pcap-filter expression such as `net 10.0.0.0/8 and not port 22`, or empty",
                                [](const std::string&) { return true; }};
constexpr TextForm kInterfaceForm{"the name of a network interface such as eth1", is_interface};
constexpr TextForm kPciForm{"a PCI address such as 0000:01:00.0", is_pci};
constexpr TextForm kVdevForm{"a DPDK device and its arguments such as net_null0,size=64", is_vdev};
constexpr TextForm kPrefixForm{
    "addresses or prefixes such as 10.0.0.0/8 or 2001:db8::7, with no bit set behind the prefix",
    [](const std::string& text) { return parse_prefix(text).has_value(); }};
constexpr TextForm kListenForm{
    "a numeric IPv4 address and a port such as 127.0.0.1:9464", is_listener};

}  // namespace mptap
