// Correlator's answer to those who ask what is alive.
#include <algorithm>

#include "detect/correlator.h"

namespace mptap {
namespace {

void add(DirectionReport& sum, const DirectionReport& part) {
  sum.segments += part.segments;
  sum.payload_bytes += part.payload_bytes;
  sum.mapped_bytes += part.mapped_bytes;
}

bool has_address(const Connection& connection, const Prefix& prefix) {
  return std::ranges::any_of(connection.hosts, [&prefix](const Host& host) {
    for (const KnownAddress known : host.addresses) {
      if (holds(prefix, known.address)) return true;
    }
    return false;
  });
}

}  // namespace

bool Correlator::survey(ConnectionSurvey& survey) {
  for (std::size_t looks = 0; looks < ConnectionSurvey::kStep && survey.next_place < connections_.high_water(); ++survey.next_place) {
    const Connection& connection = connections_.at(survey.next_place);
    looks += 1 + std::min(connection.subflows.size(), SurveyedConnection::kMaxSubflows);
    if (!connection.self.is_set() || !is_asked_for(connection, survey.filter)) continue;
    ++survey.matching;
    if (survey.found.size() < survey.most) survey.found.push_back(look_at(connection));
  }
  return survey.next_place == connections_.high_water();
}

bool Correlator::is_asked_for(const Connection& connection, const SurveyFilter& filter) {
  if (filter.token && connection.hosts[0].token() != filter.token && connection.hosts[1].token() != filter.token) return false;
  if (!filter.address) return true;
  const FourTuple tuple = connection.tuple;
  if (holds(*filter.address, tuple.opener.address) || holds(*filter.address, tuple.acceptor.address)) return true;
  if (has_address(connection, *filter.address)) return true;
  std::size_t left = SurveyedConnection::kMaxSubflows;
  for (const SubflowHandle handle : connection.subflows) {
    if (left-- == 0) break;
    const Subflow* subflow = book_.find(handle);
    if (subflow == nullptr) continue;
    const FourTuple its = subflow->tuple;
    if (holds(*filter.address, its.opener.address) || holds(*filter.address, its.acceptor.address)) return true;
  }
  return false;
}

SurveyedConnection Correlator::look_at(const Connection& connection) {
  SurveyedConnection seen;
  seen.connection = reporter_.connection_report(connection, now_ns_, ConnectionClose::kOpen);
  seen.live_subflows = connection.subflows.size();
  for (const SubflowHandle handle : connection.subflows) {
    const Subflow* subflow = book_.find(handle);
    if (subflow == nullptr) continue;
    SubflowReport report = reporter_.subflow_report(*subflow, &connection, CloseCause::kNone, now_ns_);
    const bool by_initiator = subflow->role_of(true) == Role::kInitiator;
    add(seen.connection.from_initiator, by_initiator ? report.from_opener : report.from_acceptor);
    add(seen.connection.from_responder, by_initiator ? report.from_acceptor : report.from_opener);
    if (seen.subflows.size() == SurveyedConnection::kMaxSubflows) break;
    seen.subflows.push_back(std::move(report));
  }
  return seen;
}

}  // namespace mptap
