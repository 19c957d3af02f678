#include "daemon/export/schemas.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/export/log_tables.h"

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDraft = "https://json-schema.org/draft/2020-12/schema";

Json object_of(Json properties, Json required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

/// Lists hold objects; which, their column's name tells.
Json items_of(std::string_view column) {
  const Json text{{"type", "string"}};
  const Json number{{"type", "integer"}};
  const Json flag{{"type", "boolean"}};
  if (column == "top_sources") {
    return object_of({{"address", text}, {"count", number}}, {"address", "count"});
  }
  if (column == "priority_changes") {
    return object_of({{"after", {{"type", "number"}}}, {"by", {{"enum", {"orig", "resp"}}}}, {"backup", flag}},
                     {"after", "by", "backup"});
  }
  return object_of({{"id", number},
                    {"address", text},
                    {"port", {{"type", {"integer", "null"}}}},
                    {"advertised", flag},
                    {"used", flag},
                    {"removed", flag}},
                   {"id", "address", "port", "advertised", "used", "removed"});
}

const char* json_type_of(ZeekType type) {
  switch (type) {
    case ZeekType::kPort:
    case ZeekType::kCount: return "integer";
    case ZeekType::kBool: return "boolean";
    case ZeekType::kTime:
    case ZeekType::kInterval: return "number";
    case ZeekType::kVectorOfString: return "array";
    case ZeekType::kAddr:
    case ZeekType::kString: break;
  }
  return "string";
}

template <typename Row>
Json property_of(const Column<Row>& column, bool may_be_null) {
  Json property{{"description", column.meaning}};
  const char* type = json_type_of(column.type);
  if (may_be_null) {
    property["type"] = {type, "null"};
  } else {
    property["type"] = type;
  }
  if (column.type == ZeekType::kVectorOfString) property["items"] = items_of(column.name);
  return property;
}

template <typename Row>
SchemaFile log_schema() {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Column<Row>& column : columns_of<Row>()) {
    properties[column.name] = property_of(column, true);
    required.push_back(column.name);
  }
  Json schema{{"$schema", kDraft}, {"title", std::string("A row of ") + path_of(kLogOf<Row>) + ".log in the format json"}};
  schema.update(object_of(std::move(properties), std::move(required)));
  return {std::string(path_of(kLogOf<Row>)) + ".schema.json", schema.dump(1) + "\n"};
}

template <typename Row>
void add_properties(Json& properties) {
  for (const Column<Row>& column : columns_of<Row>()) {
    if (!properties.contains(column.name)) properties[column.name] = property_of(column, false);
  }
}

SchemaFile eve_schema() {
  Json own{{"type", {{"type", "string"}, {"description", "subflow, connection, or the name of the event or notice."}}}};
  add_properties<SubflowReport>(own);
  add_properties<ConnectionReport>(own);
  add_properties<Notice>(own);
  add_properties<EventReport>(own);
  const Json text{{"type", "string"}};
  const Json number{{"type", "integer"}};
  const Json port{{"type", "integer"}, {"minimum", 0}, {"maximum", 65'535}};
  const Json alert = object_of({{"action", {{"enum", {"allowed"}}}},
                                {"gid", number},
                                {"signature_id", number},
                                {"rev", number},
                                {"signature", text},
                                {"category", text},
                                {"severity", {{"type", "integer"}, {"minimum", 1}, {"maximum", 4}}}},
                               {"action", "gid", "signature_id", "rev", "signature", "category", "severity"});
  const Json packet_info = object_of({{"linktype", number}}, {"linktype"});
  Json properties{{"timestamp", {{"type", "string"}, {"pattern", "^[0-9-]{10}T[0-9:]{8}[.][0-9]{6}[+]0000$"}}},
                  {"flow_id", {{"type", "integer"}, {"minimum", 0}, {"maximum", 9'007'199'254'740'991}}},
                  {"event_type", {{"enum", {"mptcp", "alert"}}}},
                  {"src_ip", text},
                  {"src_port", port},
                  {"dest_ip", text},
                  {"dest_port", port},
                  {"proto", {{"enum", {"TCP"}}}},
                  {"community_id", text},
                  {"alert", alert},
                  {"mptcp", object_of(std::move(own), {"type"})},
                  {"packet", text},
                  {"packet_info", packet_info}};
  Json schema{{"$schema", kDraft}, {"title", "A line of eve.json"}};
  schema.update(object_of(std::move(properties), {"timestamp", "flow_id", "event_type", "src_ip", "src_port", "dest_ip",
                                                  "dest_port", "proto", "mptcp"}));
  return {"eve.schema.json", schema.dump(1) + "\n"};
}

}  // namespace

std::vector<SchemaFile> format_schemas() {
  return {log_schema<SubflowReport>(), log_schema<ConnectionReport>(), log_schema<Notice>(), log_schema<EventReport>(),
          eve_schema()};
}

}  // namespace mptap
