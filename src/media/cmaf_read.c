// SPDX-License-Identifier: MIT
// cmaf_read.c - inits: which track it is and how it is decoded.
#include "cmaf_read.h"

#include <string.h>

#include "cmaf_read_box.h"

enum {
    VISUAL_ENTRY_BYTES = 78, // ISO/IEC 14496-12 section 12.1.3, without header
    AUDIO_ENTRY_BYTES = 28,  // section 12.2.3
    NAL_LENGTH_BYTES = 4,
    // ISO/IEC 14496-1 section 7.2.2.1
    TAG_ES = 3,
    TAG_DECODER = 4,
    TAG_DECODER_SPECIFIC = 5,
    OBJECT_AAC_LC = 2,
    RATE_INDEXES = 13,
    CHANNELS_MAX = 7,
};

enum err box_next(struct bytes *in, struct box *ret)
{
    size_t whole = in->left;
    uint64_t size = bytes_u32(in);
    uint32_t type = bytes_u32(in);
    size_t header = 8;
    if (size == 1) {
        size = bytes_number(in, 8);
        header = 16;
    }
    if (in->is_short || size < header || size > whole)
        return fail(ERR_BAD_INPUT, "cmaf: a box of %llu bytes in %zu",
                    (unsigned long long)size, whole);
    *ret = (struct box){type, bytes_take(in, (size_t)size - header)};
    return OK;
}

enum err box_find(struct bytes in, uint32_t type, struct bytes *ret)
{
    while (in.left > 0) {
        struct box box = {0};
        TRY(box_next(&in, &box));
        if (box.type == type) {
            *ret = box.body;
            return OK;
        }
    }
    return fail(ERR_UNSUPPORTED, "cmaf: no %c%c%c%c", (char)(type >> 24),
                (char)(type >> 16), (char)(type >> 8), (char)type);
}

// Down a path of boxes; the list ends with 0.
static enum err find_path(struct bytes in, const uint32_t *path,
                          struct bytes *ret)
{
    for (; *path != 0; path++)
        TRY(box_find(in, *path, &in));
    *ret = in;
    return OK;
}

static enum err add_set(struct bytes *in, struct read_track *t)
{
    struct bytes set = bytes_take(in, bytes_u16(in));
    if (in->is_short)
        return fail(ERR_BAD_INPUT, "cmaf: avcC is cut");
    if (set.left + NAL_LENGTH_BYTES > sizeof t->sets - t->sets_bytes)
        return fail(ERR_UNSUPPORTED, "cmaf: parameter sets of many bytes");
    static const uint8_t start_code[] = {0, 0, 0, 1};
    memcpy(t->sets + t->sets_bytes, start_code, sizeof start_code);
    for (int i = 0; i < NAL_LENGTH_BYTES; i++)
        t->units[t->sets_bytes + i] =
            (uint8_t)(set.left >> 8 * (NAL_LENGTH_BYTES - 1 - i));
    t->sets_bytes += sizeof start_code;
    if (set.left > 0) {
        memcpy(t->sets + t->sets_bytes, set.at, set.left);
        memcpy(t->units + t->sets_bytes, set.at, set.left);
    }
    t->sets_bytes += set.left;
    return OK;
}

// ISO/IEC 14496-15 section 5.3.3.1
static enum err read_avcc(struct bytes in, struct read_track *t)
{
    bytes_skip(&in, 4); // version, profile, constraints, level
    unsigned length_bytes = (bytes_u8(&in) & 3) + 1;
    if (length_bytes != NAL_LENGTH_BYTES)
        return fail(ERR_UNSUPPORTED, "cmaf: NAL lengths of %u bytes",
                    length_bytes);
    unsigned sps = bytes_u8(&in) & 31;
    for (unsigned i = 0; i < sps; i++)
        TRY(add_set(&in, t));
    unsigned pps = bytes_u8(&in);
    for (unsigned i = 0; i < pps; i++)
        TRY(add_set(&in, t));
    if (in.is_short)
        return fail(ERR_BAD_INPUT, "cmaf: avcC is cut");
    return OK;
}

