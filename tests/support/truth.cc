#include "tests/support/truth.h"

#include <cstdio>

namespace mptap::testing {
namespace {

using Json = nlohmann::ordered_json;

Json token_json(const std::optional<Token>& token) {
  if (!token) return nullptr;
  char text[9];
  std::snprintf(text, sizeof text, "%08x", *token);
  return text;
}

template <typename T>
Json optional_json(const std::optional<T>& value) {
  if (!value) return nullptr;
  return *value;
}

Json subflow_json(const SubflowTruth& subflow) {
  Json out = {{"orig_h", subflow.orig.address.to_string()},
              {"orig_p", subflow.orig.port},
              {"resp_h", subflow.resp.address.to_string()},
              {"resp_p", subflow.resp.port},
              {"is_orig", subflow.is_initial},
              {"state", subflow.state},
              {"orig_address_id", optional_json(subflow.orig_address_id)},
              {"resp_address_id", optional_json(subflow.resp_address_id)},
              {"backup", subflow.backup},
              {"hmac_ok", optional_json(subflow.hmac_ok)},
              {"orig_segments", subflow.orig_segments},
              {"orig_bytes", subflow.orig_bytes},
              {"resp_segments", subflow.resp_segments},
              {"resp_bytes", subflow.resp_bytes}};
  if (subflow.copy_of) out["copy_of"] = *subflow.copy_of;
  return out;
}

Json subflows_json(const std::list<SubflowTruth>& subflows) {
  Json out = Json::array();
  for (const SubflowTruth& subflow : subflows) {
    // What the tap saw nothing of is not part of the truth.
    if (subflow.orig_segments + subflow.resp_segments != 0) out.push_back(subflow_json(subflow));
  }
  return out;
}

}  // namespace

ConnectionTruth& Truth::add_connection() { return connections_.emplace_back(); }

SubflowTruth& Truth::add_unmatched() { return unmatched_.emplace_back(); }

void Truth::expect_notice(const std::string& note, std::uint64_t count) { notices_[note] += count; }

void Truth::set_extra(const std::string& name, Json value) { extra_[name] = std::move(value); }

Json Truth::to_json(std::uint64_t packets) const {
  Json connections = Json::array();
  for (const ConnectionTruth& connection : connections_) {
    Json subflows = subflows_json(connection.subflows);
    if (subflows.empty()) continue;
    connections.push_back({{"version", connection.version},
                           {"orig_h", connection.orig.address.to_string()},
                           {"orig_p", connection.orig.port},
                           {"resp_h", connection.resp.address.to_string()},
                           {"resp_p", connection.resp.port},
                           {"token_orig", token_json(connection.token_orig)},
                           {"token_resp", token_json(connection.token_resp)},
                           {"subflows", std::move(subflows)}});
  }
  Json notices = Json::array();
  for (const auto& [note, count] : notices_) notices.push_back({{"note", note}, {"count", count}});
  Json out = {{"packets", packets},
              {"connections", std::move(connections)},
              {"unmatched_subflows", subflows_json(unmatched_)},
              {"notices", std::move(notices)},
              {"frames",
               {{"tcp_segments", frames_.tcp_segments},
                {"not_ip", frames_.not_ip},
                {"not_tcp", frames_.not_tcp},
                {"fragments", frames_.fragments},
                {"malformed", frames_.malformed},
                {"malformed_options", frames_.malformed_options}}}};
  if (!extra_.empty()) out["extra"] = extra_;
  return out;
}

}  // namespace mptap::testing
