// SPDX-License-Identifier: MIT
// systemd.c - readiness, socket activation and the watchdog.
#include "systemd.h"

#ifdef REELD_SYSTEMD

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/log.h"

enum { BEAT_TIMEOUT_S = 5 };

int systemd_listen_fd(void)
{
    int count = sd_listen_fds(1);
    if (count > 1)
        log_warn("reeld.sockets given=%d used=1", count);
    return count > 0 ? SD_LISTEN_FDS_START : -1;
}

void systemd_notify(const char *state)
{
    int sent = sd_notify(0, state);
    if (sent < 0)
        log_warn("reeld.notify error=%s", strerrordesc_np(-sent));
}

int64_t systemd_watchdog_us(void)
{
    uint64_t us = 0;
    return sd_watchdog_enabled(0, &us) > 0 ? (int64_t)us : 0;
}

// A whole request through the HTTP threads: what a client would see.
static bool is_healthy(int port)
{
    static const char request[] =
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval timeout = {.tv_sec = BEAT_TIMEOUT_S};
    char answer[16] = "";
    scoped(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
        return false;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
        fd_write_all(fd, request, sizeof request - 1) != OK ||
        recv(fd, answer, 12, MSG_WAITALL) != 12)
        return false;
    return memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

void systemd_beat(int port)
{
    if (is_healthy(port))
        systemd_notify("WATCHDOG=1");
    else
        log_warn("reeld.unhealthy port=%d", port);
}

#else

int systemd_listen_fd(void)
{
    return -1;
}

void systemd_notify(const char *state)
{
    (void)state;
}

int64_t systemd_watchdog_us(void)
{
    return 0;
}

void systemd_beat(int port)
{
    (void)port;
}

#endif
