// SPDX-License-Identifier: MIT
// networks.h - which addresses may be reached: the Internet's, and those that
// the operator names.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "reeld/base/err.h"
#include "reeld/base/str.h"

// An IPv4 network is kept as the mapped one, ::ffff:a.b.c.d, 96 bits longer.
struct network {
    struct in6_addr address;
    int bits;
};

// "10.0.0.0/8 fd00::/8"; an address by itself is a network of one. Heap.
// ERR_BAD_INPUT.
must_check enum err networks_parse(struct str text, struct network **ret,
                                   size_t *ret_count);
// Globally routed unicast, by the special-purpose registries of IANA (RFC 6890
// and its successors); what carries an IPv4 address inside (6to4, NAT64,
// Teredo) is not.
bool network_is_public(const struct in6_addr *address);
bool network_is_in(const struct in6_addr *address, const struct network *list,
                   size_t count);
struct in6_addr network_map_v4(struct in_addr address);
