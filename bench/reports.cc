// SPDX-License-Identifier: Apache-2.0
#include "bench/reports.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>

#include "bench/figures.h"

namespace selvage::bench {
namespace {

constexpr size_t kReportSize = 512;

// In the abstract namespace: no file, and gone with the socket.
std::pair<sockaddr_un, socklen_t> address_of(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  return {address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())};
}

// sockets(7) want it so.
sockaddr* generic(sockaddr_un& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "0";
}

}  // namespace

Reports::Reports()
    : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      name_(fmt::format("selvage-bench-{}-{}", getpid(), now_ns())) {
  auto [address, size] = address_of(name_);
  if (!socket_ || bind(socket_.get(), generic(address), size) != 0)
    give_up(fmt::format("cannot open a socket for reports: {}", strerrordesc_np(errno)));
}

std::optional<Report> Reports::next(std::chrono::milliseconds at_most) const {
  pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (poll(&readable, 1, static_cast<int>(at_most.count())) <= 0) return std::nullopt;
  Report report;
  std::array<char, kReportSize> text{};
  report.from_size = sizeof(report.from);
  const ssize_t size =
      recvfrom(socket_.get(), text.data(), text.size(), 0, generic(report.from), &report.from_size);
  if (size <= 0) return std::nullopt;
  std::istringstream words(std::string(text.data(), static_cast<size_t>(size)));
  words >> report.pid >> report.message >> report.attempt >> report.worker >> report.at_ns;
  return report;
}

void Reports::finish(const Report& report) const {
  sockaddr_un to = report.from;
  sendto(socket_.get(), "", 1, MSG_NOSIGNAL, generic(to), report.from_size);
}

int report_and_wait(const std::string& name) {
  std::array<char, 4096> body;
  while (read(STDIN_FILENO, body.data(), body.size()) > 0) {
  }
  const int64_t at_ns = now_ns();
  const process::Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return 1;
  sockaddr_un own{};
  own.sun_family = AF_UNIX;
  if (bind(fd.get(), generic(own), sizeof(own.sun_family)) != 0) return 1;  // a free name
  auto [to, to_size] = address_of(name);
  const char* const message = variable("SELVAGE_MESSAGE_ID");
  const std::string report =
      fmt::format("{} {} {} {} {}", getpid(), message, variable("SELVAGE_ATTEMPT"),
                  variable("SELVAGE_WORKER"), at_ns);
  if (sendto(fd.get(), report.data(), report.size(), 0, generic(to), to_size) < 0) return 1;
  char told = 0;
  if (recv(fd.get(), &told, 1, 0) != 1) return 1;
  fmt::print("{}", message);
  return 0;
}

}  // namespace selvage::bench
