// SPDX-License-Identifier: MIT
// assets_test.c - what goes into the catalog comes out of it.
#include <stdio.h>
#include <string.h>

#include "catalog_sample.h"
#include "reeld/catalog.h"
#include "unit.h"

static const struct asset *get(struct catalog *c, const struct id *id)
{
    const struct asset *a = NULL;
    enum err e = catalog_asset(c, id, &a);
    if (e != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(e, OK);
    return a;
}

static void an_upload_comes_back_as_it_was(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *up = sample_upload(1);
    assert_int_equal(catalog_add_asset(c, up), OK);
    scoped(asset) const struct asset *a = get(c, &up->id);
    assert_true(id_eq(&a->id, &up->id));
    assert_int_equal(a->state, ASSET_UPLOADED);
    assert_int_equal(a->kind, ASSET_VIDEO);
    assert_string_equal(a->name, up->name);
    assert_string_equal(a->description, up->description);
    assert_string_equal(a->metadata, up->metadata);
    assert_string_equal(a->filename, up->filename);
    assert_string_equal(a->collection, "default");
    assert_int_equal(a->created_us, up->created_us);
    assert_int_equal(a->size_bytes, up->size_bytes);
    assert_true(digest_eq(&a->source, &up->source));
    assert_int_equal(a->epoch, 3);
    assert_null(a->error_code);
    assert_null(a->plan);
}

static void assert_same_track(const struct track *a, const struct track *b)
{
    assert_int_equal(a->stream, b->stream);
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->codec, b->codec);
    assert_string_equal(a->codecs, b->codecs);
    assert_string_equal(a->language, b->language);
    assert_string_equal(a->title, b->title);
    assert_int_equal(a->is_default, b->is_default);
    assert_int_equal(a->is_playable, b->is_playable);
    assert_int_equal(a->bitrate, b->bitrate);
    assert_int_equal(a->coded_width, b->coded_width);
    assert_int_equal(a->coded_height, b->coded_height);
    assert_int_equal(a->sample_aspect.num, b->sample_aspect.num);
    assert_int_equal(a->sample_aspect.den, b->sample_aspect.den);
    assert_int_equal(a->rotation, b->rotation);
    assert_int_equal(a->is_mirrored, b->is_mirrored);
    assert_int_equal(a->frame_rate.num, b->frame_rate.num);
    assert_int_equal(a->frame_rate.den, b->frame_rate.den);
    assert_int_equal(a->bit_depth, b->bit_depth);
    assert_int_equal(a->chroma, b->chroma);
    assert_int_equal(a->is_interlaced, b->is_interlaced);
    assert_int_equal(a->is_full_range, b->is_full_range);
    assert_int_equal(a->transfer, b->transfer);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->sample_rate, b->sample_rate);
    assert_int_equal(a->is_copyable, b->is_copyable);
}

static void assert_same_recipe(const struct recipe *a, const struct recipe *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->stream, b->stream);
    assert_int_equal(a->deinterlace, b->deinterlace);
    assert_int_equal(a->rotation, b->rotation);
    assert_int_equal(a->is_mirrored, b->is_mirrored);
    assert_int_equal(a->is_full_range, b->is_full_range);
    assert_int_equal(a->transfer, b->transfer);
    assert_int_equal(a->sizes, b->sizes);
    for (int i = 0; i < a->sizes; i++) {
        assert_int_equal(a->size[i].width, b->size[i].width);
        assert_int_equal(a->size[i].height, b->size[i].height);
    }
    assert_int_equal(a->frame_rate_cap.num, b->frame_rate_cap.num);
    assert_int_equal(a->frame_rate_cap.den, b->frame_rate_cap.den);
    assert_int_equal(a->frame_rate.num, b->frame_rate.num);
    assert_int_equal(a->frame_rate.den, b->frame_rate.den);
    assert_int_equal(a->crf, b->crf);
    assert_int_equal(a->cap_bps, b->cap_bps);
    assert_int_equal(a->level, b->level);
    assert_string_equal(a->preset, b->preset);
    assert_int_equal(a->sample_rate, b->sample_rate);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->bitrate, b->bitrate);
    assert_int_equal(a->grid_origin, b->grid_origin);
}

