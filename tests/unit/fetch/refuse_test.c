// SPDX-License-Identifier: MIT
// refuse_test.c - tricks that would reach what only reeld can reach. One test a
// trick, each tried for real: canaries listen on 127.0.0.1 and ::1, which are
// not to be reached, and one on 127.0.0.2 stands for the Internet.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch_canary.h"
#include "reeld/base/mem.h"
#include "reeld/fetch.h"
#include "unit.h"

enum { TEXT_BYTES = 4096 };

struct scene {
    struct canary *inside, *inside_v6, *outside;
    struct fetcher *fetcher;
    int look_ups;
};

// DNS as an attacker's server answers it.
static const char *resolve(void *context, const char *host)
{
    struct scene *s = context;
    s->look_ups++;
    static const struct {
        const char *host, *addresses;
    } names[] = {
        {"public.test",     "127.0.0.2"                },
        {"private.test",    "127.0.0.1"                },
        {"private-v6.test", "[::1]"                    },
        {"mapped.test",     "[::ffff:127.0.0.1]"       },
        {"any.test",        "0.0.0.0"                  },
        {"metadata.test",   "169.254.169.254"          },
        {"several.test",    "127.0.0.1,[::1],127.0.0.3"},
        {"localtest.test.", "127.0.0.1"                },
    };
    // Public when it is checked, private when it is used again.
    if (strcmp(host, "rebind.test") == 0)
        return s->look_ups == 1 ? "127.0.0.2" : "127.0.0.1";
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(host, names[i].host) == 0)
            return names[i].addresses;
    return NULL;
}

// The one of all tests.
static struct scene scene;

// All on one port, so that a URL differs in its host alone: tried until one is
// free on all of them.
static int set_up(void **state)
{
    (void)state;
    enum { TRIES = 50 };
    for (int i = 0; i < TRIES && !scene.outside; i++) {
        canary_free(scene.inside);
        canary_free(scene.inside_v6);
        scene.inside = canary_new("127.0.0.1", 0);
        int port = canary_port(scene.inside);
        scene.inside_v6 = canary_new("::1", port);
        if (scene.inside_v6)
            scene.outside = canary_new("127.0.0.2", port);
    }
    assert_non_null(scene.outside);
    struct fetch_options o = {
        .allow = "127.0.0.2/32", .resolve = resolve, .resolve_context = &scene};
    assert_int_equal(fetch_new(&o, &scene.fetcher), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    canary_free(scene.inside);
    canary_free(scene.inside_v6);
    canary_free(scene.outside);
    fetch_free(scene.fetcher);
    return 0;
}

// Visits from here on, and the usual answer.
static struct scene *begin(void)
{
    canary_reset(scene.inside);
    canary_reset(scene.inside_v6);
    canary_reset(scene.outside);
    scene.look_ups = 0;
    return &scene;
}

static enum err take_all(void *context, const void *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    (void)len;
    return OK;
}

static enum err fetch(struct scene *s, const char *url, int redirects,
                      int *ret_status)
{
    struct fetch_request q = {.url = url,
                              .redirects = redirects,
                              .timeout_us = 60000000,
                              .stall_us = 30000000,
                              .most_bytes = 1000,
                              .data = take_all};
    return fetch_run(s->fetcher, &q, ret_status);
}

// "PORT" becomes the canaries'.
static void fill_in(const struct scene *s, const char *trick,
                    char to[static TEXT_BYTES])
{
    const char *at = strstr(trick, "PORT");
    if (at)
        snprintf(to, TEXT_BYTES, "%.*s%d%s", (int)(at - trick), trick,
                 canary_port(s->inside), at + strlen("PORT"));
    else
        snprintf(to, TEXT_BYTES, "%s", trick);
}

static const char *const tricks[] = {
    // Spellings of loopback.
    "http://127.0.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.0x0.0x0.0x1:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://127.255.255.254:PORT/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "HTTP://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT#@public.test/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:PORT/", // circled 127
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:7f00:1::]:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[fe80::1%lo]:PORT/",
    // Other places inside.
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://[fd00::1]/",
    // Names that the attacker's DNS answers for, or everybody's.
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://private.test:PORT/",
    "http://private-v6.test:PORT/",
    "http://mapped.test:PORT/",
    "http://any.test:PORT/",
    "http://metadata.test/",
    "http://several.test:PORT/",
    "https://private.test:PORT/",
    // Other schemes.
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "ftp://127.0.0.2:PORT/",
    "gopher://127.0.0.2:PORT/_GET",
    "dict://127.0.0.2:PORT/info",
    "tftp://127.0.0.2/x",
    "smb://127.0.0.2/x",
    "telnet://127.0.0.2:PORT/",
    "ldap://127.0.0.2:PORT/",
    "rtsp://127.0.0.2:PORT/",
    "ws://127.0.0.2:PORT/",
    "s3://bucket/key",
    "data:text/plain,x",
    "javascript:alert(1)",
    // Credentials, which other programs may read as the host.
    "http://user@127.0.0.2:PORT/",
    "http://user:secret@127.0.0.2:PORT/",
    "http://:@127.0.0.2:PORT/",
    "http://127.0.0.1:PORT@127.0.0.2:PORT/",
    "http://public.test:80@127.0.0.1:PORT/",
    // Ports of other protocols.
    "http://127.0.0.2:22/",
    "http://127.0.0.2:25/",
    "http://127.0.0.2:0/",
    "http://127.0.0.2:1023/",
    "http://127.0.0.2:65536/",
    "http://127.0.0.2:-1/",
    "http://127.0.0.2:PORT0000/",
    // No URL at all.
    "http://",
    "http:///",
    "127.0.0.2:PORT/",
    "//127.0.0.2:PORT/",
    "http://127.0.0.2:PORT/\r\nHost: inside",
    "http://127.0.0.2 .test:PORT/",
};

