// Answers of the sensor as text for a person.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mptap {

/// What `mptap status` prints. @param status  The answer to "status".
[[nodiscard]] std::string view_status(const nlohmann::ordered_json& status);

/// What `mptap connections` prints: each connection and its live subflows. @param answer  To "connections".
[[nodiscard]] std::string view_connections(const nlohmann::ordered_json& answer);

/// What `mptap mitigations` prints: a line each rule. @param answer  To "mitigations".
[[nodiscard]] std::string view_mitigations(const nlohmann::ordered_json& answer);

/// A number of a row or part of an answer; 0 where it has none of that name.
[[nodiscard]] double number_of(const nlohmann::ordered_json& row, const char* key);

/// "10.0.0.1:40000 > [2001:db8::1]:443", of a row of a log.
[[nodiscard]] std::string view_flow(const nlohmann::ordered_json& row);

/// Packets that ports lost, of all that were offered to them. @param status  As above.
struct PortSums {
  std::size_t ports = 0;
  std::size_t up = 0;
  std::uint64_t received = 0;
  std::uint64_t missed = 0;
};
[[nodiscard]] PortSums sum_ports(const nlohmann::ordered_json& status);

/// The sum of a counter over all workers.
[[nodiscard]] std::uint64_t sum_workers(const nlohmann::ordered_json& status, const char* counter);

}  // namespace mptap
