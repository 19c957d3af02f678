#include "daemon/query/views.h"

#include "daemon/human.h"
#include "daemon/status_line.h"

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& row, const char* key, const char* otherwise = "-") {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return otherwise;
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::uint64_t count_of(const Json& row, const char* key) { return static_cast<std::uint64_t>(number_of(row, key)); }

bool is_true(const Json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_boolean() && found->get<bool>();
}

const Json& part_of(const Json& whole, const char* key) {
  static const Json kNothing = Json::object();
  const auto found = whole.find(key);
  return found == whole.end() ? kNothing : *found;
}

std::string endpoint(const std::string& address, const std::string& port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + port;
}

std::string bytes_both_ways(const Json& row) {
  return format_bytes(count_of(row, "orig_bytes")) + " out, " + format_bytes(count_of(row, "resp_bytes")) + " in";
}

std::string proof(const Json& subflow, const char* key, const char* of) {
  const auto found = subflow.find(key);
  if (found == subflow.end() || !found->is_boolean()) return std::string(of) + " not verified";
  return std::string(of) + (found->get<bool>() ? " valid" : " WRONG");
}

std::string subflow_line(const Json& subflow) {
  std::string line = view_flow(subflow) + "  " + (is_true(subflow, "isOrig") ? "initial" : "join");
  if (text_of(subflow, "state") != "established") line += " " + text_of(subflow, "state");
  line += ", ids " + text_of(subflow, "orig_address_id", "?") + "/" + text_of(subflow, "resp_address_id", "?");
  if (is_true(subflow, "backup_at_end")) line += ", backup";
  if (!is_true(subflow, "isOrig")) line += ", " + proof(subflow, "hmac_synack", "HMAC of SYN/ACK") + ", " + proof(subflow, "hmac_ack", "of ACK");
  return line + ", " + bytes_both_ways(subflow);
}

void append_losses(std::string& text, const Json& status) {
  text += "records    " + format_count(static_cast<double>(sum_workers(status, "records_built"))) + ", lost " +
          format_count(static_cast<double>(sum_workers(status, "ring_full_vital"))) + " vital and " +
          format_count(static_cast<double>(sum_workers(status, "ring_full_bulk"))) + " bulk\n";
  std::uint64_t written = 0;
  std::uint64_t lost = 0;
  for (const auto& [log, counts] : part_of(status, "logs").items()) {
    written += count_of(counts, "written");
    lost += count_of(counts, "dropped") + count_of(counts, "errors");
  }
  text += "logs       " + plural(written, "row") + " written, " + std::to_string(lost) + " lost\n";
}

void append_notices(std::string& text, const Json& status) {
  std::string told;
  for (const auto& [note, count] : part_of(status, "notices").items()) {
    if (count.get<std::uint64_t>() != 0) told += (told.empty() ? "" : ", ") + note + " " + count.dump();
  }
  text += "notices    " + (told.empty() ? "none" : told) + "\n";
}

std::string place_of(const Json& at) {
  const std::string address = text_of(at, "address");
  return part_of(at, "port").is_number() ? endpoint(address, text_of(at, "port")) : address;
}

/// What a rule is about.
std::string subject_of(const Json& rule) {
  const std::string to = place_of(part_of(rule, "destination"));
  const std::string action = text_of(rule, "action");
  if (action == "limit_joins") return "joins to " + to + " beyond " + text_of(rule, "joins_per_second") + " a second";
  const std::string subflow = "the subflow " + place_of(part_of(rule, "source")) + " > " + to;
  return action == "block_subflow" ? subflow : "ADD_ADDR " + text_of(rule, "address") + " on " + subflow;
}

std::string mitigation_line(const Json& rule, double now) {
  const std::string deed = text_of(rule, "action") == "strike_address" ? "struck" : "held back";
  const std::string packets = format_count(number_of(rule, "packets")) + (is_true(rule, "enforced") ? " " : " would have been ") + deed +
                              (text_of(rule, "acts_in") == "card" ? ", by a card now" : "");
  return "rule " + text_of(rule, "number") + (is_true(rule, "by_hand") ? ", by hand: " : ": ") + subject_of(rule) + "; " + packets + "; for " +
         format_age(now - number_of(rule, "begun")) + ", ends in " + format_age(number_of(rule, "until") - now) + "\n";
}

}  // namespace

double number_of(const Json& row, const char* key) {
  const auto found = row.find(key);
  return found == row.end() || !found->is_number() ? 0 : found->get<double>();
}

std::string view_flow(const Json& row) {
  return endpoint(text_of(row, "orig_h"), text_of(row, "orig_p")) + " > " + endpoint(text_of(row, "resp_h"), text_of(row, "resp_p"));
}

