#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Joins objects into one, so that `nm -u` shows only what all of them together lack."""

import argparse
import os
import subprocess
import sys

# Assemblers note that there will be a table of addresses; linkers make it, nobody provides it.
NOTED = "_GLOBAL_OFFSET_TABLE_"


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objcopy", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--objects", nargs="+", required=True)
    parser.add_argument("--compiler", nargs=argparse.REMAINDER, required=True)
    args = parser.parse_args(argv)

    joined = args.output + ".tmp"
    subprocess.run([*args.compiler, "-r", "-nostdlib", "-o", joined, *args.objects], check=True)
    stripped = subprocess.run([args.objcopy, f"--strip-symbol={NOTED}", joined, args.output],
                              stderr=subprocess.DEVNULL, check=False)
    if stripped.returncode == 0:
        os.remove(joined)
    else:
        os.replace(joined, args.output)  # the code does use that table, as it has to on an i386


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"prelink.py: {error.cmd[0]} failed")
