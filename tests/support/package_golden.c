// SPDX-License-Identifier: MIT
// package_golden.c - compares manifests with tests/golden, byte for byte.
#include "package_golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { GOLDEN_BYTES_MAX = 1 << 20 };

void assert_golden(const char *name, const struct buf *text)
{
    char path[256];
    snprintf(path, sizeof path, "tests/golden/%s", name);
    const char *wish = getenv("GOLDEN");
    bool is_written = wish && strcmp(wish, "write") == 0;
    FILE *file = fopen(path, is_written ? "w" : "r");
    assert_non_null(file); // run from the top of the tree
    if (is_written) {
        assert_int_equal(fwrite(text->bytes, 1, text->len, file), text->len);
        assert_int_equal(fclose(file), 0);
        return;
    }
    char *expected = calloc(1, GOLDEN_BYTES_MAX);
    assert_non_null(expected);
    assert_true(fread(expected, 1, GOLDEN_BYTES_MAX - 1, file) > 0);
    fclose(file);
    assert_string_equal((char *)text->bytes, expected);
    free(expected);
}
