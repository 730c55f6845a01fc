// SPDX-License-Identifier: MIT
// mux_file_test.c - heads of downloads: which samples, when, and where.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#include "media_pieces.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/media.h"

enum {
    RATE = 48000,
    PACKET = 1024,
    HEAD_BYTES = 1 << 16,
    PARTS_MAX = 1000,
    CLIPS = 200,
    CLIP_PACKETS = 10,
};

// A file of parts and their list, as the daemon lays them.
struct parts {
    int fd;
    int64_t bytes;
    struct wire_part row[PARTS_MAX];
    uint32_t count;
};

static void parts_begin(struct parts *p)
{
    *p = (struct parts){.fd = memfd_create("parts", MFD_CLOEXEC),
                        .bytes = HEAD_BYTES};
    assert_true(p->fd >= 0);
}

static void parts_add(struct parts *p, const struct buf *bytes, bool is_init,
                      bool is_sound, int64_t from, int64_t at)
{
    assert_true(p->count < PARTS_MAX);
    p->row[p->count++] = (struct wire_part){.offset = p->bytes,
                                            .bytes = (int64_t)bytes->len,
                                            .from = from,
                                            .at = at,
                                            .is_init = is_init,
                                            .is_sound = is_sound};
    assert_int_equal(pwrite(p->fd, bytes->bytes, bytes->len, p->bytes),
                     bytes->len);
    p->bytes += (int64_t)bytes->len;
}

static void add_sound(struct parts *p, int from, int to, int64_t clip_from,
                      int64_t at)
{
    scoped(buf) struct buf piece;
    buf_init(&piece, 1 << 20);
    test_audio_piece(RATE, from, to, &piece);
    parts_add(p, &piece, false, true, clip_from, at);
}

static void add_sound_init(struct parts *p)
{
    scoped(buf) struct buf init;
    buf_init(&init, 1 << 20);
    test_audio_init(RATE, &init);
    parts_add(p, &init, true, true, 0, 0);
}

static struct wire_file ask_for(const struct parts *p, int64_t sound_ticks)
{
    return (struct wire_file){.request = 1,
                              .container = DOWNLOAD_M4A,
                              .parts = p->count,
                              .head_bytes = HEAD_BYTES,
                              .file_bytes = p->bytes,
                              .sound_rate = RATE,
                              .sound_ticks = sound_ticks};
}

// The output is the caller's, NUL-terminated heap bytes.
static enum err make(const struct parts *p, const struct wire_file *ask,
                     uint8_t **ret, size_t *ret_len)
{
    scoped(fd) int list = memfd_create("list", MFD_CLOEXEC);
    scoped(fd) int output = memfd_create("output", MFD_CLOEXEC);
    assert_int_equal(fd_write_all(list, p->row, p->count * sizeof *p->row), OK);
    struct wire_made made;
    media_make_file(ask, p->fd, list, output, &made);
    if (made.result != OK)
        return made.result;
    assert_int_equal(fd_read_file(output, 1 << 24, ret, ret_len), OK);
    assert_int_equal(made.size_bytes[0], *ret_len);
    return OK;
}

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

// The body behind version and flags of the first box of that name.
static const uint8_t *box(const uint8_t *head, size_t len, const char *name)
{
    const uint8_t *found = memmem(head, len, name, 4);
    return found ? found + 8 : NULL;
}

static int64_t sum_of_stts(const uint8_t *head, size_t len)
{
    const uint8_t *stts = box(head, len, "stts");
    assert_non_null(stts);
    int64_t sum = 0;
    for (uint32_t i = 0; i < u32(stts); i++)
        sum += (int64_t)u32(stts + 4 + 8 * i) * u32(stts + 8 + 8 * i);
    return sum;
}

static uint32_t count_samples(const uint8_t *head, size_t len)
{
    const uint8_t *stsz = box(head, len, "stsz");
    assert_non_null(stsz);
    return u32(stsz + 4);
}

