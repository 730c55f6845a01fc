// SPDX-License-Identifier: MIT
// networks.c - networks as bits of IPv6 addresses; IPv4 ones are mapped.
#include "networks.h"

#include <arpa/inet.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/base/scoped.h"

enum { V4_BITS = 96, ALL_BITS = 128 };

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct in6_addr network_map_v4(struct in_addr address)
{
    struct in6_addr mapped = {0};
    memcpy(mapped.s6_addr, v4_prefix, sizeof(v4_prefix));
    memcpy(mapped.s6_addr + sizeof(v4_prefix), &address, sizeof(address));
    return mapped;
}

static bool is_within(const uint8_t *address, const uint8_t *network, int bits)
{
    int whole = bits / 8;
    if (memcmp(address, network, (size_t)whole) != 0)
        return false;
    if (bits % 8 == 0)
        return true;
    uint8_t mask = (uint8_t)(0xff00 >> bits % 8);
    return ((address[whole] ^ network[whole]) & mask) == 0;
}

// ---- what is not the Internet ----------------------------------------------

static const struct {
    uint8_t network[4];
    int bits;
} refused_v4[] = {
    {{0, 0, 0, 0},      8 }, // this host
    {{10, 0, 0, 0},     8 }, // private
    {{100, 64, 0, 0},   10}, // carriers' NAT
    {{127, 0, 0, 0},    8 }, // loopback
    {{169, 254, 0, 0},  16}, // link-local, and clouds' metadata
    {{172, 16, 0, 0},   12}, // private
    {{192, 0, 0, 0},    24}, // protocols
    {{192, 0, 2, 0},    24}, // documentation
    {{192, 88, 99, 0},  24}, // 6to4 relays
    {{192, 168, 0, 0},  16}, // private
    {{198, 18, 0, 0},   15}, // benchmarks
    {{198, 51, 100, 0}, 24}, // documentation
    {{203, 0, 113, 0},  24}, // documentation
    {{224, 0, 0, 0},    3 }, // multicast, reserved, broadcast
};

// Of IPv6 only this is given out, and parts of it are something else.
static const uint8_t global_v6[16] = {0x20};
enum { GLOBAL_V6_BITS = 3 };
static const struct {
    uint8_t network[16];
    int bits;
} refused_v6[] = {
    {{0x20, 0x01},             23}, // protocols: Teredo, ORCHID, benchmarks
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, // documentation
    {{0x20, 0x02},             16}, // 6to4: an IPv4 address inside
    {{0x3f, 0xff},             20}, // documentation
};

static bool is_public_v4(const uint8_t address[4])
{
    for (size_t i = 0; i < sizeof(refused_v4) / sizeof(*refused_v4); i++)
        if (is_within(address, refused_v4[i].network, refused_v4[i].bits))
            return false;
    return true;
}

bool network_is_public(const struct in6_addr *address)
{
    const uint8_t *bytes = address->s6_addr;
    if (is_within(bytes, v4_prefix, V4_BITS))
        return is_public_v4(bytes + sizeof(v4_prefix));
    if (!is_within(bytes, global_v6, GLOBAL_V6_BITS))
        return false;
    for (size_t i = 0; i < sizeof(refused_v6) / sizeof(*refused_v6); i++)
        if (is_within(bytes, refused_v6[i].network, refused_v6[i].bits))
            return false;
    return true;
}

bool network_is_in(const struct in6_addr *address, const struct network *list,
                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_within(address->s6_addr, list[i].address.s6_addr, list[i].bits))
            return true;
    return false;
}

// ---- the operator's list ---------------------------------------------------

static enum err parse_one(struct str text, struct network *ret)
{
    struct str bits = text;
    char address[INET6_ADDRSTRLEN];
    str_copy(address, sizeof(address), str_cut(&bits, '/'));
    struct in_addr v4;
    struct network n;
    if (inet_pton(AF_INET, address, &v4) == 1)
        n = (struct network){network_map_v4(v4), V4_BITS};
    else if (inet_pton(AF_INET6, address, &n.address) == 1)
        n.bits = 0;
    else
        return fail(ERR_BAD_INPUT, "\"%.*s\" is no network such as 10.0.0.0/8",
                    STR_ARG(text));
    int64_t given = ALL_BITS - n.bits;
    if (bits.ptr && str_to_int(bits, 0, given, &given) != OK)
        return fail(ERR_BAD_INPUT, "\"%.*s\": %.*s is no number of bits",
                    STR_ARG(text), STR_ARG(bits));
    n.bits += (int)given;
    *ret = n;
    return OK;
}

enum err networks_parse(struct str text, struct network **ret,
                        size_t *ret_count)
{
    scoped(mem) struct network *list = NULL;
    size_t count = 0, capacity = 0;
    while (text.ptr) {
        struct str one = str_trim(str_cut(&text, ' '));
        if (one.len == 0)
            continue;
        struct network n;
        TRY(parse_one(one, &n));
        PUSH(list, count, capacity, n);
    }
    *ret_count = count;
    *ret = take(list);
    return OK;
}
