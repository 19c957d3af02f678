#include "daemon/connection_tree.h"

#include <algorithm>

#include "daemon/export/text.h"
#include "daemon/human.h"

namespace mptap {
namespace {

/// A duration for a person: three significant digits are enough.
std::string duration_text(std::uint64_t ns) {
  const std::uint64_t ms = ns / kNsPerMillisecond;
  if (ms < 1000) return std::to_string(ms) + " ms";
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

std::string proof_text(Proof proof) {
  return proof == Proof::kValid ? "valid" : proof == Proof::kInvalid ? "WRONG" : "not verified";
}

std::string ids_text(const SubflowReport& subflow) {
  if (!subflow.opener_address_id && !subflow.acceptor_address_id) return "";
  const auto text = [](const auto& id) { return id ? std::to_string(id->value) : std::string("?"); };
  return "ids " + text(subflow.opener_address_id) + "/" + text(subflow.acceptor_address_id);
}

void add_part(std::string& line, const std::string& part) {
  if (!part.empty()) line += ", " + part;
}

std::string subflow_line(const SubflowReport& subflow) {
  std::string line = format_endpoint(subflow.tuple.opener) + " > " + format_endpoint(subflow.tuple.acceptor) + "  ";
  line += subflow.is_initial ? "initial" : "join";
  if (subflow.state != SubflowState::kEstablished) line += std::string(" ") + name_of(subflow.state);
  add_part(line, ids_text(subflow));
  if (subflow.backup) add_part(line, "backup");
  if (!subflow.is_initial && subflow.state == SubflowState::kEstablished) {
    if (subflow.hmac_synack == subflow.hmac_ack) {
      add_part(line, "HMACs " + proof_text(subflow.hmac_synack));
    } else {
      add_part(line, "HMAC of SYN/ACK " + proof_text(subflow.hmac_synack) + ", of ACK " + proof_text(subflow.hmac_ack));
    }
  }
  if (!subflow.is_initial && subflow.matched_by > MatchedBy::kInitial) {
    add_part(line, std::string("matched by ") + name_of(subflow.matched_by));
  }
  if (subflow.nat) add_part(line, "behind NAT");
  if (subflow.fallback != Fallback::kNone) add_part(line, name_of(subflow.fallback));
  if (subflow.handshake_rtt_ns) add_part(line, "round trip " + duration_text(*subflow.handshake_rtt_ns));
  add_part(line, format_bytes(subflow.from_opener.payload_bytes) + " out");
  add_part(line, format_bytes(subflow.from_acceptor.payload_bytes) + " in");
  if (subflow.close != CloseCause::kNone) add_part(line, std::string("end: ") + name_of(subflow.close));
  return line;
}

}  // namespace

void ConnectionTree::on_report(const Report& report) {
  if (const auto* subflow = std::get_if<SubflowReport>(&report)) {
    if (!subflow->connection) {
      ++apart_count_;
      if (apart_.size() < kMaxAttempts) apart_.push_back(*subflow);
      return;
    }
    const std::uint64_t id = subflow->connection->mp_id;
    if (connections_.size() < kMaxShown || connections_.contains(id)) connections_[id].subflows.push_back(*subflow);
  } else if (const auto* connection = std::get_if<ConnectionReport>(&report)) {
    const std::uint64_t id = connection->name.mp_id;
    if (connections_.size() >= kMaxShown && !connections_.contains(id)) {
      ++connections_left_out_;
      return;
    }
    connections_[id].connection = *connection;
    connections_[id].ended = true;
  } else if (const auto* notice = std::get_if<Notice>(&report)) {
    ++notice_count_;
    if (notices_.size() < kMaxShown) notices_.push_back(*notice);
  }
}

void ConnectionTree::add_connection(std::string& out, const Shown& shown) const {
  const ConnectionReport& connection = shown.connection;
  out += "connection " + std::to_string(connection.name.mp_id);
  if (connection.version) out += "  MPTCP v" + std::to_string(*connection.version);
  const auto token = [](const auto& value) { return value ? format_token(*value) : std::string("?"); };
  out += ", tokens " + token(connection.initiator_token) + " > " + token(connection.responder_token);
  out += ", " + plural(connection.subflows, "subflow");
  out += ", " + duration_text(connection.end_ns > connection.start_ns ? connection.end_ns - connection.start_ns : 0);
  if (connection.outcome != Outcome::kEstablished) out += std::string(", ") + name_of(connection.outcome);
  if (connection.fallback != Fallback::kNone) out += std::string(" (") + name_of(connection.fallback) + ")";
  out += std::string(", close: ") + name_of(connection.close);
  if (connection.checksums) out += ", checksums";
  out += "\n";
  std::vector<const SubflowReport*> subflows;
  for (const SubflowReport& subflow : shown.subflows) subflows.push_back(&subflow);
  std::stable_sort(subflows.begin(), subflows.end(),
                   [](const auto* a, const auto* b) { return a->start_ns < b->start_ns; });
  for (std::size_t i = 0; i < subflows.size(); ++i) {
    out += i + 1 == subflows.size() ? "  `- " : "  |- ";
    out += subflow_line(*subflows[i]) + "\n";
  }
}

void ConnectionTree::add_apart(std::string& out) const {
  if (apart_count_ == 0) return;
  out += "\nwithout a connection: " + plural(apart_count_, "subflow") + "\n";
  for (const SubflowReport& subflow : apart_) out += "  - " + subflow_line(subflow) + "\n";
  if (apart_count_ > apart_.size()) out += "  - and " + std::to_string(apart_count_ - apart_.size()) + " more\n";
}

void ConnectionTree::add_notices(std::string& out) const {
  out += "\n" + (notice_count_ == 0 ? std::string("no notices") : plural(notice_count_, "notice")) + "\n";
  for (const Notice& notice : notices_) {
    out += "  " + std::string(name_of(notice.severity)) + "  " + notice.note + "  ";
    if (notice.connection) out += "connection " + std::to_string(notice.connection->mp_id) + ": ";
    out += notice.message;
    for (std::size_t i = 0; i < notice.top_sources.size(); ++i) {
      const SourceCount& source = notice.top_sources[i];
      out += (i == 0 ? "; most from " : ", ") + format_address(source.address) + " (" + std::to_string(source.count) + ")";
    }
    out += "\n";
  }
  if (notice_count_ > notices_.size()) out += "  and " + std::to_string(notice_count_ - notices_.size()) + " more\n";
}

std::string ConnectionTree::to_text(const WorkerTally& tally, const ControlCounters& control) const {
  std::string out;
  if (connections_.empty()) out += "no MPTCP connections\n";
  for (const auto& [id, shown] : connections_) {
    if (shown.ended) add_connection(out, shown);
  }
  if (connections_left_out_ != 0) out += "and " + std::to_string(connections_left_out_) + " more connections\n";
  add_apart(out);
  add_notices(out);
  out += "\n" + plural(tally.rx_packets, "packet") + ", " +
         (tally.filtered_out != 0 ? std::to_string(tally.filtered_out) + " left out by the filter, " : "") +
         std::to_string(tally.tcp_segments) + " TCP segments, " +
         std::to_string(tally.with_mptcp) + " with MPTCP";
  if (tally.malformed != 0) out += ", " + std::to_string(tally.malformed) + " malformed";
  if (tally.fragments != 0) out += ", " + plural(tally.fragments, "later fragment");
  if (tally.copies != 0) out += ", " + std::to_string(tally.copies) + " seen twice";
  const auto joins = [](std::uint64_t count, const char* what) {
    return count == 0 ? std::string() : ", " + std::to_string(count) + " " + what;
  };
  if (tally.joins_seen != 0) {
    out += "\n" + plural(tally.joins_seen, "join") + joins(control.joins_matched.load(), "matched") +
           joins(control.joins_unknown.load(), "unknown") +
           joins(tally.joins_seen - tally.joins_not_stored - tally.joins_answered, "not answered") +
           joins(tally.joins_not_stored, "not stored");
  }
  if (control.crypto_shed != 0) {
    out += "\n" + plural(control.crypto_shed.load(), "proof") + " not computed (connections.crypto_per_second)";
  }
  return out + "\n";
}

}  // namespace mptap
