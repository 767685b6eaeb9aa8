/* A small business service in C: HTTP/1.0 on the address that the platform gives, its version out of a file in the
 * package, a line per request and one a second, and a clean end on SIGTERM. One thread, one poll loop. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopping;

static void on_term(int signal_number) {
  (void)signal_number;
  stopping = 1;
}

static void say(const char *format, ...) {
  char stamp[32];
  struct timespec now;
  struct tm utc;
  va_list arguments;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
  printf("%s.%03ldZ native ", stamp, now.tv_nsec / 1000000);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
  fflush(stdout);
}

static void read_version(char *version, size_t size) {
  char path[4096];
  const char *directory = getenv("SGRID_PACKAGE_DIR");
  FILE *file;
  snprintf(path, sizeof path, "%s/VERSION", directory ? directory : ".");
  file = fopen(path, "r");
  if (file == NULL || fgets(version, (int)size, file) == NULL) snprintf(version, size, "unknown");
  if (file != NULL) fclose(file);
  version[strcspn(version, "\r\n")] = '\0';
}

static void serve(int client, const char *version) {
  char request[2048], path[256] = "", body[256], answer[512];
  struct timeval limit = {2, 0};
  ssize_t received;
  int length;
  /* A client that connects and says nothing must not hold the others up for longer than this. */
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  received = recv(client, request, sizeof request - 1, 0);
  if (received <= 0) return;
  request[received] = '\0';
  if (sscanf(request, "%*15s %255s", path) != 1) return;
  length = snprintf(body, sizeof body, "native %s pid %d\n", version, (int)getpid());
  length = snprintf(answer, sizeof answer,
                    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
                    length, body);
  (void)send(client, answer, (size_t)length, MSG_NOSIGNAL);
  say("GET %s 200", path);
}

int main(void) {
  const char *host = getenv("SGRID_TARGET_HOST"), *port = getenv("SGRID_TARGET_PORT");
  struct sockaddr_in address = {0};
  struct sigaction action = {0};
  struct timespec now;
  char version[128];
  time_t last = 0;
  int listener, yes = 1;
  unsigned long served = 0;

  action.sa_handler = on_term;
  sigaction(SIGTERM, &action, NULL);
  read_version(version, sizeof version);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)(port ? atoi(port) : 0));
  if (inet_pton(AF_INET, host ? host : "127.0.0.1", &address.sin_addr) != 1) {
    say("SGRID_TARGET_HOST is not an IPv4 address: %s", host);
    return 1;
  }
  listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
    say("cannot listen on %s:%s: %s", host ? host : "127.0.0.1", port ? port : "0", strerror(errno));
    return 1;
  }
  say("version %s listens on %s:%d, pid %d", version, host ? host : "127.0.0.1", ntohs(address.sin_port), (int)getpid());
  while (!stopping) {
    struct pollfd waiting = {listener, POLLIN, 0};
    if (poll(&waiting, 1, 200) > 0) {
      int client = accept(listener, NULL, NULL);
      if (client >= 0) {
        serve(client, version);
        served++;
        close(client);
      }
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != last) {
      last = now.tv_sec;
      say("alive, %lu served", served);
    }
  }
  say("SIGTERM: closing");
  close(listener);
  return 0;
}
