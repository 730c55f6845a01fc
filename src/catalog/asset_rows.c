// SPDX-License-Identifier: MIT
// asset_rows.c - a struct asset as rows of several tables, and back.
//
// Tracks and renditions are written field by field out of two lists; the
// columns of sql/queries/asset.sql stand in the same order.
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core.h"
#include "reeld/base/buf.h"
#include "reeld/base/mem.h"

// Numbers that stand in rows: a change here needs a migration.
static_assert(TRACK_VIDEO == 0 && TRACK_AUDIO == 1 && TRACK_TEXT == 2,
              "track.kind");
static_assert(TRANSFER_SDR == 0 && TRANSFER_PQ == 1 && TRANSFER_HLG == 2,
              "track.transfer");
static_assert(RECIPE_COPY == 0 && RECIPE_ENCODE == 1, "rendition.mode");

enum field_type { FIELD_I32, FIELD_I64, FIELD_BOOL, FIELD_TEXT };

struct field {
    const char *name; // the parameter of the statement that adds the row
    enum field_type type;
    size_t offset, bytes;
};

// Enumerations and uint32_t are as wide as int32_t and within its range.
#define FIELD(type, name, what, member)                                        \
    {                                                                          \
        ":" name, type, offsetof(struct what, member),                         \
            sizeof(((struct what *)0)->member)                                 \
    }

static const struct field track_fields[] = {
    FIELD(FIELD_I32, "stream", track, stream),
    FIELD(FIELD_I32, "kind", track, kind),
    FIELD(FIELD_TEXT, "codec", track, codec),
    FIELD(FIELD_TEXT, "codecs", track, codecs),
    FIELD(FIELD_TEXT, "language", track, language),
    FIELD(FIELD_TEXT, "title", track, title),
    FIELD(FIELD_BOOL, "is_default", track, is_default),
    FIELD(FIELD_BOOL, "is_playable", track, is_playable),
    FIELD(FIELD_I64, "bitrate_bps", track, bitrate),
    FIELD(FIELD_I32, "coded_width", track, coded_width),
    FIELD(FIELD_I32, "coded_height", track, coded_height),
    FIELD(FIELD_I64, "sample_aspect_num", track, sample_aspect.num),
    FIELD(FIELD_I64, "sample_aspect_den", track, sample_aspect.den),
    FIELD(FIELD_I32, "rotation", track, rotation),
    FIELD(FIELD_BOOL, "is_mirrored", track, is_mirrored),
    FIELD(FIELD_I64, "frame_rate_num", track, frame_rate.num),
    FIELD(FIELD_I64, "frame_rate_den", track, frame_rate.den),
    FIELD(FIELD_I32, "bit_depth", track, bit_depth),
    FIELD(FIELD_I32, "chroma", track, chroma),
    FIELD(FIELD_BOOL, "is_interlaced", track, is_interlaced),
    FIELD(FIELD_BOOL, "is_full_range", track, is_full_range),
    FIELD(FIELD_I32, "transfer", track, transfer),
    FIELD(FIELD_I32, "channels", track, channels),
    FIELD(FIELD_I32, "sample_rate", track, sample_rate),
    FIELD(FIELD_BOOL, "is_copyable", track, is_copyable),
};

