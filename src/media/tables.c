// SPDX-License-Identifier: MIT
// tables.c - the sample tables of one track, put together from CMAF pieces.
#include "tables.h"

#include <stdlib.h>
#include <string.h>

#include "reeld/base/math.h"
#include "reeld/base/mem.h"

enum {
    ENTRIES_MAX = 4096,
    HALF_PACKET = AAC_FRAME_SAMPLES / 2,
    CHUNK_SAMPLES_MAX = 1 << 20,
};

void table_done(struct table *t)
{
    for (size_t i = 0; i < t->entry_count; i++)
        free(t->entries[i].bytes);
    free(t->entries);
    free(t->size);
    free(t->chunk);
    free(t->step.run);
    free(t->composition.run);
    free(t->sync);
    *t = (struct table){0};
}

static void add_to_runs(struct table_runs *r, int32_t value)
{
    if (r->runs > 0 && r->run[r->runs - 1].value == value) {
        r->run[r->runs - 1].count++;
        return;
    }
    struct table_run one = {1, value};
    PUSH(r->run, r->runs, r->capacity, one);
}

static int32_t take_from_runs(struct table_runs *r)
{
    struct table_run *last = &r->run[r->runs - 1];
    int32_t value = last->value;
    if (--last->count == 0)
        r->runs--;
    return value;
}

// ---- inits -----------------------------------------------------------------

static enum err find_entry(struct table *t, struct str entry, uint32_t *ret)
{
    for (uint32_t i = 0; i < t->entry_count; i++)
        if (t->entries[i].len == entry.len &&
            memcmp(t->entries[i].bytes, entry.ptr, entry.len) == 0) {
            *ret = i;
            return OK;
        }
    if (t->entry_count == ENTRIES_MAX)
        return fail(ERR_TOO_LARGE, "file: more than %d kinds of parts",
                    ENTRIES_MAX);
    struct table_entry fresh = {mem_new(entry.len, 1), entry.len};
    memcpy(fresh.bytes, entry.ptr, entry.len);
    *ret = (uint32_t)t->entry_count;
    PUSH(t->entries, t->entry_count, t->entry_capacity, fresh);
    return OK;
}

enum err table_add_init(struct table *t, const uint8_t *bytes, size_t len)
{
    struct read_look look;
    TRY(cmaf_read_init(bytes, len, &t->init));
    TRY(cmaf_read_look(bytes, len, &look));
    if (t->init.is_video == t->is_sound)
        return fail(ERR_BAD_INPUT, "file: pictures and sound mixed up");
    if (t->is_sound && t->init.timescale != t->timescale)
        return fail(ERR_UNSUPPORTED, "file: sound at %u and %u Hz",
                    t->timescale, t->init.timescale);
    TRY(find_entry(t, look.entry, &t->entry));
    if (!t->has_init)
        t->language = look.language;
    if ((uint64_t)look.width * look.height >= (uint64_t)t->width * t->height) {
        t->width = look.width;
        t->height = look.height;
    }
    t->has_init = true;
    return OK;
}

// ---- samples ---------------------------------------------------------------

static void add_to_chunk(struct table *t, int64_t offset, uint32_t bytes,
                         int64_t end_of_last)
{
    struct table_chunk *last = t->chunks > 0 ? &t->chunk[t->chunks - 1] : NULL;
    if (last && offset == end_of_last && last->entry == t->entry &&
        last->samples < CHUNK_SAMPLES_MAX) {
        last->samples++;
    } else {
        struct table_chunk fresh = {offset, 1, t->entry};
        PUSH(t->chunk, t->chunks, t->chunk_capacity, fresh);
    }
    PUSH(t->size, t->samples, t->size_capacity, bytes);
}

// A sample decoded at `at`, the first one or later than the last.
static enum err add_sample(struct table *t, int64_t at, int64_t offset,
                           uint32_t bytes, int64_t *end_of_last)
{
    if (t->samples == DOWNLOAD_SAMPLES_MAX)
        return fail(ERR_TOO_LARGE, "file: more than %d samples",
                    DOWNLOAD_SAMPLES_MAX);
    if (at >= t->ticks)
        return fail(ERR_BAD_INPUT, "file: a sample outside of its track");
    if (t->samples > 0) {
        int64_t step = at - t->last;
        if (step < 1 || step > INT32_MAX)
            return fail(ERR_BAD_INPUT, "file: times go back or stand still");
        add_to_runs(&t->step, (int32_t)step);
    } else if (at > 0 || at <= -AAC_FRAME_SAMPLES || (at < 0 && !t->is_sound)) {
        return fail(ERR_BAD_INPUT, "file: a track that does not begin at 0");
    } else {
        t->start = at;
    }
    t->last = at;
    add_to_chunk(t, offset, bytes, *end_of_last);
    *end_of_last = offset + bytes;
    return OK;
}

// ERR_BAD_INPUT: a time that no piece of ours has.
static enum err time_in_file(const struct table *t, const struct wire_part *p,
                             int64_t time, int64_t *ret)
{
    int64_t into = scale_round(time - p->from, t->timescale, t->init.timescale);
    if (into > PLAN_TICKS_MAX || into < -PLAN_TICKS_MAX)
        return fail(ERR_BAD_INPUT, "file: a time far outside");
    *ret = p->at + into;
    return OK;
}

// Where the file has a sample, and how long it is there.
struct placed {
    int64_t offset;
    uint32_t bytes;
};

