#include "daemon/query/query_socket.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "daemon/export/signals_blocked.h"

namespace mptap {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& path, const std::string& reason, const std::string& advice) {
  throw QuerySocketError("no control socket at " + path + ": " + reason + "; " + advice);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    fail(path, "the path is longer than " + std::to_string(sizeof address.sun_path - 1) + " bytes", "choose a shorter one by control.socket");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

int open_socket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

/// A socket file whose program has gone is in the way; one that is answered belongs to another.
void clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return;
  if (!S_ISSOCK(found.st_mode)) fail(path, "there is a file that is no socket", "choose another path by control.socket");
  const int probe = open_socket();
  const bool answered = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
  close(probe);
  if (answered) fail(path, "another mptap answers there", "give each its own by control.socket");
  unlink(path.c_str());
}

int listen_on(const std::string& path) {
  const sockaddr_un address = address_of(path);
  const std::string directory = std::filesystem::path(path).parent_path();
  if (!directory.empty() && access(directory.c_str(), F_OK) != 0 && mkdir(directory.c_str(), 0750) != 0) {
    fail(path, "there is no directory " + directory, "make it, or choose another path by control.socket");
  }
  clear_path(path, address);
  const int listener = open_socket();
  const mode_t before = umask(0117);  // owner and group, from the first moment on
  const bool bound = bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  umask(before);
  if (!bound || listen(listener, QuerySocket::kClients) != 0) {
    close(listener);
    fail(path, std::strerror(bound ? errno : error), "choose another path by control.socket, or none: control.socket: \"\"");
  }
  return listener;
}

/// Who may open the file may ask; who could end the sensor may change something.
Asker asker_behind(int file) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = getsockopt(file, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  return known && (peer.uid == 0 || peer.uid == geteuid()) ? Asker::kOperator : Asker::kReader;
}

}  // namespace

struct QuerySocket::Client {
  explicit Client(int socket) : file(socket), asker(asker_behind(socket)), due(Clock::now() + std::chrono::milliseconds(kPatienceMs)) {}
  ~Client() { close(file); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] short awaited() const { return static_cast<short>(answer.empty() ? POLLIN : POLLOUT); }
  void wait_anew() { due = Clock::now() + std::chrono::milliseconds(kPatienceMs); }

  const int file;
  const Asker asker;
  std::string question;  // as far as it has come
  std::string answer;
  std::size_t sent = 0;  // of the answer
  Clock::time_point due;
};

QuerySocket::QuerySocket(const std::string& path, const QueryService& service)
    : path_(path), service_(service), listener_(listen_on(path)), wake_(eventfd(0, EFD_CLOEXEC)) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "mptap-query");
}

QuerySocket::~QuerySocket() {
  (void)eventfd_write(wake_, 1);
  thread_.join();
  close(listener_);
  close(wake_);
  unlink(path_.c_str());
}

void QuerySocket::run() {
  while (true) {
    std::vector<pollfd> files{{wake_, POLLIN, 0}, {listener_, static_cast<short>(clients_.size() < kClients ? POLLIN : 0), 0}};
    for (const auto& client : clients_) files.push_back({client->file, client->awaited(), 0});
    poll(files.data(), files.size(), clients_.empty() ? -1 : 1'000);
    if (files[0].revents != 0) break;
    const auto now = Clock::now();
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      const short events = files[i + 2].revents;
      const bool stays = events != 0 ? serve(*clients_[i], events) : now < clients_[i]->due;
      if (!stays) clients_[i].reset();
    }
    std::erase(clients_, nullptr);
    if (files[1].revents != 0) accept_client();
  }
  clients_.clear();
}

void QuerySocket::accept_client() {
  const int file = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (file >= 0) clients_.push_back(std::make_unique<Client>(file));
}

/// A step of one client; false where it has gone, or must.
bool QuerySocket::serve(Client& client, short events) {
  if (client.answer.empty()) {
    char bytes[1'024];
    const ssize_t got = recv(client.file, bytes, sizeof bytes, 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR) && (events & (POLLHUP | POLLERR)) == 0;
    client.question.append(bytes, static_cast<std::size_t>(got));
    if (!answer_next(client)) return false;
  }
  if (client.answer.empty()) return true;
  const std::string_view left = std::string_view(client.answer).substr(client.sent);
  const ssize_t sent = send(client.file, left.data(), left.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  client.sent += static_cast<std::size_t>(sent);
  client.wait_anew();
  if (client.sent < client.answer.size()) return true;
  client.answer.clear();
  client.sent = 0;
  return answer_next(client);  // several questions may have come at once
}

/// Answers the first whole question that has come; false where one is too long.
bool QuerySocket::answer_next(Client& client) const {
  const std::size_t end = client.question.find('\n');
  if (std::min(end, client.question.size()) > kQuestionBytes) return false;
  if (end == std::string::npos) return true;
  client.answer = service_.answer(std::string_view(client.question).substr(0, end), client.asker).json + '\n';
  client.question.erase(0, end + 1);
  client.wait_anew();
  return true;
}

}  // namespace mptap
