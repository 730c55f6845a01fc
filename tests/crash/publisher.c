// SPDX-License-Identifier: MIT
// publisher.c - one life of an upload, to be killed in the middle; and a look
// at what is left.
//
//   publisher make DIR    a store and a catalog with one asset in it
//   publisher live DIR    adds an asset and pieces of it, removes the old one;
//                         says "accepted ID", "made KEY", "removing ID" when it
//                         would have answered so
//   publisher open DIR    brings an older database to the schema of today
//   publisher backup DIR  copies the database to DIR/copy.db
//   publisher check DIR   reads those lines and finds fault
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/catalog.h"
#include "reeld/catalog/upkeep.h"
#include "reeld/store.h"

enum { FILE_BYTES = 300000, LIST_MAX = 16, PATH_BYTES = 512 };

struct house {
    struct store *store;
    struct catalog *catalog;
};

// An answer that does not get out ends this life: nothing may rest on it.
static void say(const char *word, const char *what)
{
    char line[128];
    int len = snprintf(line, sizeof(line), "%s %s\n", word, what);
    if (write(STDOUT_FILENO, line, (size_t)len) != len)
        _exit(1);
}

static void database_of(const char *directory, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/catalog.db", directory);
}

static enum err open_house(const char *directory, struct house *ret)
{
    char path[PATH_BYTES];
    database_of(directory, path);
    struct store_options store = {.directory = directory};
    struct catalog_options catalog = {.path = path, .asset_cache = 4};
    TRY(store_open_fs(&store, &ret->store));
    TRY(catalog_open(&catalog, &ret->catalog));
    return catalog_requeue_jobs(ret->catalog);
}

static void close_house(struct house *h)
{
    catalog_close(h->catalog);
    store_free(h->store);
}

static void fill(uint8_t *bytes, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251 + seed);
}

static enum err put_blob(struct house *h, unsigned seed, size_t len,
                         struct digest *key)
{
    scoped(mem) uint8_t *bytes = NEW_ARRAY(len, uint8_t);
    fill(bytes, len, seed);
    *key = hash_of(bytes, len);
    scoped(store_writer) struct store_writer *w = NULL;
    TRY(store_begin(h->store, (int64_t)len, &w));
    TRY(fd_write_all(store_writer_fd(w), bytes, len));
    return store_commit(take(w), key);
}

// ---- a life ----------------------------------------------------------------

static struct asset *describe(unsigned seed, const struct digest *source)
{
    struct asset *a = asset_new();
    uint8_t hash[HASH_BYTES];
    memset(hash, (int)seed, sizeof(hash));
    a->id = id_from_hash("a", hash);
    a->created_us = clock_wall_us();
    a->source = *source;
    a->size_bytes = FILE_BYTES;
    return a;
}

static enum err upload(struct house *h, unsigned seed, struct asset **ret)
{
    struct digest source;
    TRY(put_blob(h, seed, FILE_BYTES, &source));
    struct asset *a = describe(seed, &source);
    scoped(asset) const struct asset *held = a;
    TRY(catalog_add_asset(h->catalog, a));
    say("accepted", a->id.text);
    *ret = a;
    take(held);
    return OK;
}

// 8 s of sound in two segments.
static enum err probe(struct house *h, const struct asset *up)
{
    struct asset *a = asset_new();
    scoped(asset) const struct asset *probed = a;
    a->id = up->id;
    a->tracks = 1;
    a->track[0] = (struct track){
        .kind = TRACK_AUDIO,
        .codec = "aac",
        .codecs = "mp4a.40.2",
        .is_playable = true,
        .channels = 2,
        .sample_rate = 48000,
        .sample_aspect = {1, 1},
        .frame_rate = {0, 1}
    };
    struct plan *p = NEW(struct plan);
    a->plan = p;
    *p = (struct plan){
        .timescale = 48000,
        .video_track = -1,
        .source_timebase = {1, 48000},
        .audios = 1,
        .audio = {{.rate = 48000, .packets = 375}}
    };
    struct plan_wish plan_wish = {
        .segment_us = 4000000, .segment_max_us = 6000000, .gop_us = 4000000};
    TRY(plan_lay_audio(p, &plan_wish, 48000 * 8));
    struct ladder_wish wish = {.audio_bps = {128000}, .audios = 1};
    TRY(ladder_build(&wish, a->track, 1, p, 0, a->rendition, &a->renditions));
    return catalog_asset_ready(h->catalog, probed, "crash", true);
}

static enum err make_pieces(struct house *h, const struct id *id)
{
    scoped(asset) const struct asset *a = NULL;
    TRY(catalog_asset(h->catalog, id, &a));
    struct piece_fact facts[2];
    for (uint32_t i = 0; i < 2; i++) {
        facts[i] = (struct piece_fact){.source_row = a->source_row,
                                       .recipe_row = a->recipe_row[0],
                                       .kind = PIECE_SEGMENT,
                                       .number = i,
                                       .duration_us = 4000000,
                                       .size_bytes = 5000 + i};
        TRY(put_blob(h, 100 + i, 5000 + i, &facts[i].key));
    }
    TRY(catalog_add_pieces(h->catalog, facts, 2));
    for (int i = 0; i < 2; i++) {
        char hex[HASH_HEX_BYTES];
        digest_hex(&facts[i].key, hex);
        say("made", hex);
    }
    return OK;
}

static enum err remove_old(struct house *h, const struct id *id)
{
    say("removing", id->text);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    TRY(catalog_remove_asset(h->catalog, id, &orphans, &count));
    for (size_t i = 0; i < count; i++)
        TRY(store_remove(h->store, &orphans[i]));
    return OK;
}

