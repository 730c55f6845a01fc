// SPDX-License-Identifier: MIT
// media_watch.h - what a player sees and hears: a file decoded by libav alone,
// without any code of reeld's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watched_frame {
    int64_t pts;    // time base of the stream
    uint64_t look;  // a sum over the picture's luma
    uint8_t centre; // its brightest part, near enough: mean luma
};

struct watched {
    int64_t timebase_num, timebase_den;
    int width, height;
    struct watched_frame *frame;
    size_t frames, capacity;
    int errors; // lines that the decoder complained in
};

// Decodes video stream `stream` (-1: the best) of the file behind `fd`.
void watch(int fd, int stream, struct watched *ret);
void watched_done(struct watched *w);

struct heard {
    int rate, channels;
    int64_t first;  // time of the first sample, in samples
    float *sample;  // interleaved
    size_t samples; // a channel
    size_t capacity;
};

// Decodes audio with all its frames in a row; `first` is the first packet's.
void hear(int fd, int stream, struct heard *ret);
void heard_done(struct heard *h);

// The packets of one stream in order of decoding.
struct packet_seen {
    int64_t pts, dts;
    uint64_t hash;
    size_t size;
    bool is_key;
};
struct packets_seen {
    int64_t timebase_num, timebase_den;
    struct packet_seen *packet;
    size_t packets, capacity;
};
void see_packets(int fd, bool is_video, struct packets_seen *ret);
void packets_done(struct packets_seen *p);
