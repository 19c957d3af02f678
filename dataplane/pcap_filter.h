// Filters in the language of pcap-filter(7).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "dataplane/packet_filter.h"

struct bpf_program;  // libpcap's: only pcap_filter.cc sees its header

namespace mptap {

/// An expression as tcpdump takes it, compiled for the link types whose frames it will see.
class PcapFilter final : public PacketFilter {
 public:
  struct Compiled {
    std::unique_ptr<PcapFilter> filter;  // empty where it could not be compiled
    std::string error;                   // then the rest of a sentence about the expression, with libpcap's own reason
    bool fits_none = false;              // then: whether no link type that mptap reads takes it
  };

  /// @param expression  See pcap-filter(7). Names of hosts are looked up now, and once.
  /// @param links       What it must be fit for; none: it is enough that some link type takes it.
  /// @return The filter, or what is wrong: its grammar; that it matches nothing; that a link type has not what it asks
  ///         for; that only the kernel knows it of a packet (`inbound` on Ethernet).
  /// Any thread.
  static Compiled compile(const std::string& expression, std::span<const LinkType> links);

  ~PcapFilter() override;

  /// As tcpdump decides on a capture file: by the outermost headers; a frame cut before what must be read does not pass.
  /// Frames of a link type that was not asked for do not pass.
  [[nodiscard]] std::uint64_t pick_passing(const Burst& burst) const noexcept override;

 private:
  static constexpr std::size_t kLinkTypes = 4;
  struct FreeProgram {
    void operator()(bpf_program* program) const;
  };
  using Program = std::unique_ptr<bpf_program, FreeProgram>;

  PcapFilter() = default;
  static Program compile_for(LinkType link, const std::string& expression, std::string& reason);

  std::array<Program, kLinkTypes> programs_;  // by link type; none where it was not asked for
};

/// What ports deliver.
inline constexpr std::array<LinkType, 1> kPortLinks{LinkType::kEthernet};

}  // namespace mptap