static enum err live(struct house *h)
{
    (void)getppid(); // where it begins, for whoever reads the trace
    scoped(asset) const struct asset *fresh = NULL;
    struct asset *up = NULL;
    TRY(upload(h, 2, &up));
    fresh = up;
    TRY(probe(h, up));
    TRY(make_pieces(h, &up->id));
    struct digest none = {{0}};
    scoped(asset) const struct asset *old = describe(1, &none);
    return remove_old(h, &old->id);
}

// ---- what is left ----------------------------------------------------------

static enum err check_blob(struct house *h, const struct digest *key,
                           int64_t size_bytes)
{
    scoped(fd) int fd = -1;
    TRY(store_open(h->store, key, &fd));
    scoped(mem) uint8_t *bytes = NULL;
    size_t len;
    TRY(fd_read_file(fd, 1 << 20, &bytes, &len));
    struct digest found = hash_of(bytes, len);
    if ((int64_t)len != size_bytes || !digest_eq(&found, key))
        return fail(ERR_IO, "a blob is half there");
    return OK;
}

static enum err check_assets(struct house *h)
{
    struct id ids[LIST_MAX];
    uint32_t count;
    bool more;
    struct catalog_asset_filter f = {.limit = LIST_MAX};
    TRY(catalog_list_assets(h->catalog, &f, ids, &count, &more));
    for (uint32_t i = 0; i < count; i++) {
        scoped(asset) const struct asset *a = NULL;
        TRY(catalog_asset(h->catalog, &ids[i], &a));
        TRY(check_blob(h, &a->source, a->size_bytes));
    }
    return OK;
}

static enum err check_made(struct house *h, const char *hex, bool must_be_there)
{
    struct digest key;
    struct piece_fact fact;
    TRY(digest_from_hex(str_of(hex), &key));
    enum err e = catalog_piece(h->catalog, &key, &fact);
    if (e == ERR_NOT_FOUND && !must_be_there)
        return OK;
    TRY(e);
    return check_blob(h, &key, fact.size_bytes);
}

// Everything that was said is true.
static enum err check_words(struct house *h)
{
    char word[32], what[96];
    struct id accepted[LIST_MAX], leaving = {0};
    int count = 0;
    while (scanf("%31s %95s", word, what) == 2) {
        if (strcmp(word, "made") == 0)
            TRY(check_made(h, what, true));
        if (strcmp(word, "removing") == 0)
            str_copy(leaving.text, sizeof(leaving.text), str_of(what));
        if (strcmp(word, "accepted") == 0 && count < LIST_MAX)
            TRY(id_parse(str_of(what), &accepted[count++]));
    }
    for (int i = 0; i < count; i++) {
        scoped(asset) const struct asset *a = NULL;
        if (!id_eq(&leaving, &accepted[i]))
            TRY(catalog_asset(h->catalog, &accepted[i], &a));
    }
    return OK;
}

static bool is_named(void *context, const struct digest *key)
{
    struct house *h = context;
    bool found = true;
    if (catalog_is_named(h->catalog, key, &found) != OK)
        fprintf(stderr, "%s\n", fail_text());
    return found;
}

// After a sweep there is not one file that nobody names.
static enum err check_litter(struct house *h, const char *directory)
{
    int64_t removed;
    TRY(store_sweep(h->store, 0, is_named, h, &removed));
    TRY(store_sweep(h->store, 0, is_named, h, &removed));
    if (removed != 0)
        return fail(ERR_IO, "a sweep leaves something for the next one");
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/temp", directory);
    DIR *d = opendir(path);
    if (!d)
        return fail_errno(ERR_IO, "open %s", path);
    enum err e = OK;
    for (const struct dirent *entry; (entry = readdir(d));)
        if (entry->d_name[0] != '.')
            e = fail(ERR_IO, "litter: %s", entry->d_name);
    closedir(d);
    return e;
}

static void say_complaint(void *context, const char *line)
{
    bool *is_fine = context;
    *is_fine = false;
    fprintf(stderr, "%s\n", line);
}

static enum err check_database(struct house *h)
{
    bool is_fine = true;
    TRY(catalog_examine(h->catalog, say_complaint, &is_fine));
    return is_fine ? OK : fail(ERR_IO, "the database is not in order");
}

static enum err check(struct house *h, const char *directory)
{
    TRY(check_database(h));
    TRY(check_assets(h));
    TRY(check_words(h));
    TRY(check_litter(h, directory));
    return check_assets(h);
}

static enum err back_up(const char *directory)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    (void)getppid(); // as in live()
    database_of(directory, from);
    snprintf(to, sizeof(to), "%s/copy.db", directory);
    return catalog_copy(from, to);
}

static enum err run(const char *what, const char *directory)
{
    struct house h = {0};
    bool is_open = strcmp(what, "open") == 0;
    if (strcmp(what, "backup") == 0)
        return back_up(directory);
    if (is_open)
        (void)getppid(); // as in live()
    enum err e = open_house(directory, &h);
    struct asset *a = NULL;
    if (e == OK && strcmp(what, "make") == 0)
        e = upload(&h, 1, &a);
    else if (e == OK && strcmp(what, "live") == 0)
        e = live(&h);
    else if (e == OK && !is_open)
        e = check(&h, directory);
    asset_unref(a);
    close_house(&h);
    return e;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: publisher make|live|open|backup|check DIR\n");
        return 2;
    }
    if (run(argv[1], argv[2]) == OK)
        return 0;
    fprintf(stderr, "publisher %s: %s\n", argv[1], fail_text());
    return 1;
}
