// SPDX-License-Identifier: MIT
// make_piece_test.c - inits, single pictures, holes, and requests that fail.
#include <stdio.h>
#include <string.h>

#include "media_upload.h"
#include "media_watch.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "unit.h"

enum { PIECE_BYTES_MAX = 64 << 20, BLACK = 16 };

static uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

// The payload of the box at `path` ("moov/trak/tkhd"), NULL if there is none.
static const uint8_t *find_box(const uint8_t *bytes, size_t len,
                               const char *path, size_t *ret_len)
{
    for (size_t at = 0; at + 8 <= len;) {
        size_t size = number_at(bytes + at);
        assert_true(size >= 8 && size <= len - at);
        if (memcmp(bytes + at + 4, path, 4) == 0) {
            if (path[4] == '\0') {
                *ret_len = size - 8;
                return bytes + at + 8;
            }
            return find_box(bytes + at + 8, size - 8, path + 5, ret_len);
        }
        at += size;
    }
    return NULL;
}

static const uint8_t *box_of(const struct buf *b, const char *path)
{
    size_t len = 0;
    const uint8_t *found = find_box(b->bytes, b->len, path, &len);
    if (!found)
        print_error("no box %s\n", path);
    assert_non_null(found);
    return found;
}

static bool has_brand(const struct buf *init, const char *brand)
{
    size_t len = 0;
    const uint8_t *ftyp = find_box(init->bytes, init->len, "ftyp", &len);
    for (size_t at = 8; at + 4 <= len; at += 4)
        if (memcmp(ftyp + at, brand, 4) == 0)
            return true;
    return false;
}

static void make_init(const struct upload *u, const struct rendition *r,
                      struct buf *ret)
{
    make_film(u, r, 0, 0, ret);
}

// The sample entry of `type` with the box `inner` in it.
static const uint8_t *entry_box(const struct buf *init, const char *type,
                                size_t header, const char *inner)
{
    size_t len = 0;
    const uint8_t *stsd =
        find_box(init->bytes, init->len, "moov/trak/mdia/minf/stbl/stsd", &len);
    assert_non_null(stsd);
    assert_int_equal(number_at(stsd + 4), 1); // CMAF-02: one entry
    assert_memory_equal(stsd + 12, type, 4);
    size_t entry = number_at(stsd + 8);
    const uint8_t *found =
        find_box(stsd + 8 + header, entry - header, inner, &len);
    assert_non_null(found);
    return found;
}

static void an_init_is_what_cmaf_wants(void **state)
{
    (void)state;
    struct upload u;
    upload_open("timing/moov-at-end.mp4", &u);
    for (uint32_t i = 0; i < u.renditions; i++) {
        const struct rendition *r = &u.rendition[i];
        scoped(buf) struct buf init;
        make_init(&u, r, &init);
        assert_true(has_brand(&init, "cmfc"));
        assert_true(has_brand(&init, "iso6"));
        assert_int_equal(number_at(box_of(&init, "moov/mvhd") + 16), 0);
        assert_int_equal(number_at(box_of(&init, "moov/trak/tkhd") + 20), 0);
        const uint8_t *mdhd = box_of(&init, "moov/trak/mdia/mdhd");
        assert_int_equal(number_at(mdhd + 12), r->timescale);
        assert_int_equal(number_at(mdhd + 16), 0);
        box_of(&init, "moov/mvex/trex");
        size_t len = 0;
        assert_null(find_box(init.bytes, init.len, "moov/trak/edts", &len));
        assert_int_equal(
            number_at(box_of(&init, "moov/trak/mdia/minf/stbl/stsz") + 8), 0);
    }
    upload_close(&u);
}

