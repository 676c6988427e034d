#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tests trace.py on trees of a few files: each has one fault, or none."""
import os
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trace.py")
RFC, SECURITY = "docs/requirements/rfc9293.csv", "docs/requirements/security.csv"
TEST, PYTHON = "tests/tcp/input.c", "tests/e2e/site.py"
SCRIPT = "tests/script/listen/reset.pkt"
GOOD = {
    RFC: "id,section,area,requirement,state,note\n"
         "MUST-1,3.1,Header,the window is unsigned,tested,\n"
         'MUST-2,3.1,Header,"a sum, always",open,\n'
         "MUST-3,3.1,Header,resets are dropped,tested,\n"
         "MAY-1,3.6,Closing,half a close,waived,not taken\n",
    SECURITY: "id,area,class,answer,state,note\n"
              "E01,Ethernet,short frames,dropped,partly,not all of them\n"
              "D01,DNS,loops,,absent,there is none\n",
    TEST: "/* Why. */\n/* proves: MUST-1, E01 */\n"
          "static void drops_it(void **state)\n{\n}\n\nT(drops_it)\n",
    PYTHON: "# proves: E01\ndef short_ones_are_dropped():\n    pass\n\n\n"
            "run(short_ones_are_dropped)\n",
    SCRIPT: "// Why.\n// proves: MUST-3\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
}
TAG = "/* proves: MUST-1, E01 */"
# (what it is, file, text, what is there instead, part of the fault that is to be found)
BROKEN = [
    ("a row that loses its test", TEST, TAG, "/* proves: E01 */",
     "MUST-1 is said to be tested, and no test names it"),
    ("a row that there is not", TEST, TAG, "/* proves: MUST-1, E01, MUST-4 */",
     "names a row that there is not: MUST-4"),
    ("a row that is open and has a test", TEST, TAG, "/* proves: MUST-1, MUST-2, E01 */",
     "MUST-2 is said to be open, and tests/tcp/input.c: drops_it proves it"),
    ("a tag that is above no test", TEST, "static void drops", "static int drops",
     "tests/tcp/input.c:2: a tag that is above no test"),
    ("a tag with a line behind it", TEST, TAG + "\n", TAG + "\n\n", "a tag that is above no test"),
    ("a test that is not run", TEST, "T(drops_it)", "", "drops_it is not run"),
    ("a test in Python that is not run", PYTHON, "run(short_ones_are_dropped)", "", "is not run"),
    ("a script that loses its row", SCRIPT, "// proves: MUST-3\n", "",
     "MUST-3 is said to be tested, and no test names it"),
    ("a tag in the midst of a script", SCRIPT, "// proves: MUST-3\n0", "0\n// proves: MUST-3\n0",
     "listen/reset.pkt:3: a tag that is above no test"),
    ("a row named twice", TEST, TAG, "/* proves: MUST-1, E01, E01 */", "names a row twice"),
    ("a row that is there twice", RFC, "MUST-2,", "MUST-1,", "MUST-1 is there twice"),
    ("a state that there is not", RFC, ",open,", ",perhaps,", "no such state: perhaps"),
    ("a row waived without a reason", RFC, "waived,not taken", "waived,", "why or how far"),
    ("a row tested in part that does not say which", SECURITY, "partly,not all of them", "partly,",
     "why or how far"),
    ("a page that is old", RFC, "the window is unsigned", "the window has 16 bits",
     "docs/rfc.md: is not what tools/trace.py writes"),
    ("a page that somebody wrote into", "docs/security.md", "short frames", "long frames",
     "docs/security.md: is not what tools/trace.py writes"),
]


def write(root, path, text):
    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
    with open(os.path.join(root, path), "w", encoding="utf-8") as file:
        file.write(text)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def run(root, *options):
    done = subprocess.run([sys.executable, PROGRAM, *options, root], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def make(root):
    for path, text in GOOD.items():
        write(root, path, text)
    assert run(root)[0] == 0, run(root)[1]


def check_good(root):
    make(root)
    assert run(root, "--check") == (0, "0 faults, 3 rows with tests\n")
    page = read(root, "docs/rfc.md")
    assert "| MUST-1 | 3.1 | the window is unsigned | tested | " \
           "[drops it](../tests/tcp/input.c) `tcp/input` |" in page, page
    assert "| MUST-2 | 3.1 | a sum, always | open | |" in page, page
    assert "| tested | 2 | proved by the tests named |" in page, page
    assert "[reset](../tests/script/listen/reset.pkt) `script/listen/reset` |" in page, page
    page = read(root, "docs/security.md")
    assert "[short ones are dropped](../tests/e2e/site.py) `e2e/site`<br>" in page, page
    assert "<br>*not all of them* |" in page, page


def check_missing(root):
    make(root)
    os.remove(os.path.join(root, "docs/rfc.md"))
    status, text = run(root, "--check")
    assert status == 1 and "docs/rfc.md: is not what" in text, text
    assert not os.path.exists(os.path.join(root, "docs/rfc.md")), "it wrote"


def check_broken(root, case):
    _, path, old, new, wanted = case
    make(root)
    text = read(root, path)
    assert old in text, f"{path} has no {old}"
    write(root, path, text.replace(old, new, 1))
    before = read(root, "docs/rfc.md")
    status, text = run(root, "--check")
    assert status == 1 and wanted in text, f"wanted: {wanted}; found: {text}"
    assert read(root, "docs/rfc.md") == before, "it wrote"


def passes(check, *arguments):
    with tempfile.TemporaryDirectory() as root:
        try:
            check(root, *arguments)
        except AssertionError as error:
            print(f"# {error}")
            return False
    return True


def main():
    cases = [("writes what it has been told", check_good),
             ("finds a page that is not there", check_missing)]
    cases += [(f"finds {case[0]}", check_broken, case) for case in BROKEN]
    failures = 0
    print(f"1..{len(cases)}")
    for number, (name, *call) in enumerate(cases, 1):
        is_fine = passes(*call)
        failures += not is_fine
        print(f"{'ok' if is_fine else 'not ok'} {number} - {name}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
