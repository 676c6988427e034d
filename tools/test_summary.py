#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Counts what meson ran, each test inside a program by itself, and closes with one line."""

import argparse
import json
import os
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b *\d* *(?:- )?(.*)$", re.M)
TAP_PLAN = re.compile(r"^1\.\.(\d+)(.*)$", re.M)
SKIP = re.compile(r"# *SKIP\S*\s*(.*)", re.I)


class Counts:
    def __init__(self):
        self.passed, self.failures, self.skips, self.notes = 0, [], [], []

    def add_tap(self, name, output):
        """Counts the lines of a program that speaks TAP. False: it does not."""
        plan = TAP_PLAN.search(output)
        if not plan:
            return False
        seen = 0
        for failed, text in TAP_LINE.findall(output):
            seen += 1
            skip = SKIP.search(text)
            if skip:
                self.skips.append(f"{name}: {text}")
            elif failed:
                self.failures.append(f"{name}: {text}")
            else:
                self.passed += 1
        planned = int(plan.group(1))
        if planned == 0:
            skip = SKIP.search(plan.group(2))
            self.skips.append(f"{name}: {skip.group(1) if skip else 'no reason given'}")
        elif seen < planned:
            self.failures.append(f"{name}: ended after {seen} of {planned} tests")
        return True

    def add(self, where, test):
        name = f"{where} {test['name'].split(' / ')[-1]}"
        output = test.get("stdout", "")
        is_bad = test["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")
        failures_before = len(self.failures)
        if not self.add_tap(name, output):
            if test["result"] == "SKIP":
                lines = (output + "\n" + test.get("stderr", "")).strip().splitlines()
                self.skips.append(f"{name}: {lines[-1] if lines else 'no reason given'}")
            elif not is_bad:
                self.passed += 1
                if name.split()[-1].startswith("fuzz_"):
                    self.notes.append(f"{name}: {output.strip()}")
        if is_bad and len(self.failures) == failures_before:
            self.failures.append(f"{name}: {test['result'].lower()}")


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directories", nargs="+", help="build directories")
    parser.add_argument("--failed-builds", default="", help="names, separated by spaces")
    args = parser.parse_args(argv)

    counts = Counts()
    broken = args.failed_builds.split()
    counts.failures += [f"{directory}: was not built" for directory in broken]
    for directory in args.directories:
        if directory in broken:
            continue
        try:
            with open(os.path.join(directory, "meson-logs", "testlog.json"),
                      encoding="utf-8") as log:
                for line in log:
                    counts.add(directory, json.loads(line))
        except (OSError, ValueError) as error:
            counts.failures.append(f"{directory}: no test ran ({error})")

    for note in counts.notes:
        print(note)
    for skip in counts.skips:
        print(f"skipped: {skip}")
    for failure in counts.failures:
        print(f"failed: {failure}")
    print(f"{counts.passed} passed, {len(counts.failures)} failed, {len(counts.skips)} skipped")
    return 1 if counts.failures or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
