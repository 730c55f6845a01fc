// SPDX-License-Identifier: MIT
// catalog_faulty.h - a database that fails on the Nth call.
#pragma once

#include "reeld/catalog/db.h"

struct db_faults {
    int fail_at;   // this call fails, counted from 1; 0: none does
    int calls;     // how many were made, over all connections
    enum err code; // with which it fails
    // A commit that fails is done all the same, as when the disk reports an
    // error for what it has written.
    bool keeps_commits;
};

// A db_opener: SQLite behind it, `context` is a struct db_faults.
db_opener db_faulty_open;

// Every row of every table as text, to compare; release with free().
char *db_dump(const char *path);
