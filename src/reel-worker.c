// SPDX-License-Identifier: MIT
// reel-worker.c - main of the worker: sandbox first, then requests.
//
//     reel-worker PARENT_PID MEMORY_BYTES on|off
//
// Descriptors: 0 /dev/null, 1 and 2 the log, 3 the socket to reeld. Only reeld
// starts it; by hand it says so.
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "reeld/base/log.h"
#include "reeld/base/str.h"
#include "reeld/sandbox.h"
#include "reeld/wire.h"
#include "reeld/worker.h"

enum {
    SOCKET_FD = 3,
    FILES_MAX = 64,
    EXIT_USAGE = 2,
};

static bool is_started_by_reeld(int count)
{
    int type = 0;
    socklen_t len = sizeof type;
    return count == 4 &&
           getsockopt(SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           type == SOCK_SEQPACKET;
}

static enum err close_in(char **argument, struct sandbox_state *ret)
{
    int64_t parent, memory;
    TRY(str_to_int(str_of(argument[1]), 1, INT32_MAX, &parent));
    TRY(str_to_int(str_of(argument[2]), 1, INT64_MAX, &memory));
    bool use_filter = strcmp(argument[3], "off") != 0;
    struct sandbox_limits limits = {
        .memory_bytes = memory,
        .file_bytes = WIRE_PIECE_BYTES_MAX,
        .file_bytes_most = WIRE_FILE_BYTES_MAX,
        .files = FILES_MAX,
    };
    return sandbox_enter(&limits, SOCKET_FD, (int)parent, use_filter, ret);
}

int main(int count, char **argument)
{
    if (!is_started_by_reeld(count)) {
        fputs("reel-worker is started by reeld; run `reeld --help`\n", stderr);
        return EXIT_USAGE;
    }
    struct sandbox_state walls;
    enum err result = close_in(argument, &walls);
    if (result == OK)
        result = worker_serve(SOCKET_FD, &walls);
    if (result != OK) {
        log_error("worker.ends code=%s %s", err_name(result), fail_text());
        return 1;
    }
    return 0;
}
