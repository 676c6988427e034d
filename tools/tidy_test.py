#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tests of tidy.py: each bad snippet must be flagged, and a good tree must not. Prints TAP."""

import os
import sys
import tempfile

import tidy

LICENCE = "/* SPDX-License-Identifier: ISC */\n/* Something. */\n"
GOOD = {
    "meson.build": "# SPDX-License-Identifier: ISC\n# All.\n",
    "src/meson.build": "# SPDX-License-Identifier: ISC\n# Sources.\n"
                       "files('stack.c', 'tcp/flight.c', 'ip/ip.c', 'tcp/input.c',\n"
                       + "".join(f"  '{path[4:]}',\n" for path in tidy.UNTESTED) + ")\n",
    "tests/meson.build": "# SPDX-License-Identifier: ISC\n# Tests.\n"
                         "unit_tests = {\n  'ip': [\n    'ip',\n  ],\n  'tcp': [\n    'flight',\n"
                         "    'input',\n  ],\n  '.': [\n    'stack',\n  ],\n}\n",
    "include/mstack/drop.h": LICENCE + "#ifndef A_H\n#define A_H\n#define L(X) \\\n"
                                       '    X(NONE, "x") \\\n    X(LATE, "y")\n#endif\n',
    **{path: LICENCE for path in tidy.UNTESTED},
    "src/core/checksum_x86.c": LICENCE + "#include <immintrin.h>\n",
    "src/stack.c": LICENCE + '#include "tcp/conn.h"\n#include "eth/eth.h"\n',
    "src/ip/ip.c": LICENCE + '#include "eth/eth.h"\n#include <stdint.h>\n',
    "src/tcp/input.c": LICENCE + '#include "tcp/verbs.h"\n',
    "src/tcp/flight.c": LICENCE + '#include "tcp/flight.h"\n#include "core/seq.h"\n',
    "tests/stack.c": LICENCE + "/* MS_DROP_LATE */\n",
    "tests/ip/ip.c": LICENCE,
    "tests/tcp/flight.c": LICENCE,
    "tests/tcp/input.c": LICENCE,
}

FORTY = "".join(f"    x += {i};\n" for i in range(40))
FOUR_DEEP = """void f(int a)
{
    while (a)
        for (;;)
            if (a) {
                do
                    a--;
                while (a);
            }
}
"""
THREE_DEEP_WITH_LITERALS = """struct s t = { { { { { 0 } } } } };

int f(int a)
{
    struct s u = { { { { { a } } } } };

    for (;;) {
        if (a) {
            g((struct s){ .x = { { 1 } } });
        } else if (a > 1) {
            while (a)
                a--;
        } else {
            switch (a) {
            case 1: return 2;
            default: goto out;
            }
        }
    }
out:
    return a ? u.b : 0;
}
"""