static void assert_same_rendition(const struct rendition *a,
                                  const struct rendition *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->codecs, b->codecs);
    assert_int_equal(a->track, b->track);
    assert_int_equal(a->audio, b->audio);
    assert_int_equal(a->timescale, b->timescale);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->frame_rate.num, b->frame_rate.num);
    assert_int_equal(a->frame_rate.den, b->frame_rate.den);
    assert_int_equal(a->declared_bps, b->declared_bps);
    assert_same_recipe(&a->recipe, &b->recipe);
}

static void assert_same_plan(const struct plan *a, const struct plan *b)
{
    scoped(buf) struct buf x, y;
    buf_init(&x, PLAN_PACKED_BYTES_MAX);
    buf_init(&y, PLAN_PACKED_BYTES_MAX);
    plan_pack(a, &x);
    plan_pack(b, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
}

static void all_that_a_probe_found_comes_back(void **state)
{
    struct sample *s = *state;
    scoped(asset) const struct asset *up = sample_upload(1);
    scoped(asset) const struct asset *probed = sample_probed(up);
    assert_int_equal(catalog_add_asset(s->catalog, up), OK);
    assert_int_equal(catalog_asset_ready(s->catalog, probed, "x264 1", false),
                     OK);
    sample_reopen(s); // from the disk, not from memory
    scoped(asset) const struct asset *a = get(s->catalog, &up->id);
    assert_int_equal(a->state, ASSET_READY);
    assert_int_equal(a->tracks, probed->tracks);
    for (uint32_t i = 0; i < a->tracks; i++)
        assert_same_track(&a->track[i], &probed->track[i]);
    assert_same_plan(a->plan, probed->plan);
    assert_true(probed->renditions >= 4);
    assert_int_equal(a->renditions, probed->renditions);
    for (uint32_t i = 0; i < a->renditions; i++) {
        assert_same_rendition(&a->rendition[i], &probed->rendition[i]);
        struct digest hash =
            recipe_hash(&probed->rendition[i].recipe, "x264 1");
        assert_true(digest_eq(&a->recipe[i], &hash));
        assert_true(a->recipe_row[i] > 0);
    }
}

static void the_same_recipe_of_another_asset_is_the_same_row(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id one, two;
    sample_add_ready(c, 1, &one);
    sample_add_ready(c, 2, &two);
    scoped(asset) const struct asset *a = get(c, &one);
    scoped(asset) const struct asset *b = get(c, &two);
    assert_int_not_equal(a->source_row, b->source_row);
    for (uint32_t i = 0; i < a->renditions; i++)
        assert_int_equal(a->recipe_row[i], b->recipe_row[i]);
}

static void the_same_bytes_are_one_source(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id one, two;
    sample_add_ready(c, 1, &one);
    sample_add_ready(c, 1, &two);
    scoped(asset) const struct asset *a = get(c, &one);
    scoped(asset) const struct asset *b = get(c, &two);
    assert_int_equal(a->source_row, b->source_row);
}

static void an_unknown_asset_is_not_found(void **state)
{
    struct id id = id_new("m");
    const struct asset *a = NULL;
    assert_int_equal(catalog_asset(catalog_of(state), &id, &a), ERR_NOT_FOUND);
    assert_null(a);
}

static void an_id_is_given_once(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *up = sample_upload(1);
    assert_int_equal(catalog_add_asset(c, up), OK);
    assert_int_equal(catalog_add_asset(c, up), ERR_CONFLICT);
}

static void an_asset_is_probed_once(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *up = sample_upload(1);
    scoped(asset) const struct asset *probed = sample_probed(up);
    assert_int_equal(catalog_asset_ready(c, probed, "b", false), ERR_CONFLICT);
    assert_int_equal(catalog_add_asset(c, up), OK);
    assert_int_equal(catalog_asset_ready(c, probed, "b", false), OK);
    assert_int_equal(catalog_asset_ready(c, probed, "b", false), ERR_CONFLICT);
    assert_int_equal(catalog_asset_rejected(c, &up->id, "x", "y"),
                     ERR_CONFLICT);
}

static void a_rejected_asset_says_why(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *up = sample_upload(1);
    assert_int_equal(catalog_add_asset(c, up), OK);
    scoped(asset) const struct asset *before = get(c, &up->id);
    assert_int_equal(catalog_asset_rejected(c, &up->id, "unsupported_media",
                                            "no track can be played"),
                     OK);
    scoped(asset) const struct asset *a = get(c, &up->id);
    assert_int_equal(a->state, ASSET_REJECTED);
    assert_string_equal(a->error_code, "unsupported_media");
    assert_string_equal(a->error_detail, "no track can be played");
    assert_int_equal(before->state, ASSET_UPLOADED); // a snapshot stays
}

static void a_change_leaves_what_it_does_not_name(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id;
    sample_add_ready(c, 1, &id);
    scoped(asset) const struct asset *before = get(c, &id);
    struct catalog_asset_change ch = {.name = "other", .metadata = "{}"};
    assert_int_equal(catalog_change_asset(c, &id, &ch), OK);
    scoped(asset) const struct asset *a = get(c, &id);
    assert_string_equal(a->name, "other");
    assert_string_equal(a->metadata, "{}");
    assert_string_equal(a->description, before->description);
    assert_int_equal(a->state, ASSET_READY);
    struct id none = id_new("m");
    assert_int_equal(catalog_change_asset(c, &none, &ch), ERR_NOT_FOUND);
    ch = (struct catalog_asset_change){.collection = "c-nothing"};
    assert_int_equal(catalog_change_asset(c, &id, &ch), ERR_NOT_FOUND);
}

static void texts_past_their_limit_are_refused(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id;
    sample_add_ready(c, 1, &id);
    char name[ASSET_NAME_BYTES + 1];
    memset(name, 'x', sizeof(name));
    name[ASSET_NAME_BYTES - 1] = '\0';
    struct catalog_asset_change ch = {.name = name};
    assert_int_equal(catalog_change_asset(c, &id, &ch), OK);
    name[ASSET_NAME_BYTES - 1] = 'x';
    name[ASSET_NAME_BYTES] = '\0';
    assert_int_equal(catalog_change_asset(c, &id, &ch), ERR_BAD_INPUT);
}

// ---- lists -----------------------------------------------------------------

static void lists_run_from_new_to_old_in_pages(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id all[5], page[4];
    for (unsigned i = 0; i < 5; i++)
        sample_add_ready(c, i, &all[i]);
    struct catalog_asset_filter f = {.limit = 4};
    uint32_t count;
    bool more;
    assert_int_equal(catalog_list_assets(c, &f, page, &count, &more), OK);
    assert_int_equal(count, 4);
    assert_true(more);
    for (unsigned i = 0; i < 4; i++)
        assert_true(id_eq(&page[i], &all[4 - i]));
    f.after = str_of(page[3].text);
    assert_int_equal(catalog_list_assets(c, &f, page, &count, &more), OK);
    assert_int_equal(count, 1);
    assert_false(more);
    assert_true(id_eq(&page[0], &all[0]));
}

static void a_cursor_outlives_its_asset(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id old, cursor, page[2];
    sample_add_ready(c, 1, &old);
    sample_add_ready(c, 2, &cursor);
    struct digest *orphans;
    size_t orphan_count;
    assert_int_equal(catalog_remove_asset(c, &cursor, &orphans, &orphan_count),
                     OK);
    free(orphans);
    struct catalog_asset_filter f = {.limit = 2, .after = str_of(cursor.text)};
    uint32_t count;
    bool more;
    assert_int_equal(catalog_list_assets(c, &f, page, &count, &more), OK);
    assert_int_equal(count, 1);
    assert_true(id_eq(&page[0], &old));
    f.after = STR("no id");
    assert_int_equal(catalog_list_assets(c, &f, page, &count, &more),
                     ERR_BAD_INPUT);
}

static uint32_t count_of(struct catalog *c, struct catalog_asset_filter f)
{
    struct id page[10];
    uint32_t count;
    bool more;
    f.limit = 10;
    assert_int_equal(catalog_list_assets(c, &f, page, &count, &more), OK);
    return count;
}

static void filters_narrow_a_list(void **state)
{
    struct catalog *c = catalog_of(state);
    struct collection folder = {.id = "c-one", .name = "One"};
    assert_int_equal(catalog_put_collection(c, &folder), OK);
    struct id id, other;
    sample_add_ready(c, 1, &id);
    sample_add_ready(c, 2, &other);
    scoped(asset) const struct asset *up = sample_upload(3);
    assert_int_equal(catalog_add_asset(c, up), OK);
    struct catalog_asset_change ch = {.name = "Summer", .collection = "c-one"};
    assert_int_equal(catalog_change_asset(c, &id, &ch), OK);
    typedef struct catalog_asset_filter filter;
    assert_int_equal(count_of(c, (filter){.state = STR("ready")}), 2);
    assert_int_equal(count_of(c, (filter){.state = STR("uploaded")}), 1);
    assert_int_equal(count_of(c, (filter){.kind = STR("video")}), 3);
    assert_int_equal(count_of(c, (filter){.kind = STR("audio")}), 0);
    assert_int_equal(count_of(c, (filter){.collection = STR("c-one")}), 1);
    assert_int_equal(count_of(c, (filter){.collection = STR("default")}), 2);
    assert_int_equal(count_of(c, (filter){.name = STR("umm")}), 1);
    assert_int_equal(count_of(c, (filter){.name = STR("SUMMER")}), 1);
    assert_int_equal(count_of(c, (filter){.name = STR("%")}), 0);
    assert_int_equal(count_of(c, (filter){.collection = STR("c-one"),
                                          .state = STR("uploaded")}),
                     0);
}

// ---- snapshots and generations ---------------------------------------------

static void a_snapshot_is_shared_until_something_changes(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id;
    sample_add_ready(c, 1, &id);
    scoped(asset) const struct asset *a = get(c, &id);
    scoped(asset) const struct asset *b = get(c, &id);
    assert_ptr_equal(a, b);
    struct catalog_asset_change ch = {.name = "new"};
    assert_int_equal(catalog_change_asset(c, &id, &ch), OK);
    scoped(asset) const struct asset *after = get(c, &id);
    assert_ptr_not_equal(a, after);
}

static void the_cache_keeps_to_its_size(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id ids[9]; // one more than it holds
    for (unsigned i = 0; i < 9; i++)
        sample_add_ready(c, i, &ids[i]);
    scoped(asset) const struct asset *first = get(c, &ids[0]);
    for (unsigned i = 1; i < 9; i++)
        asset_unref(get(c, &ids[i]));
    scoped(asset) const struct asset *again = get(c, &ids[0]);
    assert_ptr_not_equal(first, again);
    assert_string_equal(first->name, again->name);
}

static void generations_grow_with_every_change(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id, other;
    sample_add_ready(c, 1, &id);
    sample_add_ready(c, 2, &other);
    scoped(asset) const struct asset *a = get(c, &id);
    asset_unref(get(c, &other)); // in memory now
    uint64_t first = catalog_generation(c, &id);
    assert_int_equal(catalog_generation(c, &id), first);
    uint64_t others = catalog_generation(c, &other);
    struct piece_fact piece = sample_piece(a, 1, 0);
    assert_int_equal(catalog_add_pieces(c, &piece, 1), OK);
    uint64_t second = catalog_generation(c, &id);
    assert_true(second > first);
    assert_int_equal(catalog_generation(c, &other), others);
    assert_int_equal(catalog_forget_piece(c, &piece.key), OK);
    uint64_t third = catalog_generation(c, &id);
    assert_true(third > second);
    struct catalog_asset_change ch = {.name = "new"};
    assert_int_equal(catalog_change_asset(c, &id, &ch), OK);
    assert_true(catalog_generation(c, &id) > third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(an_upload_comes_back_as_it_was),
        TEST(all_that_a_probe_found_comes_back),
        TEST(the_same_recipe_of_another_asset_is_the_same_row),
        TEST(the_same_bytes_are_one_source),
        TEST(an_unknown_asset_is_not_found),
        TEST(an_id_is_given_once),
        TEST(an_asset_is_probed_once),
        TEST(a_rejected_asset_says_why),
        TEST(a_change_leaves_what_it_does_not_name),
        TEST(texts_past_their_limit_are_refused),
        TEST(lists_run_from_new_to_old_in_pages),
        TEST(a_cursor_outlives_its_asset),
        TEST(filters_narrow_a_list),
        TEST(a_snapshot_is_shared_until_something_changes),
        TEST(the_cache_keeps_to_its_size),
        TEST(generations_grow_with_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
