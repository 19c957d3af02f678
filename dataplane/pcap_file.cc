#include "dataplane/pcap_file.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace mptap {
namespace {

constexpr std::size_t kStreamBufferBytes = 256 * 1024;
constexpr std::uint32_t kLoopbackHeaderBytes = 4;  // an address family, then IP
constexpr const char* kEmpty = ": is empty: a capture has at least a file header; capture anew";
constexpr const char* kReadable = "Ethernet, Linux cooked (SLL, SLL2), raw IP and BSD loopback";

struct Link {
  LinkType type;
  std::uint32_t skipped_bytes;
};

std::optional<Link> find_link(int dlt) {
  switch (dlt) {
    case DLT_EN10MB:
      return Link{LinkType::kEthernet, 0};
    case DLT_LINUX_SLL:
      return Link{LinkType::kSll, 0};
    case DLT_LINUX_SLL2:
      return Link{LinkType::kSll2, 0};
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
      return Link{LinkType::kRawIp, 0};
    case DLT_NULL:
    case DLT_LOOP:
      return Link{LinkType::kRawIp, kLoopbackHeaderBytes};
    default:
      return std::nullopt;
  }
}

using Head = std::array<char, 4>;

/// The first bytes of a file that can be read twice; of a pipe, zeros.
Head read_head(int descriptor) {
  Head head{};
  if (pread(descriptor, head.data(), head.size(), 0) != static_cast<ssize_t>(head.size())) head = {};
  return head;
}

bool begins(const Head& head, std::string_view magic) {
  return std::memcmp(head.data(), magic.data(), magic.size()) == 0;
}

/// The program that unpacks what begins like this; null for anything that is not compressed.
const char* find_unpacker(const Head& head) {
  if (begins(head, "\x1f\x8b")) return "gunzip";
  if (begins(head, "\x28\xb5\x2f\xfd")) return "unzstd";
  if (begins(head,
             "\xfd"
             "7zX"))
    return "unxz";
  if (begins(head, "BZh")) return "bunzip2";
  if (begins(head, "\x04\x22\x4d\x18")) return "unlz4";
  return nullptr;
}

/// Says why libpcap does not take the file, from its own words and the first bytes.
std::string format_refusal(const std::string& path, int descriptor, std::string_view cause) {
  const Head head = read_head(descriptor);
  const auto says = [cause](std::string_view words) { return cause.find(words) != cause.npos; };
  if (const char* unpacker = find_unpacker(head)) {
    return path + ": is compressed: unpack it first (" + unpacker + " " + path + ")";
  }
  if (says("read 4 file header bytes, only got 0")) return path + kEmpty;
  const bool pcapng = begins(head, "\n\r\r\n");
  if (says("truncated") || says("no Interface Description") || (pcapng && says("unknown file format"))) {
    return path + ": breaks off inside its header, before the first packet (" + std::string(cause) +
           "): copy it again or capture anew";
  }
  if (says("unknown file format")) return path + ": is not a capture: give a pcap or pcapng file";
  return path + ": cannot be read as a capture (" + std::string(cause) + "): give a pcap or pcapng file";
}

/// Opens the file and refuses what cannot be a capture, so that the sentence need not guess at libpcap's.
std::FILE* open_stream(const std::string& path, std::uint64_t& total_bytes, std::string& error) {
  const bool standard_input = path == "-";
  const int descriptor = standard_input ? dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    switch (errno) {
      case ENOENT:
        error = path + ": there is no such file: check the path";
        break;
      case EACCES:
        error = path + ": may not be read: ask its owner for read permission";
        break;
      default:
        error = path + ": cannot be opened (" + std::strerror(errno) + "): check the path";
    }
  } else if (S_ISDIR(status.st_mode)) {
    error = path + ": is a directory: name the capture files in it";
  } else if (S_ISREG(status.st_mode) && status.st_size == 0) {
    error = path + kEmpty;
  }
  // cppcheck-suppress invalidFunctionArg ; without an error the descriptor is one
  std::FILE* stream = error.empty() ? fdopen(descriptor, "rb") : nullptr;
  if (stream == nullptr) {
    if (error.empty()) error = path + ": cannot be opened (" + std::strerror(errno) + "): check the path";
    if (descriptor >= 0) close(descriptor);
    return nullptr;
  }
  total_bytes = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  if (total_bytes > 0) posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::setvbuf(stream, nullptr, _IOFBF, kStreamBufferBytes);
  return stream;
}