// The chain of sizes is a column of its own.
static const struct field rendition_fields[] = {
    FIELD(FIELD_TEXT, "name", rendition, name),
    FIELD(FIELD_TEXT, "codecs", rendition, codecs),
    FIELD(FIELD_I32, "track", rendition, track),
    FIELD(FIELD_I32, "audio", rendition, audio),
    FIELD(FIELD_I32, "timescale", rendition, timescale),
    FIELD(FIELD_I32, "width", rendition, width),
    FIELD(FIELD_I32, "height", rendition, height),
    FIELD(FIELD_I64, "frame_rate_num", rendition, frame_rate.num),
    FIELD(FIELD_I64, "frame_rate_den", rendition, frame_rate.den),
    FIELD(FIELD_I64, "declared_bps", rendition, declared_bps),
    FIELD(FIELD_BOOL, "is_standby", rendition, is_standby),
    FIELD(FIELD_I32, "kind", rendition, recipe.kind),
    FIELD(FIELD_I32, "mode", rendition, recipe.mode),
    FIELD(FIELD_I32, "stream", rendition, recipe.stream),
    FIELD(FIELD_I64, "cut_from_ticks", rendition, recipe.cut.from),
    FIELD(FIELD_I64, "cut_to_ticks", rendition, recipe.cut.to),
    FIELD(FIELD_BOOL, "deinterlace", rendition, recipe.deinterlace),
    FIELD(FIELD_I32, "crop_width", rendition, recipe.crop.kept.width),
    FIELD(FIELD_I32, "crop_height", rendition, recipe.crop.kept.height),
    FIELD(FIELD_I32, "crop_of_width", rendition, recipe.crop.of.width),
    FIELD(FIELD_I32, "crop_of_height", rendition, recipe.crop.of.height),
    FIELD(FIELD_I32, "rotation", rendition, recipe.rotation),
    FIELD(FIELD_BOOL, "is_mirrored", rendition, recipe.is_mirrored),
    FIELD(FIELD_BOOL, "is_full_range", rendition, recipe.is_full_range),
    FIELD(FIELD_I32, "transfer", rendition, recipe.transfer),
    FIELD(FIELD_I64, "recipe_rate_cap_num", rendition,
          recipe.frame_rate_cap.num),
    FIELD(FIELD_I64, "recipe_rate_cap_den", rendition,
          recipe.frame_rate_cap.den),
    FIELD(FIELD_I64, "recipe_rate_num", rendition, recipe.frame_rate.num),
    FIELD(FIELD_I64, "recipe_rate_den", rendition, recipe.frame_rate.den),
    FIELD(FIELD_I32, "crf", rendition, recipe.crf),
    FIELD(FIELD_I64, "cap_bps", rendition, recipe.cap_bps),
    FIELD(FIELD_I32, "level", rendition, recipe.level),
    FIELD(FIELD_TEXT, "preset", rendition, recipe.preset),
    FIELD(FIELD_I32, "sample_rate", rendition, recipe.sample_rate),
    FIELD(FIELD_I32, "channels", rendition, recipe.channels),
    FIELD(FIELD_I64, "bitrate_bps", rendition, recipe.bitrate),
    FIELD(FIELD_I32, "grid_origin_samples", rendition, recipe.grid_origin),
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void bind_field(struct query *q, const struct field *f,
                       const void *object)
{
    const char *at = (const char *)object + f->offset;
    int32_t narrow;
    int64_t wide;
    bool truth;
    switch (f->type) {
    case FIELD_I32:
        memcpy(&narrow, at, sizeof(narrow));
        query_int(q, f->name, narrow);
        return;
    case FIELD_I64:
        memcpy(&wide, at, sizeof(wide));
        query_int(q, f->name, wide);
        return;
    case FIELD_BOOL:
        memcpy(&truth, at, sizeof(truth));
        query_int(q, f->name, truth);
        return;
    case FIELD_TEXT:
        query_str(q, f->name, (struct str){at, strnlen(at, f->bytes)});
        return;
    }
}

static void read_field(struct query *q, const struct field *f, void *object)
{
    char *at = (char *)object + f->offset;
    if (f->type == FIELD_TEXT) {
        query_get_text(q, at, f->bytes);
        return;
    }
    int64_t wide = query_get_int(q);
    int32_t narrow = (int32_t)wide;
    bool truth = wide != 0;
    if (f->type == FIELD_I64)
        memcpy(at, &wide, sizeof(wide));
    else if (f->type == FIELD_I32)
        memcpy(at, &narrow, sizeof(narrow));
    else
        memcpy(at, &truth, sizeof(truth));
}

// ---- adding ----------------------------------------------------------------

static enum err add_plan(struct db *db, int64_t asset_row, const struct plan *p)
{
    scoped(buf) struct buf packed;
    buf_init(&packed, PLAN_PACKED_BYTES_MAX);
    plan_pack(p, &packed);
    TRY(buf_end(&packed));
    scoped(query) struct query q;
    query_init(&q, db, SQL_PLAN_ADD);
    query_int(&q, ":asset_row", asset_row);
    query_bytes(&q, ":packed", packed.bytes, packed.len);
    return query_run(&q);
}

static enum err add_track(struct db *db, int64_t asset_row, uint32_t number,
                          const struct track *t)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_TRACK_ADD);
    query_int(&q, ":asset_row", asset_row);
    query_int(&q, ":number", number);
    for (size_t i = 0; i < COUNT(track_fields); i++)
        bind_field(&q, &track_fields[i], t);
    return query_run(&q);
}

