// SPDX-License-Identifier: MIT
// manifest_fuzz.c - manifests of assets and clips with plans of any bytes.
//
//   range count, ranges of two numbers each (big-endian milliseconds), a plan
//   as a worker packs it
//
// Whatever plan is accepted, each manifest is written or refused, HLS has one
// tag or URI a line, DASH is well-formed XML, and what they name can be made.
#include <assert.h>
#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RANGES_MAX = 4, RANGE_BYTES = 8, TEXT_BYTES_MAX = 16 << 20 };

static const struct ladder_wish ladder = {
    .rungs = 2,
    .rung = {{.short_side = 360,
              .cap_bps = 750000,
              .crf = 23,
              .frame_rate_cap = {0, 1}},
             {.short_side = 240,
              .cap_bps = 400000,
              .crf = 23,
              .frame_rate_cap = {0, 1}}                    },
    .preset = "veryfast",
    .copy_source = true,
    .audio_bps = {128000,                                  64000},
    .audios = 2,
};

static struct track track_of(const struct plan *p, int index)
{
    struct track t = {.stream = index, .codec = "h264", .is_playable = true};
    for (uint32_t i = 0; i < p->audios; i++)
        if (p->audio[i].track == index)
            t = (struct track){.stream = index,
                               .kind = TRACK_AUDIO,
                               .codec = "aac",
                               .is_playable = true,
                               .channels = 2,
                               .sample_rate = p->audio[i].rate};
    if (t.kind == TRACK_VIDEO) {
        t.coded_width = 640;
        t.coded_height = 360;
        t.sample_aspect = (struct rational){1, 1};
        t.frame_rate = (struct rational){25, 1};
        t.bit_depth = 8;
        t.is_copyable = true;
        memcpy(t.codecs, "avc1.640028", sizeof "avc1.640028");
    }
    return t;
}

// NULL: no plan, or none that there could be tracks for.
static struct asset *asset_of(struct str packed)
{
    struct plan *plan = NULL;
    if (plan_unpack(packed, &plan) != OK)
        return NULL;
    struct asset *a = asset_new();
    a->plan = plan;
    a->state = ASSET_READY;
    int most = plan->video_track;
    for (uint32_t i = 0; i < plan->audios; i++)
        most = plan->audio[i].track > most ? plan->audio[i].track : most;
    if (most < TRACKS_MAX)
        for (int i = 0; i <= most; i++)
            a->track[a->tracks++] = track_of(plan, i);
    if (a->tracks == 0 ||
        ladder_build(&ladder, a->track, a->tracks, plan, 500000, a->rendition,
                     &a->renditions) != OK ||
        a->renditions == 0)
        a->state = ASSET_REJECTED;
    return a;
}

static int64_t number_at(const uint8_t *at)
{
    return ((int64_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]) * 1000;
}

static enum err open_show(const struct asset *a, const uint8_t *ranges,
                          size_t count, const struct play_show **ret)
{
    struct npt_range range[RANGES_MAX];
    for (size_t i = 0; i < count; i++) {
        range[i].start_us = number_at(ranges + RANGE_BYTES * i);
        range[i].end_us =
            range[i].start_us + 1000 + number_at(ranges + RANGE_BYTES * i + 4);
    }
    return play_show_of_ranges(a, range, count, SNAP_FRAME, ret);
}

// Each line is a tag, a comment or a URI of this show whose piece there is.
static void check_hls(const struct play_show *show, const struct play_path *p,
                      struct str text)
{
    struct str rest = text;
    assert(str_eq(str_cut(&rest, '\n'), STR("#EXTM3U")));
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        assert(line.len > 0 && str_is_printable(line));
        if (line.ptr[0] == '#' || p->manifest == PLAY_HLS_MULTIVARIANT ||
            p->manifest == PLAY_HLS_MULTIVARIANT_TS)
            continue;
        scoped(buf) struct buf path;
        buf_init(&path, 256);
        buf_printf(&path, "%s/%.*s", play_show_offer(show)->rung[p->rung].name,
                   STR_ARG(line));
        struct play_path named;
        scoped(piece) struct piece piece = {0};
        enum err e = play_parse(show, buf_view(&path), false, &named);
        assert(e == OK);
        e = play_piece_of(show, &named, &piece);
        assert(e == OK);
    }
}

static void check_xml(struct str text)
{
    xmlDoc *doc = xmlReadMemory(text.ptr, (int)text.len, "x", NULL,
                                XML_PARSE_NONET | XML_PARSE_HUGE);
    assert(doc);
    xmlFreeDoc(doc);
}

static void write_one(const struct play_show *show, const struct play_path *p)
{
    scoped(buf) struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    if (play_write_manifest(NULL, show, p, "", &text) != OK)
        return;
    if (p->manifest == PLAY_DASH)
        check_xml(buf_view(&text));
    else if (p->manifest != PLAY_STORYBOARD)
        check_hls(show, p, buf_view(&text));
}

static void write_all(const struct play_show *show)
{
    static const char *const whole[] = {"index.m3u8", "manifest.mpd",
                                        "storyboard.vtt"};
    static const char *const each[] = {"index.m3u8", "iframes.m3u8", "ts.m3u8"};
    struct play_path p;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        for (int ts = 0; ts < 2; ts++)
            if (play_parse(show, str_of(whole[i]), ts, &p) == OK)
                write_one(show, &p);
    const struct show *offer = play_show_offer(show);
    for (uint32_t r = 0; r < offer->rungs; r++)
        for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
            char path[64];
            snprintf(path, sizeof path, "%s/%s", offer->rung[r].name, each[i]);
            if (play_parse(show, str_of(path), false, &p) == OK)
                write_one(show, &p);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = size > 0 ? 1 + data[0] % RANGES_MAX : 1;
    size_t head = 1 + count * RANGE_BYTES;
    if (size < head)
        return 0;
    scoped(asset) const struct asset *a =
        asset_of((struct str){(const char *)data + head, size - head});
    scoped(play_show) const struct play_show *show = NULL;
    if (a && a->state == ASSET_READY &&
        open_show(a, data + 1, count, &show) == OK)
        write_all(show);
    return 0;
}
