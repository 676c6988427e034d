#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs Doxygen over the public headers; any warning fails.

The programs in README.md must be those of examples/.
"""

import glob
import os
import re
import shutil
import subprocess
import sys

SKIP = 77


def programs_gone_astray():
    """The C blocks of README.md that are no longer the text of an example."""
    with open("README.md", encoding="utf-8") as file:
        blocks = re.findall(r"^```c\n(.*?)^```", file.read(), re.M | re.S)
    examples = [open(path, encoding="utf-8").read() for path in glob.glob("examples/*.c")]
    return [block for block in blocks if not any(block in text for text in examples)]


def main(argv):
    if len(argv) != 1:
        sys.exit("usage: check_docs.py OUTPUT_DIRECTORY")
    for block in programs_gone_astray():
        print("README.md: this program is in no file of examples/:", block, sep="\n")
        return 1
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