PortSums sum_ports(const Json& status) {
  PortSums sums;
  for (const Json& port : part_of(status, "ports")) {
    ++sums.ports;
    sums.up += is_true(port, "up") ? 1 : 0;
    sums.received += count_of(port, "rx_packets");
    sums.missed += count_of(port, "nic_missed") + count_of(port, "no_mbuf");
  }
  return sums;
}

std::uint64_t sum_workers(const Json& status, const char* counter) {
  std::uint64_t sum = 0;
  for (const Json& worker : part_of(status, "workers")) sum += count_of(worker, counter);
  return sum;
}

std::string view_status(const Json& status) {
  const Json& control = part_of(status, "control");
  const PortSums sums = sum_ports(status);
  std::string text = "mptap " + text_of(status, "version") + ", process " + text_of(status, "pid") + ", for " +
                     format_age(number_of(status, "time") - number_of(status, "started")) + "\n";
  text += StatusLine().format({sums.ports, sums.up, count_of(control, "connections"), sums.received, sums.missed}) + "\n\n";
  for (const Json& port : part_of(status, "ports")) {
    text += "port       " + text_of(port, "name") + (is_true(port, "up") ? "" : " DOWN") + ": " +
            plural(count_of(port, "rx_packets"), "packet") + ", " +
            std::to_string(count_of(port, "nic_missed") + count_of(port, "no_mbuf")) + " missed (" +
            format_share(number_of(port, "missed_share")) + "), " + std::to_string(count_of(port, "rx_errors")) + " broken\n";
  }
  const std::uint64_t filtered_out = sum_workers(status, "filtered_out");
  text += "workers    " + std::to_string(part_of(status, "workers").size()) + ": " +
          plural(sum_workers(status, "tcp_segments"), "TCP segment") + ", " + std::to_string(sum_workers(status, "with_mptcp")) +
          " with MPTCP; " + plural(sum_workers(status, "subflows"), "subflow") + " followed" +
          (filtered_out != 0 ? "; " + plural(filtered_out, "frame") + " left out by the filter" : "") + "\n";
  append_losses(text, status);
  text += "joins      " + std::to_string(sum_workers(status, "joins_seen")) + " seen, " + text_of(control, "joins_matched", "0") +
          " matched, " + text_of(control, "joins_unknown", "0") + " unknown; HMACs " + text_of(control, "hmac_valid", "0") +
          " valid, " + text_of(control, "hmac_invalid", "0") + " wrong\n";
  append_notices(text, status);
  const Json& config = part_of(status, "config");
  const Json& reloads = part_of(config, "reloads");
  text += "settings   " + text_of(config, "hash") + ", read " + format_age(number_of(status, "time") - number_of(config, "loaded")) +
          " ago; reloads " + text_of(reloads, "applied", "0") + " applied, " + text_of(reloads, "refused", "0") + " refused\n";
  if (const std::uint64_t stalled = count_of(status, "stalled_threads"); stalled != 0) {
    text += "STALLED    " + plural(stalled, "thread") + ": see the sensor's messages\n";
  }
  return text;
}

std::string view_connections(const Json& answer) {
  std::string text;
  const Json& connections = part_of(answer, "connections");
  for (const Json& seen : connections) {
    const Json& row = part_of(seen, "connection");
    text += "connection " + text_of(row, "MP_ID") + "  MPTCP v" + text_of(row, "version", "?") + ", tokens " +
            text_of(row, "token_orig") + " > " + text_of(row, "token_resp") + ", " +
            plural(count_of(seen, "live_subflows"), "live subflow") + ", " + text_of(row, "outcome") + ", for " +
            format_age(number_of(row, "duration")) + ", " + bytes_both_ways(row) + "\n";
    const Json& subflows = part_of(seen, "subflows");
    for (std::size_t i = 0; i < subflows.size(); ++i) {
      text += (i + 1 == subflows.size() ? "  `- " : "  |- ") + subflow_line(subflows[i]) + "\n";
    }
  }
  const std::uint64_t matching = count_of(answer, "matching");
  if (matching == 0) return "no live connection matches\n";
  if (matching > connections.size()) text += std::to_string(matching - connections.size()) + " more match: --limit shows up to 1000\n";
  return text;
}

std::string view_mitigations(const Json& answer) {
  std::string text;
  for (const Json& rule : part_of(answer, "mitigations")) text += mitigation_line(rule, number_of(answer, "time"));
  return text.empty() ? "nothing is held back\n" : text;
}

}  // namespace mptap
