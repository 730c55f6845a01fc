// SPDX-License-Identifier: MIT
// networks_test.c - which addresses may be reached: one test a row.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "reeld/fetch.h"
#include "unit.h"

static bool may_reach(const struct fetcher *f, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return fetch_may_reach(f, (struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    return fetch_may_reach(f, (struct sockaddr *)&v6);
}

static struct fetcher *fetcher(const char *allow)
{
    struct fetch_options o = {.allow = allow};
    struct fetcher *f = NULL;
    assert_int_equal(fetch_new(&o, &f), OK);
    return f;
}

// First and last of each range that is refused.
static const char *const refused[] = {
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.0.0.0",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.0",
    "192.88.99.255",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:0.0.0.0",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:192.168.1.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "1fff:ffff::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2001:db8:ffff:ffff::1",
    "2002::1",
    "2002:7f00:1::1",
    "2002:ffff::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fdff:ffff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

// Right beside those.
static const char *const reached[] = {
    "1.0.0.0",         "8.8.8.8",
    "9.255.255.255",   "11.0.0.0",
    "100.63.255.255",  "100.128.0.0",
    "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0",
    "172.15.255.255",  "172.32.0.0",
    "191.255.255.255", "192.0.1.0",
    "192.0.3.0",       "192.88.98.255",
    "192.88.100.0",    "192.167.255.255",
    "192.169.0.0",     "198.17.255.255",
    "198.20.0.0",      "198.51.99.255",
    "198.51.101.0",    "203.0.112.255",
    "203.0.114.0",     "223.255.255.255",
    "::ffff:8.8.8.8",  "2000::1",
    "2001:200::1",     "2001:db7:ffff::1",
    "2001:db9::1",     "2001:4860:4860::8888",
    "2001:ffff::1",    "2003::1",
    "2606:4700::1111", "3ffe:ffff::1",
    "3fff:1000::1",
};

static void is_refused(void **state)
{
    scoped(fetcher) struct fetcher *f = fetcher("");
    assert_false(may_reach(f, *state));
}

static void is_reached(void **state)
{
    scoped(fetcher) struct fetcher *f = fetcher(NULL);
    assert_true(may_reach(f, *state));
}

static void the_operator_may_open_networks(void **state)
{
    (void)state;
    scoped(fetcher) struct fetcher *f =
        fetcher(" 10.1.0.0/16  192.168.7.7 fd00:1::/33 ::1/128 ");
    static const char *const opened[] = {
        "10.1.0.0",  "10.1.255.255",        "192.168.7.7", "::ffff:10.1.2.3",
        "fd00:1::1", "fd00:1:7fff:ffff::1", "::1",         "8.8.8.8"};
    static const char *const closed[] = {
        "10.0.255.255",   "10.2.0.0",  "192.168.7.6", "192.168.7.8",
        "fd00:1:8000::1", "fd00:2::1", "::2",         "127.0.0.1"};
    for (size_t i = 0; i < sizeof(opened) / sizeof(*opened); i++)
        assert_true(may_reach(f, opened[i]));
    for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++)
        assert_false(may_reach(f, closed[i]));
}

static void all_of_it_can_be_opened(void **state)
{
    (void)state;
    scoped(fetcher) struct fetcher *f = fetcher("0.0.0.0/0");
    assert_true(may_reach(f, "127.0.0.1"));
    assert_false(may_reach(f, "::1"));
    scoped(fetcher) struct fetcher *all = fetcher("::/0");
    assert_true(may_reach(all, "127.0.0.1"));
    assert_true(may_reach(all, "::1"));
}

static void what_is_no_network_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8",  "fd00::/129",
        "localhost",   "fd00::/8,", "/8",          "1.2.3.4/8x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct fetch_options o = {.allow = wrong[i]};
        struct fetcher *f = NULL;
        assert_int_equal(fetch_new(&o, &f), ERR_BAD_INPUT);
        assert_null(f);
    }
}

static void other_families_are_refused(void **state)
{
    (void)state;
    scoped(fetcher) struct fetcher *f = fetcher("::/0");
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_false(fetch_may_reach(f, (struct sockaddr *)&local));
}

enum {
    REFUSED = sizeof(refused) / sizeof(*refused),
    REACHED = sizeof(reached) / sizeof(*reached),
    OTHERS = 4,
};

int main(void)
{
    struct CMUnitTest tests[REFUSED + REACHED + OTHERS] = {
        cmocka_unit_test(the_operator_may_open_networks),
        cmocka_unit_test(all_of_it_can_be_opened),
        cmocka_unit_test(what_is_no_network_is_told),
        cmocka_unit_test(other_families_are_refused),
    };
    struct CMUnitTest *next = tests + OTHERS;
    for (size_t i = 0; i < REFUSED; i++)
        *next++ = (struct CMUnitTest){refused[i], is_refused, NULL, NULL,
                                      (void *)(uintptr_t)refused[i]};
    for (size_t i = 0; i < REACHED; i++)
        *next++ = (struct CMUnitTest){reached[i], is_reached, NULL, NULL,
                                      (void *)(uintptr_t)reached[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
