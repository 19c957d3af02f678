// PcapSource: formats, link types, merging, and every way a capture can be broken.
#include "dataplane/pcap_source.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

/// A directory that goes with its object.
class TempDir {
 public:
  TempDir() : path_((std::filesystem::temp_directory_path() / "mptap-pcap-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Bytes of a capture file, made number by number.
struct Bytes {
  bool big_endian = false;
  std::string text;

  Bytes& put(std::uint64_t value, int octets) {
    for (int i = 0; i < octets; ++i) {
      const int shift = 8 * (big_endian ? octets - 1 - i : i);
      text += static_cast<char>(value >> shift & 0xff);
    }
    return *this;
  }
  Bytes& u16(std::uint64_t value) { return put(value, 2); }
  Bytes& u32(std::uint64_t value) { return put(value, 4); }
};

struct Packet {
  std::uint64_t seconds = 0;
  std::uint64_t fraction = 0;
  std::string data;
  std::uint32_t wire_bytes = 0;  // 0: that of `data`
};

std::string classic_header(std::uint32_t magic = 0xa1b2c3d4, std::uint32_t link = 1, bool big_endian = false,
                           std::uint32_t snaplen = 262144) {
  Bytes bytes{big_endian, {}};
  bytes.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(snaplen).u32(link);
  return bytes.text;
}

std::string classic_record(const Packet& packet, bool big_endian = false) {
  Bytes bytes{big_endian, {}};
  bytes.u32(packet.seconds).u32(packet.fraction).u32(packet.data.size());
  bytes.u32(packet.wire_bytes != 0 ? packet.wire_bytes : packet.data.size());
  return bytes.text + packet.data;
}

std::string block(std::uint32_t type, const std::string& body) {
  const std::string padded = body + std::string((4 - body.size() % 4) % 4, '\0');
  Bytes head;
  head.u32(type).u32(padded.size() + 12);
  Bytes tail;
  tail.u32(padded.size() + 12);
  return head.text + padded + tail.text;
}

std::string section_block() {
  return block(0x0a0d0d0a, Bytes().u32(0x1a2b3c4d).u16(1).u16(0).put(~0ull, 8).text);
}

/// An interface whose times count 10^-resolution seconds.
std::string interface_block(std::uint16_t link, std::uint8_t resolution, std::uint32_t snaplen = 262144) {
  Bytes body;
  body.u16(link).u16(0).u32(snaplen).u16(9).u16(1).put(resolution, 4).u16(0).u16(0);
  return block(1, body.text);
}

std::string packet_block(std::uint64_t time, const std::string& data, std::uint32_t interface = 0) {
  Bytes body;
  body.u32(interface).u32(time >> 32).u32(time & 0xffffffff).u32(data.size()).u32(data.size());
  return block(6, body.text + data);
}

struct Delivered {
  std::vector<PacketView> packets;  // `data` is dead: see `data` below
  std::vector<std::string> data;
  ReceiveStatus status = ReceiveStatus::kMore;
  std::string error;
};

Delivered read_all(const std::vector<std::string>& paths) {
  Delivered delivered;
  auto opened = PcapSource::open(paths);
  if (!opened.source) {
    delivered.status = ReceiveStatus::kFailed;
    delivered.error = opened.error;
    return delivered;
  }
  Burst burst;
  while ((delivered.status = opened.source->receive(burst)) == ReceiveStatus::kMore) {
    for (std::size_t i = 0; i < burst.size; ++i) {
      const PacketView& packet = burst.packets[i];
      delivered.packets.push_back(packet);
      delivered.data.emplace_back(reinterpret_cast<const char*>(packet.data), packet.captured_bytes);
    }
  }
  CHECK(burst.size == 0);
  CHECK(opened.source->receive(burst) == delivered.status);  // the end stays the end
  delivered.error = opened.source->error();
  return delivered;
}

TEST_CASE("times of every format become nanoseconds", "[pcap]") {
  const TempDir dir;
  const std::string data(60, 'x');
  struct Row {
    const char* name;
    std::string bytes;
    std::uint64_t time_ns;
  };
  const auto classic = [&data](std::uint32_t magic, bool big, std::uint64_t seconds, std::uint64_t fraction) {
    return classic_header(magic, 1, big) + classic_record({seconds, fraction, data, 0}, big);
  };
  const std::uint64_t kTsNs = 1'700'000'000ull * kSecond + 123'456'789;
  const std::vector<Row> rows = {
      {"microseconds", classic(0xa1b2c3d4, false, 1'700'000'000, 123'456), kTsNs - 789},
      {"microseconds, big endian", classic(0xa1b2c3d4, true, 1'700'000'000, 123'456), kTsNs - 789},
      {"nanoseconds", classic(0xa1b23c4d, false, 1'700'000'000, 123'456'789), kTsNs},
      {"nanoseconds, big endian", classic(0xa1b23c4d, true, 1'700'000'000, 123'456'789), kTsNs},
      {"after 2038", classic(0xa1b23c4d, false, 0xfffffffe, 1), 0xfffffffeull * kSecond + 1},
      {"fraction beyond a second", classic(0xa1b23c4d, false, 5, 0x7fffffff), 6 * kSecond - 1},
      {"negative fraction", classic(0xa1b23c4d, false, 5, 0xffffffff), 5 * kSecond},
      {"pcapng, nanoseconds", section_block() + interface_block(1, 9) + packet_block(kTsNs, data), kTsNs},
      {"pcapng, microseconds", section_block() + interface_block(1, 6) + packet_block(kTsNs / 1000, data),
       kTsNs - 789},
      {"pcapng, seconds", section_block() + interface_block(1, 0) + packet_block(1'700'000'000, data),
       1'700'000'000 * kSecond},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    const auto delivered = read_all({dir.write("time", row.bytes)});
    CHECK(delivered.status == ReceiveStatus::kFinished);
    CHECK(delivered.error.empty());
    REQUIRE(delivered.packets.size() == 1);
    CHECK(delivered.packets[0].time_ns == row.time_ns);
    CHECK(delivered.data[0] == data);
  }
  SECTION("a time beyond all measure is held at the limit") {
    const auto delivered = read_all(
        {dir.write("huge", section_block() + interface_block(1, 0) + packet_block(~0ull >> 1, data))});
    REQUIRE(delivered.packets.size() == 1);
    CHECK(delivered.packets[0].time_ns > 18'000'000'000ull * kSecond);
  }
}

TEST_CASE("link types", "[pcap]") {
  const TempDir dir;
  struct Row {
    std::uint32_t link;
    LinkType type;
    std::size_t skipped;
  };
  const std::vector<Row> rows = {
      {1, LinkType::kEthernet, 0}, {101, LinkType::kRawIp, 0}, {228, LinkType::kRawIp, 0},
      {229, LinkType::kRawIp, 0},  {113, LinkType::kSll, 0},   {276, LinkType::kSll2, 0},
      {0, LinkType::kRawIp, 4},    {108, LinkType::kRawIp, 4},
  };
  for (const auto& row : rows) {
    INFO("LINKTYPE " << row.link);
    const auto path =
        dir.write("link", classic_header(0xa1b2c3d4, row.link) + classic_record({1, 0, "ABCDEFGH", 100}));
    const auto delivered = read_all({path});
    REQUIRE(delivered.packets.size() == 1);
    CHECK(delivered.packets[0].link == row.type);
    CHECK(delivered.data[0] == std::string("ABCDEFGH").substr(row.skipped));
    CHECK(delivered.packets[0].wire_bytes == 100 - row.skipped);
  }
  SECTION("a loopback packet shorter than its header is empty") {
    const auto delivered =
        read_all({dir.write("short", classic_header(0xa1b2c3d4, 0) + classic_record({1, 0, "AB", 0}))});
    REQUIRE(delivered.packets.size() == 1);
    CHECK(delivered.packets[0].captured_bytes == 0);
    CHECK(delivered.packets[0].wire_bytes == 0);
  }
  SECTION("others are refused by name") {
    const auto path = dir.write("wifi", classic_header(0xa1b2c3d4, 105));
    CHECK(PcapSource::open({path}).error ==
          path +
              ": has the link type IEEE802_11, which mptap does not read: capture on an interface of type "
              "Ethernet, Linux cooked (SLL, SLL2), raw IP and BSD loopback");
  }
}

TEST_CASE("lengths", "[pcap]") {
  const TempDir dir;
  SECTION("the wire is never shorter than what was captured") {
    const auto delivered =
        read_all({dir.write("wire", classic_header() + classic_record({1, 0, "ABCDEFGH", 3}))});
    REQUIRE(delivered.packets.size() == 1);
    CHECK(delivered.packets[0].wire_bytes == 8);
  }
  SECTION(
      "packets of 64 kB and more are whole, and more than a burst's memory holds come in several bursts") {
    std::string bytes = classic_header();
    std::vector<std::string> sent;
    for (const std::size_t size : {65'535u, 262'144u, 1u, 262'144u, 262'144u, 65'549u, 0u}) {
      sent.emplace_back(size, static_cast<char>('a' + sent.size()));
      bytes += classic_record({1, 0, sent.back(), 0});
    }
    const auto delivered = read_all({dir.write("super", bytes)});
    CHECK(delivered.status == ReceiveStatus::kFinished);
    CHECK(delivered.data == sent);
  }
  SECTION("a packet longer than the file's snapshot length is cut to it") {
    const auto delivered = read_all(
        {dir.write("snap", classic_header(0xa1b2c3d4, 1, false, 4) + classic_record({1, 0, "ABCDEFGH", 0}) +
                               classic_record({2, 0, "IJKL", 0}))});
    CHECK(delivered.data == std::vector<std::string>{"ABCD", "IJKL"});
    CHECK(delivered.packets[0].wire_bytes == 8);
  }
}

TEST_CASE("many packets keep their bytes and order over bursts", "[pcap]") {
  const TempDir dir;
  std::string bytes = classic_header();
  for (std::uint32_t i = 0; i < 1000; ++i) bytes += classic_record({i, 0, std::to_string(i), 0});
  const auto delivered = read_all({dir.write("many", bytes)});
  REQUIRE(delivered.data.size() == 1000);
  for (std::size_t i = 0; i < 1000; ++i) CHECK(delivered.data[i] == std::to_string(i));
}

TEST_CASE("several captures become one by time", "[pcap]") {
  const TempDir dir;
  const auto file = [&dir](const std::string& name, const std::vector<Packet>& packets) {
    std::string bytes = classic_header();
    for (const auto& packet : packets) bytes += classic_record(packet);
    return dir.write(name, bytes);
  };
  const auto a = file("a", {{1, 0, "a1", 0}, {3, 0, "a3", 0}, {2, 0, "a2", 0}, {9, 0, "a9", 0}});
  const auto b = file("b", {{1, 0, "b1", 0}, {4, 0, "b4", 0}});
  const auto c = dir.write("c", section_block() + interface_block(1, 0) + packet_block(3, "c3"));
  const auto delivered = read_all({a, b, c});
  CHECK(delivered.status == ReceiveStatus::kFinished);
  CHECK(delivered.data == std::vector<std::string>{"a1", "b1", "a3", "a2", "c3", "b4", "a9"});
  CHECK(delivered.packets[1].port == 1);
  CHECK(delivered.packets[4].port == 2);

  SECTION("one that breaks off does not lose the others") {
    const auto cut = dir.write("cut", classic_header() + classic_record({2, 0, "x2", 0}) + "xyz");
    const auto some = read_all({cut, b});
    CHECK(some.data == std::vector<std::string>{"b1", "x2", "b4"});
    CHECK(some.status == ReceiveStatus::kFailed);
    CHECK(some.error ==
          cut +
              ": the capture breaks off after packet 1 (truncated dump file; tried to read 16 header bytes, "
              "only got 3): what stands before it was read");
  }
  SECTION("all that cannot be opened are named") {
    const auto none = PcapSource::open({a, dir.path() + "/nope", dir.path()});
    CHECK(none.source == nullptr);
    CHECK(none.error == dir.path() + "/nope: there is no such file: check the path\n" + dir.path() +
                            ": is a directory: name the capture files in it");
  }
}

/// Cuts a capture at every byte; `ends` are the offsets after its header and after each packet.
void check_cuts(const TempDir& dir, const std::string& bytes, const std::vector<std::size_t>& ends) {
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    INFO("cut at " << cut);
    const auto delivered = read_all({dir.write("cut", bytes.substr(0, cut))});
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [cut](std::size_t end) { return end <= cut; }));
    CHECK(delivered.packets.size() == (whole == 0 ? 0 : whole - 1));
    const bool at_end = std::find(ends.begin(), ends.end(), cut) != ends.end();
    CHECK(delivered.status == (at_end ? ReceiveStatus::kFinished : ReceiveStatus::kFailed));
    CHECK(delivered.error.empty() == at_end);
    if (at_end) continue;
    CHECK(delivered.error.find("/cut: ") != std::string::npos);
    CHECK(delivered.error.find('\n') == std::string::npos);
    if (whole > 0) {
      CHECK(delivered.error.find("breaks off after packet " + std::to_string(whole - 1)) !=
            std::string::npos);
    } else if (cut > 0) {
      CHECK(delivered.error.find("before the first packet") != std::string::npos);
    }
  }
}

TEST_CASE("a classic capture cut at every byte", "[pcap]") {
  const TempDir dir;
  std::string bytes = classic_header();
  std::vector<std::size_t> ends = {bytes.size()};
  for (const char* data : {"first packet", "second", "", "the fourth one"}) {
    bytes += classic_record({1, 0, data, 0});
    ends.push_back(bytes.size());
  }
  check_cuts(dir, bytes, ends);
}

TEST_CASE("a pcapng capture cut at every byte", "[pcap]") {
  const TempDir dir;
  std::string bytes = section_block() + interface_block(1, 9);
  std::vector<std::size_t> ends = {bytes.size()};
  for (const char* data : {"first packet", "second", "3"}) {
    bytes += packet_block(1, data);
    ends.push_back(bytes.size());
  }
  check_cuts(dir, bytes, ends);
}

TEST_CASE("pcapng in the wild", "[pcap]") {
  const TempDir dir;
  const std::string head = section_block() + interface_block(1, 9);
  SECTION("unknown blocks are passed over") {
    const auto delivered =
        read_all({dir.write("unknown", head + block(0x0bad, "what") + packet_block(1, "one") +
                                           block(0x80000001, "") + packet_block(2, "two"))});
    CHECK(delivered.status == ReceiveStatus::kFinished);
    CHECK(delivered.data == std::vector<std::string>{"one", "two"});
  }
  SECTION("several interfaces of one link type, each with its own clock") {
    const auto delivered = read_all({dir.write(
        "two", head + interface_block(1, 6) + packet_block(5, "ns", 0) + packet_block(5, "us", 1))});
    REQUIRE(delivered.packets.size() == 2);
    CHECK(delivered.packets[0].time_ns == 5);
    CHECK(delivered.packets[1].time_ns == 5000);
  }
  SECTION("interfaces of several link types are beyond libpcap, and the sentence says so") {
    const auto path = dir.write(
        "mixed", head + packet_block(1, "one") + interface_block(113, 9) + packet_block(2, "two", 1));
    const auto delivered = read_all({path});
    CHECK(delivered.data == std::vector<std::string>{"one"});
    CHECK(delivered.status == ReceiveStatus::kFailed);
    CHECK(delivered.error.find(
              path + ": mixes interfaces that libpcap cannot read from one file after packet 1 (") == 0);
    CHECK(delivered.error.find("tshark -r FILE") != std::string::npos);
  }
  SECTION("a damaged block is not called a cut") {
    std::string bytes = head + packet_block(1, "one") + packet_block(2, "two");
    bytes[bytes.size() - 1] = 'x';  // the length at its end
    const auto delivered = read_all({dir.write("damaged", bytes)});
    CHECK(delivered.data == std::vector<std::string>{"one"});
    CHECK(delivered.error.find("the capture is damaged after packet 1 (") != std::string::npos);
  }
}

TEST_CASE("a classic record of absurd length is damage", "[pcap]") {
  const TempDir dir;
  Bytes absurd;
  absurd.u32(2).u32(0).u32(0x7fffffff).u32(0x7fffffff);
  const auto delivered =
      read_all({dir.write("absurd", classic_header() + classic_record({1, 0, "ok", 0}) + absurd.text)});
  CHECK(delivered.data == std::vector<std::string>{"ok"});
  CHECK(delivered.error.find("the capture is damaged after packet 1 (invalid packet capture length") !=
        std::string::npos);
}

TEST_CASE("what is no capture gets one sentence", "[pcap]") {
  const TempDir dir;
  struct Row {
    std::string path;
    const char* sentence;
  };
  const std::vector<Row> rows = {
      {dir.path() + "/nope", ": there is no such file: check the path"},
      {dir.path(), ": is a directory: name the capture files in it"},
      {dir.write("empty", ""), ": is empty: a capture has at least a file header; capture anew"},
      {dir.write("text", "It was a dark and stormy night"), ": is not a capture: give a pcap or pcapng file"},
      {"/dev/null", ": is empty: a capture has at least a file header; capture anew"},
  };
  for (const auto& row : rows) {
    INFO(row.path);
    const auto opened = PcapSource::open({row.path});
    CHECK(opened.source == nullptr);
    CHECK(opened.error == row.path + row.sentence);
  }
  const auto packed = dir.write("packed.gz", std::string("\x1f\x8b\x08\x00rest", 8));
  CHECK(PcapSource::open({packed}).error ==
        packed + ": is compressed: unpack it first (gunzip " + packed + ")");
  if (geteuid() != 0) {
    const auto secret = dir.write("secret", classic_header());
    chmod(secret.c_str(), 0);
    CHECK(PcapSource::open({secret}).error ==
          secret + ": may not be read: ask its owner for read permission");
  }
  CHECK(PcapSource::open({}).error == "no capture is named: give at least one pcap or pcapng file");
  CHECK(PcapSource::open({"-", "-"}).error == "the standard input (-) is named twice: name it once");
}

TEST_CASE("progress runs from nothing to all", "[pcap]") {
  const TempDir dir;
  std::string bytes = classic_header();
  for (int i = 0; i < 5000; ++i) bytes += classic_record({1, 0, std::string(1000, 'x'), 0});
  auto opened = PcapSource::open({dir.write("a", bytes), dir.write("b", classic_header())});
  REQUIRE(opened.source);
  const std::uint64_t total = bytes.size() + classic_header().size();
  CHECK(opened.source->progress().total_bytes == total);
  CHECK(opened.source->progress().read_bytes == 0);
  Burst burst;
  for (int i = 0; i < 40; ++i) REQUIRE(opened.source->receive(burst) == ReceiveStatus::kMore);
  CHECK(opened.source->progress().read_bytes > bytes.size() / 4);
  CHECK(opened.source->progress().read_bytes < total);
  while (opened.source->receive(burst) == ReceiveStatus::kMore) {
  }
  CHECK(opened.source->progress().read_bytes == total);
  CHECK_FALSE(opened.source->is_live());
}

}  // namespace
}  // namespace mptap
