// SPDX-License-Identifier: MIT
// wire_fuzz.c - packets off a worker's socket.
//
// The first byte says how many descriptors ride along, the rest is the packet.
// What passes must survive being sent on, as it is by definition well formed.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/wire.h"

enum { MOST_FDS = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_raw(int sock, const uint8_t *data, size_t size)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))];
    } control = {0};
    size_t count = data[0] % (MOST_FDS + 1);
    uint8_t packet[sizeof(struct wire_message) + 16];
    size_t len = size - 1 < sizeof packet ? size - 1 : sizeof packet;
    memcpy(packet, data + 1, len);
    struct iovec part = {packet, len};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        head.msg_control = control.bytes;
        head.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&head);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (size_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(c) + i * sizeof(int), &sock, sizeof(int));
    }
    if (sendmsg(sock, &head, MSG_NOSIGNAL) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire_message message;
    if (size < 1)
        return 0;
    int sock[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sock) != 0)
        abort();
    send_raw(sock[0], data, size);
    int fds[WIRE_FDS_MAX];
    size_t count;
    if (wire_receive(sock[1], &message, fds, &count) == OK) {
        if (count != wire_fd_count(&message) ||
            wire_send(sock[1], &message, fds, count) != OK)
            abort();
        for (size_t i = 0; i < count; i++)
            fd_close(fds[i]);
    }
    close(sock[0]);
    close(sock[1]);
    return 0;
}
