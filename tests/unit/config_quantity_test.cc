// Numbers, durations and sizes.
#include <string>

#include "config/quantity.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

struct Row {
  std::string text;
  QuantityStatus status;
  std::uint64_t value = 0;
};

void check(const Row& row, const Quantity& quantity) {
  INFO(row.text);
  CHECK(quantity.status == row.status);
  if (row.status == QuantityStatus::kOk) CHECK(quantity.value == row.value);
}

TEST_CASE("Whole numbers are decimal digits and nothing else", "[config]") {
  const Row rows[] = {
      {"0", QuantityStatus::kOk, 0},
      {"007", QuantityStatus::kOk, 7},
      {"18446744073709551615", QuantityStatus::kOk, UINT64_MAX},
      {"18446744073709551616", QuantityStatus::kTooLarge},
      {"", QuantityStatus::kNotWhole},
      {"-1", QuantityStatus::kNotWhole},
      {"+1", QuantityStatus::kNotWhole},
      {" 1", QuantityStatus::kNotWhole},
      {"1 ", QuantityStatus::kNotWhole},
      {"1.0", QuantityStatus::kNotWhole},
      {"0x10", QuantityStatus::kNotWhole},
      {"1_000", QuantityStatus::kNotWhole},
  };
  for (const Row& row : rows) check(row, parse_whole(row.text));
}

TEST_CASE("Durations need a unit", "[config]") {
  const Row rows[] = {
      {"0s", QuantityStatus::kOk, 0},
      {"200us", QuantityStatus::kOk, 200'000},
      {"1ns", QuantityStatus::kOk, 1},
      {"1500ms", QuantityStatus::kOk, 1'500'000'000},
      {"10 s", QuantityStatus::kOk, 10'000'000'000},
      {"2m", QuantityStatus::kOk, 120'000'000'000},
      {"1h", QuantityStatus::kOk, 3'600'000'000'000},
      {"7d", QuantityStatus::kOk, 604'800'000'000'000},
      {"213503d", QuantityStatus::kOk, 213'503ull * 86'400'000'000'000},
      {"213504d", QuantityStatus::kTooLarge},
      {"99999999999999999999s", QuantityStatus::kTooLarge},
      {"10", QuantityStatus::kNoUnit},
      {"10sec", QuantityStatus::kUnknownUnit},
      {"10S", QuantityStatus::kUnknownUnit},
      {"1h30m", QuantityStatus::kUnknownUnit},
      {"10  s", QuantityStatus::kUnknownUnit},
      {"10 ", QuantityStatus::kUnknownUnit},
      {"1.5h", QuantityStatus::kNotWhole},
      {"-1s", QuantityStatus::kNotWhole},
      {"s", QuantityStatus::kNotWhole},
      {"", QuantityStatus::kNotWhole},
  };
  for (const Row& row : rows) check(row, parse_duration(row.text));
  CHECK(parse_duration("10sec").unit == "sec");
}

TEST_CASE("Sizes need a unit of 1024", "[config]") {
  const Row rows[] = {
      {"1B", QuantityStatus::kOk, 1},
      {"4KiB", QuantityStatus::kOk, 4'096},
      {"64MiB", QuantityStatus::kOk, 67'108'864},
      {"2GiB", QuantityStatus::kOk, 2'147'483'648},
      {"1TiB", QuantityStatus::kOk, 1'099'511'627'776},
      {"16777215TiB", QuantityStatus::kOk, 16'777'215ull << 40},
      {"16777216TiB", QuantityStatus::kTooLarge},
      {"64", QuantityStatus::kNoUnit},
      {"64MB", QuantityStatus::kUnknownUnit},
      {"64mib", QuantityStatus::kUnknownUnit},
      {"64M", QuantityStatus::kUnknownUnit},
  };
  for (const Row& row : rows) check(row, parse_size(row.text));
}

TEST_CASE("A quantity is written so that it reads back to the same", "[config]") {
  CHECK(format_duration(0) == "0s");
  CHECK(format_duration(200'000) == "200us");
  CHECK(format_duration(75'000'000'000) == "75s");
  CHECK(format_duration(3'600'000'000'000) == "1h");
  CHECK(format_size(0) == "0B");
  CHECK(format_size(256ull << 20) == "256MiB");
  CHECK(format_size(1'025) == "1025B");
  for (const std::uint64_t value :
       {1ull, 999ull, 1'000'001ull, 86'400'000'000'000ull, 18'446'744'073'709'551'615ull}) {
    CHECK(parse_duration(format_duration(value)).value == value);
    CHECK(parse_size(format_size(value)).value == value);
  }
}

}  // namespace
}  // namespace mptap
