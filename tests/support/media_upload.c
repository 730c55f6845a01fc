// SPDX-License-Identifier: MIT
// media_upload.c - uploads probed and planned, and pieces made of them.
#include "media_upload.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/str.h"
#include "reeld/model/stand_in.h"
#include "unit.h"

enum { PLAN_BYTES_MAX = 16 << 20, OUTPUT_BYTES_MAX = 256 << 20 };

static const struct wire_limits limits = {
    .max_pixels = 8192LL * 8192,
    .max_duration_us = 86400LL * 1000000,
    .max_frame_rate = 240,
    .max_streams = 32,
};

static const struct plan_wish plan_wishes = {
    .segment_us = 4000000,
    .segment_max_us = 6000000,
    .gop_us = 2000000,
    .bootstraps = 2,
    .bootstrap_us = {2000000, 2000000},
};

int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, bytes, len), OK);
    return fd;
}

static void read_plan(int plan_fd, struct plan **ret)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(fd_read_file(plan_fd, PLAN_BYTES_MAX, &bytes, &len), OK);
    assert_int_equal(plan_unpack((struct str){(char *)bytes, len}, ret), OK);
    free(bytes);
}

static void wish_ladder(struct ladder_wish *ret)
{
    *ret = (struct ladder_wish){
        .copy_source = true, .audio_bps = {128000, 64000},
             .audios = 2
    };
    str_copy(ret->preset, sizeof ret->preset, STR("veryfast"));
    struct str rungs =
        STR("1080p:4800k:60 720p:2700k:60 480p:1300k:30 360p:750k:30 "
            "240p:400k:30");
    assert_int_equal(ladder_parse_rungs(rungs, ret), OK);
    for (uint32_t i = 0; i < ret->rungs; i++)
        ret->rung[i].crf = 23;
}

void upload_open_fd(int fd, struct upload *ret)
{
    media_init();
    *ret = (struct upload){.fd = fd};
    scoped(media_source) struct media_source *s = upload_source(ret);
    int plan_fd = file_of("", 0);
    struct wire_probe ask = {
        .limits = limits, .wish = plan_wishes, .copy_source = true};
    scoped(mem) struct wire_probed *probed = NEW(struct wire_probed);
    media_probe(s, &ask, plan_fd, probed);
    if (probed->result != OK)
        print_error("probe: %s\n", probed->detail);
    assert_int_equal(probed->result, OK);
    read_plan(plan_fd, &ret->plan);
    fd_close(plan_fd);
    struct ladder_wish wish;
    wish_ladder(&wish);
    assert_int_equal(ladder_build(&wish, probed->track, probed->tracks,
                                  ret->plan, probed->copied_peak_bps,
                                  ret->rendition, &ret->renditions),
                     OK);
}

void upload_open(const char *name, struct upload *ret)
{
    const char *folder = getenv("REELD_TEST_MEDIA");
    if (!folder)
        folder = "../shared/media";
    if (access(folder, R_OK) != 0) {
        print_message("skipped: no media in %s ($REELD_TEST_MEDIA)\n", folder);
        skip();
    }
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        print_error("cannot open %s\n", path);
    assert_true(fd >= 0);
    upload_open_fd(fd, ret);
}

void upload_close(struct upload *u)
{
    plan_free(u->plan);
    fd_close(u->fd);
}

struct media_source *upload_source(const struct upload *u)
{
    return media_source_new(dup(u->fd));
}

const struct rendition *upload_rendition(const struct upload *u,
                                         const char *name)
{
    for (uint32_t i = 0; i < u->renditions; i++)
        if (strcmp(u->rendition[i].name, name) == 0)
            return &u->rendition[i];
    for (uint32_t i = 0; i < u->renditions; i++)
        print_message("rendition %s\n", u->rendition[i].name);
    print_error("no rendition %s\n", name);
    assert_true(false);
    return NULL;
}

const struct rendition *upload_smallest(const struct upload *u)
{
    const struct rendition *found = NULL;
    for (uint32_t i = 0; i < u->renditions; i++)
        if (u->rendition[i].recipe.kind == TRACK_VIDEO &&
            !u->rendition[i].is_standby)
            found = &u->rendition[i];
    assert_non_null(found);
    return found;
}

static void ask_video(const struct plan *p, uint32_t segment,
                      struct wire_make *ret)
{
    uint32_t first = p->segment_gop[segment];
    uint32_t gops = p->segment_gop[segment + 1] - first;
    ret->borders = gops + 1;
    assert_true(ret->borders <= WIRE_BORDERS_MAX);
    memcpy(ret->border, p->gop_border + first,
           (gops + 1) * sizeof *ret->border);
    memcpy(ret->entry, p->gop_entry + first, gops * sizeof *ret->entry);
}

static void ask_audio(const struct plan *p, int32_t audio, uint32_t segment,
                      struct wire_make *ret)
{
    int64_t first = 0, count = 0;
    plan_audio_range(p, (uint32_t)audio, segment, &first, &count);
    assert_true(count > 0);
    ret->borders = 2;
    ret->border[0] = first;
    ret->border[1] = first + count;
    uint32_t gop = p->segment_gop[segment];
    if (p->video_track >= 0)
        ret->entry[0] = p->gop_entry[gop > 0 ? gop - 1 : 0];
}

