// The socket of the local machine by which the running sensor is asked: a line with a question, a line with the answer.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "daemon/query/query_service.h"

namespace mptap {

/// A socket that cannot be opened. what() is a sentence: the path, the reason, what to do.
class QuerySocketError : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// Answers on a Unix socket, with a thread of its own, from construction to destruction.
///
/// Who may ask is a matter of the file: owner and group (0660); only root and the sensor's own user may change something. A client that sends nothing, reads nothing or sends too much
/// loses its place: there are kClients, a question has at most kQuestionBytes, and each step has kPatience.
class QuerySocket {
 public:
  static constexpr std::size_t kClients = 16;
  static constexpr std::size_t kQuestionBytes = 4'096;
  static constexpr int kPatienceMs = 5'000;

  /// @param path     Of the socket; one that nobody listens on is taken over.
  /// @param service  Outlives this.
  /// @throws QuerySocketError
  QuerySocket(const std::string& path, const QueryService& service);
  QuerySocket(const QuerySocket&) = delete;
  QuerySocket& operator=(const QuerySocket&) = delete;
  ~QuerySocket();

 private:
  struct Client;
  void run();
  void accept_client();
  [[nodiscard]] bool serve(Client& client, short events);
  [[nodiscard]] bool answer_next(Client& client) const;

  const std::string path_;
  const QueryService& service_;
  int listener_ = -1;
  int wake_ = -1;  // an eventfd: the thread is to end
  std::vector<std::unique_ptr<Client>> clients_;
  std::thread thread_;
};

}  // namespace mptap
