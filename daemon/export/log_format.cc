#include "daemon/export/log_format.h"

#include "daemon/export/text.h"

namespace mptap {
namespace {

template <typename Row>
void append_columns(std::string& out) {
  out += "#fields";
  for (const Column<Row>& column : columns_of<Row>()) {
    out += '\t';
    out += column.name;
  }
  out += "\n#types";
  for (const Column<Row>& column : columns_of<Row>()) {
    out += '\t';
    out += name_of(column.type);
  }
  out += '\n';
}

}  // namespace

void append_header(std::string& out, LogFormat format, LogKind kind, std::int64_t epoch_seconds) {
  if (format != LogFormat::kZeek) return;
  out +=
      "#separator \\x09\n"
      "#set_separator\t,\n"
      "#empty_field\t(empty)\n"
      "#unset_field\t-\n"
      "#path\t";
  out += path_of(kind);
  out += "\n#open\t" + format_stamp(epoch_seconds) + '\n';
  switch (kind) {
    case LogKind::kSubflow:
      return append_columns<SubflowReport>(out);
    case LogKind::kConnection:
      return append_columns<ConnectionReport>(out);
    case LogKind::kNotice:
      return append_columns<Notice>(out);
    case LogKind::kEvent:
      return append_columns<EventReport>(out);
  }
}

void append_footer(std::string& out, LogFormat format, std::int64_t epoch_seconds) {
  if (format != LogFormat::kZeek) return;
  out += "#close\t" + format_stamp(epoch_seconds) + '\n';
}

}  // namespace mptap
