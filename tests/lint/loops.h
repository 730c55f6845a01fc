// SPDX-License-Identifier: MIT
// loops.h - uthash's loops in words that cppcheck, which does not read system
// headers, understands.
#pragma once

#define DL_FOREACH(head, el) for ((el) = (head); (el); (el) = (el)->next)
#define DL_FOREACH_SAFE(head, el, after)                                       \
    for ((el) = (head); (el) && ((after) = (el)->next, 1); (el) = (after))
#define HASH_ITER(hh, head, el, after)                                         \
    for ((el) = (head); (el) && ((after) = (el)->hh.next, 1); (el) = (after))
