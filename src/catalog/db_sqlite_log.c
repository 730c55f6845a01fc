// SPDX-License-Identifier: MIT
// db_sqlite_log.c - finds a bit of SQLite's log that is not as it was written.
//
//   header (32) | frame: head (24), page | frame | ... | of an older round
//
// SQLite takes its log to end where the first sum is wrong, so that a change
// that a crash cut short never was. A bit that flips on the disk ends it there
// as well: all that was promised behind would be gone without a word, and what
// is before might be older than what the database itself holds by then. Such a
// frame was whole once, and shows it: with that bit turned back its sum of 64
// bits is right, which what is left of a torn write does not come to. Other
// damage looks like what a loss of power leaves of writes that nobody had
// waited for: ends of changes behind it are counted, to be told.
//
// Format: sqlite.org/fileformat2.html, section 4.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "reeld/base/buf.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/db.h"

enum {
    HEADER_BYTES = 32, // its sum, of what is before it, is the last 8
    HEADER_SUMMED = 24,
    HEADER_SALTS = 16,
    FRAME_BYTES = 24, // page, pages after a commit, salts, sum
    FRAME_SUMMED = 8, // and the page behind it
    FRAME_COMMIT = 4,
    FRAME_SALTS = 8,
    FRAME_SUM = 16,
    PAIR_BYTES = 8, // the sum takes words by twos
    PAGE_LEAST = 512,
    PAGE_MOST = 65536,
};

static const uint32_t magic = 0x377f0682; // the last bit: of big-endian words

struct sum {
    uint32_t first, second;
};

struct log {
    int fd;
    bool is_big;
    size_t page_bytes;
    uint64_t salts;
    struct sum sum; // of all that was read
};

static uint32_t word_of(const uint8_t *at, bool is_big)
{
    return is_big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                        (uint32_t)at[2] << 8 | at[3]
                  : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 |
                        (uint32_t)at[1] << 8 | at[0];
}

static uint64_t pair_of(const uint8_t *at)
{
    return (uint64_t)word_of(at, true) << 32 | word_of(at + 4, true);
}

static uint64_t pair_of_sum(struct sum s)
{
    return (uint64_t)s.first << 32 | s.second;
}

