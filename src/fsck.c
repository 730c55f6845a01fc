// SPDX-License-Identifier: MIT
// fsck.c - `reeld fsck`: facts against blobs.
//
// A daemon may add and remove both meanwhile, but always in the same order: a
// blob before its fact comes, and a fact before its blob goes. So a blob that
// is missing is a finding if its fact is still there when one looks again.
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/upkeep.h"
#include "reeld/store.h"
#include "tools.h"

enum { SLICE = 1000 };

struct tally {
    int64_t checked, read, missing, damaged;
};

struct check {
    struct store *store;
    struct catalog *catalog;
    bool does_scrub;
    int64_t complaints; // about the database
    struct tally of[BLOB_KINDS];
    int64_t orphans, orphan_bytes, leftovers, leftover_bytes, strangers;
};

static void complain(void *context, const char *line)
{
    struct check *c = context;
    c->complaints++;
    printf("database: %s\n", line);
}

// What nobody can make again.
static bool is_only(enum blob_kind kind)
{
    return kind != BLOB_PIECE;
}

// `kind` and key of a blob; of what is only here, one asset that has it.
static void say_blob(const struct check *c, enum blob_kind kind,
                     const struct digest *key, const char *what)
{
    char hex[HASH_HEX_BYTES];
    struct id asset;
    digest_hex(key, hex);
    bool has_asset =
        is_only(kind) && catalog_asset_of_blob(c->catalog, key, &asset) == OK;
    printf("%s blobs/%.2s/%s: %s%s%s\n",
           kind == BLOB_SOURCE ? "source"
           : kind == BLOB_KEPT ? "kept piece"
                               : "piece",
           hex, hex + 2, what, has_asset ? "; it is that of asset " : "",
           has_asset ? asset.text : "");
}

static enum err look_again(struct check *c, enum blob_kind kind,
                           const struct digest *key)
{
    bool is_named = false;
    TRY(catalog_is_named(c->catalog, key, &is_named));
    if (!is_named)
        return OK;
    c->of[kind].missing++;
    say_blob(c, kind, key, "missing");
    return OK;
}

static void damaged(struct check *c, enum blob_kind kind,
                    const struct digest *key, const char *what)
{
    c->of[kind].damaged++;
    say_blob(c, kind, key, what);
}

static void check_bytes(struct check *c, enum blob_kind kind,
                        const struct blob_fact *fact, int fd)
{
    int64_t size_bytes;
    struct digest digest;
    char what[128];
    if (fd_size(fd, &size_bytes) != OK) {
        damaged(c, kind, &fact->key, fail_text());
    } else if (size_bytes != fact->size_bytes) {
        snprintf(what, sizeof what, "has %" PRId64 " bytes instead of %" PRId64,
                 size_bytes, fact->size_bytes);
        damaged(c, kind, &fact->key, what);
    } else if (fact->has_hash && c->does_scrub) {
        c->of[kind].read++;
        if (hash_fd(fd, &digest) != OK)
            damaged(c, kind, &fact->key, fail_text());
        else if (!digest_eq(&digest, &fact->hash))
            damaged(c, kind, &fact->key, "its SHA-256 is another one");
    }
}

static enum err check_blob(struct check *c, enum blob_kind kind,
                           const struct blob_fact *fact)
{
    scoped(fd) int fd = -1;
    c->of[kind].checked++;
    enum err e = store_open(c->store, &fact->key, &fd);
    if (e == ERR_NOT_FOUND)
        return look_again(c, kind, &fact->key);
    if (e != OK)
        damaged(c, kind, &fact->key, fail_text());
    else
        check_bytes(c, kind, fact, fd);
    return OK;
}

static enum err check_facts(struct check *c, enum blob_kind kind)
{
    scoped(mem) struct blob_fact *fact = NEW_ARRAY(SLICE, struct blob_fact);
    int64_t after_row = 0;
    for (;;) {
        uint32_t count;
        TRY(catalog_blob_facts(c->catalog, kind, after_row, SLICE, fact,
                               &count));
        if (count == 0)
            return OK;
        for (uint32_t i = 0; i < count; i++)
            TRY(check_blob(c, kind, &fact[i]));
        after_row = fact[count - 1].row;
    }
}

