#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/export/log_format.h"
#include "daemon/export/metrics_table.h"
#include "daemon/export/schemas.h"
#include "tests/unit/catch.h"
#include "tests/unit/export_dir.h"

namespace mptap {
namespace {

TEST_CASE("the documents say what the tables say", "[export][docs]") {
  struct Row {
    std::string file;
    std::string text;
  };
  std::vector<Row> rows = {
      {"docs/logs.md", format_logs_doc()},
      {"docs/metrics.md", format_metrics_doc()},
  };
  for (const SchemaFile& schema : format_schemas()) rows.push_back({"docs/schemas/" + schema.name, schema.text});
  for (const Row& row : rows) {
    const std::string path = std::string(MPTAP_SOURCE_DIR) + "/" + row.file;
    if (std::getenv("MPTAP_UPDATE_DOCS") != nullptr) test::write_file(path, row.text);
    INFO("MPTAP_UPDATE_DOCS=1 makes this test rewrite " << row.file);
    CHECK(test::read_file(path) == row.text);
  }
}

}  // namespace
}  // namespace mptap