// The body of the next descriptor, which has to be a `tag`.
static enum err next_descriptor(struct bytes *in, uint8_t tag,
                                struct bytes *ret)
{
    uint8_t found = bytes_u8(in);
    size_t size = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t part = bytes_u8(in);
        size = size << 7 | (part & 0x7F);
        if (!(part & 0x80))
            break;
    }
    *ret = bytes_take(in, size);
    if (found != tag || in->is_short)
        return fail(ERR_BAD_INPUT, "cmaf: descriptor %u in place of %u", found,
                    tag);
    return OK;
}

static enum err read_audio_config(struct bytes in, struct read_track *t)
{
    unsigned bits = bytes_u16(&in); // 5 object, 4 rate, 4 channels, 3 others
    unsigned object = bits >> 11;
    unsigned rate = bits >> 7 & 15;
    unsigned channels = bits >> 3 & 15;
    if (in.is_short)
        return fail(ERR_BAD_INPUT, "cmaf: esds is cut");
    if (object != OBJECT_AAC_LC || rate >= RATE_INDEXES || channels == 0 ||
        channels > CHANNELS_MAX)
        return fail(ERR_UNSUPPORTED, "cmaf: AAC %u, rate %u, channels %u",
                    object, rate, channels);
    t->adts_profile = OBJECT_AAC_LC - 1;
    t->adts_rate_index = (uint8_t)rate;
    t->adts_channels = (uint8_t)channels;
    return OK;
}

static enum err read_esds(struct bytes in, struct read_track *t)
{
    bytes_skip(&in, 4); // version and flags
    struct bytes es, decoder, specific;
    TRY(next_descriptor(&in, TAG_ES, &es));
    bytes_skip(&es, 2); // id
    if (bytes_u8(&es) != 0)
        return fail(ERR_UNSUPPORTED, "cmaf: esds with optional fields");
    TRY(next_descriptor(&es, TAG_DECODER, &decoder));
    bytes_skip(&decoder, 13); // type, buffer size, bit rates
    TRY(next_descriptor(&decoder, TAG_DECODER_SPECIFIC, &specific));
    return read_audio_config(specific, t);
}

static enum err read_sample_entry(struct bytes stsd, struct read_track *t)
{
    bytes_skip(&stsd, 4);
    if (bytes_u32(&stsd) != 1)
        return fail(ERR_UNSUPPORTED, "cmaf: not one sample entry");
    struct box entry;
    TRY(box_next(&stsd, &entry));
    struct bytes config;
    switch (entry.type) {
    case BOX('a', 'v', 'c', '1'):
    case BOX('a', 'v', 'c', '3'):
        t->is_video = true;
        bytes_skip(&entry.body, VISUAL_ENTRY_BYTES);
        TRY(box_find(entry.body, BOX('a', 'v', 'c', 'C'), &config));
        return read_avcc(config, t);
    case BOX('m', 'p', '4', 'a'):
        bytes_skip(&entry.body, AUDIO_ENTRY_BYTES);
        TRY(box_find(entry.body, BOX('e', 's', 'd', 's'), &config));
        return read_esds(config, t);
    default:
        return fail(ERR_UNSUPPORTED, "cmaf: another codec");
    }
}

static enum err read_timescale(struct bytes mdhd, struct read_track *t)
{
    uint8_t version = bytes_u8(&mdhd);
    bytes_skip(&mdhd, version == 1 ? 3 + 16 : 3 + 8);
    t->timescale = bytes_u32(&mdhd);
    if (mdhd.is_short || t->timescale == 0)
        return fail(ERR_BAD_INPUT, "cmaf: no timescale");
    return OK;
}

