# SPDX-License-Identifier: MIT
# embed.awk - turns SQL into C at build time.
#
#   migrations/NNN_word.sql   sql_migrations[]: lines, comments included: they
#                             stand in the database's own schema then, for
#                             whoever looks into it
#   queries/*.sql             enum sql: SQL_XYZ for each block that begins with
#                             "-- name: xyz"; sql_statements[]: name and text
#
# The tables are only there where SQL_WANT_MIGRATIONS or SQL_WANT_STATEMENTS is
# defined, so that one file of the program holds each.

function quoted(line)
{
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    return "\"" line "\\n\""
}

function complain(text)
{
    print FILENAME ":" FNR ": " text > "/dev/stderr"
    failed = 1
    exit 1
}

FNR == 1 {
    is_migration = FILENAME ~ /migrations\//
    in_block = 0
    if (is_migration) {
        number = FILENAME
        sub(/.*migrations\//, "", number)
        sub(/_.*/, "", number)
        number += 0
        if (number != ++migrations)
            complain("migrations must be numbered 1, 2, 3, ...")
    }
}

is_migration {
    migration[migrations] = migration[migrations] "    " quoted($0) ",\n"
    next
}

/^-- name: / {
    name = $3
    if (name !~ /^[a-z][a-z0-9_]*$/)
        complain("a name is lower case letters, digits and _")
    if (name in seen)
        complain("two statements are called " name)
    seen[name] = 1
    names[++count] = name
    in_block = 1
    next
}

/^--/ || /^[ \t]*$/ { next }

{
    if (!in_block)
        complain("a statement without a name")
    text[count] = text[count] "\n     " quoted($0)
}

END {
    if (failed)
        exit 1
    print "// Made by sql/embed.awk from sql/; do not edit."
    print "#pragma once\n\nenum sql {"
    for (i = 1; i <= count; i++)
        print "    SQL_" toupper(names[i]) ","
    print "    SQL_COUNT,\n};\n\n#ifdef SQL_WANT_STATEMENTS"
    print "static const struct {\n    const char *name, *text;"
    print "} sql_statements[SQL_COUNT] = {"
    for (i = 1; i <= count; i++)
        print "    {\"" names[i] "\"," text[i] "},"
    print "};\n#endif\n\n#ifdef SQL_WANT_MIGRATIONS"
    for (i = 1; i <= migrations; i++)
        print "static const char *const sql_migration_" i "[] = {\n" \
            migration[i] "    0,\n};\n"
    print "// NULL-terminated lines; [0] brings an empty database to version 1."
    print "static const char *const *const sql_migrations[] = {"
    for (i = 1; i <= migrations; i++)
        print "    sql_migration_" i ","
    print "};\n#endif"
}
