#include "dataplane/pcap_filter.h"

#include <pcap/pcap.h>

#include <algorithm>

#include "dataplane/pcap_link.h"

namespace mptap {
namespace {

constexpr int kLongestFrameBytes = 256 * 1024;
constexpr std::size_t kAhead = 4;  // packets whose bytes are fetched while one is looked at

struct Link {
  LinkType type;
  const char* name;
};
constexpr std::array<Link, 4> kLinks{{{LinkType::kEthernet, "Ethernet"},
                                      {LinkType::kSll, "Linux SLL"},
                                      {LinkType::kSll2, "Linux SLL2"},
                                      {LinkType::kRawIp, "raw IP"}}};

const Link& link_of(LinkType type) {
  return *std::find_if(kLinks.begin(), kLinks.end(), [type](const Link& link) { return link.type == type; });
}

/// Whether a program reads what Linux keeps beside a packet: from beyond any frame, so that it would pass nothing here.
/// libpcap compiles it so for a handle that belongs to no file.
bool asks_the_kernel(const bpf_program& program) {
  constexpr bpf_u_int32 kBesideThePacket = 0xfffff000;  // SKF_AD_OFF of linux/filter.h
  return std::any_of(program.bf_insns, program.bf_insns + program.bf_len, [](const bpf_insn& at) {
    const bool loads = BPF_CLASS(at.code) == BPF_LD && BPF_MODE(at.code) == BPF_ABS;
    return loads && at.k >= kBesideThePacket;
  });
}

}  // namespace

void PcapFilter::FreeProgram::operator()(bpf_program* program) const {
  pcap_freecode(program);
  delete program;
}

PcapFilter::~PcapFilter() = default;

PcapFilter::Program PcapFilter::compile_for(LinkType link, const std::string& expression, std::string& reason) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(pcap_open_dead(dlt_of(link), kLongestFrameBytes),
                                                              pcap_close);
  if (!handle) {
    reason = "no memory";
    return nullptr;
  }
  Program program(new bpf_program{});
  if (pcap_compile(handle.get(), program.get(), expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    reason = pcap_geterr(handle.get());
    return nullptr;
  }
  if (asks_the_kernel(*program)) {
    reason = "it asks for what only the kernel knows of a packet, such as its direction or interface";
    return nullptr;
  }
  return program;
}

PcapFilter::Compiled PcapFilter::compile(const std::string& expression, std::span<const LinkType> links) {
  Compiled compiled;
  std::unique_ptr<PcapFilter> filter(new PcapFilter);
  const Link* unfit = nullptr;
  std::string reason;
  for (const LinkType link : links) {
    Program& program = filter->programs_[static_cast<std::size_t>(link)];
    program = compile_for(link, expression, reason);
    if (!program) {
      unfit = &link_of(link);
      break;
    }
  }
  if (unfit == nullptr && !links.empty()) {
    compiled.filter = std::move(filter);
    return compiled;
  }
  const auto takes = [&expression, &reason](const Link& link) {
    std::string own;
    const bool taken = compile_for(link.type, expression, own) != nullptr;
    if (reason.empty()) reason = own;  // Ethernet's, which has all words of the language
    return taken;
  };
  compiled.fits_none = std::none_of(kLinks.begin(), kLinks.end(), takes);
  if (compiled.fits_none) {
    compiled.error = "is no filter: " + reason + "; see pcap-filter(7)";
  } else if (unfit != nullptr) {
    compiled.error = "does not fit frames of the link type " + std::string(unfit->name) + ": " + reason + "; take that part out";
  } else {
    compiled.filter = std::move(filter);
  }
  return compiled;
}

std::uint64_t PcapFilter::pick_passing(const Burst& burst) const noexcept {
  std::uint64_t passing = 0;
  for (std::size_t i = 0; i < burst.size; ++i) {
    if (i + kAhead < burst.size) __builtin_prefetch(burst.packets[i + kAhead].data);
    const PacketView& packet = burst.packets[i];
    const bpf_program* program = programs_[static_cast<std::size_t>(packet.link)].get();
    if (program == nullptr) continue;
    const bool passes = bpf_filter(program->bf_insns, packet.data, packet.wire_bytes, packet.captured_bytes) != 0;
    passing |= std::uint64_t{passes} << i;
  }
  return passing;
}

}  // namespace mptap
