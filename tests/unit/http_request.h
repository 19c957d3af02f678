// Requests to a listener on the loopback address.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace mptap::test {

/// Everything that comes back to a request. Any thread, which is why it checks nothing by Catch2.
inline std::string answer_to(std::uint16_t port, const std::string& request) {
  const int file = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool sent = connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                    send(file, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
  if (!sent) throw std::runtime_error("the listener takes no request");
  std::string answer;
  std::array<char, 4096> block{};
  for (ssize_t size; (size = recv(file, block.data(), block.size(), 0)) > 0;) answer.append(block.data(), static_cast<std::size_t>(size));
  close(file);
  return answer;
}

inline std::string get(std::uint16_t port, const std::string& path) {
  return answer_to(port, "GET " + path + " HTTP/1.1\r\nHost: here:1\r\n\r\n");
}

inline std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

}  // namespace mptap::test