static void an_encoded_init_tells_what_the_manifest_tells(void **state)
{
    (void)state;
    struct upload u;
    upload_open("film/sintel-trailer-720p24.mp4", &u);
    for (uint32_t i = 0; i < u.renditions; i++) {
        const struct rendition *r = &u.rendition[i];
        if (r->recipe.kind != TRACK_VIDEO)
            continue;
        scoped(buf) struct buf init;
        make_init(&u, r, &init);
        const uint8_t *avcc = entry_box(&init, "avc1", 86, "avcC");
        char codecs[16];
        snprintf(codecs, sizeof codecs, "avc1.%02X%02X%02X", avcc[1], avcc[2],
                 avcc[3]);
        assert_string_equal(codecs, r->codecs);
        const uint8_t *colr = entry_box(&init, "avc1", 86, "colr");
        assert_memory_equal(colr, "nclx\0\1\0\1\0\1\0", 11);
        const uint8_t *tkhd = box_of(&init, "moov/trak/tkhd");
        assert_int_equal(number_at(tkhd + 76) >> 16, r->width);
        assert_int_equal(number_at(tkhd + 80) >> 16, r->height);
    }
    upload_close(&u);
}

static void an_init_is_the_same_from_any_request(void **state)
{
    (void)state;
    struct upload u;
    upload_open("timing/plain.ts", &u);
    for (uint32_t i = 0; i < u.renditions; i++) {
        const struct rendition *r = &u.rendition[i];
        scoped(buf) struct buf init;
        make_init(&u, r, &init);
        // Beside a segment, as the crew joins them.
        scoped(media_source) struct media_source *s = upload_source(&u);
        scoped(mem) struct wire_make *ask = NEW(struct wire_make);
        struct buf both[2];
        buf_init(&both[0], PIECE_BYTES_MAX);
        buf_init(&both[1], PIECE_BYTES_MAX);
        upload_ask(&u, r, u.plan->segments - 1, 2, ask);
        ask_add(ask, r, PIECE_SEGMENT);
        ask_add(ask, r, PIECE_INIT);
        make_into(s, ask, both);
        assert_int_equal(both[1].len, init.len);
        assert_memory_equal(both[1].bytes, init.bytes, init.len);
        buf_done(&both[0]);
        buf_done(&both[1]);
    }
    upload_close(&u);
}

static void an_iframe_is_one_picture_for_its_gop(void **state)
{
    (void)state;
    struct upload u;
    upload_open("timing/moov-at-end.mp4", &u);
    static const char *const names[] = {"source", "240p"};
    for (size_t i = 0; i < 2; i++) {
        const struct rendition *r = upload_rendition(&u, names[i]);
        scoped(buf) struct buf film;
        make_init(&u, r, &film);
        size_t init_len = film.len;
        make_alone(&u, r, PIECE_IFRAME, 1, &film);
        const uint8_t *piece = film.bytes + init_len;
        size_t len = 0;
        const uint8_t *trun =
            find_box(piece, film.len - init_len, "moof/traf/trun", &len);
        assert_non_null(trun);
        assert_int_equal(number_at(trun + 4), 1);
        assert_int_equal(number_at(trun + 12),
                         plan_segment_to(u.plan, 1) -
                             plan_segment_from(u.plan, 1));
        int fd = file_of(film.bytes, film.len);
        struct watched w;
        watch(fd, -1, &w);
        assert_int_equal(w.frames, 1);
        assert_int_equal(w.frame[0].pts, plan_segment_from(u.plan, 1));
        watched_done(&w);
        fd_close(fd);
    }
    upload_close(&u);
}

// The upload with `len` bytes at `at` replaced by zeros.
static void open_with_hole(const struct upload *u, int64_t at, int64_t end,
                           struct upload *ret)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(fd_read_file(u->fd, PIECE_BYTES_MAX, &bytes, &len), OK);
    assert_true(at >= 0 && at < end && end <= (int64_t)len);
    memset(bytes + at, 0, (size_t)(end - at));
    *ret = *u; // its plan was laid when it was whole
    ret->fd = file_of(bytes, len);
    free(bytes);
}