// Clips of ten packets each, `length` samples apart.
static void join_many(int64_t length)
{
    struct parts p;
    parts_begin(&p);
    add_sound_init(&p);
    for (int i = 0; i < CLIPS; i++)
        add_sound(&p, 0, CLIP_PACKETS, 0, i * length);
    struct wire_file ask = ask_for(&p, CLIPS * length);
    scoped(mem) uint8_t *head = NULL;
    size_t len = 0;
    assert_int_equal(make(&p, &ask, &head, &len), OK);
    close(p.fd);
    assert_int_equal(len, HEAD_BYTES);
    // Who only puts packets together is half a packet off, at most, and at the
    // end by what the last one has behind it.
    int64_t played = (int64_t)count_samples(head, len) * PACKET;
    assert_in_range(played, CLIPS * length - PACKET - PACKET / 2,
                    CLIPS * length + PACKET + PACKET / 2);
    // Who goes by the times is not off at all.
    int64_t last = (CLIPS - 1) * length + CLIP_PACKETS * PACKET;
    assert_int_equal(sum_of_stts(head, len), last);
    const uint8_t *elst = box(head, len, "elst");
    if (last > CLIPS * length) {
        assert_non_null(elst);
        assert_int_equal(u32(elst + 4), CLIPS * length);
        assert_int_equal(u32(elst + 8), 0);
    }
}

static void joined_sound_never_drifts(void **state)
{
    (void)state;
    for (int64_t off = -1000; off <= 1000; off += 125)
        join_many(CLIP_PACKETS * PACKET + off);
}

static void sound_that_begins_late_is_primed(void **state)
{
    (void)state;
    struct parts p;
    parts_begin(&p);
    add_sound_init(&p);
    add_sound(&p, 5, 25, 5 * PACKET - 300, 0); // 300 samples behind the cut
    struct wire_file ask = ask_for(&p, 20 * PACKET);
    scoped(mem) uint8_t *head = NULL;
    size_t len = 0;
    assert_int_equal(make(&p, &ask, &head, &len), OK);
    close(p.fd);
    assert_int_equal(count_samples(head, len), 21); // the first one twice
    const uint8_t *elst = box(head, len, "elst");
    assert_int_equal(u32(elst), 1);
    assert_int_equal(u32(elst + 4), 20 * PACKET);
    assert_int_equal(u32(elst + 8), PACKET - 300);
}

// The packet that sounds at a cut begins before it, and stays where it is.
static void sound_that_begins_before_its_cut_stays_in_step(void **state)
{
    (void)state;
    const int64_t before = 300, length = 10 * PACKET - 500;
    struct parts p;
    parts_begin(&p);
    add_sound_init(&p);
    add_sound(&p, 5, 15, 5 * PACKET + before, 0);
    add_sound(&p, 40, 50, 40 * PACKET + before, length);
    struct wire_file ask = ask_for(&p, 2 * length);
    scoped(mem) uint8_t *head = NULL;
    size_t len = 0;
    assert_int_equal(make(&p, &ask, &head, &len), OK);
    close(p.fd);
    assert_int_equal(count_samples(head, len), 20);
    assert_int_equal(sum_of_stts(head, len), length + 10 * PACKET);
    const uint8_t *elst = box(head, len, "elst");
    assert_int_equal(u32(elst), 1);
    assert_int_equal(u32(elst + 8), before);
}

static void files_of_more_than_4_gb_have_wide_offsets(void **state)
{
    (void)state;
    struct parts p;
    parts_begin(&p);
    add_sound_init(&p);
    add_sound(&p, 0, 10, 0, 0);
    p.bytes = INT64_C(5) << 30; // a hole
    add_sound(&p, 10, 20, 0, 0);
    struct wire_file ask = ask_for(&p, 20 * PACKET);
    scoped(mem) uint8_t *head = NULL;
    size_t len = 0;
    assert_int_equal(make(&p, &ask, &head, &len), OK);
    close(p.fd);
    assert_null(box(head, len, "stco"));
    const uint8_t *co64 = box(head, len, "co64");
    assert_non_null(co64);
    assert_int_equal(u32(co64), 2);
    assert_int_equal(u32(co64 + 12), 1); // upper half of the second offset
    assert_true(u32(co64 + 16) > 0x40000000);
}

static void the_same_is_made_of_the_same(void **state)
{
    (void)state;
    struct parts p;
    parts_begin(&p);
    add_sound_init(&p);
    add_sound(&p, 0, 40, 0, 0);
    struct wire_file ask = ask_for(&p, 40 * PACKET);
    for (int mp3 = 0; mp3 < 2; mp3++) {
        scoped(mem) uint8_t *one = NULL, *other = NULL;
        size_t one_len = 0, other_len = 0;
        assert_int_equal(make(&p, &ask, &one, &one_len), OK);
        assert_int_equal(make(&p, &ask, &other, &other_len), OK);
        assert_int_equal(one_len, other_len);
        assert_memory_equal(one, other, one_len);
        ask.container = DOWNLOAD_MP3;
        ask.head_bytes = 0;
        ask.mp3_bps = 128000;
    }
    close(p.fd);
}