enum { SIZES_BYTES_MAX = 512 };

static void write_sizes(const struct recipe *r, struct buf *out)
{
    for (int32_t i = 0; i < r->sizes; i++)
        buf_printf(out, "%s%" PRId32 "x%" PRId32, i ? " " : "",
                   r->size[i].width, r->size[i].height);
}

static enum err add_rendition(struct db *db, int64_t asset_row, uint32_t number,
                              const struct rendition *r, const char *build)
{
    int64_t recipe_row;
    TRY(recipes_add(db, &r->recipe, build, &recipe_row));
    scoped(buf) struct buf sizes;
    buf_init(&sizes, SIZES_BYTES_MAX);
    buf_text(&sizes, "");
    write_sizes(&r->recipe, &sizes);
    TRY(buf_end(&sizes));
    scoped(query) struct query q;
    query_init(&q, db, SQL_RENDITION_ADD);
    query_int(&q, ":asset_row", asset_row);
    query_int(&q, ":number", number);
    query_int(&q, ":recipe_row", recipe_row);
    query_str(&q, ":sizes",
              sizes.len > 0 ? buf_view(&sizes) : (struct str){"", 0});
    for (size_t i = 0; i < COUNT(rendition_fields); i++)
        bind_field(&q, &rendition_fields[i], r);
    return query_run(&q);
}

enum err asset_rows_add(struct db *db, int64_t asset_row, const struct asset *a,
                        const char *build)
{
    TRY(add_plan(db, asset_row, a->plan));
    for (uint32_t i = 0; i < a->tracks; i++)
        TRY(add_track(db, asset_row, i, &a->track[i]));
    for (uint32_t i = 0; i < a->renditions; i++)
        TRY(add_rendition(db, asset_row, i, &a->rendition[i], build));
    return OK;
}

// ---- reading ---------------------------------------------------------------

static enum err state_from_name(struct str name, enum asset_state *ret)
{
    for (enum asset_state s = 0; s < ASSET_STATES; s++)
        if (str_eq(name, str_of(asset_state_name(s)))) {
            *ret = s;
            return OK;
        }
    return fail(ERR_IO, "an asset row without a state");
}

static enum err kind_from_name(struct str name, enum asset_kind *ret)
{
    for (enum asset_kind k = 0; k < ASSET_KINDS; k++)
        if (str_eq(name, str_of(asset_kind_name(k)))) {
            *ret = k;
            return OK;
        }
    return fail(ERR_IO, "an asset row without a kind");
}

enum err asset_row_read(struct db *db, const struct id *id, struct asset *a,
                        int64_t *ret_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_ASSET_GET);
    query_text(&q, ":id", id->text);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no asset %s", id->text);
    *ret_row = query_get_int(&q);
    query_get_text(&q, a->id.text, sizeof(a->id.text));
    TRY(state_from_name(query_get_str(&q), &a->state));
    TRY(kind_from_name(query_get_str(&q), &a->kind));
    a->name = query_get_heap(&q);
    a->description = query_get_heap(&q);
    a->metadata = query_get_heap(&q);
    a->filename = query_get_heap(&q);
    a->collection = query_get_heap(&q);
    a->created_us = query_get_int(&q);
    a->epoch = query_get_int(&q);
    a->error_code = query_get_heap(&q);
    a->error_detail = query_get_heap(&q);
    a->source_row = query_get_int(&q);
    a->source = query_get_digest(&q);
    a->size_bytes = query_get_int(&q);
    a->source_dropped_us = query_get_int(&q);
    return OK;
}

