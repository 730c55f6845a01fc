// SPDX-License-Identifier: MIT
// make_fuzz.c - uploads of any bytes, from the probe to pieces, as a worker
// does it: what is planned is asked for, of each rendition its init and its
// first and last segments.
//
// Pieces may fail; but then with a reason, and the worker's answer is one that
// the daemon believes.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/jobs/crew.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/media.h"
#include "reeld/model/ladder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Small: what matters is what the bytes do, not how large they may be.
#define LIMITS                                                                 \
    {                                                                          \
        .max_pixels = 1 << 16, .max_duration_us = INT64_C(3600000000),         \
        .max_frame_rate = 240, .max_streams = 8                                \
    }
static const struct wire_probe probe = {
    .limits = LIMITS,
    .wish = {.segment_us = 4000000,
             .segment_max_us = 6000000,
             .gop_us = 2000000,
             .bootstraps = 1,
             .bootstrap_us = {2000000}},
    .copy_source = true,
};
static const struct ladder_wish ladder = {
    .rungs = 1,
    .rung = {{.short_side = 16,
              .cap_bps = 100000,
              .crf = 40,
              .frame_rate_cap = {0, 1}}},
    .preset = "ultrafast",
    .copy_source = true,
    .audio_bps = {32000},
    .audios = 1,
};

static void must(enum err e)
{
    if (e == OK)
        return;
    fprintf(stderr, "%s\n", fail_text());
    abort();
}

static int file_of(const uint8_t *bytes, size_t len)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || fd_write_all(fd, bytes, len) != OK)
        abort();
    return fd;
}

static struct plan *read_plan(int fd)
{
    scoped(mem) uint8_t *packed = NULL;
    size_t len = 0;
    struct plan *plan = NULL;
    if (fd_read_file(fd, PLAN_PACKED_BYTES_MAX, &packed, &len) != OK ||
        plan_unpack((struct str){(const char *)packed, len}, &plan) != OK)
        abort();
    return plan;
}

// NULL: it was refused.
static struct asset *probe_asset(struct media_source *s)
{
    static struct wire_message m;
    scoped(fd) int plan_fd = file_of(NULL, 0);
    m = (struct wire_message){.type = WIRE_PROBED};
    media_probe(s, &probe, plan_fd, &m.probed);
    must(wire_check(&m));
    if (m.probed.result != OK)
        return NULL;
    struct asset *a = asset_new();
    a->state = ASSET_READY;
    a->plan = read_plan(plan_fd);
    a->tracks = m.probed.tracks;
    memcpy(a->track, m.probed.track, a->tracks * sizeof *a->track);
    if (ladder_build(&ladder, a->track, a->tracks, a->plan,
                     m.probed.copied_peak_bps, a->rendition,
                     &a->renditions) != OK)
        a->renditions = 0;
    for (uint32_t i = 0; i < a->renditions; i++)
        must(recipe_check(&a->rendition[i].recipe));
    return a;
}

static void make(struct media_source *s, struct piece *piece)
{
    static struct wire_message ask, made;
    static const struct jobs_options options = {.worker_threads = 1,
                                                .limits = LIMITS};
    struct flight flight = {.piece = *piece};
    struct flight *flights[] = {&flight};
    ask = (struct wire_message){.type = WIRE_MAKE};
    made = (struct wire_message){.type = WIRE_MADE};
    link_make(&options, flights, 1, &ask.make);
    must(wire_check(&ask));
    scoped(fd) int output = file_of(NULL, 0);
    media_make(s, &ask.make, &output, &made.made);
    // The loop of the worker does this.
    for (char *at = made.made.detail; *at; at++)
        if (*at < 0x20 || *at > 0x7E)
            *at = '?';
    must(wire_check(&made));
    int64_t size_bytes = 0;
    if (made.made.result == OK &&
        (fd_size(output, &size_bytes) != OK || size_bytes == 0 ||
         size_bytes != made.made.size_bytes[0]))
        abort();
}

static void make_of(struct media_source *s, const struct asset *a, uint32_t r,
                    enum piece_kind kind, uint32_t number)
{
    scoped(piece) struct piece piece = {0};
    if (piece_of_asset(a, r, kind, number, &piece) == OK)
        make(s, &piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    media_init();
    scoped(media_source) struct media_source *s =
        media_source_new(file_of(data, size));
    scoped(asset) const struct asset *a = probe_asset(s);
    for (uint32_t r = 0; a && r < a->renditions; r++) {
        make_of(s, a, r, PIECE_INIT, 0);
        make_of(s, a, r, PIECE_SEGMENT, 0);
        make_of(s, a, r, PIECE_SEGMENT, a->plan->segments - 1);
        make_of(s, a, r, PIECE_IFRAME, 0);
    }
    return 0;
}
