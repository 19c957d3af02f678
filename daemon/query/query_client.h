// Asks a running sensor through its control socket.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace mptap {

/// A question without an answer. what() is a sentence: the socket, the reason, what to do.
class QueryError : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// One connection to the sensor. One thread.
class QueryClient {
 public:
  /// @throws QueryError
  explicit QueryClient(std::string path);
  QueryClient(const QueryClient&) = delete;
  QueryClient& operator=(const QueryClient&) = delete;
  ~QueryClient();

  /// The answer to one question; waits for it some seconds.
  /// @throws QueryError  Also where the sensor refuses the question: its own sentence then.
  [[nodiscard]] nlohmann::ordered_json ask(const nlohmann::ordered_json& question);

 private:
  [[nodiscard]] std::string read_line();

  const std::string path_;
  int file_ = -1;
  std::string pending_;  // what came behind a line
};

}  // namespace mptap