static enum err read_plan(struct db *db, int64_t asset_row, struct asset *a)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PLAN_GET);
    query_int(&q, ":asset_row", asset_row);
    TRY(query_one(&q));
    return plan_unpack(query_get_str(&q), &a->plan);
}

static enum err read_tracks(struct db *db, int64_t asset_row, struct asset *a)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_TRACK_OF_ASSET);
    query_int(&q, ":asset_row", asset_row);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        if (a->tracks == TRACKS_MAX)
            return fail(ERR_TOO_LARGE, "more than %d tracks", TRACKS_MAX);
        struct track *t = &a->track[a->tracks++];
        for (size_t i = 0; i < COUNT(track_fields); i++)
            read_field(&q, &track_fields[i], t);
        TRY(track_check(t));
    }
}

static enum err read_sizes(struct str text, struct recipe *r)
{
    while (text.len > 0) {
        struct str height = str_cut(&text, ' ');
        struct str width = str_cut(&height, 'x');
        if (r->sizes == RECIPE_CHAIN_MAX)
            return fail(ERR_TOO_LARGE, "more than %d sizes", RECIPE_CHAIN_MAX);
        int64_t w, h;
        TRY(str_to_int(width, 1, INT32_MAX, &w));
        TRY(str_to_int(height, 1, INT32_MAX, &h));
        r->size[r->sizes++] =
            (struct recipe_size){.width = (int32_t)w, .height = (int32_t)h};
    }
    return OK;
}

// What other rooms use as an index is in range, whoever wrote the row.
static enum err check_rendition(const struct asset *a,
                                const struct rendition *r)
{
    TRY(recipe_check(&r->recipe));
    if (r->track < 0 || (uint32_t)r->track >= a->tracks || r->audio < -1 ||
        r->audio >= (int32_t)a->plan->audios)
        return fail(ERR_BAD_INPUT, "rendition %s has no track", r->name);
    return OK;
}

static enum err read_renditions(struct db *db, int64_t asset_row,
                                struct asset *a)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_RENDITION_OF_ASSET);
    query_int(&q, ":asset_row", asset_row);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        if (a->renditions == RENDITIONS_MAX)
            return fail(ERR_TOO_LARGE, "more than %d renditions",
                        RENDITIONS_MAX);
        uint32_t at = a->renditions++;
        a->recipe_row[at] = query_get_int(&q);
        a->recipe[at] = query_get_digest(&q);
        struct rendition *r = &a->rendition[at];
        TRY(read_sizes(query_get_str(&q), &r->recipe));
        for (size_t i = 0; i < COUNT(rendition_fields); i++)
            read_field(&q, &rendition_fields[i], r);
        TRY(check_rendition(a, r));
    }
}

static enum err read_reframe(struct db *db, int64_t asset_row, struct asset *a)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_REFRAME_GET);
    query_int(&q, ":asset_row", asset_row);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return OK; // it was uploaded
    query_get_text(&q, a->reframe.asset.text, sizeof(a->reframe.asset.text));
    a->reframe.start_us = query_get_int(&q);
    a->reframe.end_us = query_get_int(&q);
    a->reframe.width = (int32_t)query_get_int(&q);
    a->reframe.height = (int32_t)query_get_int(&q);
    a->reframe.is_shape = query_get_int(&q) != 0;
    return OK;
}

static enum err read_ready(struct db *db, int64_t asset_row, struct asset *a)
{
    TRY(read_reframe(db, asset_row, a));
    TRY(read_plan(db, asset_row, a));
    TRY(read_tracks(db, asset_row, a));
    return read_renditions(db, asset_row, a);
}

enum err asset_rows_read(struct db *db, const struct id *id, struct asset *ret)
{
    int64_t asset_row = 0;
    TRY(asset_row_read(db, id, ret, &asset_row));
    if (ret->state != ASSET_READY)
        return OK;
    // Rows that do not hold together are the machine's fault, not the client's.
    enum err e = read_ready(db, asset_row, ret);
    if (e == OK || e == ERR_NO_SPACE || e == ERR_BUSY || e == ERR_IO)
        return e;
    return fail(ERR_IO, "the rows of asset %s: %s", id->text, fail_text());
}
