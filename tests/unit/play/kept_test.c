// SPDX-License-Identifier: MIT
// kept_test.c - what plays although a source was dropped.
#include "reeld/model/kept.h"

#include <stdlib.h>
#include <string.h>

#include "play_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/kept.h"
#include "reeld/play.h"
#include "unit.h"

// ---- helpers ---------------------------------------------------------------

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

// The keys of all that is kept of the asset, sorted.
static struct digest *keys_of(const struct asset *a, uint32_t *ret_count)
{
    *ret_count = kept_pieces(a);
    struct digest *keys = NEW_ARRAY(*ret_count, struct digest);
    for (uint32_t i = 0; i < *ret_count; i++) {
        scoped(piece) struct piece p = {0};
        assert_int_equal(kept_piece(a, i, &p), OK);
        keys[i] = p.key;
    }
    qsort(keys, *ret_count, sizeof *keys, compare);
    return keys;
}

// What `path` of the show names is among them.
static bool has(const struct digest *keys, uint32_t count,
                const struct play_show *show, const char *path)
{
    struct play_path parsed;
    scoped(piece) struct piece p = {0};
    assert_int_equal(play_parse(show, str_of(path), false, &parsed), OK);
    assert_int_equal(play_piece_of(show, &parsed, &p), OK);
    return bsearch(&p.key, keys, count, sizeof *keys, compare) != NULL;
}

static void make(const struct piece *p)
{
    struct piece_fact fact = {
        .key = p->key,
        .source_row = p->asset->source_row,
        .recipe_row = p->asset->recipe_row[p->rendition],
        .kind = piece_fact_kind(p),
        .number = p->number,
        .duration_us = piece_duration_us(p),
        .size_bytes = 10,
    };
    assert_int_equal(catalog_add_pieces(sample.catalog, &fact, 1), OK);
}

// The snapshot of after it, in the place of the sample's.
static void drop(const struct asset **asset)
{
    struct id id = (*asset)->id, owed;
    struct job job;
    assert_int_equal(catalog_begin_drop(sample.catalog, &id, &owed), OK);
    assert_int_equal(catalog_claim_job(sample.catalog, JOB_DROP, &job), OK);
    assert_int_equal(
        catalog_finish_drop(sample.catalog, &job, (*asset)->source_row, 0), OK);
    asset_unref(*asset);
    assert_int_equal(catalog_asset(sample.catalog, &id, asset), OK);
    assert_true((*asset)->source_dropped_us > 0);
}

static const struct play_show *range(const struct asset *a, int64_t from_us,
                                     int64_t to_us)
{
    const struct npt_range one = {from_us, to_us};
    const struct play_show *show = NULL;
    assert_int_equal(play_show_of_ranges(a, &one, 1, SNAP_FRAME, &show), OK);
    return show;
}

static enum err check(const struct asset *a, int64_t from_us, int64_t to_us)
{
    scoped(play_show) const struct play_show *show = range(a, from_us, to_us);
    return play_check_kept(sample.catalog, show);
}

// Both of them, one second each.
static const struct play_show *joined(void)
{
    struct timeline *t = timeline_new();
    assert_int_equal(timeline_add(t, sample.film, 0, 1000000, SNAP_FRAME), OK);
    assert_int_equal(timeline_add(t, sample.mute, 0, 1000000, SNAP_FRAME), OK);
    const struct play_show *show = NULL;
    assert_int_equal(play_show_of_timeline(t, &show), OK);
    return show;
}

// ---- tests -----------------------------------------------------------------

static void all_that_manifests_name_is_kept_once(void **state)
{
    (void)state;
    uint32_t count;
    scoped(mem) struct digest *keys = keys_of(sample.film, &count);
    for (uint32_t i = 1; i < count; i++)
        assert_true(compare(&keys[i - 1], &keys[i]) < 0);
    scoped(play_show) const struct play_show *show = NULL;
    assert_int_equal(play_show_of_asset(sample.film, &show), OK);
    const char *const names[] = {
        "source/init.mp4", "source/0.m4s",     "480p/29.m4s",
        "source/i0.m4s",   "480p/i1.m4s",      "audio-128k/7.m4s",
        "thumbnail.jpg",   "storyboard-0.jpg",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(has(keys, count, show, names[i]) ? names[i] : "",
                            names[i]);
    assert_false(has(keys, count, show, "thumbnail.webp"));
    assert_false(has(keys, count, show, "preview.webp"));
}

static void a_song_has_no_pictures_to_keep(void **state)
{
    (void)state;
    const struct asset *a = sample.song;
    assert_int_equal(kept_pieces(a), a->renditions * (a->plan->segments + 1));
}

static void whole_segments_play_and_new_cuts_do_not(void **state)
{
    (void)state;
    assert_int_equal(check(sample.film, 200000, 9000000), OK);
    drop(&sample.film);
    assert_int_equal(check(sample.film, 4000000, 12000000), OK);
    assert_int_equal(check(sample.film, 4200000, 12000000), ERR_GONE);
    assert_non_null(strstr(fail_text(), sample.film->id.text));
    scoped(play_show) const struct play_show *show = NULL;
    assert_int_equal(play_show_of_asset(sample.film, &show), OK);
    assert_int_equal(play_check_kept(sample.catalog, show), OK);
}

static void cuts_that_were_made_play_on(void **state)
{
    (void)state;
    uint32_t made = 0;
    {
        scoped(play_show) const struct play_show *show = joined();
        const struct show *offer = play_show_offer(show);
        for (uint32_t asset = 0; asset < offer->assets; asset++) {
            struct kept_walk walk = {0};
            for (;;) {
                scoped(piece) struct piece p = {0};
                if (kept_next(offer, play_show_timeline(show), asset, &walk,
                              &p) != OK)
                    break;
                make(&p);
                made++;
            }
        }
    }
    assert_true(made > 4); // edges of each rung, what stands in, its inits
    drop(&sample.film);
    drop(&sample.mute);
    scoped(play_show) const struct play_show *show = joined();
    assert_int_equal(play_check_kept(sample.catalog, show), OK);
    // The last of them is as needed as all others.
    assert_int_equal(check(sample.mute, 0, 900000), ERR_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_that_manifests_name_is_kept_once,
                                        play_set_up, play_tear_down),
        cmocka_unit_test_setup_teardown(a_song_has_no_pictures_to_keep,
                                        play_set_up, play_tear_down),
        cmocka_unit_test_setup_teardown(whole_segments_play_and_new_cuts_do_not,
                                        play_set_up, play_tear_down),
        cmocka_unit_test_setup_teardown(cuts_that_were_made_play_on,
                                        play_set_up, play_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
