// SPDX-License-Identifier: MIT
// download_room.c - how much room the head of a download may take.
//
// The head stands before the parts but is known only when they all are. So room
// for the largest that it may become is left, and what it does not take is a
// box of nothing: a hundredth of the file and less, and no byte of it has to be
// written twice.
#include "download_room.h"

#include "reeld/model/stand_in.h"

enum {
    // ISO/IEC 14496-12 sections 8.6 and 8.7, entries of 32 bits: size, decoding
    // time, composition, key picture.
    VIDEO_SAMPLE_BYTES = 4 + 8 + 8 + 4,
    SOUND_SAMPLE_BYTES = 4,
    CHUNK_BYTES = 8 + 12, // offset, how many samples of which description
    RUN_BYTES = 8,        // of sound: times differ at joins alone
    FIXED_BYTES = 8192,
    ROUND_BYTES = 4096,
};

// What samples of a clip there may be, and in how many fragments.
struct amount {
    int64_t samples, chunks;
};

static int64_t black_pictures(const struct clip *c)
{
    return scale_ceil(c->to - c->from, STAND_IN_FRAME_RATE,
                      c->asset->plan->timescale);
}

static int64_t planned_pictures(const struct plan *p, uint32_t first,
                                uint32_t last)
{
    int64_t count = 0;
    for (uint32_t r = p->gop_run[first]; r < p->gop_run[last + 1]; r++)
        count += p->run[r].count;
    return count;
}

// A copied GOP may bring pictures that no plan shows: a few more.
static struct amount pictures_of(const struct clip *c)
{
    const struct plan *p = c->asset->plan;
    uint32_t first = plan_gop_at(p, c->from), last = plan_gop_at(p, c->to - 1);
    int64_t count =
        p->runs > 0 ? planned_pictures(p, first, last) : black_pictures(c);
    return (struct amount){count + count / 16 + c->segments + 64,
                           (int64_t)(last - first) + INT64_C(2) * c->segments +
                               2};
}

static struct amount packets_of(const struct clip *c, const struct rendition *r)
{
    int64_t samples =
        scale_ceil(c->to - c->from, r->timescale, c->asset->plan->timescale);
    return (struct amount){samples / AAC_FRAME_SAMPLES + c->segments + 4,
                           (int64_t)c->segments + 4};
}

static enum err check_samples(int64_t samples)
{
    if (samples > DOWNLOAD_SAMPLES_MAX)
        return fail(ERR_TOO_LARGE, "a download of more than %d samples",
                    DOWNLOAD_SAMPLES_MAX);
    return OK;
}

enum err download_reserve(struct download *d)
{
    struct amount video = {0}, sound = {0};
    const struct timeline *t = d->timeline;
    for (uint32_t i = 0; i < t->clips; i++) {
        struct amount one = {0};
        if (d->video >= 0)
            one = pictures_of(&t->clip[i]);
        video.samples += one.samples;
        video.chunks += one.chunks;
        if (d->sound < 0)
            continue;
        one = packets_of(&t->clip[i],
                         show_server(d->show, show_clip_asset(d->show, i),
                                     (uint32_t)d->sound)
                             ->rendition);
        sound.samples += one.samples;
        sound.chunks += one.chunks;
    }
    TRY(check_samples(video.samples));
    TRY(check_samples(sound.samples));
    if (d->container == DOWNLOAD_MP3)
        return OK;
    int64_t entries = 2 * (int64_t)d->show->assets;
    int64_t bytes = FIXED_BYTES + entries * DOWNLOAD_ENTRY_BYTES_MAX +
                    video.samples * VIDEO_SAMPLE_BYTES +
                    sound.samples * SOUND_SAMPLE_BYTES +
                    (video.chunks + sound.chunks) * CHUNK_BYTES +
                    (int64_t)t->clips * 4 * RUN_BYTES;
    if (bytes > DOWNLOAD_HEAD_BYTES_MAX)
        return fail(ERR_TOO_LARGE, "a download whose head is too large");
    d->head_bytes = scale_ceil(bytes, 1, ROUND_BYTES) * ROUND_BYTES;
    return OK;
}
