// SPDX-License-Identifier: MIT
// mux_file.c - a download, from its parts: they are read through once, box by
// box; then the head is written, or the sound encoded.
//
// Parts are mapped one at a time: of their bytes only those of the boxes before
// the samples are ever fetched, so that a film of two hours costs as little
// memory as one of two minutes.
#include "mux_file.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/media.h"

enum { LIST_ROWS = 1024 }; // read at a time

struct mapped {
    void *base;
    size_t len;
    const uint8_t *bytes;
};

static void scoped_release_mapped(struct mapped *held)
{
    if (held->base)
        munmap(held->base, held->len);
}

static enum err map_part(int fd, const struct wire_part *p, struct mapped *ret)
{
    int64_t into = p->offset % sysconf(_SC_PAGESIZE);
    size_t len = (size_t)(p->bytes + into);
    void *base = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, p->offset - into);
    if (base == MAP_FAILED)
        return fail_errno(ERR_IO, "map a part");
    *ret = (struct mapped){base, len, (const uint8_t *)base + into};
    return OK;
}

static enum err add_part(const struct wire_file *ask, int parts_fd,
                         const struct wire_part *p, struct table *t)
{
    TRY(wire_check_part(ask, p));
    scoped(mapped) struct mapped part = {0};
    TRY(map_part(parts_fd, p, &part));
    return p->is_init ? table_add_init(t, part.bytes, (size_t)p->bytes)
                      : table_add_piece(t, p, part.bytes);
}

static enum err read_parts(const struct wire_file *ask, int parts_fd,
                           int list_fd, struct table *video,
                           struct table *sound)
{
    scoped(mem) struct wire_part *rows = NEW_ARRAY(LIST_ROWS, struct wire_part);
    for (uint32_t i = 0; i < ask->parts; i++) {
        uint32_t row = i % LIST_ROWS;
        if (row == 0)
            TRY(fd_pread_all(list_fd, rows,
                             (size_t)min_i64(LIST_ROWS, ask->parts - i) *
                                 sizeof *rows,
                             (int64_t)i * (int64_t)sizeof *rows));
        TRY(add_part(ask, parts_fd, &rows[row],
                     rows[row].is_sound ? sound : video));
    }
    return OK;
}

static void scoped_release_table(struct table *held)
{
    table_done(held);
}

// What lies behind the head ends at `file_bytes`.
static enum err write_head(const struct wire_file *ask, int64_t file_bytes,
                           const struct table *video, const struct table *sound,
                           int output_fd)
{
    scoped(buf) struct buf out;
    buf_init(&out, (size_t)ask->head_bytes);
    TRY(mux_write_head(ask, file_bytes, ask->video_timescale > 0 ? video : NULL,
                       ask->sound_rate > 0 ? sound : NULL, &out));
    if (lseek(output_fd, 0, SEEK_SET) != 0)
        return fail_errno(ERR_IO, "go to the head");
    return fd_write_all(output_fd, out.bytes, out.len);
}

static void scoped_release_out(struct mux_out *held)
{
    mux_out_done(held);
}

static enum err end_tables(const struct wire_file *ask, struct table *video,
                           struct table *sound)
{
    if (ask->video_timescale > 0)
        TRY(table_end(video));
    return ask->sound_rate > 0 ? table_end(sound) : OK;
}

static enum err make(const struct wire_file *ask, int parts_fd, int list_fd,
                     int output_fd, int64_t *ret_bytes)
{
    scoped(table) struct table video = {.timescale = ask->video_timescale,
                                        .ticks = ask->video_ticks};
    scoped(table) struct table sound = {.is_sound = true,
                                        .timescale = ask->sound_rate,
                                        .ticks = ask->sound_ticks};
    scoped(out) struct mux_out out = {.fd = -1};
    int64_t size_bytes;
    TRY(fd_size(parts_fd, &size_bytes));
    if (size_bytes < ask->file_bytes)
        return fail(ERR_BAD_INPUT, "file: its parts are cut");
    if (ask->is_copied) {
        TRY(mux_out_init(&out, output_fd, ask->head_bytes));
        video.out = sound.out = &out;
    }
    TRY(read_parts(ask, parts_fd, list_fd, &video, &sound));
    TRY(end_tables(ask, &video, &sound));
    if (ask->container == DOWNLOAD_MP3)
        return mux_write_mp3(ask, &sound, parts_fd, output_fd, ret_bytes);
    if (ask->is_copied)
        TRY(mux_out_flush(&out));
    int64_t end = ask->is_copied ? out.at : ask->file_bytes;
    TRY(write_head(ask, end, &video, &sound, output_fd));
    *ret_bytes = ask->is_copied ? end : ask->head_bytes;
    return OK;
}

void media_make_file(const struct wire_file *ask, int parts_fd, int list_fd,
                     int output_fd, struct wire_made *ret)
{
    int64_t before_us = clock_thread_cpu_us();
    *ret = (struct wire_made){.request = ask->request, .outputs = 1};
    ret->result = make(ask, parts_fd, list_fd, output_fd, &ret->size_bytes[0]);
    if (ret->result != OK)
        snprintf(ret->detail, sizeof ret->detail, "%s", fail_text());
    ret->cpu_us = clock_thread_cpu_us() - before_us;
}
