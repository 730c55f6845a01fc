# SPDX-License-Identifier: MIT
# Reads what Node's runner says (TAP) and prints one line for each test that
# failed: its file, its name, and the beginning of what it says went wrong.
# What failed only because a test in it did is left out.

function told() {
    if (name != "" && kind != "subtestsFailed") {
        sub(/.*\//, "", file)
        sub(/:[0-9]+:[0-9]+$/, "", file)
        gsub(/[ \t]+/, " ", error)
        sub(/^ /, "", error)
        print file (name ~ file "$" ? "" : ": " name) ": " error ended
    }
    name = ""
}
function unquoted(text) {
    gsub(/^ *['`"]|['`"] *$/, "", text)
    return text
}

/^ *(not )?ok [0-9]+/ { told() }
/^ *not ok [0-9]+ - / {
    name = $0
    sub(/^ *not ok [0-9]+ - /, "", name)
    file = kind = error = ended = ""
    reading = 0
    next
}
name == "" { next }
/^ *\.\.\.$/ { told(); next }
/^ *code: '/ || /^ *stack: / { reading = 0 }
reading { error = error " " $0; next }
error != "" { next }
/^ *location: / { file = unquoted(substr($0, index($0, ":") + 1)) }
/^ *failureType: / { kind = unquoted(substr($0, index($0, ":") + 1)) }
/^ *exitCode: [0-9]/ { ended = ", exit code " $2 }
/^ *signal: '/ { ended = ", " unquoted($2) }
/^ *error: \|/ { reading = 1; next }
/^ *error: / { error = unquoted(substr($0, index($0, ":") + 1)) }
END { told() }
