/*
 * A wide-area network in user space, for kernels without tc-netem: one TUN device "wan0" in each named network namespace, packets forwarded by
 * destination address, each host behind an access link with its own rate and delay.
 *
 *   wanlink NAMESPACE:IPV4:MBIT:DELAY_MS ...     MBIT 0: not limited. A packet from a to b takes DELAY(a) + DELAY(b) and its time on both links.
 *
 * Prints "ready" when all devices are there; runs until it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MOST_HOSTS = 16, MOST_BYTES = 1600, QUEUE = 1 << 14 };
static const int64_t DEEPEST_QUEUE_NS = 100 * 1000000LL; /* what an access link buffers before it drops */

struct packet {
  int64_t due;
  int length;
  unsigned char bytes[MOST_BYTES];
};

struct host {
  int tun;
  uint32_t address;
  double ns_per_byte;
  int64_t delay, up_free, down_free;
  struct packet *queue;
  unsigned first, last;
};

static struct host hosts[MOST_HOSTS];
static int count;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_tun(const char *name, int home) {
  char path[96];
  snprintf(path, sizeof path, "/run/netns/%s", name);
  int space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) < 0) fail(path);
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "wan0");
  if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0) fail("/dev/net/tun");
  close(space);
  if (setns(home, CLONE_NEWNET) < 0) fail("setns");
  return tun;
}

static void add_host(const char *text, int home) {
  char name[64], address[32];
  double mbit, delay_ms;
  if (count == MOST_HOSTS || sscanf(text, "%63[^:]:%31[^:]:%lf:%lf", name, address, &mbit, &delay_ms) != 4) {
    fprintf(stderr, "not NAMESPACE:IPV4:MBIT:DELAY_MS: %s\n", text);
    exit(2);
  }
  struct host *host = &hosts[count++];
  host->tun = open_tun(name, home);
  host->address = inet_addr(address);
  host->ns_per_byte = mbit > 0 ? 8000.0 / mbit : 0;
  host->delay = (int64_t)(delay_ms * 1e6);
  host->queue = malloc(sizeof(struct packet) * QUEUE);
  if (host->queue == NULL) fail("malloc");
}

/* Puts one packet into the queue of its destination, or drops it as a full link does. */
static void forward(struct host *from, const unsigned char *bytes, int length) {
  uint32_t destination;
  memcpy(&destination, bytes + 16, 4);
  struct host *to = NULL;
  for (int i = 0; i < count; i++)
    if (hosts[i].address == destination) to = &hosts[i];
  if (to == NULL || to->last - to->first == QUEUE) return;
  int64_t t = now();
  int64_t up = (from->up_free > t ? from->up_free : t) + (int64_t)(length * from->ns_per_byte);
  int64_t arrival = up + from->delay;
  int64_t down = (to->down_free > arrival ? to->down_free : arrival) + (int64_t)(length * to->ns_per_byte);
  if (up - t > DEEPEST_QUEUE_NS || down - arrival > DEEPEST_QUEUE_NS) return;
  from->up_free = up;
  to->down_free = down;
  struct packet *packet = &to->queue[to->last++ % QUEUE];
  packet->due = down + to->delay;
  packet->length = length;
  memcpy(packet->bytes, bytes, length);
}

/* Hands over what is due; returns when the next packet is, or -1. */
static int64_t deliver(struct host *host, int64_t t) {
  while (host->first != host->last) {
    struct packet *packet = &host->queue[host->first % QUEUE];
    if (packet->due > t) return packet->due;
    if (write(host->tun, packet->bytes, packet->length) < 0 && errno == EAGAIN) return t + 50000;
    host->first++;
  }
  return -1;
}

int main(int argc, char **argv) {
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  for (int i = 1; i < argc; i++) add_host(argv[i], home);
  puts("ready");
  fflush(stdout);
  struct pollfd ears[MOST_HOSTS];
  for (int i = 0; i < count; i++) ears[i] = (struct pollfd){.fd = hosts[i].tun, .events = POLLIN};
  for (;;) {
    int64_t t = now(), next = -1;
    for (int i = 0; i < count; i++) {
      int64_t due = deliver(&hosts[i], t);
      if (due >= 0 && (next < 0 || due < next)) next = due;
    }
    int64_t wait = next < 0 ? 1000000000LL : next - now();
    if (wait < 0) wait = 0;
    struct timespec limit = {.tv_sec = wait / 1000000000LL, .tv_nsec = wait % 1000000000LL};
    if (ppoll(ears, count, &limit, NULL) <= 0) continue;
    for (int i = 0; i < count; i++) {
      if (!(ears[i].revents & POLLIN)) continue;
      for (int burst = 0; burst < 64; burst++) {
        unsigned char bytes[MOST_BYTES];
        int length = (int)read(hosts[i].tun, bytes, sizeof bytes);
        if (length <= 0) break;
        if (length >= 20 && bytes[0] >> 4 == 4) forward(&hosts[i], bytes, length);
      }
    }
  }
}
