// SPDX-License-Identifier: MIT
// probe.h - what the steps of a probe hand to each other.
//
//   look   the first packets: decodes the first picture and sound of each
//          stream, so that an asset is ready only when it really decodes
//   walk   every packet, or the index alone where it has all: times, sizes,
//          key frames, jumps of the clock
//   lay    frames in order of display, media zero, borders, audio grids
//   tell   struct track of each stream
//
// Threads: one at a time a struct probe.
#pragma once

#include <libavutil/frame.h>

#include "input.h"
#include "lists.h"
#include "reeld/media.h"

enum {
    PROBE_STREAMS_MAX = 64,
    PROBE_PACKETS_MAX = 12 * 3600 * 120, // 12 h at 120 frames a second
};

enum key_kind {
    KEY_NONE,
    KEY_CLEAN, // nothing behind it looks back over it
    KEY_OPEN,  // frames behind it may
};

struct probe_packet { // one of a video stream, in decoding order
    int64_t pts;
    int64_t duration; // 0 unknown
    struct plan_entry entry;
    int32_t size_bytes;
    uint16_t recovery; // packets until the picture is whole (intra refresh)
    uint8_t key;       // enum key_kind
    bool is_idr;
    bool is_hidden; // by an edit list
};

// A stream's parameter sets, and whether all seen in packets are among them.
struct probe_sets {
    struct buf known; // Annex B
    bool has_changed;
};

struct probe_stream {
    int index;         // in the container
    int32_t track;     // index into p->out->track, -1 none
    uint64_t programs; // bit i: belongs to program i of a transport stream
    const struct codec_rule *rule; // NULL: not let in
    bool is_video, is_audio;       // candidates to be played

    // Look.
    AVCodecContext *decoder;
    AVFrame *first;    // first decoded frame; NULL: none came out
    int64_t first_pts; // of it, in the stream's time base
    int refused;       // packets that the decoder did not like
    bool has_key;
    bool is_missed; // a video with pictures in it that does not decode

    // Walk.
    int64_t count; // packets
    int64_t bytes;
    struct probe_packet *packet; // video
    size_t packets, capacity;
    struct probe_sets sets;
    bool is_damaged;   // corrupt packets, or parameters that change
    int64_t audio_pts; // first, last and end of the packets that are shown
    int64_t audio_last;
    int64_t audio_end;
    int32_t aac_rate;     // probe_plain_aac_rate()
    int64_t grid_pts;     // from here on each packet ...
    int64_t grid_packets; // ... lies 1024 samples behind the one before
    bool is_regular;
};

struct probe {
    int fd; // borrowed
    const struct wire_probe *ask;
    struct wire_probed *out;
    struct input *in;
    uint32_t streams;
    struct probe_stream stream[PROBE_STREAMS_MAX];
    struct plan *plan;
    struct rational frame_rate; // of the chosen video, 0/1 before it is known
};

// Takes the streams of p->in up. Each step below fails with the sentence for
// the uploader.
must_check enum err probe_look(struct probe *p);
must_check enum err probe_walk(struct probe *p);
// Lists and names the streams in p->out->track; behind the laying, the rest.
void probe_list(struct probe *p);
void probe_tell(struct probe *p, const struct probe_stream *video);

// The stream's sound is playable.
bool probe_is_sound(const struct probe_stream *s);
// The rate at which AAC-LC of this stream plays as it is; 0: it does not.
int32_t probe_plain_aac_rate(struct input *in, const struct probe_stream *s);
// The parameter sets of H.264 extradata in Annex B, in a buf that is to be
// released; ret->is_over: more than 64 KiB of them.
void probe_read_sets(const AVCodecParameters *codec, struct buf *ret);
// The first SPS of them: header byte, profile, constraints, level.
bool probe_find_sps(const AVCodecParameters *codec, uint8_t ret[static 4]);
// What a decoded picture says of its track.
void probe_tell_picture(const struct probe *p, const struct probe_stream *s,
                        struct track *ret);
