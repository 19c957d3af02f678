#include "daemon/query/query_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mptap {
namespace {

constexpr time_t kPatienceS = 10;

std::string why_not(int error) {
  switch (error) {
    case ENOENT: return "no such socket; is the sensor running, and with this control.socket?";
    case ECONNREFUSED: return "nobody answers; the sensor that made it has ended";
    case EACCES: return "permission denied; ask as its user, or as a member of its group";
    default: return std::strerror(error);
  }
}

}  // namespace

QueryClient::QueryClient(std::string path) : path_(std::move(path)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) throw QueryError(path_ + ": the path is too long for a socket");
  std::memcpy(address.sun_path, path_.c_str(), path_.size());
  file_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{kPatienceS, 0};
  setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(file_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(file_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  const int error = errno;
  close(file_);
  throw QueryError(path_ + ": " + why_not(error));
}

QueryClient::~QueryClient() { close(file_); }

nlohmann::ordered_json QueryClient::ask(const nlohmann::ordered_json& question) {
  const std::string line = question.dump() + '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t step = send(file_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (step <= 0) throw QueryError(path_ + ": " + std::strerror(errno));
    sent += static_cast<std::size_t>(step);
  }
  auto answer = nlohmann::ordered_json::parse(read_line(), nullptr, false);
  if (!answer.is_object()) throw QueryError(path_ + ": what answers there is no mptap");
  if (!answer.value("ok", false)) throw QueryError(path_ + ": " + answer.value("error", "refused without a reason"));
  return answer;
}

std::string QueryClient::read_line() {
  char bytes[16'384];
  std::size_t end = pending_.find('\n');
  while (end == std::string::npos) {
    const ssize_t got = recv(file_, bytes, sizeof bytes, 0);
    if (got == 0) throw QueryError(path_ + ": the sensor hung up");
    if (got < 0) throw QueryError(path_ + ": " + (errno == EAGAIN ? "no answer in time; the sensor stands still or has too much to do" : std::strerror(errno)));
    const std::size_t before = pending_.size();
    pending_.append(bytes, static_cast<std::size_t>(got));
    end = pending_.find('\n', before);
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

}  // namespace mptap
