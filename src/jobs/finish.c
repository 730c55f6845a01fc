// SPDX-License-Identifier: MIT
// finish.c - a download whose parts are all there: a worker gives the head or
// the MP3, then it goes into the store and its fact into the catalog.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crew.h"
#include "making.h"
#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

// What a worker may write beyond what is expected: parameter sets, frames of an
// MP3 that is a little longer.
enum { SLACK_BYTES = 1 << 20, SLACK_PERCENT = 105 };

static bool is_mp3(const struct making *m)
{
    return m->download->container == DOWNLOAD_MP3;
}

// The worker writes all of it, not the head alone.
static bool is_whole(const struct making *m)
{
    return is_mp3(m) || m->download->is_copied;
}

static int64_t expected_bytes(const struct making *m)
{
    const struct download *d = m->download;
    return is_mp3(m) ? scale_ceil(d->duration_us, d->mp3_bps / 8, 1000000)
                     : m->bytes;
}

int32_t finish_permille(const struct making *m)
{
    int64_t size_bytes = 0;
    if (!m->whole || fd_size(store_writer_fd(m->whole), &size_bytes) != OK)
        return 0;
    return (int32_t)min_i64(
        1000, scale_floor(size_bytes, 1000, expected_bytes(m) + 1));
}

// ---- asking ----------------------------------------------------------------

// Read-only, and at an offset of its own.
static enum err open_parts(const struct making *m, int *ret)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", store_writer_fd(m->parts));
    *ret = open(path, O_RDONLY | O_CLOEXEC);
    return *ret < 0 ? fail_errno(ERR_IO, "open the parts again") : OK;
}

static enum err open_list(const struct making *m, int *ret)
{
    scoped(fd) int fd = memfd_create("list", MFD_CLOEXEC);
    if (fd < 0)
        return fail_errno(ERR_IO, "memfd");
    TRY(fd_write_all(fd, m->list, m->listed * sizeof *m->list));
    *ret = take_fd(&fd);
    return OK;
}

// A fresh file each time: a former attempt may have left bytes in it.
static enum err open_whole(struct jobs *j, struct making *m, struct worker *w)
{
    int64_t expected = expected_bytes(m);
    store_abandon(take(m->whole));
    TRY(store_begin(j->store, expected, &m->whole));
    return worker_allow_file(w, expected / 100 * SLACK_PERCENT + SLACK_BYTES);
}

static void ask(const struct making *m, const struct request *r,
                struct wire_file *ret)
{
    const struct download *d = m->download;
    *ret = (struct wire_file){
        .request = r->number,
        .container = d->container,
        .is_copied = d->is_copied,
        .parts = (uint32_t)m->listed,
        .head_bytes = d->head_bytes,
        .file_bytes = m->bytes,
        .video_timescale = d->video_timescale,
        .sound_rate = d->sound_rate,
        .video_ticks = d->video_ticks,
        .sound_ticks = d->sound_ticks,
        .mp3_bps = d->mp3_bps,
    };
}

static enum err send(struct jobs *j, struct making *m, struct worker *w,
                     struct request *r)
{
    struct wire_message *message = &j->message;
    *message = (struct wire_message){.type = WIRE_FILE};
    ask(m, r, &message->file);
    scoped(fd) int parts = -1;
    scoped(fd) int list = -1;
    TRY(open_parts(m, &parts));
    TRY(open_list(m, &list));
    int output;
    if (is_whole(m)) {
        TRY(open_whole(j, m, w));
        output = store_writer_fd(m->whole);
    } else {
        TRY(request_open_output(r, 0));
        output = r->output_fd[0];
    }
    int fds[] = {parts, list, output};
    return request_send(j, w, r, message, fds, 3, &m->download->key);
}

static struct making *find_ending(const struct jobs *j)
{
    for (struct making *m = j->makings; m; m = m->hh.next)
        if (m->state == MAKING_ENDING && m->trouble == OK)
            return m;
    return NULL;
}

bool finish_begin(struct jobs *j)
{
    struct making *m = find_ending(j);
    if (!m)
        return false;
    // No worker that met an upload: a download may be of many.
    struct need need = {.source = &m->download->key,
                        .wants_fresh = true,
                        .is_background = is_mp3(m),
                        .load = LOAD_LIGHT};
    struct worker *w = roster_pick(j, &need);
    if (!w)
        return false;
    struct request *r = request_new(j, WIRE_FILE);
    r->load = LOAD_LIGHT;
    r->is_background = is_mp3(m);
    r->making = m;
    m->state = MAKING_RUNNING;
    m->request = r;
    worker_set_background(w, is_mp3(m));
    enum err result = send(j, m, w, r);
    if (result != OK) {
        char why[256]; // fail_text() does not last
        str_copy(why, sizeof why, str_of(fail_text()));
        request_free(r);
        if (result == ERR_NO_SPACE) {
            m->request = NULL;
            making_fail(j, m, result, why);
        } else {
            finish_missed(j, m, why);
        }
    }
    return true;
}

void finish_missed(struct jobs *j, struct making *m, const char *why)
{
    m->request = NULL;
    m->state = MAKING_ENDING;
    if (++m->attempts >= j->options.attempts)
        making_fail(j, m, ERR_IO, why);
}

