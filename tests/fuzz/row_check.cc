#include "tests/fuzz/row_check.h"

#include <algorithm>
#include <variant>

#include "daemon/export/log_format.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_check.h"

namespace mptap::fuzz {
namespace {

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

void expect_zeek_line(const std::string& line, std::size_t columns) {
  expect(line.ends_with('\n'), "a row ends with a newline");
  std::size_t tabs = 0;
  std::size_t field_bytes = 0;
  for (const char byte : line) {
    if (byte == '\t' || byte == '\n') {
      expect(field_bytes != 0, "no field of a Zeek row is empty");
      field_bytes = 0;
      tabs += byte == '\t';
      continue;
    }
    expect(!is_control(byte) && static_cast<unsigned char>(byte) < 0x80, "a Zeek row is printable ASCII");
    ++field_bytes;
  }
  expect(std::count(line.begin(), line.end(), '\n') == 1, "a row is one line");
  expect(tabs + 1 == columns, "a Zeek row has as many fields as its log has columns");
}

}  // namespace

void expect_json_line(const std::string& line) {
  expect(line.ends_with("}\n") && line.starts_with('{'), "a row is one object and a newline");
  expect(std::none_of(line.begin(), line.end() - 1, is_control),
         "no control character stands in a row of JSON");
  expect(is_json({line.data(), line.size() - 1}), "a row is JSON");
}

template <typename Row>
void RowCheck::check_row(const Row& row) {
  line_.clear();
  append_row(line_, LogFormat::kZeek, row);
  expect_zeek_line(line_, columns_of<Row>().size());
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kEve}) {
    line_.clear();
    append_row(line_, format, row);
    expect_json_line(line_);
  }
  for (const Column<Row>& column : columns_of<Row>()) {
    expect(fits(column.type, column.get(row)), "a field is of the type that its column promises");
  }
}

void RowCheck::on_report(Report&& report) {
  if (const auto* subflow = std::get_if<SubflowReport>(&report)) {
    ++subflows;
    if (subflow->state == SubflowState::kEstablished) {
      ++established;
      established_joins += subflow->token.has_value();
    }
    check_row(*subflow);
  } else if (const auto* connection = std::get_if<ConnectionReport>(&report)) {
    ++connections;
    check_row(*connection);
  } else if (const auto* notice = std::get_if<Notice>(&report)) {
    ++notices;
    expect(*notice->note != '\0' && !notice->message.empty(), "a notice has a name and a sentence");
    check_row(*notice);
  } else if (const auto* event = std::get_if<EventReport>(&report)) {
    ++events;
    check_row(*event);
  }
}

}  // namespace mptap::fuzz
