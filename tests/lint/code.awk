# SPDX-License-Identifier: MIT
# code.awk - C without comments and without what stands in quotes, each line as
# "file:line:code"; for the checks that look for words of the program.
FNR == 1 { in_comment = 0 }
{
    line = $0
    out = ""
    while (length(line)) {
        if (in_comment) {
            at = index(line, "*/")
            if (!at) break
            line = substr(line, at + 2)
            in_comment = 0
        } else if (match(line, /["']|\/\/|\/\*/)) {
            mark = substr(line, RSTART, RLENGTH)
            out = out substr(line, 1, RSTART - 1)
            line = substr(line, RSTART + RLENGTH)
            if (mark == "//") break
            if (mark == "/*") { in_comment = 1; continue }
            # To the closing quote, over what a backslash hides.
            pattern = mark == "\"" ? "^([^\"\\\\]|\\\\.)*\"" : \
                                     "^([^'\\\\]|\\\\.)*'"
            out = out mark mark
            line = match(line, pattern) ? substr(line, RLENGTH + 1) : ""
        } else {
            out = out line
            break
        }
    }
    print FILENAME ":" FNR ":" out
}
