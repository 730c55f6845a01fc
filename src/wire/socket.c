// SPDX-License-Identifier: MIT
// socket.c - messages and their descriptors over a SEQPACKET socket.
#include "reeld/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "reeld/base/fd.h"

// The type, then the struct itself, as they lie in struct wire_message.
#define BYTES_UP_TO(member)                                                    \
    (offsetof(struct wire_message, member) +                                   \
     sizeof(((struct wire_message *)0)->member))

size_t wire_message_bytes(enum wire_type type)
{
    switch (type) {
    case WIRE_HELLO:
        return BYTES_UP_TO(hello);
    case WIRE_PROBE:
        return BYTES_UP_TO(probe);
    case WIRE_PROBED:
        return BYTES_UP_TO(probed);
    case WIRE_MAKE:
        return BYTES_UP_TO(make);
    case WIRE_TS:
        return BYTES_UP_TO(ts);
    case WIRE_MADE:
        return BYTES_UP_TO(made);
    case WIRE_FILE:
        return BYTES_UP_TO(file);
    }
    return 0;
}

// Room for the control data, aligned as the kernel wants it.
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
};

static void attach_fds(struct msghdr *head, union control *control,
                       const int *fds, size_t fd_count)
{
    if (fd_count == 0)
        return;
    memset(control, 0, sizeof *control);
    head->msg_control = control->bytes;
    head->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(head);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
}

enum err wire_send(int sock, const struct wire_message *m, const int *fds,
                   size_t fd_count)
{
    TRY(wire_check(m));
    if (fd_count > WIRE_FDS_MAX || fd_count != wire_fd_count(m))
        return fail(ERR_BAD_INPUT, "wire: %zu descriptors with message %d",
                    fd_count, (int)m->type);
    struct wire_message copy = *m; // sendmsg() takes no const
    struct iovec part = {&copy, wire_message_bytes(m->type)};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    union control control;
    attach_fds(&head, &control, fds, fd_count);
    for (;;) {
        ssize_t sent = sendmsg(sock, &head, MSG_NOSIGNAL);
        if (sent >= 0) // a packet goes whole or not at all
            return OK;
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN)
            return fail(ERR_BUSY, "wire: the peer does not read");
        return fail_errno(ERR_IO, "wire: send");
    }
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fd_close(fds[i]);
}

// Whatever descriptors came along, up to WIRE_FDS_MAX: the kernel closes those
// that found no room and sets MSG_CTRUNC.
static size_t collect_fds(struct msghdr *head, int *fds)
{
    size_t count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (here > WIRE_FDS_MAX - count)
            here = WIRE_FDS_MAX - count;
        memcpy(fds + count, CMSG_DATA(c), here * sizeof(int));
        count += here;
    }
    return count;
}

static enum err check_packet(const struct wire_message *m, size_t len,
                             int flags, size_t fd_count)
{
    if (flags & (MSG_TRUNC | MSG_CTRUNC))
        return fail(ERR_BAD_INPUT, "wire: a message too large");
    if (len < sizeof m->type || len != wire_message_bytes(m->type))
        return fail(ERR_BAD_INPUT, "wire: a message of %zu bytes", len);
    TRY(wire_check(m));
    if (fd_count != wire_fd_count(m))
        return fail(ERR_BAD_INPUT, "wire: %zu descriptors with message %d",
                    fd_count, (int)m->type);
    return OK;
}

enum err wire_receive(int sock, struct wire_message *ret, int *fds,
                      size_t *ret_fd_count)
{
    memset(ret, 0, sizeof *ret);
    struct iovec part = {ret, sizeof *ret};
    union control control;
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do
        got = recvmsg(sock, &head, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return fail(ERR_BUSY, "wire: nothing has come");
    if (got < 0 && errno == ECONNRESET)
        return fail(ERR_NOT_FOUND, "wire: the peer is gone");
    if (got < 0)
        return fail_errno(ERR_IO, "wire: receive");
    size_t count = collect_fds(&head, fds);
    enum err result =
        got == 0 ? fail(ERR_NOT_FOUND, "wire: the peer is gone")
                 : check_packet(ret, (size_t)got, head.msg_flags, count);
    if (result != OK) {
        close_all(fds, count);
        return result;
    }
    *ret_fd_count = count;
    return OK;
}