static enum err check_found(void *context, const struct store_found *found)
{
    struct check *c = context;
    bool is_named = true;
    switch (found->what) {
    case STORE_BLOB:
        TRY(catalog_is_named(c->catalog, &found->key, &is_named));
        c->orphans += !is_named;
        c->orphan_bytes += is_named ? 0 : found->size_bytes;
        break;
    case STORE_TEMP:
        c->leftovers++;
        c->leftover_bytes += found->size_bytes;
        break;
    case STORE_STRANGER:
        c->strangers++;
        printf("stranger %s: not a file of reeld\n", found->path);
        break;
    }
    return OK;
}

static enum err check_all(struct check *c)
{
    // What is damaged may stop the examination, too.
    if (catalog_examine(c->catalog, complain, c) != OK)
        complain(c, fail_text());
    if (c->complaints > 0)
        return fail(ERR_BAD_INPUT, "the database is damaged, so files were not "
                                   "compared with it; restore a backup");
    for (enum blob_kind kind = 0; kind < BLOB_KINDS; kind++)
        TRY(check_facts(c, kind));
    return store_walk(c->store, check_found, c);
}

static void say_all(const struct check *c)
{
    const struct tally *source = &c->of[BLOB_SOURCE], *kept = &c->of[BLOB_KEPT],
                       *piece = &c->of[BLOB_PIECE];
    if (c->complaints == 0)
        printf("database: in order\n");
    printf("sources: %" PRId64 " looked at%s, %" PRId64 " missing, %" PRId64
           " damaged\n",
           source->checked, c->does_scrub ? " and read" : "", source->missing,
           source->damaged);
    if (kept->checked > 0)
        printf("kept pieces of dropped sources: %" PRId64 " looked at, %" PRId64
               " read, %" PRId64 " missing, %" PRId64 " damaged\n",
               kept->checked, kept->read, kept->missing, kept->damaged);
    printf("pieces: %" PRId64 " looked at, %" PRId64
           " missing (made again when somebody asks), %" PRId64
           " damaged (remove the file: the same)\n",
           piece->checked, piece->missing, piece->damaged);
    printf("blobs without a fact: %" PRId64 " of %" PRId64
           " bytes; being written or left behind: %" PRId64 " of %" PRId64
           " bytes (\"reeld gc\" takes what nobody needs)\n",
           c->orphans, c->orphan_bytes, c->leftovers, c->leftover_bytes);
}

static enum err open_check(const struct settings *s, struct check *c)
{
    char path[PATH_MAX];
    const struct catalog_options co = tool_catalog(s, path);
    TRY(catalog_open_reading(&co, &c->catalog));
    const struct store_options o = {.directory = s->data_dir,
                                    .is_as_found = true};
    return store_open_fs(&o, &c->store);
}

static enum tool_exit verdict(const struct check *c)
{
    bool is_fine = c->complaints == 0;
    for (enum blob_kind kind = 0; kind < BLOB_KINDS; kind++)
        is_fine = is_fine && c->of[kind].damaged == 0 &&
                  (!is_only(kind) || c->of[kind].missing == 0);
    return is_fine ? TOOL_FINE : TOOL_FOUND;
}

enum tool_exit tool_fsck(const struct settings *s, bool scrub)
{
    struct check c = {.does_scrub = scrub};
    enum err e = open_check(s, &c);
    if (e == OK)
        e = check_all(&c);
    enum tool_exit result = verdict(&c);
    if (e == OK)
        say_all(&c);
    else if (tool_failure("fsck"), e != ERR_BAD_INPUT)
        result = TOOL_FAILED;
    else
        result = TOOL_FOUND;
    catalog_close(c.catalog);
    store_free(c.store);
    return result;
}