/// Nanoseconds since the epoch. Classic pcap has unsigned 32-bit seconds that libpcap reads as signed;
/// fractions beyond a second and times beyond 2554 are damage and are held at the limit.
std::uint64_t to_time_ns(const timeval& time, bool classic) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  constexpr std::int64_t kMaxSeconds =
      static_cast<std::int64_t>(std::numeric_limits<std::uint64_t>::max() / kNsPerSecond) - 1;
  std::int64_t seconds = time.tv_sec;
  if (classic) seconds = static_cast<std::uint32_t>(seconds);
  if (seconds < 0) return 0;
  const std::int64_t fraction = std::clamp<std::int64_t>(time.tv_usec, 0, kNsPerSecond - 1);
  return static_cast<std::uint64_t>(std::min(seconds, kMaxSeconds)) * kNsPerSecond +
         static_cast<std::uint64_t>(fraction);
}

}  // namespace

std::unique_ptr<PcapFile> PcapFile::open(const std::string& path, std::uint16_t port, std::string& error) {
  std::unique_ptr<PcapFile> file(new PcapFile);
  file->path_ = path;
  file->packet_.port = port;
  std::FILE* stream = open_stream(path, file->total_bytes_, error);
  if (stream == nullptr) return nullptr;

  std::array<char, PCAP_ERRBUF_SIZE> cause{};
  file->pcap_ = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, cause.data());
  if (file->pcap_ == nullptr) {
    error = format_refusal(path, fileno(stream), cause.data());
    std::fclose(stream);
    return nullptr;
  }
  file->stream_ = pcap_file(file->pcap_);

  const int dlt = pcap_datalink(file->pcap_);
  const auto link = find_link(dlt);
  if (!link) {
    const char* name = pcap_datalink_val_to_name(dlt);
    error = path + ": has the link type " + (name != nullptr ? name : std::to_string(dlt)) +
            ", which mptap does not read: capture on an interface of type " + kReadable;
    return nullptr;
  }
  file->packet_.link = link->type;
  file->skipped_bytes_ = link->skipped_bytes;
  file->classic_ = pcap_major_version(file->pcap_) == PCAP_VERSION_MAJOR;
  return file;
}

PcapFile::~PcapFile() {
  if (pcap_ != nullptr) pcap_close(pcap_);
}

bool PcapFile::try_advance() noexcept {
  pcap_pkthdr* header = nullptr;
  const unsigned char* bytes = nullptr;
  const int status = pcap_next_ex(pcap_, &header, &bytes);
  if (status != 1) {
    failed_ = status == PCAP_ERROR;
    return false;
  }
  ++packets_;
  const std::uint32_t captured = std::min(header->caplen, kMaxPacketBytes);
  const std::uint32_t skipped = std::min(captured, skipped_bytes_);
  packet_.data = bytes + skipped;
  packet_.captured_bytes = captured - skipped;
  packet_.wire_bytes = std::max(header->len, header->caplen) - skipped;
  packet_.time_ns = to_time_ns(header->ts, classic_);
  return true;
}

std::string PcapFile::error() const {
  if (!failed_) return {};
  const std::string cause = pcap_geterr(pcap_);
  const std::string place = " after packet " + std::to_string(packets_) + " (" + cause + "): ";
  if (cause.find("different from the") != cause.npos) {
    return path_ + ": mixes interfaces that libpcap cannot read from one file" + place +
           "what stands before was read; split the file, one interface each "
           "(tshark -r FILE -Y 'frame.interface_id == 0' -F pcap -w PART), and name all parts";
  }
  if (cause.starts_with("truncated"))
    return path_ + ": the capture breaks off" + place + "what stands before it was read";
  return path_ + ": the capture is damaged" + place + "what stands before it was read";
}

std::uint64_t PcapFile::read_bytes() const noexcept {
  if (total_bytes_ == 0) return 0;
  const off_t position = ftello(stream_);
  return position > 0 ? static_cast<std::uint64_t>(position) : 0;
}

}  // namespace mptap
