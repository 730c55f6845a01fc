// SPDX-License-Identifier: MIT
// make_image_test.c - images are the same bytes always, also of damaged files.
#include <string.h>

#include "media_upload.h"
#include "reeld/base/hash.h"
#include "reeld/base/mem.h"
#include "reeld/model/image.h"
#include "unit.h"

enum { IMAGE_BYTES_MAX = 16 << 20 };

static struct digest make_sum(const struct upload *u, struct media_source *s,
                              const struct piece *p, uint32_t threads)
{
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    scoped(buf) struct buf out;
    buf_init(&out, IMAGE_BYTES_MAX);
    ask_piece(u, p, threads, ask);
    make_into(s, ask, &out);
    bool is_jpeg = piece_rendition(p)->recipe.image.format == IMAGE_JPEG;
    assert_true(out.len > 20);
    assert_memory_equal(out.bytes, is_jpeg ? "\xFF\xD8\xFF" : "RIFF", 3);
    return hash_of(out.bytes, out.len);
}

// By sources of their own, with other numbers of threads, and behind each
// other, which must leave nothing behind.
static void assert_same(const struct upload *u, const struct piece *p,
                        struct media_source *busy)
{
    scoped(media_source) struct media_source *one = upload_source(u);
    scoped(media_source) struct media_source *two = upload_source(u);
    struct digest first = make_sum(u, one, p, 1);
    struct digest second = make_sum(u, two, p, 4);
    struct digest again = make_sum(u, busy, p, 3);
    assert_true(digest_eq(&first, &second));
    assert_true(digest_eq(&first, &again));
}

static void assert_always_same(const char *name)
{
    struct upload u;
    upload_open(name, &u);
    scoped(asset) const struct asset *a = upload_asset(&u);
    scoped(media_source) struct media_source *busy = upload_source(&u);
    int64_t end = u.plan->gop_border[u.plan->gops];
    struct image_wish jpeg = {IMAGE_JPEG, 160}, webp = {IMAGE_WEBP, 96};
    scoped(piece) struct piece still = {0}, moving = {0}, sheet = {0};
    image_still(a, NULL, &jpeg, end / 2, &still);
    int64_t from = plan_frame_at(u.plan, end / 3);
    int64_t to = plan_frame_from(u.plan, from + u.plan->timescale);
    image_moving(a, NULL, &webp, from, to, &moving);
    assert_int_equal(image_sheet(a, 0, &sheet), OK);
    assert_same(&u, &still, busy);
    assert_same(&u, &moving, busy);
    assert_same(&u, &sheet, busy);
    upload_close(&u);
}

#define ALWAYS_SAME(test, name)                                                \
    static void test(void **state)                                             \
    {                                                                          \
        (void)state;                                                           \
        assert_always_same(name);                                              \
    }

ALWAYS_SAME(of_h264, "timing/moov-at-end.mp4")
ALWAYS_SAME(of_open_gops, "timing/hevc-open-gop-cra.mp4")
ALWAYS_SAME(of_intra_refresh, "timing/intra-refresh-no-idr.mp4")
ALWAYS_SAME(of_interlaced_pictures, "formats/interlaced-480i2997-mbaff.ts")
ALWAYS_SAME(of_hdr, "phone/hdr10-pq-main10-tags.mp4")
ALWAYS_SAME(of_a_change_of_size, "timing/resolution-change.ts")
ALWAYS_SAME(of_flipped_bits, "bad/bit-flips-dense.mp4")
ALWAYS_SAME(of_lost_packets, "bad/ts-packets-lost.ts")
ALWAYS_SAME(of_a_hole, "bad/hole-of-zeros.mp4")

static void a_request_that_is_no_image_is_refused(void **state)
{
    (void)state;
    struct upload u;
    upload_open("timing/moov-at-end.mp4", &u);
    scoped(asset) const struct asset *a = upload_asset(&u);
    scoped(media_source) struct media_source *s = upload_source(&u);
    struct image_wish jpeg = {IMAGE_JPEG, 160};
    scoped(piece) struct piece p = {0};
    image_still(a, NULL, &jpeg, 0, &p);
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    scoped(buf) struct buf out;
    buf_init(&out, IMAGE_BYTES_MAX);
    struct wire_made made;
    ask_piece(&u, &p, 1, ask);
    ask->output[0].kind = PIECE_SEGMENT;
    assert_int_equal(make_try(s, ask, &out, &made), ERR_BAD_INPUT);
    ask_piece(&u, &p, 1, ask);
    ask->output[0].recipe.image.columns = 3;
    assert_int_equal(make_try(s, ask, &out, &made), ERR_BAD_INPUT);
    upload_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_h264),
        cmocka_unit_test(of_open_gops),
        cmocka_unit_test(of_intra_refresh),
        cmocka_unit_test(of_interlaced_pictures),
        cmocka_unit_test(of_hdr),
        cmocka_unit_test(of_a_change_of_size),
        cmocka_unit_test(of_flipped_bits),
        cmocka_unit_test(of_lost_packets),
        cmocka_unit_test(of_a_hole),
        cmocka_unit_test(a_request_that_is_no_image_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