static void a_gop_that_is_lost_is_one_black_picture(void **state)
{
    (void)state;
    struct upload u, broken;
    upload_open("film/bbb-1080p25-44s.mp4", &u);
    assert_true(u.plan->segments >= 4);
    uint32_t gop = u.plan->segment_gop[2];
    uint32_t next = u.plan->segment_gop[3];
    open_with_hole(&u, u.plan->gop_entry[gop].position,
                   u.plan->gop_entry[next].position, &broken);
    const struct rendition *r = upload_rendition(&u, "240p");
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    scoped(buf) struct buf film;
    make_init(&broken, r, &film);
    scoped(media_source) struct media_source *s = upload_source(&broken);
    struct wire_made made;
    upload_ask(&broken, r, 2, 2, ask);
    ask_add(ask, r, PIECE_SEGMENT);
    assert_int_equal(make_try(s, ask, &film, &made), OK);
    assert_non_null(strstr(made.detail, "no picture"));
    int fd = file_of(film.bytes, film.len);
    struct watched w;
    watch(fd, -1, &w);
    assert_int_equal(w.frames, next - gop);
    assert_int_equal(w.frame[0].centre, BLACK);
    assert_int_equal(w.frame[0].pts, plan_segment_from(u.plan, 2));
    watched_done(&w);
    fd_close(fd);
    // What lies behind the hole is as it was.
    scoped(buf) struct buf after, before;
    buf_init(&after, PIECE_BYTES_MAX);
    buf_init(&before, PIECE_BYTES_MAX);
    make_alone(&broken, r, PIECE_SEGMENT, 3, &after);
    make_alone(&u, r, PIECE_SEGMENT, 3, &before);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.bytes, before.bytes, after.len);
    fd_close(broken.fd);
    upload_close(&u);
}

static void what_cannot_be_made_is_said(void **state)
{
    (void)state;
    struct upload u;
    upload_open("timing/moov-at-end.mp4", &u);
    const struct rendition *r = upload_smallest(&u);
    scoped(media_source) struct media_source *s = upload_source(&u);
    scoped(mem) struct wire_make *good = NEW(struct wire_make);
    upload_ask(&u, r, 1, 1, good);
    ask_add(good, r, PIECE_SEGMENT);
    for (int fault = 0; fault < 7; fault++) {
        scoped(mem) struct wire_make *ask = NEW(struct wire_make);
        *ask = *good;
        switch (fault) {
        case 0:
            ask->output[0].recipe.stream = 77;
            break;
        case 1:
            ask->border[1] = ask->border[0];
            break;
        case 2:
            ask->output[0].kind = PIECE_TS;
            break;
        case 3:
            ask->borders = 0;
            break;
        case 4:
            memcpy(ask->output[0].recipe.preset, "no such", 8);
            break;
        case 5:
            ask->output[0].recipe.sizes = 0;
            break;
        case 6:
            ask->outputs = 0;
            break;
        }
        scoped(buf) struct buf out;
        buf_init(&out, PIECE_BYTES_MAX);
        struct wire_made made;
        assert_int_not_equal(make_try(s, ask, &out, &made), OK);
        assert_true(made.detail[0] != '\0');
        assert_int_equal(out.len, 0);
    }
    // And the source serves on.
    scoped(buf) struct buf out;
    buf_init(&out, PIECE_BYTES_MAX);
    make_into(s, good, &out);
    assert_true(out.len > 0);
    upload_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_init_is_what_cmaf_wants),
        cmocka_unit_test(an_encoded_init_tells_what_the_manifest_tells),
        cmocka_unit_test(an_init_is_the_same_from_any_request),
        cmocka_unit_test(an_iframe_is_one_picture_for_its_gop),
        cmocka_unit_test(a_gop_that_is_lost_is_one_black_picture),
        cmocka_unit_test(what_cannot_be_made_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