# What it is called, the file, what is put behind its text (or instead, from "="), and what the
# fault must say; None: nothing is wrong.
CASES = [
    ("core does not include a floor", "src/core/checksum_portable.c",
     '#include "ip/ip.h"\n', "may include only"),
    ("wire does not include the public headers", "src/wire/print_text.c",
     '#include "mstack/addr.h"\n', "may include only"),
    ("eth does not include ip", "src/eth/eth.c",
     "=" + LICENCE + '#include "ip/ip.h"\n', "may include only"),
    ("ip does not include tcp", "src/ip/ip.c", '#include "tcp/tcp.h"\n', "may include only"),
    ("tcp does not include eth", "src/tcp/input.c", '#include "eth/eth.h"\n', "may include only"),
    ("tcp does not include udp", "src/tcp/input.c", '#include "udp/udp.h"\n', "may include only"),
    ("a driver does not include src", "drivers/tap/tap.c",
     "=" + LICENCE + '#include "core/bytes.h"\n', "may include only"),
    ("a driver does not leave its folder", "drivers/tap/tap.c",
     "=" + LICENCE + '#include "../../src/core/bytes.h"\n', "may include only"),
    ("an example does not include src", "examples/echo.c",
     "=" + LICENCE + '#include "core/bytes.h"\n', "may include only"),
    ("the command does not include src", "cli/main.c",
     "=" + LICENCE + '#include "tcp/conn.h"\n', "may include only"),
    ("a noun does not see the connection", "src/tcp/flight.c",
     '#include "tcp/conn.h"\n', "never sees the connection"),
    ("a noun does not see it by way of the verbs", "src/tcp/flight.c",
     '#include "tcp/verbs.h"\n', "never sees the connection"),
    ("a noun does not see another noun", "src/tcp/flight.c",
     '#include "tcp/send_queue.h"\n', "only its own header"),
    ("a controller sees cc.h alone", "src/tcp/cc/newreno.c",
     "=" + LICENCE + '#include "tcp/flight.h"\n', "may include only"),
    ("no libc in src", "src/ip/ip.c", "#include <string.h>\n", "only freestanding headers"),
    ("no libc in public headers", "include/mstack/drop.h",
     "#include <stdio.h>\n", "only freestanding headers"),
    ("no vector header but where it belongs", "src/ip/ip.c",
     "#include <immintrin.h>\n", "only freestanding headers"),
    ("no #if in src", "src/ip/ip.c", "#if 1\n#endif\n", "#if outside of src/core"),
    ("no #ifdef in src", "src/ip/ip.c", "  # ifdef A\n#endif\n", "#ifdef outside of src/core"),
    ("#if in src/core", "src/core/checksum_portable.c", "#if 1\n#endif\n", None),
    ("a header has a guard", "src/ip/ip.h", "=" + LICENCE + "int a;\n", "no include guard"),
    ("a guard is no #if", "src/ip/ip.h",
     "=" + LICENCE + "#ifndef IP_H\n#define IP_H\n#endif\n", None),
    ("a second #ifndef is one", "src/ip/ip.h",
     "=" + LICENCE + "#ifndef IP_H\n#define IP_H\n#ifndef B\n#endif\n#endif\n", "#ifndef outside"),
    ("a long function", "src/ip/ip.c", f"int f(void)\n{{\n{FORTY}{FORTY}}}\n", "has 83 lines"),
    ("two short functions", "src/ip/ip.c",
     f"int f(void)\n{{\n{FORTY}}}\n\nint g(void)\n{{\n{FORTY}}}\n", None),
    ("deep nesting without braces", "src/ip/ip.c", FOUR_DEEP, "nests 4 deep"),
    ("initializers do not nest", "src/ip/ip.c", THREE_DEEP_WITH_LITERALS, None),
    ("six parameters", "src/ip/ip.c",
     "int f(int a, int b, int (*c)(int, int), int d, int e, int g)\n{\n    return a;\n}\n",
     "6 parameters"),
    ("five parameters, one a function", "src/ip/ip.c",
     "int f(int a, int b, int (*c)(int, int), int d, int e)\n{\n    return a;\n}\n", None),
    ("many decisions", "src/ip/ip.c",
     "void f(int a)\n{\n" + "    if (a)\n        g();\n" * 16 + "}\n", "16 decisions"),
    ("recursion", "src/ip/ip.c", "int f(int a)\n{\n    return f(a - 1);\n}\n", "calls itself"),
    ("a member of the same name is another", "src/ip/ip.c",
     "int f(struct a *a)\n{\n    return a->f(1);\n}\n", None),
    ("a bit-field", "src/ip/ip.c", "struct a {\n    unsigned b : 1;\n};\n", "bit-field"),
    ("goto backwards", "src/ip/ip.c",
     "void f(void)\n{\n    g();\nagain:\n    g();\n    goto again;\n}\n", "goes backwards"),
    ("two labels", "src/ip/ip.c",
     "void f(int a)\n{\n    if (a)\n        goto one;\n    goto two;\none:\n    a = 1;\ntwo:\n"
     "    a = 2;\n}\n", "more than one goto label"),
    ("goto to one cleanup", "src/ip/ip.c",
     "void f(int a)\n{\n    if (a)\n        goto out;\n    a = 1;\nout:\n    a = 2;\n}\n", None),
    ("a long file", "src/ip/ip.c", "int a;\n" * 700, "704 lines"),
    ("a long line", "src/ip/ip.c", "/* " + "x" * 98 + " */\n", "104 columns"),
    ("white space at the end", "src/ip/ip.c", "int a; \n", "white space at the end"),
    ("a carriage return", "src/ip/ip.c", "int a;\r\n", "white space at the end"),
    ("a tab", "src/ip/ip.c", "\tint a;\n", "tab"),
    ("no newline at the end", "src/ip/ip.c", "int a;", "no newline"),
    ("unfinished work", "src/ip/ip.c", "/* TO" "DO: later */\n", "finish it"),
    ("no licence", "src/ip/ip.c", "=int a;\nint b;\n", "does not start with SPDX"),
    ("no purpose", "src/ip/ip.c", "=/* SPDX-License-Identifier: ISC */\nint a;\n",
     "does not say in one line"),
    ("a script without a licence", "script/build", "=#!/bin/sh\nexit 0\n",
     "does not start with SPDX"),
    ("words in a string are no code", "src/ip/ip.c",
     'const char *a = "#if goto f( { {";\n/* #if */\n', None),
    ("a source that is not built", "src/ip/new.c", "=" + LICENCE, "is in no meson.build"),
    ("a source that is not tested", "src/ip/new.c", "=" + LICENCE, "has no test tests/ip/new.c"),
    ("a test that is not built", "tests/ip/new.c", "=" + LICENCE, "is in no meson.build"),
    ("a test that is gone", "tests/ip/ip.c", None, "is no file"),
    ("a drop that no test produces", "tests/stack.c", "=" + LICENCE,
     "no test produces MS_DROP_LATE"),
    ("a test that skips", "tests/ip/ip.c",
     "int main(void)\n{\n    skip();\n    return cmocka_run_group_tests(a, 0, 0);\n}\n",
     "says why"),
    ("two groups in a test", "tests/ip/ip.c",
     "int main(void)\n{\n    return cmocka_run_group_tests(a, 0, 0) +\n"
     "           cmocka_run_group_tests(b, 0, 0);\n}\n", "more than one group"),
]


def write_tree(root, changed, text):
    files = dict(GOOD)
    if text is None:
        del files[changed]
    elif changed:
        files[changed] = text[1:] if text.startswith("=") else files[changed] + text
    for path, content in files.items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8", newline="") as file:
            file.write(content)


def faults_of(changed, text):
    with tempfile.TemporaryDirectory() as root:
        write_tree(root, changed, text)
        return list(tidy.check(root))


def passes(changed, text, wanted):
    found = faults_of(changed, text)
    if wanted is None:
        # The file may be new to the tree; that is not what the case is about.
        found = [f for f in found if "meson.build" not in f and "has no test" not in f]
        return not found, found
    return any(wanted in fault for fault in found), found


def main():
    cases = [("a good tree", "", "", None), *CASES]
    failures = 0
    print(f"1..{len(cases)}")
    for number, (name, changed, text, wanted) in enumerate(cases, 1):
        is_fine, found = passes(changed, text, wanted)
        failures += not is_fine
        print(f"{'ok' if is_fine else 'not ok'} {number} - {name}")
        if not is_fine:
            print(f"# wanted: {wanted}")
            for fault in found:
                print(f"# found: {fault}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
