#include "daemon/event_lines.h"

#include <iostream>
#include <string>
#include <string_view>

#include "daemon/export/log_tables.h"
#include "daemon/export/text.h"

namespace mptap {
namespace {

constexpr std::string_view kShownBefore[] = {"ts",     "event",  "orig_h", "orig_p",
                                             "resp_h", "resp_p", "is_orig", "conn_uid"};

bool is_shown_before(std::string_view column) {
  for (const std::string_view shown : kShownBefore) {
    if (column == shown) return true;
  }
  return false;
}

}  // namespace

void EventLines::on_report(const Report& report) {
  const auto* event = std::get_if<EventReport>(&report);
  if (event == nullptr) return;
  const FourTuple& tuple = event->tuple;
  const Endpoint& sender = event->from_opener ? tuple.opener : tuple.acceptor;
  const Endpoint& receiver = event->from_opener ? tuple.acceptor : tuple.opener;
  std::string line;
  append_seconds(line, event->time_ns);
  line += std::string("  ") + event->event + "  " + format_endpoint(sender) + " > " + format_endpoint(receiver);
  for (const Column<EventReport>& column : columns_of<EventReport>()) {
    const LogValue value = column.get(*event);
    if (is_shown_before(column.name) || std::holds_alternative<Unset>(value)) continue;
    line += std::string("  ") + column.name + "=";
    append_zeek_value(line, value);
  }
  std::cout << line << "\n";
}

}  // namespace mptap