void upload_ask(const struct upload *u, const struct rendition *r,
                uint32_t segment, uint32_t threads, struct wire_make *ret)
{
    const struct plan *p = u->plan;
    *ret = (struct wire_make){.request = segment + 1,
                              .threads = threads,
                              .limits = limits,
                              .timescale = p->timescale,
                              .source_timebase = p->source_timebase,
                              .origin_pts = p->origin_pts,
                              .first_pts = p->first_pts,
                              .seeks_by_byte = p->seeks_by_byte,
                              .jumps = p->jumps,
                              .plan_end = p->gop_border[p->gops]};
    memcpy(ret->jump, p->jump, sizeof p->jump);
    if (r->audio == STAND_IN_AUDIO) {
        ret->audio_end = INT32_MAX;
    } else if (r->audio >= 0) {
        ret->audio_end = p->audio[r->audio].packets;
        ask_audio(p, r->audio, segment, ret);
    } else {
        ask_video(p, segment, ret);
    }
}

void ask_add(struct wire_make *ask, const struct rendition *r,
             enum piece_kind kind)
{
    assert_true(ask->outputs < WIRE_OUTPUTS_MAX);
    ask->output[ask->outputs++] = (struct wire_output){kind, r->recipe};
}

void ask_piece(const struct upload *u, const struct piece *piece,
               uint32_t threads, struct wire_make *ret)
{
    const struct plan *p = u->plan;
    const struct rendition *r = piece_rendition(piece);
    upload_ask(u, r, 0, threads, ret);
    ret->borders = piece->borders;
    memcpy(ret->border, piece->border, sizeof piece->border);
    for (uint32_t i = 0; i + 1 < piece->borders; i++)
        ret->entry[i] = p->gop_entry[plan_gop_at(
            p, r->audio < 0 ? piece->border[i] : piece->from / 2)];
    ask_add(ret, r, piece->kind);
}

struct asset *upload_asset(const struct upload *u)
{
    struct asset *a = asset_new();
    a->state = ASSET_READY;
    scoped(buf) struct buf packed;
    buf_init(&packed, PLAN_BYTES_MAX);
    plan_pack(u->plan, &packed);
    assert_int_equal(plan_unpack(buf_view(&packed), &a->plan), OK);
    a->renditions = u->renditions;
    memcpy(a->rendition, u->rendition, sizeof a->rendition);
    for (uint32_t r = 0; r < a->renditions; r++)
        a->recipe[r] = recipe_hash(&a->rendition[r].recipe, "");
    return a;
}

enum err make_try(struct media_source *s, const struct wire_make *ask,
                  struct buf *out, struct wire_made *ret)
{
    int fds[WIRE_OUTPUTS_MAX];
    for (uint32_t i = 0; i < ask->outputs; i++)
        fds[i] = file_of("", 0);
    media_make(s, ask, fds, ret);
    for (uint32_t i = 0; i < ask->outputs; i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        assert_int_equal(fd_read_file(fds[i], OUTPUT_BYTES_MAX, &bytes, &len),
                         OK);
        if (ret->result == OK)
            assert_int_equal(len, ret->size_bytes[i]);
        buf_add(&out[i], bytes, len);
        free(bytes);
        fd_close(fds[i]);
    }
    return ret->result;
}

void make_into(struct media_source *s, const struct wire_make *ask,
               struct buf *out)
{
    struct wire_made made;
    enum err result = make_try(s, ask, out, &made);
    if (result != OK)
        print_error("making: %s\n", made.detail);
    assert_int_equal(result, OK);
    assert_int_equal(made.request, ask->request);
    assert_int_equal(made.outputs, ask->outputs);
}

void make_piece(const struct upload *u, struct media_source *s,
                const struct piece *piece, struct buf *out)
{
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    ask_piece(u, piece, 2, ask);
    make_into(s, ask, out);
}

void make_alone(const struct upload *u, const struct rendition *r,
                enum piece_kind kind, uint32_t segment, struct buf *out)
{
    scoped(media_source) struct media_source *s = upload_source(u);
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    upload_ask(u, r, segment, 2, ask);
    ask_add(ask, r, kind);
    make_into(s, ask, out);
}

void make_film(const struct upload *u, const struct rendition *r, uint32_t from,
               uint32_t to, struct buf *out)
{
    scoped(media_source) struct media_source *s = upload_source(u);
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    buf_init(out, OUTPUT_BYTES_MAX);
    upload_ask(u, r, from, 2, ask);
    ask->borders = 0;
    ask_add(ask, r, PIECE_INIT);
    make_into(s, ask, out);
    for (uint32_t segment = from; segment < to; segment++) {
        upload_ask(u, r, segment, 2, ask);
        ask_add(ask, r, PIECE_SEGMENT);
        make_into(s, ask, out);
    }
}
