#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "daemon/export/log_format.h"
#include "tests/unit/catch.h"
#include "tests/unit/export_rows.h"

namespace mptap {
namespace {

using nlohmann::json;

template <typename Row>
std::string row_text(LogFormat format, const Row& row) {
  std::string out;
  append_row(out, format, row);
  return out;
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
  return fields;
}

template <typename Row>
std::string names() {
  std::string out;
  for (const Column<Row>& column : columns_of<Row>()) {
    if (!out.empty()) out += ' ';
    out += column.name;
  }
  return out;
}

TEST_CASE("each log has the columns its readers know", "[export][log]") {
  CHECK(names<SubflowReport>() ==
        "orig_h orig_p resp_h resp_p isOrig MP_ID ts duration state matched_by orig_address_id "
        "resp_address_id backup "
        "hmac_synack hmac_ack orig_segments orig_bytes resp_segments resp_bytes orig_mapped_bytes "
        "resp_mapped_bytes "
        "close version token conn_uid community_id handshake_rtt acceptor_rtt priority_changes backup_at_end nat "
        "unverified fallback reset_reason");
  CHECK(names<ConnectionReport>() ==
        "ts MP_ID version orig_h orig_p resp_h resp_p token_orig token_resp subflows outcome close duration "
        "orig_bytes resp_bytes orig_segments resp_segments orig_addresses resp_addresses checksums conn_uid "
        "fallback reset_reason orig_address_list resp_address_list nat orig_reinjected_bytes resp_reinjected_bytes "
        "orig_acked_bytes resp_acked_bytes community_id");
  CHECK(names<Notice>() ==
        "ts note MP_ID src dst msg severity src_p dst_p cause address_id address count top_sources conn_uid "
        "known_count packet");
  CHECK(names<EventReport>() ==
        "ts event MP_ID orig_h orig_p resp_h resp_p is_orig subtype length version flags address_id address "
        "port "
        "backup echo token nonce data_ack dsn ssn data_len reason transient checksum payload_bytes step hmac proof "
        "detail conn_uid ipver");
}

TEST_CASE("a Zeek header is what Zeek writes", "[export][log]") {
  std::string out;
  append_header(out, LogFormat::kZeek, LogKind::kNotice, 1'717'199'999);
  CHECK(out ==
        "#separator \\x09\n"
        "#set_separator\t,\n"
        "#empty_field\t(empty)\n"
        "#unset_field\t-\n"
        "#path\tnotice\n"
        "#open\t2024-05-31-23-59-59\n"
        "#fields\tts\tnote\tMP_ID\tsrc\tdst\tmsg\tseverity\tsrc_p\tdst_p\tcause\taddress_id\taddress\tcount\t"
        "top_sources\tconn_uid\tknown_count\tpacket\n"
        "#types\ttime\tstring\tcount\taddr\taddr\tstring\tstring\tport\tport\tstring\tcount\taddr\tcount\t"
        "vector[string]\tstring\tcount\tstring\n");

  out.clear();
  append_footer(out, LogFormat::kZeek, 1'717'199'999);
  CHECK(out == "#close\t2024-05-31-23-59-59\n");
}

TEST_CASE("JSON files have neither header nor footer", "[export][log]") {
  std::string out;
  append_header(out, LogFormat::kJson, LogKind::kNotice, 1);
  append_footer(out, LogFormat::kJson, 1);
  CHECK(out.empty());
}

TEST_CASE("full rows, to the byte", "[export][log]") {
  struct Expected {
    std::string written;
    const char* bytes;
  };
  const Expected rows[] = {
      {row_text(LogFormat::kZeek, test::full_subflow()),
       "192.0.2.1\t40000\t2001:db8::2\t443\tF\t7\t1700000000.000000001\t2."
       "500000\testablished\thmac\t2\t0\tT\tT\tF\t"
       "10\t1000\t20\t2000\t900\t1900\tfin\t1\t00ab12cd\tCz-7\t1:7r3vYU1gJImLvjQkUy1E49kuXcY=\t0.050000\t0.030000\t"
       "1.000000:orig:backup,2.000000:resp:normal\tT\tT\tbudget\tstripped\t3\n"},
      {row_text(LogFormat::kJson, test::full_subflow()),
       R"({"orig_h":"192.0.2.1","orig_p":40000,"resp_h":"2001:db8::2","resp_p":443,"isOrig":false,"MP_ID":7,)"
       R"("ts":1700000000.000000001,"duration":2.500000,"state":"established","matched_by":"hmac",)"
       R"("orig_address_id":2,"resp_address_id":0,"backup":true,"hmac_synack":true,"hmac_ack":false,)"
       R"("orig_segments":10,"orig_bytes":1000,"resp_segments":20,"resp_bytes":2000,"orig_mapped_bytes":900,)"
       R"("resp_mapped_bytes":1900,"close":"fin","version":1,"token":"00ab12cd","conn_uid":"Cz-7",)"
       R"("community_id":"1:7r3vYU1gJImLvjQkUy1E49kuXcY=","handshake_rtt":0.050000,"acceptor_rtt":0.030000,)"
       R"("priority_changes":[{"after":1.000000,"by":"orig","backup":true},{"after":2.000000,"by":"resp","backup":false}],)"
       R"("backup_at_end":true,"nat":true,"unverified":"budget","fallback":"stripped","reset_reason":3})"
       "\n"},
      {row_text(LogFormat::kZeek, test::full_connection()),
       "1700000000.000001\t7\t1\t192.0.2.1\t40000\t2001:db8::"
       "2\t443\td6ef0a17\t0000000a\t3\testablished\tdata_fin\t"
       "60.000000\t2\t5\t1\t4\t2\t1\tT\tCz-7\tmp_fail\t2\t"
       "0=192.0.2.1/used,4=2001:db8::9:8080/advertised+used+removed\t0=2001:db8::2\tT\t11\t12\t13\t14\t1:7r3vYU1gJImLvjQkUy1E49kuXcY=\n"},
      {row_text(LogFormat::kJson, test::full_connection()),
       R"({"ts":1700000000.000001,"MP_ID":7,"version":1,"orig_h":"192.0.2.1","orig_p":40000,"resp_h":"2001:db8::2",)"
       R"("resp_p":443,"token_orig":"d6ef0a17","token_resp":"0000000a","subflows":3,"outcome":"established",)"
       R"("close":"data_fin","duration":60.000000,"orig_bytes":2,"resp_bytes":5,"orig_segments":1,)"
       R"("resp_segments":4,"orig_addresses":2,"resp_addresses":1,"checksums":true,"conn_uid":"Cz-7",)"
       R"("fallback":"mp_fail","reset_reason":2,"orig_address_list":[{"id":0,"address":"192.0.2.1","port":null,)"
       R"("advertised":false,"used":true,"removed":false},{"id":4,"address":"2001:db8::9","port":8080,)"
       R"("advertised":true,"used":true,"removed":true}],"resp_address_list":[{"id":0,"address":"2001:db8::2",)"
       R"("port":null,"advertised":false,"used":false,"removed":false}],"nat":true,"orig_reinjected_bytes":11,)"
       R"("resp_reinjected_bytes":12,"orig_acked_bytes":13,"resp_acked_bytes":14,"community_id":"1:7r3vYU1gJImLvjQkUy1E49kuXcY="})"
       "\n"},
      {row_text(LogFormat::kZeek, test::full_notice()),
       "1700000000.250000\tjoin_flood\t7\t192.0.2.1\t2001:db8::2\t1000 joins in 10 "
       "s\thigh\t40000\t443\tthreshold\t3\t"
       "198.51.100.7\t1000\t192.0.2.1=600,2001:db8::9=400\tCz-7\t20\tTWFuIA==\n"},
      {row_text(LogFormat::kJson, test::full_notice()),
       R"({"ts":1700000000.250000,"note":"join_flood","MP_ID":7,"src":"192.0.2.1","dst":"2001:db8::2",)"
       R"("msg":"1000 joins in 10 s","severity":"high","src_p":40000,"dst_p":443,"cause":"threshold",)"
       R"("address_id":3,"address":"198.51.100.7","count":1000,)"
       R"("top_sources":[{"address":"192.0.2.1","count":600},{"address":"2001:db8::9","count":400}],)"
       R"("conn_uid":"Cz-7","known_count":20,"packet":"TWFuIA=="})"
       "\n"},
      {row_text(LogFormat::kZeek, test::full_event()),
       "1700000000.000000\tmp_dss\t7\t192.0.2.1\t40000\t2001:db8::2\t443\tF\t2\t20\t1\t21\t4\t198.51.100."
       "7\t8080\tF\tT\t"
       "00000001\t4294967295\t18446744073709551615\t5\t6\t7\t8\tT\t9\t10\tsyn_ack\t0a0b\tinvalid\t"
       "why\tCz-7\t4\n"},
      {row_text(LogFormat::kJson, test::full_event()),
       R"({"ts":1700000000.000000,"event":"mp_dss","MP_ID":7,"orig_h":"192.0.2.1","orig_p":40000,)"
       R"("resp_h":"2001:db8::2","resp_p":443,"is_orig":false,"subtype":2,"length":20,"version":1,"flags":21,)"
       R"("address_id":4,"address":"198.51.100.7","port":8080,"backup":false,"echo":true,"token":"00000001",)"
       R"("nonce":4294967295,"data_ack":18446744073709551615,"dsn":5,"ssn":6,"data_len":7,"reason":8,)"
       R"("transient":true,"checksum":9,"payload_bytes":10,"step":"syn_ack","hmac":"0a0b","proof":"invalid",)"
       R"("detail":"why","conn_uid":"Cz-7","ipver":4})"
       "\n"},
  };
  for (const Expected& row : rows) CHECK(row.written == row.bytes);
}

TEST_CASE("what is not known is unset, and the field stands there still", "[export][log]") {
  CHECK(row_text(LogFormat::kZeek, test::attempt_at(0)) ==
        "192.0.2.1\t40000\t2001:db8::2\t443\tF\t-\t0.000000\t0.000000\tattempted\t-\t-\t-\tF\t-\t-"
        "\t0\t0\t0\t0\t0\t0\t"
        "-\t-\t-\t-\t1:7r3vYU1gJImLvjQkUy1E49kuXcY=\t-\t-\t-\tF\tF\t-\t-\t-\n");
  CHECK(row_text(LogFormat::kZeek, Notice{}) == "0.000000\t-\t-\t-\t-\t-\tinfo\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\n");

  const json subflow = json::parse(row_text(LogFormat::kJson, test::attempt_at(0)));
  CHECK(subflow.size() == columns_of<SubflowReport>().size());
  for (const char* name :
       {"MP_ID", "matched_by", "hmac_synack", "hmac_ack", "close", "version", "token", "conn_uid"}) {
    CHECK(subflow.at(name).is_null());
  }
  const json event = json::parse(row_text(LogFormat::kJson, EventReport{}));
  CHECK(event.size() == columns_of<EventReport>().size());
  CHECK(event.at("dsn").is_null());

  Notice no_ports = test::full_notice();
  no_ports.source->port = 0;
  CHECK(json::parse(row_text(LogFormat::kJson, no_ports)).at("src_p").is_null());
}

TEST_CASE("a duration never goes below zero", "[export][log]") {
  SubflowReport row = test::full_subflow();
  row.end_ns = row.start_ns - 1;
  CHECK(split(row_text(LogFormat::kZeek, row)).at(7) == "0.000000");
}

TEST_CASE("text is escaped so that a row stays one line", "[export][log]") {
  struct Row {
    std::string given;
    const char* zeek;
    const char* json;
  };
  const Row rows[] = {
      {"plain", "plain", R"("plain")"},
      {"a\tb", R"(a\x09b)", R"("a\tb")"},
      {"a\nb", R"(a\x0ab)", R"("a\nb")"},
      {"a\rb", R"(a\x0db)", R"("a\rb")"},
      {R"(a\b)", R"(a\\b)", R"("a\\b")"},
      {R"("quoted")", R"("quoted")", R"("\"quoted\"")"},
      {std::string("a\0b", 3), R"(a\x00b)", R"("a\u0000b")"},
      {"\x1b[31m", R"(\x1b[31m)", R"("\u001b[31m")"},
      {"\x7f", R"(\x7f)", "\"\x7f\""},
      {"-", R"(\x2d)", R"("-")"},
      {"(empty)", "\\x28empty)", "\"(empty)\""},
      {"--", "--", R"("--")"},
      {"\xc3\xa9", R"(\xc3\xa9)", "\"\xc3\xa9\""},
      {"\xff", R"(\xff)", "\"\xef\xbf\xbd\""},
      {"", "(empty)", R"("")"},
  };
  for (const Row& row : rows) {
    std::string zeek;
    append_zeek_value(zeek, std::string_view(row.given));
    CHECK(zeek == row.zeek);
    std::string as_json;
    append_json_value(as_json, std::string_view(row.given));
    CHECK(as_json == row.json);
    CHECK(json::accept(as_json));
  }
}

TEST_CASE("no sources are an empty vector", "[export][log]") {
  const std::vector<SourceCount> none;
  std::string zeek;
  append_zeek_value(zeek, &none);
  CHECK(zeek == "(empty)");
  std::string as_json;
  append_json_value(as_json, &none);
  CHECK(as_json == "[]");
}

template <typename Row>
void check_columns(const Row& full) {
  std::set<std::string> seen;
  for (const Column<Row>& column : columns_of<Row>()) {
    INFO(column.name);
    CHECK(seen.insert(column.name).second);
    const LogValue value = column.get(full);
    CHECK_FALSE(std::holds_alternative<Unset>(value));
    CHECK(fits(column.type, value));
    CHECK(fits(column.type, column.get(Row{})));
    CHECK(std::string(column.meaning).ends_with('.'));
  }
}

TEST_CASE("values have the types their columns declare, and full rows leave none unset", "[export][log]") {
  check_columns(test::full_subflow());
  check_columns(test::full_connection());
  check_columns(test::full_notice());
  check_columns(test::full_event());
}

}  // namespace
}  // namespace mptap
