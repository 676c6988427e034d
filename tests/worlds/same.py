#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The same seed is the same world: every frame, moment and event, by SHA-256.

Usage: same.py WORLDS FIRST COUNT. Runs the seeds in one go, and each tenth by itself.
"""

import subprocess
import sys


def digests(worlds, first, count):
    output = subprocess.run([worlds, "--digest", "--first", str(first), "--seeds", str(count)],
                            stdout=subprocess.PIPE, check=True, text=True).stdout
    return dict(line.split() for line in output.splitlines())


def main():
    worlds, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    together = digests(worlds, first, count)
    alone = {}
    for seed in range(first, first + count, 10):
        alone.update(digests(worlds, seed, 1))
    differing = [seed for seed, digest in alone.items() if together[seed] != digest]
    if len(together) != count or len(set(together.values())) != count:
        sys.exit(f"{count} seeds gave {len(set(together.values()))} digests")
    if differing:
        sys.exit("seeds that differ from themselves: " + " ".join(differing))
    print(f"{count} seeds, {len(alone)} of them twice: the same")


if __name__ == "__main__":
    main()
