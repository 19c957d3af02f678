#include "tests/support/capture_writer.h"

#include <algorithm>
#include <stdexcept>

namespace mptap::testing {
namespace {

constexpr std::uint32_t kMagicMicro = 0xa1b2c3d4;
constexpr std::uint32_t kMagicNano = 0xa1b23c4d;
constexpr std::uint32_t kSectionHeaderBlock = 0x0a0d0d0a;
constexpr std::uint32_t kInterfaceBlock = 1;
constexpr std::uint32_t kEnhancedPacketBlock = 6;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

CaptureWriter::CaptureWriter(const std::string& path, const CaptureOptions& options)
    : path_(path), options_(options), file_(path, std::ios::binary | std::ios::trunc) {
  if (!file_) throw std::runtime_error("cannot write " + path);
  if (options_.format == CaptureFormat::kPcapng) {
    put_pcapng_preamble();
    return;
  }
  put(options_.format == CaptureFormat::kPcapNano ? kMagicNano : kMagicMicro, 4);
  put(2, 2);  // version 2.4
  put(4, 2);
  put(0, 4);  // time zone, always GMT
  put(0, 4);  // accuracy, always 0
  put(options_.snaplen_bytes, 4);
  put(options_.link_type, 4);
}

void CaptureWriter::put_pcapng_preamble() {
  put(kSectionHeaderBlock, 4);
  put(28, 4);
  put(0x1a2b3c4d, 4);  // byte-order magic
  put(1, 2);           // version 1.0
  put(0, 2);
  put(0xffffffffffffffffU, 8);  // section length not given
  put(28, 4);

  put(kInterfaceBlock, 4);
  put(32, 4);
  put(options_.link_type, 2);
  put(0, 2);
  put(options_.snaplen_bytes, 4);
  put(9, 2);  // if_tsresol
  put(1, 2);
  put(options_.time_resolution, 1);
  put(0, 3);  // padding
  put(0, 4);  // opt_endofopt
  put(32, 4);
}

void CaptureWriter::write(std::int64_t time_ns, std::span<const std::uint8_t> frame,
                          std::uint32_t wire_bytes) {
  const auto captured = std::min<std::size_t>(frame.size(), options_.snaplen_bytes);
  const std::size_t on_wire = wire_bytes == 0 ? frame.size() : wire_bytes;
  const std::size_t padding = (4 - captured % 4) % 4;
  if (options_.format == CaptureFormat::kPcapng) {
    const auto ticks = static_cast<std::uint64_t>(options_.time_resolution == 6 ? time_ns / 1000 : time_ns);
    const std::size_t block_bytes = 32 + captured + padding;
    put(kEnhancedPacketBlock, 4);
    put(block_bytes, 4);
    put(0, 4);  // interface 0
    put(ticks >> 32, 4);
    put(ticks & 0xffffffffU, 4);
    put(captured, 4);
    put(on_wire, 4);
  } else {
    const std::int64_t fraction_ns = time_ns % kNsPerSecond;
    put(static_cast<std::uint64_t>(time_ns / kNsPerSecond), 4);
    put(static_cast<std::uint64_t>(options_.format == CaptureFormat::kPcapNano ? fraction_ns
                                                                               : fraction_ns / 1000),
        4);
    put(captured, 4);
    put(on_wire, 4);
  }
  file_.write(reinterpret_cast<const char*>(frame.data()), static_cast<std::streamsize>(captured));
  if (options_.format == CaptureFormat::kPcapng) {
    put(0, static_cast<int>(padding));
    put(32 + captured + padding, 4);
  }
  ++packets_;
}

void CaptureWriter::put(std::uint64_t value, int octets) {
  for (int i = 0; i < octets; ++i) {
    const int shift = 8 * (options_.big_endian ? octets - 1 - i : i);
    file_.put(static_cast<char>(static_cast<std::uint8_t>(value >> shift)));
  }
}

void CaptureWriter::close() {
  file_.close();
  if (!file_) throw std::runtime_error("writing " + path_ + " failed");
}

}  // namespace mptap::testing
