// SPDX-License-Identifier: MIT
// play_sample.c - a store, a catalog and assets for tests of what is played.
#include "play_sample.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "unit.h"

static const struct plan_wish wish = {
    .segment_us = 4000000,
    .segment_max_us = 6000000,
    .gop_us = 2000000,
    .bootstraps = 2,
    .bootstrap_us = {2000000, 2000000},
};

static void succeed(enum err result)
{
    if (result != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(result, OK);
}

static const struct ladder_wish *ladder(void)
{
    static struct ladder_wish ladder = {
        .preset = "veryfast",
        .copy_source = true,
        .audio_bps = {128000, 64000},
        .audios = 2
    };
    if (ladder.rungs == 0)
        succeed(ladder_parse_rungs(STR("720p:2700k 480p:1300k 240p:400k"),
                                   &ladder));
    return &ladder;
}

static struct track sound(int stream, const char *language)
{
    struct track t = {.stream = stream,
                      .kind = TRACK_AUDIO,
                      .codec = "opus",
                      .is_playable = true,
                      .channels = 2,
                      .sample_rate = 48000};
    snprintf(t.language, sizeof t.language, "%s", language);
    return t;
}

static struct plan *pictures_plan(int64_t timescale, int64_t step, int count)
{
    struct plan *p = NEW(struct plan);
    p->timescale = (uint32_t)timescale;
    p->source_timebase = (struct rational){1, timescale};
    struct plan_frame *frames = NEW_ARRAY(count, struct plan_frame);
    for (int i = 0; i < count; i++)
        frames[i] = (struct plan_frame){.ticks = i * step,
                                        .dts = i * step,
                                        .position = i * INT64_C(1000),
                                        .is_shown = true,
                                        .is_entry = i % 25 == 0,
                                        .is_idr = i % 25 == 0};
    succeed(
        plan_lay_video(p, &wish, frames, (size_t)count, count * step, true));
    free(frames);
    return p;
}

static struct plan *film_plan(void)
{
    struct plan *p = pictures_plan(12800, 512, 3000);
    p->audios = 2;
    p->audio[0] =
        (struct plan_audio){.track = 1, .rate = 48000, .packets = 5625};
    p->audio[1] =
        (struct plan_audio){.track = 2, .rate = 44100, .packets = 5168};
    succeed(plan_check(p));
    return p;
}

static struct plan *song_plan(void)
{
    struct plan *p = NEW(struct plan);
    p->timescale = 48000;
    p->video_track = -1;
    p->source_timebase = (struct rational){1, 48000};
    p->audios = 1;
    p->audio[0] = (struct plan_audio){.rate = 48000};
    succeed(plan_lay_audio(p, &wish, INT64_C(30) * 48000));
    p->audio[0].packets = 1407;
    succeed(plan_check(p));
    return p;
}

// Uploaded, probed, and as the catalog gives it out.
static const struct asset *publish(struct play_sample *s, struct asset *a,
                                   const char *name)
{
    a->name = mem_text(name);
    a->description = mem_text("");
    a->metadata = mem_text("{}");
    a->filename = mem_text(name);
    a->collection = mem_text("default");
    a->source = hash_of(name, strlen(name));
    a->size_bytes = 1;
    succeed(catalog_add_asset(s->catalog, a));
    int64_t peak_bps = a->track[0].coded_height > 480 ? 5400000 : 1000000;
    succeed(ladder_build(ladder(), a->track, a->tracks, a->plan, peak_bps,
                         a->rendition, &a->renditions));
    for (uint32_t i = 0; i < a->renditions; i++)
        a->recipe[i] = recipe_hash(&a->rendition[i].recipe, "build");
    succeed(catalog_asset_ready(s->catalog, a, "build", false));
    const struct asset *ready = NULL;
    succeed(catalog_asset(s->catalog, &a->id, &ready));
    asset_unref(a);
    return ready;
}

static const struct asset *add_film(struct play_sample *s)
{
    struct asset *a = asset_new();
    a->id = id_new("m");
    a->kind = ASSET_VIDEO;
    a->tracks = 3;
    a->track[0] = (struct track){
        .kind = TRACK_VIDEO,
        .codec = "h264",
        .codecs = "avc1.640028",
        .is_playable = true,
        .coded_width = 1440,
        .coded_height = 1080,
        .sample_aspect = {4,  3},
        .frame_rate = {25, 1},
        .bit_depth = 8,
        .chroma = 420
    };
    a->track[1] = sound(1, "eng");
    a->track[2] = sound(2, "fra");
    a->plan = film_plan();
    return publish(s, a, "film");
}

static const struct asset *add_song(struct play_sample *s)
{
    struct asset *a = asset_new();
    a->id = id_new("a");
    a->tracks = 1;
    a->track[0] = sound(0, "");
    a->plan = song_plan();
    return publish(s, a, "song");
}

static const struct asset *add_mute(struct play_sample *s)
{
    struct asset *a = asset_new();
    a->id = id_new("m");
    a->kind = ASSET_VIDEO;
    a->tracks = 1;
    a->track[0] = (struct track){
        .kind = TRACK_VIDEO,
        .codec = "h264",
        .codecs = "avc1.64001E",
        .is_playable = true,
        .coded_width = 640,
        .coded_height = 480,
        .sample_aspect = {1,     1   },
        .frame_rate = {30000, 1001},
        .bit_depth = 8,
        .chroma = 420
    };
    a->plan = pictures_plan(30000, 1001, 600);
    succeed(plan_check(a->plan));
    return publish(s, a, "mute");
}

void play_sample_open(struct play_sample *s)
{
    *s = (struct play_sample){0};
    snprintf(s->directory, sizeof s->directory, "/tmp/reeld-play-XXXXXX");
    assert_non_null(mkdtemp(s->directory));
    snprintf(s->path, sizeof s->path, "%s/catalog.db", s->directory);
    struct catalog_options o = {.path = s->path, .asset_cache = 8};
    succeed(catalog_open(&o, &s->catalog));
    struct store_options so = {.directory = s->directory};
    succeed(store_open_fs(&so, &s->store));
    s->film = add_film(s);
    s->song = add_song(s);
    s->mute = add_mute(s);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

void play_sample_close(struct play_sample *s)
{
    asset_unref(s->film);
    asset_unref(s->song);
    asset_unref(s->mute);
    store_free(s->store);
    catalog_close(s->catalog);
    assert_int_equal(nftw(s->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS),
                     0);
}

void play_sample_claim(struct play_sample *s, const struct asset *a,
                       uint32_t rendition, enum piece_kind kind,
                       uint32_t number, int64_t size_bytes)
{
    struct piece_fact f = {.source_row = a->source_row,
                           .recipe_row = a->recipe_row[rendition],
                           .kind = kind,
                           .number = number,
                           .size_bytes = size_bytes};
    succeed(asset_piece_key(a, rendition, kind, number, &f.key));
    if (kind == PIECE_SEGMENT || kind == PIECE_TS) {
        int64_t ticks = plan_segment_to(a->plan, number) -
                        plan_segment_from(a->plan, number);
        f.duration_us = scale_round(ticks, 1000000, a->plan->timescale);
    }
    succeed(catalog_add_pieces(s->catalog, &f, 1));
}

void play_sample_make(struct play_sample *s, const struct asset *a,
                      uint32_t rendition, enum piece_kind kind, uint32_t number,
                      const char *bytes)
{
    struct digest key;
    succeed(asset_piece_key(a, rendition, kind, number, &key));
    struct store_writer *w = NULL;
    succeed(store_begin(s->store, 0, &w));
    succeed(fd_write_all(store_writer_fd(w), bytes, strlen(bytes)));
    succeed(store_commit(w, &key));
    play_sample_claim(s, a, rendition, kind, number, (int64_t)strlen(bytes));
}

struct play_sample sample;

int play_set_up(void **state)
{
    (void)state;
    play_sample_open(&sample);
    return 0;
}

int play_tear_down(void **state)
{
    (void)state;
    play_sample_close(&sample);
    return 0;
}
