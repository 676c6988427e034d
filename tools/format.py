#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Checks that every C file is laid out as .clang-format says; with --fix, lays it out."""

import glob
import os
import shutil
import subprocess
import sys

FOLDERS = ["include", "src", "drivers", "unikernel", "cli", "examples", "bench", "tests", "fuzz"]
SKIP = 77


def find_formatter():
    """clang-format 14: other versions lay some things out differently."""
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path:
            text = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if " version 14." in text.stdout:
                return path
    return None


def main(argv):
    if argv not in ([], ["--fix"]):
        sys.exit("usage: format.py [--fix]")
    formatter = find_formatter()
    if not formatter:
        print("clang-format 14 is not installed")
        return SKIP
    files = [f for folder in FOLDERS for ending in "ch"
             for f in glob.glob(os.path.join(folder, "**", f"*.{ending}"), recursive=True)]
    mode = ["-i"] if argv else ["--dry-run", "-Werror"]
    return subprocess.run([formatter, *mode, *sorted(files)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
