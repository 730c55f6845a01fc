// SPDX-License-Identifier: MIT
// write_conf.c - prints what conf/reeld.conf must be: `make conf` keeps it,
// `make lint` compares it.
#include <unistd.h>

#include "reeld/base/buf.h"
#include "reeld/base/fd.h"
#include "reeld/config.h"

int main(void)
{
    scoped(buf) struct buf out;
    buf_init(&out, 1 << 20);
    config_write_example(&out);
    if (buf_end(&out) != OK ||
        fd_write_all(STDOUT_FILENO, out.bytes, out.len) != OK)
        return 1;
    return 0;
}
