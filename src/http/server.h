// SPDX-License-Identifier: MIT
// server.h - what the files of this room share of a server.
#pragma once

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "park.h"
#include "reeld/http.h"
#include "reeld/http/reaper.h"
#include "router.h"

struct MHD_Daemon;
struct http_server;

// One thread that serves connections. Its counts are its own: no line of cache
// is fought over.
struct loop {
    alignas(64) struct http_server *server;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int wake_fd; // something changed for it: is_ending, the server's
                 // is_stopping
    atomic_bool is_ending;
    bool has_room; // a connection has ended in this turn; of the thread alone
    uint64_t next_id; // of requests without an X-Request-Id
    _Atomic int64_t requests, in_flight, bytes_sent, bytes_received;
    _Atomic int64_t by_status[6];
};

struct http_server {
    struct http_options options;
    struct router *router[HTTP_FACES_MAX]; // of each face
    struct park *park;
    struct reaper *reaper;
    int listen_fd;
    int port;
    char listen_text[64]; // for origins when there is no Host header
    atomic_bool is_stopping;
    int loops;
    struct loop *loop;
};

// A count that one thread alone changes and any may read.
static inline void count_add(_Atomic int64_t *count, int64_t more)
{
    int64_t sum = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, sum + more, memory_order_relaxed);
}
