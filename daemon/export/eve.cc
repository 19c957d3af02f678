#include "daemon/export/eve.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "daemon/export/log_tables.h"
#include "daemon/export/text.h"
#include "dataplane/seeded_hash.h"
#include "detect/crypto.h"
#include "detect/detector_options.h"

namespace mptap {
namespace {

constexpr unsigned kFirstSignature = 2'684'000;  // in the range that Suricata's users take for rules of their own
constexpr std::uint64_t kMaxExactDouble = (1ull << 53) - 1;

void append_timestamp(std::string& out, std::uint64_t time_ns) {
  const auto seconds = static_cast<std::time_t>(time_ns / kNsPerSecond);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06u", static_cast<unsigned>(time_ns % kNsPerSecond / 1000));
  out += std::string(R"({"timestamp":")") + text.data() + fraction.data() + "+0000\"";
}

std::uint64_t hash_of(const Endpoint& endpoint) {
  std::uint64_t hash = endpoint.port;
  for (const std::uint8_t byte : endpoint.address.bytes) hash = mix64(hash ^ byte);
  return hash;
}

/// The same for both directions.
void append_flow(std::string& out, const Endpoint& source, const Endpoint& destination) {
  out += R"(,"flow_id":)";
  append_number(out, (hash_of(source) + hash_of(destination)) & kMaxExactDouble);
}

void append_end(std::string& out, const char* which, const Endpoint& end) {
  out += std::string(",\"") + which + "_ip\":\"";
  append_address(out, end.address);
  out += std::string("\",\"") + which + "_port\":";
  append_number(out, end.port);
}

void append_head(std::string& out, std::uint64_t time_ns, const char* type, const Endpoint& source,
                 const Endpoint& destination, const std::string& community_id) {
  append_timestamp(out, time_ns);
  append_flow(out, source, destination);
  out += std::string(R"(,"event_type":")") + type + '"';
  append_end(out, "src", source);
  append_end(out, "dest", destination);
  out += R"(,"proto":"TCP")";
  if (community_id.empty()) return;
  out += R"(,"community_id":)";
  append_json_value(out, std::string_view(community_id));
}

/// Columns that stand outside of the object `mptcp`, in EVE's own words.
constexpr std::string_view kElsewhere[] = {"community_id", "src", "dst", "src_p", "dst_p", "msg", "note", "packet"};

template <typename Row>
void append_own(std::string& out, const char* type, const Row& row) {
  out += std::string(R"(,"mptcp":{"type":")") + type + '"';
  for (const Column<Row>& column : columns_of<Row>()) {
    const LogValue value = column.get(row);
    const bool elsewhere = std::find(std::begin(kElsewhere), std::end(kElsewhere), column.name) != std::end(kElsewhere);
    if (elsewhere || std::holds_alternative<Unset>(value)) continue;
    out += std::string(",\"") + column.name + "\":";
    append_json_value(out, value);
  }
  out += '}';
}

/// As in the header of a pcap file.
unsigned linktype_of(LinkType link) {
  switch (link) {
    case LinkType::kEthernet: return 1;
    case LinkType::kRawIp: return 101;
    case LinkType::kSll: return 113;
    case LinkType::kSll2: return 276;
  }
  return 1;
}

/// EVE counts down: 1 is the worst.
unsigned eve_severity(Severity severity) { return 4u - static_cast<unsigned>(severity); }

}  // namespace

unsigned signature_of(std::string_view note) {
  unsigned number = kFirstSignature;
#define X(name, Options, doc)        \
  if (note == #name) return number; \
  ++number;
  MPTAP_DETECTORS(X)
#undef X
  number = kFirstSignature + 500;  // stages of an attack
  return note == "join_flood_status" ? number : note == "join_flood_end" ? number + 1 : number + 499;
}

void append_eve_row(std::string& out, const SubflowReport& row) {
  append_head(out, row.end_ns, "mptcp", row.tuple.opener, row.tuple.acceptor,
              Crypto::derive_community_id(row.tuple));
  append_own(out, "subflow", row);
  out += "}\n";
}

void append_eve_row(std::string& out, const ConnectionReport& row) {
  append_head(out, row.end_ns, "mptcp", row.tuple.opener, row.tuple.acceptor,
              Crypto::derive_community_id(row.tuple));
  append_own(out, "connection", row);
  out += "}\n";
}

void append_eve_row(std::string& out, const EventReport& row) {
  const Endpoint& source = row.from_opener ? row.tuple.opener : row.tuple.acceptor;
  const Endpoint& destination = row.from_opener ? row.tuple.acceptor : row.tuple.opener;
  append_head(out, row.time_ns, "mptcp", source, destination, row.community_id);
  append_own(out, row.event, row);
  out += "}\n";
}

void append_eve_row(std::string& out, const Notice& row) {
  // Where there are many sources, the one that sent most stands for them.
  const Endpoint busiest = row.top_sources.empty() ? Endpoint{} : Endpoint{row.top_sources.front().address, 0};
  const Endpoint source = row.source.value_or(busiest);
  append_head(out, row.time_ns, "alert", source, row.destination.value_or(Endpoint{}), row.community_id);
  out += R"(,"alert":{"action":"allowed","gid":1,"signature_id":)";
  append_number(out, signature_of(row.note));
  out += R"(,"rev":1,"signature":)";
  append_json_value(out, "MPTAP " + std::string(row.note) + ": " + row.message);
  out += R"(,"category":"Multipath TCP","severity":)";
  append_number(out, eve_severity(row.severity));
  out += '}';
  append_own(out, row.note, row);
  if (!row.packet.empty()) {
    out += R"(,"packet":)";
    append_json_value(out, Base64{row.packet});
    out += R"(,"packet_info":{"linktype":)";
    append_number(out, linktype_of(row.packet_link));
    out += '}';
  }
  out += "}\n";
}

}  // namespace mptap
