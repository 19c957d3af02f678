// Every shipped capture through workers, rings and control: what is counted equals what was made, and adds up.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/pipeline.h"
#include "dataplane/pcap_source.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

class NoSink : public ReportSink {
 public:
  void on_report(Report&&) override {}
};

std::set<std::filesystem::path> shipped_captures() {
  std::set<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(MPTAP_SOURCE_DIR "/tests/captures")) {
    if (std::filesystem::exists(entry.path() / "truth.json")) folders.insert(entry.path());
  }
  return folders;
}

TEST_CASE("what is counted of a shipped capture is what was put into it", "[pipeline]") {
  const auto folders = shipped_captures();
  REQUIRE(folders.size() > 40);
  for (const auto& folder : folders) {
    INFO(folder.filename().string());
    const auto truth = nlohmann::json::parse(std::ifstream(folder / "truth.json"));
    const auto opened = PcapSource::open({folder / "capture.pcap"});
    REQUIRE(opened.source);
    StartupConfig startup;
    RuntimeConfig runtime;
    ControlCounters control;
    NoSink sink;
    Pipeline pipeline({opened.source.get()}, startup, runtime, sink, control);
    pipeline.start({});
    pipeline.join();
    const WorkerTally sum = pipeline.total();

    const auto& frames = truth["frames"];
    CHECK(sum.rx_packets == truth["packets"]);
    CHECK(sum.tcp_segments == frames["tcp_segments"]);
    CHECK(sum.not_ip == frames["not_ip"]);
    CHECK(sum.not_tcp == frames["not_tcp"]);
    CHECK(sum.fragments == frames["fragments"]);
    CHECK(sum.malformed == frames["malformed"]);

    CHECK(sum.filtered_out == 0);
    CHECK(sum.rx_packets == sum.not_ip + sum.not_tcp + sum.fragments + sum.malformed + sum.tcp_segments);
    CHECK(sum.tcp_segments == sum.with_mptcp + sum.without_mptcp);
    CHECK(sum.records_built == sum.records_pushed);  // a file's worker waits: nothing is lost
    CHECK(sum.records_pushed == control.records_taken);
    CHECK(sum.joins_answered == control.joins_matched + control.joins_unknown);
    CHECK(sum.joins_seen >= sum.joins_answered + sum.joins_not_stored);
    CHECK(control.joins_waiting == 0);
    CHECK(control.connections == 0);
    CHECK(control.records_stale == 0);
    CHECK(control.connections_closed == control.connections_established + control.connections_partial);
  }
}

}  // namespace
}  // namespace mptap
