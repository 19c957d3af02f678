// Whole lines of a log: Zeek's header and footer, and a row in either format.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/export/eve.h"
#include "daemon/export/export_options.h"
#include "daemon/export/log_tables.h"

namespace mptap {

/// Appends what a new file begins with: Zeek's #separator ... #types lines; nothing for JSON.
///
/// @param epoch_seconds  When the file is opened, wall clock; written in UTC.
/// Any thread; pure.
void append_header(std::string& out, LogFormat format, LogKind kind, std::int64_t epoch_seconds);

/// Appends what a file ends with: Zeek's #close line; nothing for JSON.
/// Any thread; pure.
void append_footer(std::string& out, LogFormat format, std::int64_t epoch_seconds);

/// Appends one row and its newline. A row has every field of its log, in the order of the columns.
/// Any thread; pure.
template <typename Row>
void append_row(std::string& out, LogFormat format, const Row& row) {
  if (format == LogFormat::kEve) return append_eve_row(out, row);
  const bool json = format == LogFormat::kJson;
  const char* before = json ? "{" : "";
  for (const Column<Row>& column : columns_of<Row>()) {
    out += before;
    if (json) {
      out += '"';
      out += column.name;
      out += "\":";
      append_json_value(out, column.get(row));
    } else {
      append_zeek_value(out, column.get(row));
    }
    before = json ? "," : "\t";
  }
  out += json ? "}\n" : "\n";
}

/// docs/logs.md, from the tables of columns. A test holds the file to it.
[[nodiscard]] std::string format_logs_doc();

}  // namespace mptap
