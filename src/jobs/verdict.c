// SPDX-License-Identifier: MIT
// verdict.c - from a worker's findings to READY or REJECTED, on the pool.
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

// The plan speaks of tracks by index: they must be there and of its kind.
static enum err check_links(const struct wire_probed *a, const struct plan *p)
{
    if (p->video_track >= 0 && ((uint32_t)p->video_track >= a->tracks ||
                                a->track[p->video_track].kind != TRACK_VIDEO ||
                                !a->track[p->video_track].is_playable))
        return fail(ERR_BAD_INPUT, "the plan names no video track");
    for (uint32_t i = 0; i < p->audios; i++) {
        int32_t track = p->audio[i].track;
        if (track < 0 || (uint32_t)track >= a->tracks ||
            a->track[track].kind != TRACK_AUDIO || !a->track[track].is_playable)
            return fail(ERR_BAD_INPUT, "the plan names no audio track");
    }
    return OK;
}

static enum asset_kind kind_of(const struct wire_probed *answer,
                               const struct plan *p)
{
    if (p->video_track < 0)
        return ASSET_AUDIO;
    return answer->is_image ? ASSET_IMAGE : ASSET_VIDEO;
}

static enum err build_asset(const struct verdict *v, struct asset *a)
{
    const struct wire_probed *answer = v->answer;
    TRY(plan_unpack(
        (struct str){(const char *)v->packed->bytes, v->packed->len},
        &a->plan));
    TRY(check_links(answer, a->plan));
    if (answer->is_image && a->plan->runs != 1)
        return fail(ERR_BAD_INPUT, "an image of several pictures");
    a->id = v->asset;
    a->state = ASSET_READY;
    a->source = v->snapshot->source;
    a->source_row = v->snapshot->source_row;
    a->size_bytes = v->snapshot->size_bytes;
    a->created_us = v->snapshot->created_us;
    a->epoch = v->snapshot->epoch;
    a->kind = kind_of(answer, a->plan);
    a->tracks = answer->tracks;
    memcpy(a->track, answer->track, answer->tracks * sizeof *answer->track);
    TRY(ladder_build(&v->options->ladder_wish, a->track, a->tracks, a->plan,
                     answer->copied_peak_bps, a->rendition, &a->renditions));
    if (a->renditions == 0)
        return fail(ERR_BAD_INPUT, "nothing to play");
    // Its thumbnails are made after the largest one; nobody plays any.
    if (a->kind == ASSET_IMAGE)
        a->renditions = 1;
    for (uint32_t i = 0; i < a->renditions; i++) {
        TRY(recipe_check(&a->rendition[i].recipe));
        a->recipe[i] = recipe_hash(&a->rendition[i].recipe, v->build);
    }
    return OK;
}

static enum err make_ready(struct verdict *v)
{
    scoped(asset) const struct asset *guard = NULL;
    struct asset *a = asset_new();
    guard = a;
    enum err result = build_asset(v, a);
    if (result != OK) {
        v->is_lie = true;
        return result;
    }
    bool with_ladder =
        v->options->ladder_in_background && a->kind != ASSET_IMAGE;
    TRY(catalog_asset_ready(v->catalog, a, v->build, with_ladder));
    log_info("asset.ready id=%s tracks=%u renditions=%u segments=%u",
             a->id.text, a->tracks, a->renditions, a->plan->segments);
    return catalog_asset(v->catalog, &v->asset, &v->ready);
}

static enum err make_rejected(const struct verdict *v)
{
    TRY(catalog_asset_rejected(v->catalog, &v->asset, v->answer->code,
                               v->answer->detail));
    char detail[LOG_QUOTED_BYTES];
    log_info("asset.rejected id=%s code=%s detail=%s", v->asset.text,
             v->answer->code, log_quote(str_of(v->answer->detail), detail));
    return OK;
}

static enum err decide(struct verdict *v)
{
    TRY(v->packed ? make_ready(v) : make_rejected(v));
    // The asset has moved on, so a job that cannot be closed now does nothing
    // when it is claimed again.
    if (catalog_move_job(v->catalog, &v->job.id, JOB_RUNNING, JOB_DONE, NULL, 0,
                         true) != OK)
        lost_suspect(&v->errand);
    return OK;
}

static void decide_on_pool(struct errand *errand)
{
    struct verdict *v = (struct verdict *)errand;
    v->result = decide(v);
    if (v->result != OK)
        str_copy(v->why, sizeof v->why, str_of(fail_text()));
}

struct verdict *verdict_new(struct jobs *j, const struct wire_probed *answer)
{
    struct verdict *v = NEW(struct verdict);
    v->errand.work = decide_on_pool;
    v->catalog = j->catalog;
    v->options = &j->options;
    memcpy(v->build, j->counts.build, sizeof v->build);
    v->answer = NEW(struct wire_probed);
    *v->answer = *answer;
    return v;
}

void verdict_free(struct verdict *v)
{
    asset_unref(v->snapshot);
    asset_unref(v->ready);
    blob_unref(v->packed);
    free(v->answer);
    free(v);
}
