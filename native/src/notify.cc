#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace gridward {
namespace {

// One socket for the life of the process; unconnected, so that a manager that comes back is found again.
int Socket() {
  static const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return fd;
}

}  // namespace

int SendNotification(const std::string& address, const std::string& text) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  // A path, or '@' for the abstract namespace (sd_notify(3)); everything else is no address.
  if (address.size() < 2 || (address[0] != '/' && address[0] != '@')) return EINVAL;
  if (address.size() >= sizeof(to.sun_path)) return ENAMETOOLONG;
  std::memcpy(to.sun_path, address.data(), address.size());
  const bool abstract = address[0] == '@';
  if (abstract) to.sun_path[0] = '\0';
  // An abstract name ends where its length says; a path ends with its NUL.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1));
  const int fd = Socket();
  if (fd < 0) return EMFILE;
  const ssize_t sent =
      sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to), length);
  return sent < 0 ? errno : 0;
}

}  // namespace gridward
