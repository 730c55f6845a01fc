// SPDX-License-Identifier: MIT
// boxes.h - where the top-level boxes of an ISO BMFF or QuickTime file lie.
//
// Only headers are read (16 bytes a box), so that a file of any size costs
// little. Sizes are claims: everything is cut at the end of the file.
//
// Threads: any; pure after boxes_scan().
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"

struct box_range {
    int64_t from, to; // [from, to) of a mdat's payload
};

struct boxes {
    struct box_range *data; // rising, apart
    size_t count, capacity;
    bool is_bmff;    // begins with a box that such files begin with
    bool has_index;  // a moov that ends inside the file
    bool is_cut;     // a box goes on behind the end of the file
    bool has_moof;   // fragmented
    char brand[5];   // ftyp's major brand, "" without one
    char cut_box[5]; // which box is cut, "" none
};

// ERR_IO alone; a file that is something else has is_bmff false.
must_check enum err boxes_scan(int fd, int64_t size_bytes, struct boxes *ret);
void boxes_done(struct boxes *b);

// How many bytes from `at` on lie in one mdat payload; 0: at is outside.
int64_t boxes_inside(const struct boxes *b, int64_t at);
// How many bytes from `at`, which lies outside, to the next payload.
int64_t boxes_outside(const struct boxes *b, int64_t at);
