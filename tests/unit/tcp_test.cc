// The TCP header and the walk over its option list.
#include "dataplane/tcp.h"

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/catch.h"
#include "tests/unit/exact_bytes.h"

namespace mptap {
namespace {

using test::ExactBytes;
using test::joined;
using test::Octets;
using test::octets_of;

OptionScan scanned(const Octets& options) {
  const ExactBytes exact(options);
  OptionScan scan;
  scan.count = 99;
  scan.broken = true;  // both are overwritten
  scan_tcp_options(exact.view(), scan);
  return scan;
}

TEST_CASE("options of kind 30 are found, and a broken list keeps what stood before", "[tcp]") {
  struct Found {
    int offset;
    int length;
  };
  struct Row {
    const char* what;
    std::string hex;
    std::vector<Found> found;
    bool broken;
  };
  std::string thirteen, twelve;
  std::vector<Found> thirteen_found, twelve_found;
  for (int i = 0; i < 13; ++i) {
    thirteen += "1e0350";
    thirteen_found.push_back({i * 3, 3});
  }
  for (int i = 0; i < 12; ++i) {
    twelve += "1e0350";
    twelve_found.push_back({i * 3, 3});
  }
  const Row rows[] = {
      {"nothing", "", {}, false},
      {"end of list", "00", {}, false},
      {"what follows the end of list is padding", "00 1e0350 ff", {}, false},
      {"no-operation only", "01010101", {}, false},
      {"timestamps", "0101080a0000000100000002", {}, false},
      {"timestamps, then MPTCP", "0101080a0000000100000002 1e082001fd4e288b", {{12, 8}}, false},
      {"something else of twelve bytes", "0101080b0000000100000002", {}, true},
      {"MPTCP in twelve bytes", "1e0c100234d8690696d9dd8a", {{0, 12}}, false},
      {"a SYN of Linux", "020405b40402080a0000000100000000 01 030307 1e040101", {{20, 4}}, false},
      {"the smallest", "1e0350", {{0, 3}}, false},
      {"two in a row", "1e0350 1e082001fd4e288b", {{0, 3}, {3, 8}}, false},
      {"apart", "1e0350 0101 1e0351 01 00", {{0, 3}, {5, 3}}, false},
      {"forty bytes", "1e28f0" + std::string(74, '0'), {{0, 40}}, false},
      {"thirteen and a no-operation", thirteen + "01", thirteen_found, false},
      {"thirteen and the end", thirteen + "00", thirteen_found, false},
      {"thirteen and a kind without a length", thirteen + "1e", thirteen_found, true},
      {"twelve and one that runs over", twelve + "1e055001", twelve_found, true},
      {"a kind without a length", "1e", {}, true},
      {"another kind without a length", "0101 05", {}, true},
      {"length 0", "1e00 5001", {}, true},
      {"length 1", "1e01 5001", {}, true},
      {"kind 30 with length 2", "1e02 0101", {}, true},
      {"kind 30 with length 2 behind a good one", "1e0350 1e02 01", {{0, 3}}, true},
      {"another kind with length 0", "0500 0101", {}, true},
      {"another kind with length 1", "0501 0101", {}, true},
      {"another kind with length 2", "0402 0101", {}, false},
      {"MPTCP that runs over by one", "1e0450", {}, true},
      {"MPTCP of 255", "1eff5001", {}, true},
      {"another that runs over", "1e0350 080a00000000", {{0, 3}}, true},
      {"one that ends with the list", "0101 0402", {}, false},
      {"an unknown kind is walked over", "fd06010203 04 1e0350", {{6, 3}}, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const OptionScan scan = scanned(octets_of(row.hex));
    CHECK(scan.broken == row.broken);
    REQUIRE(scan.count == row.found.size());
    for (std::size_t i = 0; i < row.found.size(); ++i) {
      CHECK(scan.offset[i] == row.found[i].offset);
      CHECK(scan.length[i] == row.found[i].length);
    }
  }
}

TEST_CASE("a list cut anywhere is walked to the cut and not beyond", "[tcp]") {
  const Octets whole = octets_of("020405b40402 1e0c100234d8690696d9dd8a 030307 1e0350 01 00");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const OptionScan scan = scanned({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    INFO(size);
    CHECK(scan.count == (size >= 24 ? 2 : size >= 18 ? 1 : 0));
    const bool at_an_end = size == 0 || size == 4 || size == 6 || size == 18 || size == 21 || size >= 24;
    CHECK(scan.broken == !at_an_end);
  }
}

TEST_CASE("what the SYNs of Linux begin with is passed over whole, and only that", "[tcp]") {
  const Octets syn = octets_of("020405b4 0402 080a 01020304 00000000 01 030307 1e0c100234d8690696d9dd8a");
  const OptionScan found = scanned(syn);
  CHECK((found.count == 1 && found.offset[0] == 20 && found.length[0] == 12 && found.has_timestamps && !found.broken));
  CHECK(scanned(octets_of("020405b4 0402 080a 01020304 00000000 01 030307")).count == 0);
  struct Row {
    std::size_t at;
    std::uint8_t value;
    std::uint8_t count;
    bool broken;
  };
  for (const Row& row : {Row{0, 3, 1, false},      // another option of the same length
                         Row{1, 6, 1, false},      // another length, which takes in the option behind it
                         Row{4, 0, 0, false},      // the list ends
                         Row{6, 30, 2, false},     // an MPTCP option in place of the timestamps
                         Row{7, 30, 0, true},      // timestamps to the end, and beyond
                         Row{16, 0, 0, false}, Row{17, 30, 2, false}, Row{18, 16, 0, true}}) {
    Octets other = syn;
    other[row.at] = row.value;
    const OptionScan scan = scanned(other);
    INFO(row.at);
    CHECK(scan.count == row.count);
    CHECK(scan.broken == row.broken);
  }
}

const char kHeader[] = "9c40 0050 01020304 0a0b0c0d 5012 fffe beef 0000";

TEST_CASE("the TCP header in host order", "[tcp]") {
  const ExactBytes exact(joined({octets_of("9c40 0050 01020304 0a0b0c0d 7012 fffe beef 0000"),
                                 octets_of("0101 1e0350 010101"), octets_of("aabbcc")}));
  TcpSegment out;
  REQUIRE(parse_tcp(exact.view(), 1000, out) == TcpStatus::kOk);
  CHECK(out.source_port == 40000);
  CHECK(out.destination_port == 80);
  CHECK(out.seq == 0x01020304);
  CHECK(out.ack == 0x0a0b0c0d);
  CHECK(out.flags == 0x12);
  CHECK(out.payload_bytes == 1000 - 28);
  CHECK(out.options.data() == exact.view().data() + 20);
  CHECK(out.options.size() == 8);
}

TEST_CASE("checksum and window are kept, each in its half", "[tcp]") {
  const auto print = [](const char* hex) {
    const ExactBytes exact(octets_of(hex));
    TcpSegment out{};
    REQUIRE(parse_tcp(exact.view(), 20, out) == TcpStatus::kOk);
    return out.checksum;
  };
  const std::uint32_t one = print(kHeader);
  CHECK(one == print(kHeader));
  CHECK(one != print("9c40 0050 01020304 0a0b0c0d 5012 fffe beee 0000"));
  CHECK(one != print("9c40 0050 01020304 0a0b0c0d 5012 fffd beef 0000"));
}

TEST_CASE("data offsets and lengths that cannot be", "[tcp]") {
  Octets bytes = octets_of(kHeader);
  bytes.resize(60, 0x01);
  for (unsigned words = 0; words < 16; ++words) {
    bytes[12] = static_cast<std::uint8_t>(words << 4);
    for (const std::size_t captured : {0u, 1u, 12u, 13u, 19u, 20u, 24u, 40u, 59u, 60u}) {
      for (const std::uint32_t declared : {20u, 24u, 40u, 60u, 65535u}) {
        if (captured > declared) continue;
        const ExactBytes exact(Bytes(bytes).first(captured));
        TcpSegment out{};
        const TcpStatus status = parse_tcp(exact.view(), declared, out);
        const std::size_t header = words * 4u;
        INFO(words << " words, " << captured << " captured of " << declared);
        if (captured < 20) {
          CHECK(status == TcpStatus::kTruncated);
        } else if (header < 20 || header > declared) {
          CHECK(status == TcpStatus::kDataOffset);
        } else if (header > captured) {
          CHECK(status == TcpStatus::kTruncated);
        } else {
          REQUIRE(status == TcpStatus::kOk);
          CHECK(out.payload_bytes == declared - header);
          CHECK(out.options.size() == header - 20);
        }
        if (status != TcpStatus::kOk) CHECK(out.source_port == 0);  // set only on kOk
      }
    }
  }
}

TEST_CASE("plain options are those in which a walk finds nothing", "[tcp]") {
  const std::uint8_t timestamps[12] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
  const std::uint8_t mptcp[12] = {30, 12, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  const std::uint8_t damaged[12] = {1, 1, 8, 11, 1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(has_plain_options({}));
  CHECK(has_plain_options(timestamps));
  CHECK_FALSE(has_plain_options(mptcp));
  CHECK_FALSE(has_plain_options(damaged));
  CHECK_FALSE(has_plain_options(Bytes(timestamps).first(8)));
}

TEST_CASE("one MPTCP option at the end of the list is found without a walk, and no other", "[tcp]") {
  std::vector<std::uint8_t> list{1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 30, 8, 0x20, 0, 1, 2, 3, 4};
  OptionScan scan;
  scan_tcp_options(list, scan);
  CHECK((scan.count == 1 && scan.offset[0] == 12 && scan.length[0] == 8 && scan.has_timestamps && !scan.broken));
  list[13] = 9;  // runs past the end
  scan_tcp_options(list, scan);
  CHECK((scan.count == 0 && scan.broken));
  list[13] = 4;  // another list goes on behind it
  list[16] = 1, list[17] = 1, list[18] = 1, list[19] = 1;
  scan_tcp_options(list, scan);
  CHECK((scan.count == 1 && scan.length[0] == 4 && !scan.broken));
  list.resize(14);
  list[13] = 2;  // too short to have a subtype
  scan_tcp_options(list, scan);
  CHECK((scan.count == 0 && scan.broken));
}

}  // namespace
}  // namespace mptap
