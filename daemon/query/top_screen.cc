#include "daemon/query/top_screen.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "daemon/human.h"
#include "daemon/query/views.h"
#include "daemon/status_line.h"

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kPathsAConnection = 3;

std::string clock_text(double epoch_seconds) {
  const auto seconds = static_cast<time_t>(epoch_seconds);
  tm local{};
  localtime_r(&seconds, &local);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M:%S", &local);
  return text;
}

/// Text on both sides of a line.
std::string spread(const std::string& left, const std::string& right, std::size_t columns) {
  const std::size_t used = left.size() + right.size();
  return left + std::string(used < columns ? columns - used : 1, ' ') + right;
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() > width) text.resize(width);
  return text + std::string(width - text.size(), ' ');
}

std::string pad_left(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

/// What a counter grew by in a second.
class Rates {
 public:
  Rates(const Moment& before, const Moment& now) : before_(before.status), now_(now.status) {
    if (!before_.is_object()) return;
    seconds_ = number_of(now_, "time") - number_of(before_, "time");
  }

  [[nodiscard]] double of_workers(const char* counter) const {
    if (seconds_ <= 0) return 0;
    const double grown = static_cast<double>(sum_workers(now_, counter)) - static_cast<double>(sum_workers(before_, counter));
    return std::max(grown, 0.0) / seconds_;
  }
  [[nodiscard]] double of_control(const char* counter) const {
    if (seconds_ <= 0) return 0;
    return std::max(number_of(now_.at("control"), counter) - number_of(before_.at("control"), counter), 0.0) / seconds_;
  }
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  const Json& before_;
  const Json& now_;
  double seconds_ = 0;
};

void add_header(std::vector<ScreenLine>& lines, const Moment& before, const Moment& now, std::size_t columns) {
  const Json& status = now.status;
  const Json& control = status.at("control");
  const PortSums sums = sum_ports(status);
  StatusLine line;
  if (before.status.is_object()) {
    const PortSums then = sum_ports(before.status);
    (void)line.format({then.ports, then.up, 0, then.received, then.missed});
  }
  const auto connections = static_cast<std::uint64_t>(number_of(control, "connections"));
  lines.push_back({spread("mptap " + status.at("version").get<std::string>() + ", for " +
                              format_age(number_of(status, "time") - number_of(status, "started")),
                          clock_text(number_of(status, "time")), columns),
                   LineStyle::kTitle});
  lines.push_back({line.format({sums.ports, sums.up, connections, sums.received, sums.missed})});

  const Rates rates(before, now);
  const double segments = rates.of_workers("tcp_segments");
  const double share = segments > 0 ? rates.of_workers("with_mptcp") / segments : 0;
  lines.push_back({"traffic   " + format_count(rates.of_workers("rx_packets")) + " packets/s, " +
                   format_count(8 * rates.of_workers("rx_bytes")) + "bit/s, " + format_share(share) + " of TCP segments with MPTCP"});
  lines.push_back({"followed  " + format_count(number_of(control, "connections")) + " connections (" +
                   format_count(rates.of_control("connections_established")) + " new/s), " +
                   format_count(static_cast<double>(sum_workers(status, "subflows"))) + " subflows"});
  lines.push_back({"joins     " + format_count(rates.of_workers("joins_seen")) + "/s; of all " +
                   format_count(static_cast<double>(sum_workers(status, "joins_seen"))) + ": " +
                   format_count(number_of(control, "joins_matched")) + " matched, " + format_count(number_of(control, "joins_unknown")) +
                   " unknown, " + format_count(number_of(control, "hmac_invalid")) + " HMACs wrong"});
  const std::uint64_t lost = sum_workers(status, "ring_full_vital") + sum_workers(status, "ring_full_bulk");
  lines.push_back({"records   " + format_count(rates.of_workers("records_built")) + "/s, " + std::to_string(lost) + " lost",
                   lost != 0 ? LineStyle::kAlarm : LineStyle::kPlain});
  if (const double stalled = number_of(status, "stalled_threads"); stalled > 0) {
    lines.push_back({format_count(stalled) + " threads stand still: see the sensor's messages", LineStyle::kAlarm});
  }
}

/// A connection beside what it was the moment before.
struct Moved {
  const Json* seen;
  double out_rate = 0;
  double in_rate = 0;
};

std::vector<Moved> rank(const Moment& before, const Moment& now, double seconds) {
  std::map<double, const Json*> then;
  if (before.connections.is_object()) {
    for (const Json& seen : before.connections.at("connections")) then[number_of(seen.at("connection"), "MP_ID")] = &seen.at("connection");
  }
  std::vector<Moved> all;
  for (const Json& seen : now.connections.at("connections")) {
    Moved moved{&seen};
    const Json& row = seen.at("connection");
    const auto earlier = then.find(number_of(row, "MP_ID"));
    if (earlier != then.end() && seconds > 0) {
      moved.out_rate = std::max(0.0, number_of(row, "orig_bytes") - number_of(*earlier->second, "orig_bytes")) / seconds;
      moved.in_rate = std::max(0.0, number_of(row, "resp_bytes") - number_of(*earlier->second, "resp_bytes")) / seconds;
    }
    all.push_back(moved);
  }
  std::ranges::stable_sort(all, std::ranges::greater(), [](const Moved& moved) { return moved.out_rate + moved.in_rate; });
  return all;
}

void add_connections(std::vector<ScreenLine>& lines, const Moment& before, const Moment& now, std::size_t columns, std::size_t end) {
  constexpr std::size_t kNumbers = 11;
  const std::size_t flow = columns - 8 - 6 - 2 * kNumbers - 2;
  lines.push_back({});
  lines.push_back({pad("MP_ID", 8) + pad("INITIATOR > RESPONDER, PATHS", flow) + pad_left("AGE", 7) + pad_left("OUT/s", kNumbers) +
                       pad_left("IN/s", kNumbers),
                   LineStyle::kHeading});
  const std::vector<Moved> ranked = rank(before, now, Rates(before, now).seconds());
  if (ranked.empty()) lines.push_back({"no live connection"});
  for (const Moved& moved : ranked) {
    if (lines.size() >= end) break;
    const Json& row = moved.seen->at("connection");
    const auto rate = [](double bytes) { return bytes > 0 ? format_bytes(static_cast<std::uint64_t>(bytes)) : std::string("-"); };
    lines.push_back({pad(row.at("MP_ID").dump(), 8) + pad(view_flow(row), flow) + pad_left(format_age(number_of(row, "duration")), 7) +
                     pad_left(rate(moved.out_rate), kNumbers) + pad_left(rate(moved.in_rate), kNumbers)});
    const Json& subflows = moved.seen->at("subflows");
    for (std::size_t i = 0; subflows.size() > 1 && i < std::min(subflows.size(), kPathsAConnection) && lines.size() < end; ++i) {
      const Json& subflow = subflows[i];
      const double sum = number_of(row, "orig_bytes") + number_of(row, "resp_bytes");
      const double own = number_of(subflow, "orig_bytes") + number_of(subflow, "resp_bytes");
      const bool wrong = subflow.value("hmac_synack", Json()) == false || subflow.value("hmac_ack", Json()) == false;
      lines.push_back({pad("", 8) + pad(" " + view_flow(subflow), columns - 8 - 26) +
                           pad_left(wrong ? "HMAC WRONG" : subflow.value("backup_at_end", false) ? "backup" : "", 12) +
                           pad_left(sum > 0 ? format_share(own / sum) : "-", 10),
                       wrong ? LineStyle::kAlarm : LineStyle::kPlain});
    }
  }
}

void add_notices(std::vector<ScreenLine>& lines, const Moment& now, std::size_t rows) {
  lines.push_back({});
  lines.push_back({"LATEST NOTICES", LineStyle::kHeading});
  const Json& notices = now.notices.at("notices");
  if (notices.empty()) lines.push_back({"none"});
  for (std::size_t i = notices.size(); i-- > 0 && lines.size() < rows;) {
    const Json& notice = notices[i];
    const std::string severity = notice.at("severity").get<std::string>();
    lines.push_back({clock_text(number_of(notice, "ts")) + " " + pad(severity, 7) + notice.at("note").get<std::string>() + ": " +
                         notice.at("msg").get<std::string>(),
                     severity == "high" ? LineStyle::kAlarm : LineStyle::kPlain});
  }
}

}  // namespace

std::vector<ScreenLine> fill_screen(const Moment& before, const Moment& now, std::size_t columns, std::size_t rows) {
  std::vector<ScreenLine> lines;
  add_header(lines, before, now, columns);
  const std::size_t notices = std::min<std::size_t>(rows / 3, std::max<std::size_t>(now.notices.at("notices").size(), 1) + 2);
  add_connections(lines, before, now, columns, rows - notices);
  add_notices(lines, now, rows);
  if (lines.size() > rows) lines.resize(rows);
  for (ScreenLine& line : lines) {
    if (line.text.size() > columns) line.text.resize(columns);
  }
  return lines;
}

}  // namespace mptap
