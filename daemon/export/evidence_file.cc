#include "daemon/export/evidence_file.h"

#include <cstdio>
#include <cstring>
#include <utility>

namespace mptap {

std::string EvidenceFile::path_of(std::uint32_t number) const {
  const std::string name = number == 0 ? "evidence.pcap" : "evidence-" + std::to_string(number) + ".pcap";
  return directory_ + (directory_.ends_with('/') ? "" : "/") + name;
}

/// Renames what there is, the oldest first. A name that is not there is nothing to rename.
void EvidenceFile::make_room() const {
  for (std::uint32_t number = options_.files; number > 1; --number) {
    (void)std::rename(path_of(number - 2).c_str(), path_of(number - 1).c_str());
  }
}

void EvidenceFile::begin(LinkType link) {
  flush_writer();
  writer_.reset();
  make_room();
  writer_ = PcapWriter::create(path_of(0), link, since_flush_.error);
}

void EvidenceFile::append(const EvidencePacket& packet) {
  if (!writer_ || writer_->link() != packet.link || writer_->bytes() >= options_.file_bytes) begin(packet.link);
  if (!writer_) {
    ++since_flush_.packets_lost;
    return;
  }
  writer_->append(packet.time_ns, packet.wire_bytes, packet.bytes);
  ++unflushed_;
}

void EvidenceFile::flush_writer() {
  if (!writer_ || unflushed_ == 0) return;
  const int error = writer_->flush();
  (error == 0 ? since_flush_.packets_written : since_flush_.packets_lost) += std::exchange(unflushed_, 0);
  if (error != 0) since_flush_.error = path_of(0) + ": " + std::strerror(error);
}

EvidenceFile::FlushResult EvidenceFile::flush() {
  flush_writer();
  return std::exchange(since_flush_, {});
}

}  // namespace mptap
