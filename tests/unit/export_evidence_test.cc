// The capture of evidence: what is appended is read back, and files take turns.
#include "daemon/export/evidence_file.h"

#include "dataplane/pcap_file.h"
#include "tests/unit/catch.h"
#include "tests/unit/export_dir.h"

namespace mptap {
namespace {

using test::TemporaryDirectory;

EvidencePacket packet_of(std::uint8_t mark, LinkType link = LinkType::kEthernet, std::size_t bytes = 60) {
  return {std::uint64_t{1'700'000'000'123'456'789} + mark, link, static_cast<std::uint32_t>(bytes) + 40,
          std::vector<std::uint8_t>(bytes, mark)};
}

/// The first byte of each packet of a capture.
std::vector<int> marks_of(const std::string& path) {
  std::string error;
  const auto file = PcapFile::open(path, 0, error);
  REQUIRE(file);
  std::vector<int> marks;
  while (file->try_advance()) marks.push_back(file->packet().data[0]);
  CHECK_FALSE(file->failed());
  return marks;
}

TEST_CASE("packets are read back as they were: time to the nanosecond, both lengths", "[evidence]") {
  const LinkType links[] = {LinkType::kEthernet, LinkType::kSll, LinkType::kSll2, LinkType::kRawIp};
  for (const LinkType link : links) {
    TemporaryDirectory directory;
    EvidenceFile evidence(directory.path(), {});
    evidence.append(packet_of(7, link));
    const EvidenceFile::FlushResult result = evidence.flush();
    CHECK(result.packets_written == 1);
    CHECK(result.error.empty());
    std::string error;
    const auto file = PcapFile::open(directory.path("evidence.pcap"), 0, error);
    REQUIRE(file);
    REQUIRE(file->try_advance());
    CHECK(file->packet().time_ns == 1'700'000'000'123'456'796);
    CHECK(file->packet().captured_bytes == 60);
    CHECK(file->packet().wire_bytes == 100);
    CHECK(file->packet().link == link);
  }
}

TEST_CASE("no packet, no file", "[evidence]") {
  TemporaryDirectory directory;
  EvidenceFile evidence(directory.path(), {});
  CHECK(evidence.flush().packets_written == 0);
  CHECK(directory.names().empty());
}

TEST_CASE("files take turns by size, and the oldest goes", "[evidence]") {
  TemporaryDirectory directory;
  EvidenceFile evidence(directory.path(), {.file_bytes = 24 + 2 * 76, .files = 3});
  for (std::uint8_t mark = 1; mark <= 9; ++mark) evidence.append(packet_of(mark));
  CHECK(evidence.flush().packets_written == 9);
  CHECK(directory.names() == std::vector<std::string>{"evidence-1.pcap", "evidence-2.pcap", "evidence.pcap"});
  CHECK(marks_of(directory.path("evidence.pcap")) == std::vector<int>{9});
  CHECK(marks_of(directory.path("evidence-1.pcap")) == std::vector<int>{7, 8});
  CHECK(marks_of(directory.path("evidence-2.pcap")) == std::vector<int>{5, 6});
}

TEST_CASE("every packet is counted over turns of files", "[evidence]") {
  TemporaryDirectory directory;
  EvidenceFile evidence(directory.path(), {.file_bytes = 1, .files = 2});
  for (std::uint8_t mark = 1; mark <= 5; ++mark) evidence.append(packet_of(mark));
  CHECK(evidence.flush().packets_written == 5);
}

TEST_CASE("another link type begins another file; what an earlier run left is kept", "[evidence]") {
  TemporaryDirectory directory;
  for (std::uint8_t run = 1; run <= 2; ++run) {
    EvidenceFile evidence(directory.path(), {});
    evidence.append(packet_of(run));
    evidence.append(packet_of(static_cast<std::uint8_t>(run + 10), LinkType::kRawIp));
    (void)evidence.flush();
  }
  CHECK(directory.names().size() == 4);
  CHECK(marks_of(directory.path("evidence.pcap")) == std::vector<int>{12});
  CHECK(marks_of(directory.path("evidence-3.pcap")) == std::vector<int>{1});
}

TEST_CASE("a directory that is gone is an error with its path, and the packets are counted as lost", "[evidence]") {
  TemporaryDirectory directory;
  EvidenceFile evidence(directory.path("gone"), {});
  evidence.append(packet_of(1));
  const EvidenceFile::FlushResult result = evidence.flush();
  CHECK(result.packets_lost == 1);
  CHECK(result.error.find("gone/evidence.pcap: No such file") != std::string::npos);
}

}  // namespace
}  // namespace mptap
