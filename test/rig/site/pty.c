/*
 * A pseudo-terminal for the simulated line: `pty LINK` makes LINK point at the slave side, prints that side's path and a
 * newline, then copies what is written to the slave to stdout and stdin to the slave. Ends, and takes LINK away, when stdin
 * closes or on SIGTERM, SIGINT or SIGHUP; the slave's user then sees a hang-up, as from a pulled USB adapter.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CHUNK = 4096 };

static volatile sig_atomic_t asked_to_stop = 0;

static void on_signal(int signal_number) {
  (void)signal_number;
  asked_to_stop = 1;
}

/* Writes all of it; 0 when the other side is gone. */
static int pass_on(int to, const char *bytes, ssize_t length) {
  while (length > 0) {
    ssize_t written = write(to, bytes, (size_t)length);
    if (written < 0) {
      if (errno == EINTR && !asked_to_stop) continue;
      return 0;
    }
    bytes += written;
    length -= written;
  }
  return 1;
}

static int copy(int from, int to) {
  char bytes[CHUNK];
  ssize_t length = read(from, bytes, sizeof bytes);
  if (length < 0) return errno == EINTR;
  return length > 0 && pass_on(to, bytes, length);
}

static int open_slave(const char *path) {
  /* kept open for life: the line does not hang up when the gateway closes its side */
  int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct termios raw;
  if (slave < 0 || tcgetattr(slave, &raw) != 0) return -1;
  cfmakeraw(&raw);
  return tcsetattr(slave, TCSANOW, &raw) == 0 ? slave : -1;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: pty LINK\n");
    return 2;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  signal(SIGPIPE, SIG_IGN);

  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  char path[128];
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, path, sizeof path) != 0 ||
      open_slave(path) < 0) {
    perror("pty");
    return 1;
  }
  unlink(argv[1]);
  if (symlink(path, argv[1]) != 0) {
    perror(argv[1]);
    return 1;
  }
  printf("%s\n", path);
  fflush(stdout);

  struct pollfd ends[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = master, .events = POLLIN}};
  while (!asked_to_stop) {
    if (poll(ends, 2, -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (ends[0].revents != 0 && !copy(STDIN_FILENO, master)) break;
    if (ends[1].revents != 0 && !copy(master, STDOUT_FILENO)) break;
  }
  unlink(argv[1]);
  return 0;
}
