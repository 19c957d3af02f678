// Any bytes as a capture file: what stands before a break is given out, and the error says where it is.
//
// libpcap itself is not instrumented: what it does wrong inside shows only where it crosses over to us.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "dataplane/pcap_source.h"
#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

constexpr std::uint64_t kMostPackets = 100'000;  // an input has fewer bytes

/// A file in memory whose content is replaced by each input.
class MemoryFile {
 public:
  MemoryFile()
      : file_(memfd_create("capture", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(file_)) {
    expect(file_ >= 0, "a file in memory can be made");
  }
  void fill(const std::uint8_t* data, std::size_t size) const {
    expect(ftruncate(file_, 0) == 0 && pwrite(file_, data, size, 0) == static_cast<ssize_t>(size),
           "a file in memory can be written");
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const int file_;
  const std::string path_;
};

void expect_sentence(const std::string& error, const std::string& path) {
  expect(error.starts_with(path + ": "), "an error begins with the name of the file");
  expect(error.size() > path.size() + 10, "an error is a sentence");
  expect(error.find('\n') == std::string::npos, "one file has one sentence");
}

/// Reads all bytes, as a worker does: those that are not there are found by the sanitizer.
std::uint64_t sum_of(const PacketView& packet) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < packet.captured_bytes; ++i) sum += packet.data[i];
  return sum;
}

void read_all(PcapSource& source, const std::string& path) {
  Burst burst;
  std::uint64_t packets = 0;
  std::uint64_t sum = 0;
  ReceiveStatus status = ReceiveStatus::kMore;
  while ((status = source.receive(burst)) == ReceiveStatus::kMore) {
    expect(burst.size != 0 && burst.size <= Burst::kCapacity, "a file's burst has packets");
    for (std::size_t i = 0; i < burst.size; ++i) {
      const PacketView& packet = burst.packets[i];
      expect(packet.wire_bytes >= packet.captured_bytes, "a packet had at least what was captured of it");
      expect(packet.port == 0, "a packet is of its file");
      sum += sum_of(packet);
    }
    packets += burst.size;
    expect(packets < kMostPackets, "a file ends");
  }
  const volatile std::uint64_t used = sum;
  (void)used;
  expect(burst.size == 0, "behind the end there is no packet");
  const std::string error = source.error();
  expect(error.empty() == (status == ReceiveStatus::kFinished),
         "what failed says why, and nothing else does");
  if (!error.empty()) {
    expect_sentence(error, path);
    expect(error.find(" after packet " + std::to_string(packets) + " ") != std::string::npos,
           "an error names the packet behind which it is");
  }
  expect(source.receive(burst) == status, "an end stays an end");
  const PcapSource::Progress progress = source.progress();
  expect(progress.read_bytes <= progress.total_bytes, "no more is read than there is");
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mptap;
  using namespace mptap::fuzz;
  static const MemoryFile file;
  file.fill(data, size);
  const PcapSource::Opened opened = PcapSource::open({file.path()});
  expect((opened.source != nullptr) == opened.error.empty(), "a file is opened, or an error says why not");
  if (opened.source == nullptr) {
    expect_sentence(opened.error, file.path());
    return 0;
  }
  expect(opened.source->link_types().size() == 1, "a file has one link type");
  read_all(*opened.source, file.path());
  return 0;
}
