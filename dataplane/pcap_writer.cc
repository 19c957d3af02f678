#include "dataplane/pcap_writer.h"

#include <fcntl.h>
#include <pcap/pcap.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "dataplane/pcap_link.h"
#include "dataplane/types.h"

namespace mptap {
namespace {

constexpr int kFileMode = 0640;
constexpr int kSnapBytes = 262'144;
constexpr std::uint64_t kPacketHeaderBytes = 16;

}  // namespace

std::unique_ptr<PcapWriter> PcapWriter::create(const std::string& path, LinkType link, std::string& error) {
  pcap* const capture = pcap_open_dead_with_tstamp_precision(dlt_of(link), kSnapBytes, PCAP_TSTAMP_PRECISION_NANO);
  if (capture == nullptr) {
    error = path + ": libpcap has no memory";
    return nullptr;
  }
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode);
  std::FILE* const stream = file < 0 ? nullptr : fdopen(file, "wb");
  pcap_dumper* const dumper = stream == nullptr ? nullptr : pcap_dump_fopen(capture, stream);
  if (dumper == nullptr) {
    error = path + ": " + std::strerror(errno);
    if (stream != nullptr) std::fclose(stream);
    pcap_close(capture);
    return nullptr;
  }
  return std::unique_ptr<PcapWriter>(new PcapWriter(capture, dumper, link));
}

PcapWriter::~PcapWriter() {
  pcap_dump_close(dumper_);
  pcap_close(pcap_);
}

void PcapWriter::append(std::uint64_t time_ns, std::uint32_t wire_bytes, std::span<const std::uint8_t> bytes) {
  pcap_pkthdr header{};
  header.ts.tv_sec = static_cast<time_t>(time_ns / kNsPerSecond);
  header.ts.tv_usec = static_cast<suseconds_t>(time_ns % kNsPerSecond);  // nanoseconds, as the file says
  header.caplen = static_cast<bpf_u_int32>(bytes.size());
  header.len = wire_bytes;
  pcap_dump(reinterpret_cast<u_char*>(dumper_), &header, bytes.data());
  bytes_ += kPacketHeaderBytes + bytes.size();
}

int PcapWriter::flush() {
  errno = 0;
  if (pcap_dump_flush(dumper_) == 0) return 0;
  return errno != 0 ? errno : EIO;
}

}  // namespace mptap
