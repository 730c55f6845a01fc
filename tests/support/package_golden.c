// SPDX-License-Identifier: MIT
// package_golden.c - compares manifests with tests/golden, byte for byte.
#include "package_golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GOLDEN_BYTES_MAX = 1 << 20 };

void assert_golden(const char *name, const struct buf *text)
{
    char path[256];
    snprintf(path, sizeof path, "tests/golden/%s", name);
    const char *wish = getenv("GOLDEN");
    bool is_written = wish && strcmp(wish, "write") == 0;
    FILE *file = fopen(path, is_written ? "w" : "r");
    if (!file)
        fail_msg("cannot open %s; run from the top of the tree", path);
    if (is_written) {
        assert_int_equal(fwrite(text->bytes, 1, text->len, file), text->len);
        assert_int_equal(fclose(file), 0);
        return;
    }
    char *expected = calloc(1, GOLDEN_BYTES_MAX);
    assert_non_null(expected);
    size_t len = fread(expected, 1, GOLDEN_BYTES_MAX - 1, file);
    fclose(file);
    if (len != text->len || memcmp(expected, text->bytes, len) != 0) {
        print_error("%s differs; it is now:\n%.*s\n", path,
                    STR_ARG(buf_view(text)));
        free(expected);
        fail();
    }
    free(expected);
}
