// SPDX-License-Identifier: MIT
// package_golden.h - compares manifests with tests/golden, byte for byte.
#pragma once

#include "reeld/base/buf.h"

// Fails the test when tests/golden/NAME is not what `text` holds. With
// GOLDEN=write in the environment (make golden) the file is written instead.
void assert_golden(const char *name, const struct buf *text);