static void is_refused(void **state)
{
    struct scene *s = begin();
    char url[TEXT_BYTES];
    fill_in(s, *state, url);
    int status;
    enum err e = fetch(s, url, 3, &status);
    if (e != ERR_BAD_INPUT)
        print_error("%s: %s %s\n", url, err_name(e), fail_text());
    // No such name is no answer either, but the same for all who ask.
    assert_true(e == ERR_BAD_INPUT ||
                (e == ERR_BUSY && strstr(fail_text(), "resolve")));
    assert_int_equal(status, 0);
    assert_int_equal(canary_visits(s->inside), 0);
    assert_int_equal(canary_visits(s->inside_v6), 0);
    assert_int_equal(canary_visits(s->outside), 0);
}

static void is_refused_behind_a_redirect(void **state)
{
    struct scene *s = begin();
    char url[TEXT_BYTES], first[TEXT_BYTES], answer[2 * TEXT_BYTES];
    fill_in(s, *state, url);
    fill_in(s, "http://public.test:PORT/", first);
    // What is relative leads to where it came from, over and over.
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 302 Found\r\nContent-Length: 5\r\nLocation: %s\r\n\r\n"
             "there",
             url);
    canary_answer(s->outside, answer);
    int status;
    enum err e = fetch(s, first, 3, &status);
    if (e != ERR_BAD_INPUT)
        print_error("%s: %s %s\n", url, err_name(e), fail_text());
    assert_true(e == ERR_BAD_INPUT ||
                (e == ERR_BUSY && strstr(fail_text(), "resolve")));
    assert_int_equal(canary_visits(s->inside), 0);
    assert_int_equal(canary_visits(s->inside_v6), 0);
    assert_in_range(canary_visits(s->outside), 1, 4);
}

static void a_public_name_is_reached(void **state)
{
    (void)state;
    struct scene *s = begin();
    char url[TEXT_BYTES];
    fill_in(s, "http://public.test:PORT/a?b#c", url);
    int status;
    assert_int_equal(fetch(s, url, 3, &status), OK);
    assert_int_equal(status, 200);
    assert_int_equal(canary_visits(s->outside), 1);
    assert_non_null(
        strstr(canary_request(s->outside), "GET /a?b HTTP/1.1\r\n"));
    assert_non_null(strstr(canary_request(s->outside), "Host: public.test:"));
}

// The answer of the second look-up counts where it is used.
static void a_name_that_changes_between_look_ups_is_refused(void **state)
{
    (void)state;
    struct scene *s = begin();
    char url[TEXT_BYTES], answer[2 * TEXT_BYTES];
    fill_in(s, "http://rebind.test:PORT/", url);
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 307 Again\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n",
             url);
    canary_answer(s->outside, answer);
    int status;
    assert_int_equal(fetch(s, url, 3, &status), ERR_BAD_INPUT);
    assert_int_equal(s->look_ups, 2);
    assert_int_equal(canary_visits(s->outside), 1);
    assert_int_equal(canary_visits(s->inside), 0);
}

static void redirects_are_counted(void **state)
{
    (void)state;
    struct scene *s = begin();
    char url[TEXT_BYTES];
    fill_in(s, "http://public.test:PORT/", url);
    canary_answer(s->outside, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
                              "Location: /round\r\n\r\n");
    int status;
    assert_int_equal(fetch(s, url, 3, &status), ERR_BAD_INPUT);
    assert_non_null(strstr(fail_text(), "more than 3"));
    assert_int_equal(canary_visits(s->outside), 4);
    // None allowed: the answer is the last one.
    assert_int_equal(fetch(s, url, 0, &status), OK);
    assert_int_equal(status, 302);
    assert_int_equal(canary_visits(s->outside), 5);
}

// It would see what is fetched, and reach anything for us.
static void the_proxy_of_the_environment_is_not_asked(void **state)
{
    (void)state;
    struct scene *s = begin();
    char proxy[64], url[TEXT_BYTES];
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d",
             canary_port(s->inside));
    static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY",
                                        "HTTP_PROXY"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        setenv(names[i], proxy, 1);
    fill_in(s, "http://public.test:PORT/", url);
    int status;
    enum err e = fetch(s, url, 3, &status);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        unsetenv(names[i]);
    assert_int_equal(e, OK);
    assert_int_equal(canary_visits(s->inside), 0);
    assert_int_equal(canary_visits(s->outside), 1);
}

enum { TRICKS = sizeof(tricks) / sizeof(*tricks), OTHERS = 4 };

int main(void)
{
    static struct CMUnitTest tests[2 * TRICKS + OTHERS] = {
        cmocka_unit_test(a_public_name_is_reached),
        cmocka_unit_test(a_name_that_changes_between_look_ups_is_refused),
        cmocka_unit_test(redirects_are_counted),
        cmocka_unit_test(the_proxy_of_the_environment_is_not_asked),
    };
    static char names[TRICKS][128];
    struct CMUnitTest *next = tests + OTHERS;
    for (size_t i = 0; i < TRICKS; i++) {
        void *trick = (void *)(uintptr_t)tricks[i];
        snprintf(names[i], sizeof(names[i]), "redirected to %s", tricks[i]);
        *next++ = (struct CMUnitTest){tricks[i], is_refused, NULL, NULL, trick};
        *next++ = (struct CMUnitTest){names[i], is_refused_behind_a_redirect,
                                      NULL, NULL, trick};
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
