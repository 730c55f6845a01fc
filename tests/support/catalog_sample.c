// SPDX-License-Identifier: MIT
// catalog_sample.c - a directory for a test's database, and assets to put in.
#include "catalog_sample.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "unit.h"

struct catalog_options sample_options(const struct sample *s)
{
    return (struct catalog_options){.path = s->path, .asset_cache = 8};
}

void sample_make(struct sample *s)
{
    // In memory where it can be: hundreds of commits, each with its sync.
    bool has_memory = access("/dev/shm", W_OK) == 0;
    snprintf(s->directory, sizeof(s->directory), "%s/reeld-catalog-XXXXXX",
             has_memory ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(s->directory));
    snprintf(s->path, sizeof(s->path), "%s/catalog.db", s->directory);
    s->catalog = NULL;
}

void sample_reopen(struct sample *s)
{
    catalog_close(s->catalog);
    s->catalog = NULL;
    struct catalog_options o = sample_options(s);
    enum err e = catalog_open(&o, &s->catalog);
    if (e != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(e, OK);
}

void sample_open(struct sample *s)
{
    sample_make(s);
    sample_reopen(s);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

void sample_close(struct sample *s)
{
    catalog_close(s->catalog);
    assert_int_equal(nftw(s->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS),
                     0);
}

int sample_set_up(void **state)
{
    static struct sample sample;
    sample_open(&sample);
    *state = &sample;
    return 0;
}

int sample_tear_down(void **state)
{
    sample_close(*state);
    return 0;
}

struct catalog *catalog_of(void **state)
{
    return ((struct sample *)*state)->catalog;
}

// Ids of one millisecond have no order, so each gets one of its own.
static struct id next_id(void)
{
    static uint64_t age_ms = UINT64_C(1) << 40;
    uint8_t hash[HASH_BYTES];
    random_bytes(hash, sizeof(hash));
    age_ms++;
    for (int i = 0; i < 6; i++)
        hash[i] = (uint8_t)(age_ms >> (40 - 8 * i));
    return id_from_hash("m", hash);
}

struct asset *sample_upload(unsigned seed)
{
    struct asset *a = asset_new();
    a->id = next_id();
    a->state = ASSET_UPLOADED;
    a->kind = ASSET_VIDEO;
    a->name = mem_text("A talk, \"quoted\" \xc3\xa9");
    a->description = mem_text("what it is about");
    a->metadata = mem_text("{\"speaker\":\"somebody\"}");
    a->filename = mem_text("talk.mp4");
    a->created_us = clock_wall_us();
    a->size_bytes = 1000000 + seed;
    a->source = hash_of(&seed, sizeof(seed));
    a->epoch = 3;
    return a;
}

static struct plan *make_plan(void)
{
    enum { FRAMES = 500, STEP = 512 };
    static const struct plan_wish wish = {
        .segment_us = 4000000,
        .segment_max_us = 6000000,
        .gop_us = 2000000,
        .bootstraps = 2,
        .bootstrap_us = {2000000, 2000000},
    };
    struct plan *p = NEW(struct plan);
    p->timescale = 12800;
    p->source_timebase = (struct rational){1, 12800};
    struct plan_frame frames[FRAMES];
    for (int i = 0; i < FRAMES; i++)
        frames[i] = (struct plan_frame){.ticks = i * STEP,
                                        .dts = i * STEP - 2 * STEP,
                                        .position = i * INT64_C(1000),
                                        .is_shown = true,
                                        .is_entry = i % 25 == 0,
                                        .is_idr = i % 25 == 0};
    assert_int_equal(
        plan_lay_video(p, &wish, frames, FRAMES, (int64_t)FRAMES * STEP, true),
        OK);
    p->audios = 1;
    p->audio[0] = (struct plan_audio){
        .track = 1, .rate = 48000, .grid_origin = 7, .packets = 938};
    assert_int_equal(plan_check(p), OK);
    return p;
}

static void set_tracks(struct asset *a)
{
    a->tracks = 2;
    a->track[0] = (struct track){
        .kind = TRACK_VIDEO,
        .codec = "h264",
        .codecs = "avc1.640028",
        .title = "camera \xc3\xa4",
        .is_default = true,
        .is_playable = true,
        .bitrate = 4200000,
        .coded_width = 1920,
        .coded_height = 1080,
        .sample_aspect = {4,     3   },
        .rotation = 90,
        .is_mirrored = true,
        .frame_rate = {30000, 1001},
        .bit_depth = 10,
        .chroma = 422,
        .is_interlaced = true,
        .is_full_range = true,
        .transfer = TRANSFER_HLG,
    };
    a->track[1] = (struct track){
        .stream = 1,
        .kind = TRACK_AUDIO,
        .codec = "aac",
        .codecs = "mp4a.40.2",
        .language = "en-GB",
        .is_playable = true,
        .bitrate = 192000,
        .sample_aspect = {1, 1},
        .frame_rate = {0, 1},
        .channels = 2,
        .sample_rate = 48000,
        .is_copyable = true,
    };
}

struct asset *sample_probed(const struct asset *uploaded)
{
    struct asset *a = asset_new();
    a->id = uploaded->id;
    a->state = ASSET_READY;
    a->kind = ASSET_VIDEO;
    a->source = uploaded->source;
    a->plan = make_plan();
    set_tracks(a);
    assert_int_equal(track_check(&a->track[0]), OK);
    assert_int_equal(track_check(&a->track[1]), OK);
    struct ladder_wish wish = {
        .preset = "veryfast",
        .copy_source = true,
        .audio_bps = {128000, 64000},
        .audios = 2
    };
    assert_int_equal(
        ladder_parse_rungs(STR("720p:2700k:60 360p:750k:30"), &wish), OK);
    assert_int_equal(ladder_build(&wish, a->track, a->tracks, a->plan, 9000000,
                                  a->rendition, &a->renditions),
                     OK);
    return a;
}

void sample_add_ready(struct catalog *c, unsigned seed, struct id *ret_id)
{
    scoped(asset) const struct asset *up = sample_upload(seed);
    scoped(asset) const struct asset *probed = sample_probed(up);
    assert_int_equal(catalog_add_asset(c, up), OK);
    assert_int_equal(catalog_asset_ready(c, probed, "libx264 1", true), OK);
    *ret_id = up->id;
}

struct piece_fact sample_piece(const struct asset *a, uint32_t rendition,
                               uint32_t segment)
{
    int64_t ticks =
        plan_segment_to(a->plan, segment) - plan_segment_from(a->plan, segment);
    struct piece_fact f = {
        .source_row = a->source_row,
        .recipe_row = a->recipe_row[rendition],
        .kind = PIECE_SEGMENT,
        .number = segment,
        .duration_us = scale_round(ticks, 1000000, a->plan->timescale),
    };
    f.size_bytes = f.duration_us;
    assert_int_equal(
        asset_piece_key(a, rendition, PIECE_SEGMENT, segment, &f.key), OK);
    return f;
}
