#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tells which tests prove which requirement: docs/rfc.md and docs/security.md.

Usage: trace.py [--check] [ROOT]. The rows are in docs/requirements/, and a test names those that it
proves in a comment right above it: `/* proves: MUST-3, T10 */`, or `# proves: Z06` in Python. A
script of tests/script/ is one test, and has `// proves: MUST-35` among its first lines.
Prints one line for each fault. Without faults it writes the pages; with --check it only looks
whether they say what it would write.
"""
import argparse
import csv
import glob
import os
import re
import sys

STATES = {
    "tested": "proved by the tests named",
    "partly": "tests prove some of it; what is missing is said",
    "open": "no test proves it yet",
    "waived": "not done, and why",
    "absent": "about what mstack does not have",
}
WITH_TESTS, WITH_NOTE = ("tested", "partly"), ("partly", "waived", "absent")
C_TAG = re.compile(r"/\* proves: ([^*/]+) \*/\nstatic void (\w+)\(void \*\*state\)")
PYTHON_TAG = re.compile(r"^# proves: (.+)\ndef (\w+)\(", re.M)
SCRIPT_TAG = re.compile(r"\A(?://.*\n)*?// proves: (.+)$", re.M)
MARK = re.compile(r"(?:/\*|#|//) proves: ")
TAGS = {"c": C_TAG, "py": PYTHON_TAG, "pkt": SCRIPT_TAG}
# Where tests are, and checks of the tree that are tests as well; but not those of this file.
SOURCES = ("tests/**/*.c", "tests/**/*.py", "tests/script/**/*.pkt", "tools/*.py")
NOT_SOURCES = ("tools/trace.py", "tools/trace_test.py")
SAYING = ("A test's name is a sentence: in the source it has underscores for spaces. This page is"
          " made by `tools/trace.py` out of the tests themselves, and `meson test` fails when a row"
          " loses its test.")


class Table:
    """One list of requirements, and the page about it."""

    def __init__(self, source, page, title, heads, about):
        self.source, self.page, self.title = source, page, title
        self.heads, self.about = heads, about


TABLES = (
    Table("docs/requirements/rfc9293.csv", "docs/rfc.md", "RFC 9293, row by row",
          {"id": "row", "section": "section", "requirement": "requirement"},
          "Every requirement of RFC 9293, TCP, by the names that its appendix B gives them, and the"
          " tests that prove it."),
    Table("docs/requirements/security.csv", "docs/security.md", "Known holes, row by row",
          {"id": "row", "class": "what went wrong elsewhere", "answer": "what mstack does"},
          "Ways in which TCP/IP stacks and virtual network rings have failed before, one row each,"
          " and the tests that show that mstack does not. How to report another one is in"
          " [SECURITY.md](../SECURITY.md)."),
)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def rows_of(root, table):
    with open(os.path.join(root, table.source), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tags_of(path, text):
    """([(test, [ids])], faults) of one file."""
    extension = path.rsplit(".", 1)[1]
    found = list(TAGS[extension].finditer(text))
    starts = {match.start() + match[0].rindex(MARK.search(match[0])[0]) for match in found}
    faults = [f"{path}:{text.count(chr(10), 0, mark.start()) + 1}: a tag that is above no test"
              for mark in MARK.finditer(text) if mark.start() not in starts]
    tags = []
    for match in found:
        name = os.path.basename(path)[:-len(".pkt")] if extension == "pkt" else match[2]
        if extension != "pkt" and len(re.findall(rf"\b{name}\b", text)) < 2:
            faults.append(f"{path}: {name} is not run")
        tags.append((name, [identifier.strip() for identifier in match[1].split(",")]))
    return tags, faults


def collect(root):
    """({id: [(path, test)]}, faults) of the whole tree."""
    proofs, faults = {}, []
    paths = sorted({os.path.relpath(path, root) for pattern in SOURCES
                    for path in glob.glob(os.path.join(root, pattern), recursive=True)})
    for path in paths:
        if path in NOT_SOURCES:
            continue
        tags, wrong = tags_of(path, read(root, path))
        faults += wrong
        for name, identifiers in tags:
            if len(set(identifiers)) < len(identifiers):
                faults.append(f"{path}: {name} names a row twice")
            for identifier in identifiers:
                proofs.setdefault(identifier, []).append((path, name))
    return proofs, faults


def row_faults(path, row, proofs):
    identifier, state = row["id"], row["state"]
    if state not in STATES:
        yield f"{path}: {identifier}: no such state: {state}"
    elif state in WITH_TESTS and identifier not in proofs:
        yield f"{path}: {identifier} is said to be {state}, and no test names it"
    elif state not in WITH_TESTS and identifier in proofs:
        where, name = proofs[identifier][0]
        yield f"{path}: {identifier} is said to be {state}, and {where}: {name} proves it"
    if state in WITH_NOTE and not row["note"]:
        yield f"{path}: {identifier}: {state}, but why or how far is not said"


def table_faults(tables, proofs):
    """tables: [(table, rows)]."""
    known = [row["id"] for _, rows in tables for row in rows]
    for identifier in sorted(set(known)):
        if known.count(identifier) > 1:
            yield f"{identifier} is there twice"
    for identifier in sorted(set(proofs) - set(known)):
        path, name = proofs[identifier][0]
        yield f"{path}: {name} names a row that there is not: {identifier}"
    for table, rows in tables:
        for row in rows:
            yield from row_faults(table.source, row, proofs)


def cell(row, proofs):
    """The tests of a row, and what is to be said about it."""
    tests = [f"[{name.replace('_', ' ')}](../{path}) `{path.removeprefix('tests/').split('.')[0]}`"
             for path, name in proofs.get(row["id"], [])]
    return "<br>".join(tests + ([f"*{row['note']}*"] if row["note"] else []))


def counted(rows):
    lines = [f"| {state} | {sum(row['state'] == state for row in rows)} | {meaning} |\n"
             for state, meaning in STATES.items() if any(row["state"] == state for row in rows)]
    return "| state | rows | |\n|---|---:|---|\n" + "".join(lines)


def page_of(table, rows, proofs):
    text = f"# {table.title}\n\n{table.about}\n\n{SAYING}\n\n{counted(rows)}"
    heads = [*table.heads.values(), "state", "tests"]
    for area in dict.fromkeys(row["area"] for row in rows):
        text += f"\n## {area}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n"
        for row in rows:
            if row["area"] == area:
                cells = [*(row[key] for key in table.heads), row["state"], cell(row, proofs)]
                text += f"| {' | '.join(cells)} |\n".replace("  ", " ")
    return text


def stale(root, pages):
    for path, text in pages.items():
        is_there = os.path.exists(os.path.join(root, path))
        if not is_there or read(root, path) != text:
            yield f"{path}: is not what tools/trace.py writes; run it"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("root", nargs="?", default=".")
    arguments = parser.parse_args()
    root = arguments.root
    tables = [(table, rows_of(root, table)) for table in TABLES]
    proofs, faults = collect(root)
    faults += table_faults(tables, proofs)
    pages = {table.page: page_of(table, rows, proofs) for table, rows in tables}
    if arguments.check:
        faults += stale(root, pages)
    print("\n".join([*faults, f"{len(faults)} faults, {len(proofs)} rows with tests"]))
    if faults:
        return 1
    for path, text in ({} if arguments.check else pages).items():
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
