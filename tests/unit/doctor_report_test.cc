// mptap doctor: all checks together, the texts it prints, and what it asks this machine's kernel.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "daemon/doctor/report.h"
#include "daemon/export/http_listener.h"
#include "tests/unit/doctor_machine.h"

namespace mptap::test {
namespace {

std::size_t count(const std::vector<Finding>& findings, FindingState state) {
  return static_cast<std::size_t>(std::ranges::count(findings, state, &Finding::state));
}

std::vector<Finding> sample() {
  Findings findings;
  findings.begin("Ports", "link");
  findings.ok("eth1", "up, with carrier");
  findings.begin("Ports", "merging");
  findings.warn("eth1", std::string("merges segments, of which only the first keeps its TCP options, ") + "and that is a long line",
                "ethtool -K eth1 gro off");
  findings.begin("Output", "metrics");
  findings.problem("", "a \"quoted\" one", "do");
  return findings.all();
}

TEST_CASE("doctor: a healthy machine has nothing to mend", "[doctor]") {
  FakeMachine machine;
  const auto findings = examine(machine.view(), usual_config(), true);
  for (const Finding& finding : findings) {
    INFO(finding.check << ": " << finding.finding);
    CHECK(finding.state == kOk);
    CHECK(finding.mend.empty());
  }
  CHECK(findings.size() > 15);
}

TEST_CASE("doctor: what is not ok has a mend, and what is unknown is never ok", "[doctor]") {
  // A machine that shows nothing at all: no /proc, no /sys.
  FakeMachine machine;
  machine.clear();
  machine.kernel.clock_answer.error = EPERM;
  machine.kernel.merging_answer.reset();
  Config config = usual_config();
  config.startup.dataplane.ports.push_back(card());
  const auto findings = examine(machine.view(), config, true);
  CHECK(count(findings, kUnknown) >= 8);
  CHECK(count(findings, kProblem) >= 2);  // neither port is there
  for (const Finding& finding : findings) {
    INFO(finding.check << ": " << finding.finding);
    if (finding.state == kWarning || finding.state == kProblem) CHECK_FALSE(finding.mend.empty());
  }
}

TEST_CASE("doctor: without a configuration only the machine is looked at", "[doctor]") {
  FakeMachine machine;
  const auto findings = examine(machine.view(), Config{}, false);
  const auto has = [&findings](const char* check) {
    return std::ranges::find(findings, check, &Finding::check) != findings.end();
  };
  CHECK(has("instructions"));
  CHECK(has("metrics"));
  CHECK_FALSE(has("ports"));
  CHECK_FALSE(has("logs"));
  CHECK_FALSE(has("capabilities"));
}

TEST_CASE("doctor: text for people", "[doctor]") {
  CHECK(format_report(sample(), 60) ==
        "Ports\n"
        "  ok       link eth1: up, with carrier\n"
        "  warning  merging eth1: merges segments, of which only the\n"
        "           first keeps its TCP options, and that is a long\n"
        "           line\n"
        "           -> ethtool -K eth1 gro off\n"
        "\n"
        "Output\n"
        "  problem  metrics: a \"quoted\" one\n"
        "           -> do\n"
        "\n"
        "1 ok, 1 warning, 1 problem, 0 unknown\n");
  CHECK(format_report({}, 80) == "0 ok, 0 warnings, 0 problems, 0 unknown\n");
}

TEST_CASE("doctor: text for pipes and programs", "[doctor]") {
  const std::string lines = format_lines(sample());
  CHECK(std::ranges::count(lines, '\n') == 4);
  CHECK_THAT(lines, contains("ok       link eth1: up, with carrier\nwarning  merging eth1: merges"));
  CHECK_THAT(lines, contains("a long line -> ethtool -K eth1 gro off\n"));
  CHECK_THAT(format_json(sample()),
             contains(R"(  {"check": "metrics", "subject": "", "state": "problem", "finding": "a \"quoted\" one", "mend": "do"})"));
  CHECK(format_json({}) == "[\n]\n");
}

TEST_CASE("doctor: lists of processors", "[doctor]") {
  CHECK(parse_cpus("0-2,5") == std::vector<std::uint32_t>{0, 1, 2, 5});
  CHECK(parse_cpus("").empty());
  CHECK(parse_cpus("(null)").empty());
  CHECK(format_cpus({0, 1, 2, 5, 7, 8}) == "0-2,5,7-8");
  CHECK(format_cpus({}).empty());
}

TEST_CASE("doctor: this machine's kernel answers", "[doctor]") {
  const RealKernel kernel;
  // lo is everywhere, and a name that is too long for an interface nowhere.
  CHECK(kernel.merging("lo").has_value());
  CHECK_FALSE(kernel.merging("no-such-interface-0").has_value());
  CHECK_FALSE(kernel.receive_hash("no-such-interface-0").has_value());
  const DirectoryAnswer here = kernel.directory("/");
  CHECK(here.error == 0);
  CHECK(here.is_directory);
  CHECK(kernel.directory("/no/such").error == ENOENT);
  CHECK(kernel.listen("127.0.0.1:0").error == 0);
  CHECK(kernel.listen("192.0.2.1:9464").error == EADDRNOTAVAIL);
}

TEST_CASE("doctor: a name is the address that the listener takes it for", "[doctor]") {
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = parse_address("127.0.0.2:0");
  REQUIRE(address);
  socklen_t size = sizeof *address;
  REQUIRE(bind(other, reinterpret_cast<const sockaddr*>(&*address), size) == 0);
  REQUIRE(listen(other, 1) == 0);
  REQUIRE(getsockname(other, reinterpret_cast<sockaddr*>(&*address), &size) == 0);
  const RealKernel kernel;
  const std::string port = ":" + std::to_string(ntohs(address->sin_port));
  CHECK(kernel.listen("127.0.0.2" + port).error == EADDRINUSE);
  CHECK(kernel.listen("localhost" + port).error == 0);  // 127.0.0.1, and not every address
  CHECK(kernel.listen("nobody" + port).error == EINVAL);
  close(other);
}

}  // namespace
}  // namespace mptap::test
