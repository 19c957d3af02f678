#include "dataplane/pcap_source.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "dataplane/pcap_file.h"

namespace mptap {
namespace {

// A burst's own memory: 64 ordinary packets, or two of the longest.
constexpr std::uint32_t kBurstBytes = 2 * PcapFile::kMaxPacketBytes;
constexpr std::uint32_t kPacketAlignment = 64;
constexpr std::uint32_t kBurstsBetweenProgress = 16;

}  // namespace

PcapSource::Opened PcapSource::open(const std::vector<std::string>& paths) {
  Opened opened;
  if (paths.empty()) opened.error = "no capture is named: give at least one pcap or pcapng file";
  if (paths.size() > std::numeric_limits<std::uint16_t>::max()) {
    opened.error = "more than 65535 captures are named: merge some of them first (mergecap)";
  }
  if (std::count(paths.begin(), paths.end(), "-") > 1) {
    opened.error = "the standard input (-) is named twice: name it once";
  }
  if (!opened.error.empty()) return opened;

  std::vector<std::unique_ptr<PcapFile>> files;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::string error;
    if (auto file = PcapFile::open(paths[i], static_cast<std::uint16_t>(i), error)) {
      files.push_back(std::move(file));
    } else {
      if (!opened.error.empty()) opened.error += '\n';
      opened.error += error;
    }
  }
  if (opened.error.empty()) opened.source.reset(new PcapSource(std::move(files)));
  return opened;
}

PcapSource::PcapSource(std::vector<std::unique_ptr<PcapFile>> files)
    : files_(std::move(files)), bytes_(new std::uint8_t[kBurstBytes]) {
  waiting_.reserve(files_.size());
  for (const auto& file : files_) total_bytes_ += file->total_bytes();
  const bool known =
      std::all_of(files_.begin(), files_.end(), [](const auto& file) { return file->total_bytes() > 0; });
  if (!known) total_bytes_ = 0;
}

PcapSource::~PcapSource() = default;

ReceiveStatus PcapSource::receive(Burst& burst) noexcept {
  burst.size = 0;
  if (!started_) {
    started_ = true;
    for (const auto& file : files_) {
      if (file->try_advance()) waiting_.push_back(file.get());
    }
  }
  if (waiting_.empty()) {
    publish_progress();
    const bool failed =
        std::any_of(files_.begin(), files_.end(), [](const auto& file) { return file->failed(); });
    return failed ? ReceiveStatus::kFailed : ReceiveStatus::kFinished;
  }

  std::uint32_t used = 0;
  while (burst.size < Burst::kCapacity && !waiting_.empty()) {
    const std::size_t earliest = find_earliest();
    PcapFile& file = *waiting_[earliest];
    PacketView packet = file.packet();
    if (packet.captured_bytes > kBurstBytes - used) break;
    std::memcpy(bytes_.get() + used, packet.data, packet.captured_bytes);
    packet.data = bytes_.get() + used;
    burst.packets[burst.size++] = packet;
    used += std::min(kBurstBytes - used,
                     (packet.captured_bytes + kPacketAlignment - 1) & ~(kPacketAlignment - 1));
    if (!file.try_advance()) waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(earliest));
  }
  if (++bursts_ % kBurstsBetweenProgress == 0) publish_progress();
  return ReceiveStatus::kMore;
}

std::string PcapSource::error() const {
  std::string sentences;
  for (const auto& file : files_) {
    if (!file->failed()) continue;
    if (!sentences.empty()) sentences += '\n';
    sentences += file->error();
  }
  return sentences;
}

std::vector<LinkType> PcapSource::link_types() const {
  std::vector<LinkType> links;
  for (const auto& file : files_) {
    const LinkType link = file->packet().link;
    if (std::find(links.begin(), links.end(), link) == links.end()) links.push_back(link);
  }
  return links;
}

PcapSource::Progress PcapSource::progress() const noexcept {
  return {read_bytes_.load(std::memory_order_relaxed), total_bytes_};
}

std::size_t PcapSource::find_earliest() const noexcept {
  std::size_t earliest = 0;
  for (std::size_t i = 1; i < waiting_.size(); ++i) {
    if (waiting_[i]->packet().time_ns < waiting_[earliest]->packet().time_ns) earliest = i;
  }
  return earliest;
}

void PcapSource::publish_progress() noexcept {
  std::uint64_t sum = 0;
  for (const auto& file : files_) sum += file->read_bytes();
  read_bytes_.store(sum, std::memory_order_relaxed);
}

}  // namespace mptap