static enum err read_defaults(struct bytes trex, struct read_track *t)
{
    bytes_skip(&trex, 4 + 8); // version and flags, track, sample entry
    t->default_duration = bytes_u32(&trex);
    t->default_bytes = bytes_u32(&trex);
    t->default_flags = bytes_u32(&trex);
    if (trex.is_short)
        return fail(ERR_BAD_INPUT, "cmaf: trex is cut");
    return OK;
}

enum err cmaf_read_init(const uint8_t *bytes, size_t len,
                        struct read_track *ret)
{
    struct bytes file = {bytes, len, false};
    struct bytes moov, mdia, found;
    struct read_track track = {0};
    TRY(box_find(file, BOX('m', 'o', 'o', 'v'), &moov));
    TRY(find_path(
        moov, (uint32_t[]){BOX('t', 'r', 'a', 'k'), BOX('m', 'd', 'i', 'a'), 0},
        &mdia));
    TRY(box_find(mdia, BOX('m', 'd', 'h', 'd'), &found));
    TRY(read_timescale(found, &track));
    TRY(find_path(mdia,
                  (uint32_t[]){BOX('m', 'i', 'n', 'f'), BOX('s', 't', 'b', 'l'),
                               BOX('s', 't', 's', 'd'), 0},
                  &found));
    TRY(read_sample_entry(found, &track));
    TRY(find_path(
        moov, (uint32_t[]){BOX('m', 'v', 'e', 'x'), BOX('t', 'r', 'e', 'x'), 0},
        &found));
    TRY(read_defaults(found, &track));
    *ret = track;
    return OK;
}

// The entry as it stands, with its header.
static enum err look_at_entry(struct bytes stsd, struct str *ret)
{
    bytes_skip(&stsd, 4 + 4);
    const uint8_t *at = stsd.at;
    struct box entry;
    TRY(box_next(&stsd, &entry));
    *ret = (struct str){(const char *)at, (size_t)(stsd.at - at)};
    return OK;
}

static enum err look_at_size(struct bytes tkhd, struct read_look *look)
{
    uint8_t version = bytes_u8(&tkhd);
    // Times, track, duration; reserved, layer, group, volume, matrix.
    bytes_skip(&tkhd, 3 + (version == 1 ? 32 : 20) + 8 + 8 + 36);
    look->width = bytes_u32(&tkhd);
    look->height = bytes_u32(&tkhd);
    if (tkhd.is_short)
        return fail(ERR_BAD_INPUT, "cmaf: tkhd is cut");
    return OK;
}

static enum err look_at_language(struct bytes mdhd, struct read_look *look)
{
    uint8_t version = bytes_u8(&mdhd);
    bytes_skip(&mdhd, 3 + (version == 1 ? 28 : 16));
    look->language = bytes_u16(&mdhd);
    if (mdhd.is_short)
        return fail(ERR_BAD_INPUT, "cmaf: mdhd is cut");
    return OK;
}

enum err cmaf_read_look(const uint8_t *bytes, size_t len, struct read_look *ret)
{
    struct bytes file = {bytes, len, false};
    struct bytes trak, found;
    struct read_look look = {0};
    TRY(find_path(
        file, (uint32_t[]){BOX('m', 'o', 'o', 'v'), BOX('t', 'r', 'a', 'k'), 0},
        &trak));
    TRY(box_find(trak, BOX('t', 'k', 'h', 'd'), &found));
    TRY(look_at_size(found, &look));
    TRY(find_path(
        trak, (uint32_t[]){BOX('m', 'd', 'i', 'a'), BOX('m', 'd', 'h', 'd'), 0},
        &found));
    TRY(look_at_language(found, &look));
    TRY(find_path(trak,
                  (uint32_t[]){BOX('m', 'd', 'i', 'a'), BOX('m', 'i', 'n', 'f'),
                               BOX('s', 't', 'b', 'l'), BOX('s', 't', 's', 'd'),
                               0},
                  &found));
    TRY(look_at_entry(found, &look.entry));
    *ret = look;
    return OK;
}
