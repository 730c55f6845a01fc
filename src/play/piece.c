// SPDX-License-Identifier: MIT
// piece.c - pieces that are made already, as bytes.
#include "reeld/play.h"

#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/thread.h"

enum { PIECE_BYTES_MAX = 1 << 30 };

// The store lost what the catalog promises. Served again as soon as it has been
// made again; the fact and the remains go where changing facts is allowed.
static enum err lost(struct catalog *c, struct store *s,
                     const struct digest *key)
{
    char text[HASH_HEX_BYTES];
    digest_hex(key, text);
    log_warn("piece.lost key=%s", text);
    if (thread_has_role(ROLE_POOL)) {
        TRY(catalog_forget_piece(c, key));
        enum err result = store_remove(s, key);
        if (result != OK && result != ERR_NOT_FOUND)
            return result;
    }
    return fail(ERR_NOT_FOUND, "piece %s is lost", text);
}

enum err play_piece(struct catalog *c, struct store *s, const struct piece *p,
                    struct blob **ret)
{
    struct piece_fact fact;
    TRY(catalog_piece(c, &p->key, &fact));
    scoped(fd) int fd = -1;
    enum err result = store_open(s, &p->key, &fd);
    if (result == ERR_NOT_FOUND)
        return lost(c, s, &p->key);
    TRY(result);
    int64_t size_bytes;
    TRY(fd_size(fd, &size_bytes));
    if (size_bytes != fact.size_bytes)
        return lost(c, s, &p->key);
    return blob_from_fd(fd, PIECE_BYTES_MAX, ret);
}