// ---- pictures --------------------------------------------------------------

static void add_film(struct parts *p, const struct test_film *film, int frames,
                     int64_t at)
{
    scoped(buf) struct buf init, piece;
    buf_init(&init, 1 << 20);
    buf_init(&piece, 1 << 24);
    test_video_init(film, &init);
    test_video_piece(film, 0, frames, &piece);
    parts_add(p, &init, true, false, 0, at);
    parts_add(p, &piece, false, false, film->time[0], at);
}

static void pictures_keep_their_times_in_another_clock(void **state)
{
    (void)state;
    enum { FRAMES = 12, TICKS = 40 };
    int64_t time[FRAMES + 1];
    for (int i = 0; i <= FRAMES; i++)
        time[i] = 4000 + i * TICKS;
    const struct test_film film = {.timescale = 1000, .time = time};
    struct parts p;
    parts_begin(&p);
    add_film(&p, &film, FRAMES, 0);
    add_film(&p, &film, FRAMES, FRAMES * TICKS * 90);
    struct wire_file ask = ask_for(&p, 0);
    ask.container = DOWNLOAD_MP4;
    ask.sound_rate = 0;
    ask.video_timescale = 90000;
    ask.video_ticks = INT64_C(2) * FRAMES * TICKS * 90;
    for (int copied = 0; copied < 2; copied++) {
        ask.is_copied = copied;
        scoped(mem) uint8_t *head = NULL;
        size_t len = 0;
        assert_int_equal(make(&p, &ask, &head, &len), OK);
        assert_int_equal(count_samples(head, len), 2 * FRAMES);
        assert_int_equal(sum_of_stts(head, len), ask.video_ticks);
        const uint8_t *stsd = box(head, len, "stsd");
        assert_int_equal(u32(stsd), 1); // the same init twice is one entry
        assert_null(box(head, len, "elst"));
        // Copied, the boxes between the samples are gone.
        assert_true(copied ? (int64_t)len < p.bytes : len == HEAD_BYTES);
    }
    close(p.fd);
}

// ---- refused ---------------------------------------------------------------

static enum err make_of(const struct parts *p, struct wire_file ask)
{
    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 0;
    return make(p, &ask, &bytes, &len);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    struct parts p;
    parts_begin(&p);
    add_sound(&p, 0, 10, 0, 0);
    assert_int_equal(make_of(&p, ask_for(&p, 10 * PACKET)), ERR_BAD_INPUT);
    add_sound_init(&p);
    p.row[0] = p.row[1]; // an init alone
    assert_int_equal(make_of(&p, ask_for(&p, 10 * PACKET)), ERR_BAD_INPUT);
    add_sound(&p, 0, 10, 0, 0);
    struct wire_file ask = ask_for(&p, 10 * PACKET);
    assert_int_equal(make_of(&p, ask), OK);
    ask.sound_rate = 44100;
    assert_int_equal(make_of(&p, ask), ERR_UNSUPPORTED);
    ask.sound_rate = RATE;
    ask.file_bytes++; // cut
    assert_int_equal(make_of(&p, ask), ERR_BAD_INPUT);
    ask.file_bytes--;
    p.row[2].offset = p.bytes - 10; // outside
    assert_int_equal(make_of(&p, ask), ERR_BAD_INPUT);
    close(p.fd);
}

static void a_head_without_room_is_refused(void **state)
{
    (void)state;
    struct parts p;
    parts_begin(&p);
    add_sound_init(&p);
    add_sound(&p, 0, 300, 0, 0);
    struct wire_file ask = ask_for(&p, 300 * PACKET);
    ask.head_bytes = 1200;
    assert_int_equal(make_of(&p, ask), ERR_TOO_LARGE);
    close(p.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joined_sound_never_drifts),
        cmocka_unit_test(sound_that_begins_late_is_primed),
        cmocka_unit_test(sound_that_begins_before_its_cut_stays_in_step),
        cmocka_unit_test(files_of_more_than_4_gb_have_wide_offsets),
        cmocka_unit_test(the_same_is_made_of_the_same),
        cmocka_unit_test(pictures_keep_their_times_in_another_clock),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_head_without_room_is_refused),
    };
    media_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