// ---- storing, on the pool --------------------------------------------------

struct store_errand {
    struct errand errand;
    struct making *making; // not touched on the pool
    struct store *store;
    struct catalog *catalog;
    struct blob *head;          // NULL: it is in there
    struct store_writer *whole; // the errand's
    struct piece_fact fact;
    struct piece_origin *origins; // the making's
    size_t origin_count;
    enum err result;
    char why[256];
};

static enum err write_head(const struct store_errand *e)
{
    if (!e->head)
        return OK;
    int fd = store_writer_fd(e->whole);
    if (lseek(fd, 0, SEEK_SET) != 0)
        return fail_errno(ERR_IO, "go to the head");
    return fd_write_all(fd, e->head->bytes, e->head->len);
}

static enum err store_whole(struct store_errand *e)
{
    TRY(write_head(e));
    TRY(store_commit(take(e->whole), &e->fact.key));
    enum err result =
        catalog_add_download(e->catalog, &e->fact, e->origins, e->origin_count);
    if (result == ERR_NOT_FOUND) {
        // If it cannot be removed now, the janitor does.
        ignore(store_remove(e->store, &e->fact.key));
        return fail(ERR_NOT_FOUND, "an asset of it is gone");
    }
    return result;
}

static void store_on_pool(struct errand *errand)
{
    struct store_errand *e = (struct store_errand *)errand;
    e->result = store_whole(e);
    if (e->result != OK)
        str_copy(e->why, sizeof e->why, str_of(fail_text()));
}

static void stored(struct jobs *j, struct errand *errand)
{
    struct store_errand *e = (struct store_errand *)errand;
    struct making *m = e->making;
    int64_t bytes = e->fact.size_bytes;
    store_abandon(e->whole);
    blob_unref(e->head);
    bool is_stored = !errand->was_dropped && e->result == OK;
    if (is_stored)
        cache_grew(j, bytes);
    if (making_errand_is_back(j, m) && !j->is_stopping) {
        m->bytes = bytes;
        if (is_stored)
            making_done(j, m);
        else
            making_fail(j, m, e->result, e->why);
    }
    free(e);
}

static void send_to_store(struct jobs *j, struct making *m, struct blob *head,
                          int64_t size_bytes)
{
    const struct download *d = m->download;
    struct store_errand *e = NEW(struct store_errand);
    e->errand.work = store_on_pool;
    e->errand.done = stored;
    e->making = m;
    e->store = j->store;
    e->catalog = j->catalog;
    e->head = head ? blob_ref(head) : NULL;
    e->whole = is_whole(m) ? take(m->whole) : take(m->parts);
    e->origins = m->origins;
    e->origin_count = m->origin_count;
    e->fact = (struct piece_fact){.key = d->key,
                                  .source_row = m->origins[0].source_row,
                                  .recipe_row = m->origins[0].recipe_row,
                                  .kind = PIECE_DOWNLOAD,
                                  .duration_us = d->duration_us,
                                  .size_bytes = size_bytes};
    m->state = MAKING_STORING;
    m->errands++;
    // In the lane of eviction: a key that is being removed must not be
    // published anew at the same time.
    errand_add(j, LANE_BYTES, &e->errand);
}

// ---- answers ---------------------------------------------------------------

static enum err take_whole(struct jobs *j, struct making *m,
                           const struct wire_made *made)
{
    int64_t size_bytes;
    TRY(fd_size(store_writer_fd(m->whole), &size_bytes));
    if (size_bytes <= 0 || size_bytes != made->size_bytes[0])
        return fail(ERR_BAD_INPUT, "a file of %lld bytes, not %lld",
                    (long long)size_bytes, (long long)made->size_bytes[0]);
    store_abandon(take(m->parts));
    send_to_store(j, m, NULL, size_bytes);
    return OK;
}

static enum err take_head(struct jobs *j, struct making *m, struct request *r)
{
    scoped(blob) struct blob *head = NULL;
    TRY(blob_from_fd(r->output_fd[0], WIRE_PIECE_BYTES_MAX, &head));
    if ((int64_t)head->len != m->download->head_bytes)
        return fail(ERR_BAD_INPUT, "a head of %zu bytes", head->len);
    send_to_store(j, m, head, m->bytes);
    return OK;
}

enum err finish_answered(struct jobs *j, struct making *m, struct request *r,
                         const struct wire_made *made)
{
    if (made->result == OK && made->outputs != 1)
        return fail(ERR_BAD_INPUT, "%u outputs, not 1", made->outputs);
    if (made->result == ERR_NO_SPACE) {
        m->request = NULL;
        making_fail(j, m, ERR_NO_SPACE, made->detail);
        return OK;
    }
    if (made->result != OK) {
        char why[WIRE_TEXT_BYTES + 32];
        snprintf(why, sizeof why, "%s: %s", err_name(made->result),
                 made->detail);
        finish_missed(j, m, why);
        return OK;
    }
    TRY(is_whole(m) ? take_whole(j, m, made) : take_head(j, m, r));
    m->request = NULL;
    return OK;
}
