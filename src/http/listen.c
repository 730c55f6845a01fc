// SPDX-License-Identifier: MIT
// listen.c - the listening socket.
#include "listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "reeld/base/fd.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

// "[::1]:80" into "::1" and "80".
static enum err split(const char *text, char *host, size_t host_bytes,
                      const char **ret_port)
{
    const char *colon = strrchr(text, ':');
    int64_t port = 0;
    if (!colon || str_to_int(str_of(colon + 1), 0, 65535, &port) != OK)
        return fail(ERR_BAD_INPUT, "listen: '%s' is not ADDRESS:PORT", text);
    struct str name = {text, (size_t)(colon - text)};
    bool is_bracketed = str_starts(name, STR("[")) && str_ends(name, STR("]"));
    if (is_bracketed)
        name = (struct str){name.ptr + 1, name.len - 2};
    if (name.len > 0 && memchr(name.ptr, ':', name.len) && !is_bracketed)
        return fail(ERR_BAD_INPUT, "listen: '%s' needs brackets", text);
    if (str_eq(name, STR("*")))
        name = STR("");
    str_copy(host, host_bytes, name);
    *ret_port = colon + 1;
    return OK;
}

static enum err open_address(const struct addrinfo *a, const char *text,
                             int *ret_fd)
{
    scoped(fd) int fd =
        socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail_errno(ERR_IO, "socket");
    const int on = 1;
    // Or a restart could not bind while old connections are in TIME_WAIT.
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        return fail_errno(ERR_IO, "SO_REUSEADDR");
    if (bind(fd, a->ai_addr, a->ai_addrlen) < 0)
        return fail_errno(ERR_IO, "listen on %s", text);
    if (listen(fd, SOMAXCONN) < 0)
        return fail_errno(ERR_IO, "listen on %s", text);
    *ret_fd = take_fd(&fd);
    return OK;
}

enum err listen_open(const char *text, int *ret_fd)
{
    char host[256];
    const char *port = NULL;
    TRY(split(text, host, sizeof host, &port));
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int e = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (e != 0)
        return fail(ERR_BAD_INPUT, "listen: %s: %s", text, gai_strerror(e));
    enum err result = open_address(found, text, ret_fd);
    freeaddrinfo(found);
    return result;
}

enum err listen_adopt(int fd)
{
    int is_listening = 0;
    socklen_t len = sizeof is_listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) < 0)
        return fail_errno(ERR_IO, "the socket that was handed over");
    if (!is_listening)
        return fail(ERR_BAD_INPUT, "the socket handed over does not listen");
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return fail_errno(ERR_IO, "the socket that was handed over");
    return OK;
}

int listen_name(int fd, char *text, size_t text_bytes)
{
    struct sockaddr_storage any = {0};
    socklen_t len = sizeof any;
    char address[INET6_ADDRSTRLEN] = "";
    snprintf(text, text_bytes, "localhost");
    if (getsockname(fd, (struct sockaddr *)&any, &len) < 0)
        return 0;
    if (any.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &any, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, address, sizeof address);
        snprintf(text, text_bytes, "%s:%d", address, ntohs(v4.sin_port));
        return ntohs(v4.sin_port);
    }
    if (any.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &any, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, address, sizeof address);
        snprintf(text, text_bytes, "[%s]:%d", address, ntohs(v6.sin6_port));
        return ntohs(v6.sin6_port);
    }
    return 0;
}