static bool is_one_bit(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static void sum_add(struct sum *s, const uint8_t *bytes, size_t len,
                    bool is_big)
{
    for (size_t at = 0; at < len; at += PAIR_BYTES) {
        s->first += word_of(bytes + at, is_big) + s->second;
        s->second += word_of(bytes + at + 4, is_big) + s->first;
    }
}

// Whether one bit of `word`, turned, adds `off` to the sum where one more in
// the word adds `weight`.
static bool word_explains(uint32_t word, struct sum weight, struct sum off)
{
    for (int bit = 0; bit < 32; bit++) {
        uint32_t more = UINT32_C(1) << bit;
        if (word & more)
            more = -more;
        if (more * weight.first == off.first &&
            more * weight.second == off.second)
            return true;
    }
    return false;
}

static bool bytes_explain(const uint8_t *bytes, size_t len, bool is_big,
                          struct sum off)
{
    struct sum weight[2] = {
        {1, 1},
        {0, 1}
    }; // of the last pair's words
    for (size_t at = len; at > 0; at -= PAIR_BYTES) {
        for (size_t i = 0; i < 2; i++) {
            uint32_t word = word_of(bytes + at - PAIR_BYTES + 4 * i, is_big);
            if (word_explains(word, weight[i], off))
                return true;
            weight[i].first += weight[i].second;
            weight[i].second += weight[i].first;
        }
    }
    return false;
}

static bool read_header(const uint8_t head[static HEADER_BYTES],
                        struct log *log)
{
    uint32_t page_bytes = word_of(head + 8, true);
    log->is_big = head[3] & 1;
    log->page_bytes = page_bytes;
    log->salts = pair_of(head + HEADER_SALTS);
    log->sum = (struct sum){0};
    sum_add(&log->sum, head, HEADER_SUMMED, log->is_big);
    return (word_of(head, true) & ~UINT32_C(1)) == magic &&
           page_bytes >= PAGE_LEAST && page_bytes <= PAGE_MOST &&
           (page_bytes & (page_bytes - 1)) == 0 &&
           pair_of(head + HEADER_SUMMED) == pair_of_sum(log->sum);
}

static bool bit_makes_header(uint8_t head[static HEADER_BYTES])
{
    for (int bit = 0; bit < 8 * HEADER_BYTES; bit++) {
        struct log log;
        head[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bool is_right = read_header(head, &log);
        head[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (is_right)
            return true;
    }
    return false;
}

// Whether one bit makes a frame whole that is not. `is`: the sum that it should
// say.
static bool bit_makes_frame(const struct log *log, uint8_t *frame,
                            struct sum is)
{
    uint64_t salts = pair_of(frame + FRAME_SALTS);
    uint64_t said = pair_of(frame + FRAME_SUM);
    uint64_t off_salts = salts ^ log->salts, off_said = said ^ pair_of_sum(is);
    if (off_said == 0 || off_salts != 0)
        return off_said == 0 && is_one_bit(off_salts);
    if (is_one_bit(off_said))
        return true;
    // All that is summed up, side by side.
    uint8_t *summed = frame + FRAME_BYTES - FRAME_SUMMED;
    memcpy(summed, frame, FRAME_SUMMED);
    struct sum off = {(uint32_t)(said >> 32) - is.first,
                      (uint32_t)said - is.second};
    return bytes_explain(summed, FRAME_SUMMED + log->page_bytes, log->is_big,
                         off);
}

// Whether the frame goes on behind those before it.
static bool take_frame(struct log *log, uint8_t *frame, bool *ret_has_flip)
{
    uint64_t off_salts = pair_of(frame + FRAME_SALTS) ^ log->salts;
    uint64_t said = pair_of(frame + FRAME_SUM);
    struct sum is = log->sum;
    *ret_has_flip = false;
    // For the next one: its sum goes on from what this one says.
    log->sum = (struct sum){(uint32_t)(said >> 32), (uint32_t)said};
    if (off_salts != 0 && !is_one_bit(off_salts))
        return false; // of another round
    sum_add(&is, frame, FRAME_SUMMED, log->is_big);
    sum_add(&is, frame + FRAME_BYTES, log->page_bytes, log->is_big);
    bool is_whole = off_salts == 0 && said == pair_of_sum(is);
    *ret_has_flip = !is_whole && bit_makes_frame(log, frame, is);
    return is_whole;
}

static enum err fail_flip(const char *name, int64_t at, size_t len)
{
    return fail(ERR_BAD_INPUT,
                "%s is damaged: a bit of the %zu bytes at %" PRId64
                " is not as it was written, and what was kept behind it would "
                "be lost; restore a backup",
                name, len, at);
}

static enum err check_frames(struct log *log, const char *name,
                             int64_t *ret_behind)
{
    const size_t len = FRAME_BYTES + log->page_bytes;
    scoped(mem) uint8_t *frame = NEW_ARRAY(len, uint8_t);
    bool has_ended = false, has_flip;
    for (int64_t at = HEADER_BYTES;; at += (int64_t)len) {
        ssize_t had = pread(log->fd, frame, len, at);
        if (had < 0)
            return fail_errno(ERR_IO, "read %s", name);
        if ((size_t)had < len)
            return OK;
        bool is_whole = take_frame(log, frame, &has_flip);
        if (has_flip && !has_ended)
            return fail_flip(name, at, len);
        has_ended = has_ended || !is_whole;
        if (has_ended && is_whole && word_of(frame + FRAME_COMMIT, true) != 0)
            (*ret_behind)++;
    }
}

enum err db_sqlite_check_log(const char *path, int64_t *ret_behind)
{
    *ret_behind = 0;
    scoped(buf) struct buf name;
    TRY(path_beside(path, "-wal", &name));
    const char *text = (const char *)name.bytes;
    scoped(fd) int fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? OK : fail_errno(ERR_IO, "open %s", text);
    uint8_t head[HEADER_BYTES];
    ssize_t had = pread(fd, head, sizeof(head), 0);
    if (had < 0)
        return fail_errno(ERR_IO, "read %s", text);
    if (had < HEADER_BYTES)
        return OK;
    struct log log = {.fd = fd};
    if (!read_header(head, &log))
        return bit_makes_header(head) ? fail_flip(text, 0, sizeof(head)) : OK;
    return check_frames(&log, text, ret_behind);
}