static enum err place_sample(struct table *t, const struct wire_part *p,
                             const uint8_t *bytes, const struct read_sample *s,
                             struct placed *ret)
{
    if (!t->out) {
        *ret =
            (struct placed){p->offset + (int64_t)s->offset, (uint32_t)s->bytes};
        return OK;
    }
    size_t sets = !t->is_sound && s->is_sync ? t->init.sets_bytes : 0;
    *ret = (struct placed){t->out->at, (uint32_t)(sets + s->bytes)};
    TRY(mux_out_add(t->out, t->init.units, sets));
    return mux_out_add(t->out, bytes + s->offset, s->bytes);
}

// ---- pictures --------------------------------------------------------------

static enum err add_pictures(struct table *t, const struct wire_part *p,
                             const uint8_t *bytes,
                             const struct read_piece *piece)
{
    int64_t end_of_last = -1;
    for (size_t i = 0; i < piece->samples; i++) {
        const struct read_sample *s = &piece->sample[i];
        int64_t decoded = 0, shown = 0;
        TRY(time_in_file(t, p, s->dts, &decoded));
        TRY(time_in_file(t, p, s->pts, &shown));
        if (shown - decoded > INT32_MAX || shown - decoded < INT32_MIN)
            return fail(ERR_BAD_INPUT, "file: shown long after it is decoded");
        struct placed at;
        TRY(place_sample(t, p, bytes, s, &at));
        TRY(add_sample(t, decoded, at.offset, at.bytes, &end_of_last));
        add_to_runs(&t->composition, (int32_t)(shown - decoded));
        if (s->is_sync)
            PUSH(t->sync, t->syncs, t->sync_capacity,
                 (uint32_t)(t->samples - 1));
    }
    return OK;
}

// ---- sound -----------------------------------------------------------------

static void leave_out_last(struct table *t)
{
    struct table_chunk *chunk = &t->chunk[t->chunks - 1];
    if (--chunk->samples == 0)
        t->chunks--;
    t->samples--;
    t->last -= t->samples > 0 ? take_from_runs(&t->step) : 0;
}

static int64_t last_offset(const struct table *t)
{
    const struct table_chunk *chunk = &t->chunk[t->chunks - 1];
    int64_t offset = chunk->offset;
    for (uint32_t i = 1; i < chunk->samples; i++)
        offset += t->size[t->samples - i - 1];
    return offset;
}

// Where a decoder is that puts one packet behind the other.
static int64_t packets_end(const struct table *t)
{
    return t->start + (int64_t)t->samples * AAC_FRAME_SAMPLES;
}

static enum err repeat_last(struct table *t)
{
    int64_t none = -1;
    uint32_t entry = t->entry; // the packet was made by its own
    t->entry = t->chunk[t->chunks - 1].entry;
    enum err result = add_sample(t, t->last + AAC_FRAME_SAMPLES, last_offset(t),
                                 t->size[t->samples - 1], &none);
    t->entry = entry;
    return result;
}

// A clip begins with a packet at `at`.
static enum err join(struct table *t, int64_t at)
{
    while (t->samples > 0 && packets_end(t) - at > HALF_PACKET)
        leave_out_last(t);
    while (t->samples > 0 && at - packets_end(t) >= HALF_PACKET)
        TRY(repeat_last(t));
    return OK;
}

static enum err add_packets(struct table *t, const struct wire_part *p,
                            const uint8_t *bytes,
                            const struct read_piece *piece)
{
    bool is_join = t->clip_at != p->at || t->clip_from != p->from;
    int64_t end_of_last = -1;
    for (size_t i = 0; i < piece->samples; i++) {
        const struct read_sample *s = &piece->sample[i];
        if (s->duration != AAC_FRAME_SAMPLES)
            return fail(ERR_UNSUPPORTED, "file: packets of %u samples",
                        s->duration);
        // Pieces shorter than a packet share one.
        if (!is_join && s->dts < t->clip_next)
            continue;
        int64_t at = 0;
        TRY(time_in_file(t, p, s->dts, &at));
        // One that has ended by then stands in where sound is shorter.
        if (at <= p->at - AAC_FRAME_SAMPLES)
            at = p->at;
        if (at >= t->ticks)
            break;
        struct placed packet;
        TRY(place_sample(t, p, bytes, s, &packet));
        if (t->samples == 0 && at > 0)
            TRY(add_sample(t, at - AAC_FRAME_SAMPLES, packet.offset,
                           packet.bytes, &(int64_t){-1}));
        if (is_join)
            TRY(join(t, at));
        is_join = false;
        TRY(add_sample(t, at, packet.offset, packet.bytes, &end_of_last));
        t->clip_next = s->dts + s->duration;
        t->clip_at = p->at;
        t->clip_from = p->from;
    }
    return OK;
}

enum err table_add_piece(struct table *t, const struct wire_part *p,
                         const uint8_t *bytes)
{
    if (!t->has_init)
        return fail(ERR_BAD_INPUT, "file: a piece before its init");
    scoped(read_piece) struct read_piece piece = {0};
    TRY(cmaf_read_piece(&t->init, bytes, (size_t)p->bytes, &piece));
    return t->is_sound ? add_packets(t, p, bytes, &piece)
                       : add_pictures(t, p, bytes, &piece);
}

enum err table_end(struct table *t)
{
    if (t->samples == 0)
        return fail(ERR_BAD_INPUT, "file: a track without a sample");
    return OK;
}

// The last picture is shown until the end; a packet is as long as it is.
int64_t table_media_ticks(const struct table *t)
{
    return (t->is_sound ? t->last + AAC_FRAME_SAMPLES : t->ticks) - t->start;
}

int64_t table_shown_ticks(const struct table *t)
{
    return min_i64(t->start + table_media_ticks(t), t->ticks);
}
