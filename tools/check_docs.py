#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs Doxygen over the public headers; any warning fails."""

import os
import shutil
import subprocess
import sys

SKIP = 77


def main(argv):
    if len(argv) != 1:
        sys.exit("usage: check_docs.py OUTPUT_DIRECTORY")
    if not shutil.which("doxygen"):
        print("doxygen is not installed")
        return SKIP
    os.makedirs(argv[0], exist_ok=True)
    with open("docs/Doxyfile", encoding="utf-8") as file:
        settings = file.read() + f"\nOUTPUT_DIRECTORY = {argv[0]}\n"
    done = subprocess.run(["doxygen", "-"], input=settings, text=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    print(done.stderr, end="")
    return 1 if done.returncode or done.stderr.strip() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
