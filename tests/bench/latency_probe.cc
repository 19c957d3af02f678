// One run of tests/bench/latency: sends packets that raise a notice each, and waits for what the sensor says
// of them. Prints one JSON object.
//
//   latency_probe INTERFACE NOTICE_LOG METRICS_ADDRESS METRICS_PORT NOTICES SCRAPES
//
// A connection of v0 is opened, then each probe advertises another address under one ID:
// `duplicate_add_addr`. The clock is CLOCK_MONOTONIC, from before the packet is sent until its row has been
// read from the log, or until a scrape that counts it has been read. Runs with real-time priority where it
// may, so as not to be what is measured.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/mptcp_encode.h"
#include "tests/support/packet_builder.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

using namespace mptap::testing;
using nlohmann::json;

constexpr double kPatienceSeconds = 2;

double now_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

void sleep_seconds(double seconds) { usleep(static_cast<useconds_t>(seconds * 1e6)); }

/// The wire that the sensor taps.
class Wire {
 public:
  explicit Wire(const std::string& interface) : socket_(socket(AF_PACKET, SOCK_RAW, 0)) {
    if (socket_ < 0) fail("a packet socket");
    address_.sll_family = AF_PACKET;
    address_.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (address_.sll_ifindex == 0) fail(interface);
  }
  ~Wire() { close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void send(const Bytes& frame) {
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    if (sendto(socket_, frame.data(), frame.size(), 0, address, sizeof address_) < 0) fail("sending");
  }

 private:
  int socket_;
  sockaddr_ll address_{};
};

/// One v0 connection whose initiator misbehaves.
class Offender {
 public:
  Offender(Wire& wire, Random& random) : wire_(wire) {
    port_ = static_cast<std::uint16_t>(20'000 + random.below(40'000));
    keys_[0] = random.next();
    keys_[1] = random.next();
  }

  void open() {
    show(true, kSyn, encode_mp_capable({.version = 0, .sender_key = keys_[0]}), 0, 0);
    sleep_seconds(0.002);
    show(false, kSyn | kAck, encode_mp_capable({.version = 0, .sender_key = keys_[1]}), 0, 1);
    sleep_seconds(0.002);
    show(true, kAck, encode_mp_capable({.version = 0, .sender_key = keys_[0], .receiver_key = keys_[1]}), 1,
         1);
    sleep_seconds(0.1);
  }

  /// @return The address that is advertised.
  std::string advertise(std::uint32_t number) {
    AddAddr add;
    add.version = 0;
    add.address_id = 9;
    add.address = IpAddress::from_v4(0xcb007100u + number);
    show(true, kAck, encode_add_addr(add), 1, 1);
    return add.address.to_string();
  }

 private:
  void show(bool outward, std::uint8_t flags, const Bytes& option, std::uint32_t seq, std::uint32_t ack) {
    PacketBuilder frame;
    frame.ethernet();
    const IpAddress client = IpAddress::parse("192.0.2.77");
    const IpAddress server = IpAddress::parse("198.51.100.77");
    frame.ipv4(Ipv4Layer{.source = outward ? client : server,
                         .destination = outward ? server : client,
                         .identification = ++ip_id_});
    frame.tcp(outward ? port_ : 443, outward ? 443 : port_).seq(1'000 + seq).flags(flags).option(option);
    if ((flags & kAck) != 0) frame.ack(1'000 + ack);
    wire_.send(frame.build());
  }

  Wire& wire_;
  std::uint16_t port_;
  std::uint16_t ip_id_ = 0;
  Key keys_[2]{};
};

/// Rows of a log as they come.
class LogReader {
 public:
  explicit LogReader(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY)), watch_(inotify_init1(IN_NONBLOCK)) {
    if (file_ < 0) fail(path);
    lseek(file_, 0, SEEK_END);
    if (inotify_add_watch(watch_, path.c_str(), IN_MODIFY) < 0) fail("inotify");
  }
  ~LogReader() {
    close(file_);
    close(watch_);
  }
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  /// Waits for a row that holds `text`.
  bool wait_for(const std::string& text) {
    const double end = now_seconds() + kPatienceSeconds;
    text_.clear();
    while (now_seconds() < end) {
      char buffer[65'536];
      for (ssize_t got = 0; (got = read(file_, buffer, sizeof buffer)) > 0;)
        text_.append(buffer, static_cast<std::size_t>(got));
      if (text_.find(text) != std::string::npos) return true;
      pollfd waiting{watch_, POLLIN, 0};
      poll(&waiting, 1, 100);
      while (read(watch_, buffer, sizeof buffer) > 0) {
      }
    }
    return false;
  }

 private:
  int file_;
  int watch_;
  std::string text_;
};

/// The number of notices of the probes' kind, as one scrape tells it.
std::uint64_t scrape(const std::string& address, std::uint16_t port) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    fail("the metrics listener");
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (write(connection, request.data(), request.size()) < 0) fail("asking for metrics");
  std::string answer;
  char buffer[65'536];
  for (ssize_t got = 0; (got = read(connection, buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  close(connection);
  const std::string name = "mptap_notices_total{note=\"duplicate_add_addr\"} ";
  const std::size_t at = answer.find(name);
  if (at == std::string::npos) throw std::runtime_error("no " + name + "in the metrics");
  return static_cast<std::uint64_t>(std::strtod(answer.c_str() + at + name.size(), nullptr));
}

json run(char** argv) {
  const sched_param priority{.sched_priority = 10};
  const bool real_time = sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
  Random random(static_cast<std::uint64_t>(time(nullptr)));
  Wire wire(argv[1]);
  LogReader log(argv[2]);
  const std::string address = argv[3];
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[4]));
  Offender offender(wire, random);
  offender.open();
  std::uint32_t number = 1;
  offender.advertise(number++);  // the first is allowed
  sleep_seconds(0.1);
  json result{{"real_time", real_time},
              {"notice_ms", json::array()},
              {"scrape_ms", json::array()},
              {"notices_lost", 0},
              {"counts_lost", 0}};
  const auto pause = [&random] {
    sleep_seconds(0.002 + 0.03 * static_cast<double>(random.below(1'000)) / 1'000);
  };
  for (int i = 0; i < std::atoi(argv[5]); ++i) {
    pause();
    const double sent = now_seconds();
    const std::string advertised = offender.advertise(number++);
    if (log.wait_for("advertised for " + advertised)) {
      result["notice_ms"].push_back((now_seconds() - sent) * 1e3);
    } else {
      result["notices_lost"] = result["notices_lost"].get<int>() + 1;
    }
  }
  for (int i = 0; i < std::atoi(argv[6]); ++i) {
    pause();
    const std::uint64_t before = scrape(address, port);
    const double sent = now_seconds();
    offender.advertise(number++);
    bool counted = false;
    while (!counted && now_seconds() < sent + kPatienceSeconds) counted = scrape(address, port) > before;
    if (counted) {
      result["scrape_ms"].push_back((now_seconds() - sent) * 1e3);
    } else {
      result["counts_lost"] = result["counts_lost"].get<int>() + 1;
    }
  }
  return result;
}

}  // namespace
}  // namespace mptap::bench

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr,
                 "usage: latency_probe INTERFACE NOTICE_LOG METRICS_ADDRESS METRICS_PORT NOTICES SCRAPES\n");
    return 2;
  }
  try {
    std::printf("%s\n", mptap::bench::run(argv).dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "latency_probe: %s\n", error.what());
    return 1;
  }
  return 0;
}
