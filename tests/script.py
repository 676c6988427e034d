#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Plays every script of tests/script/ over both families, with the command that is the argument."""
import pathlib
import subprocess
import sys

FAMILIES = (("IPv4", []), ("IPv6", ["--ipv6"]))


def main():
    command = sys.argv[1]
    scripts = sorted(pathlib.Path("tests/script").rglob("*.pkt"))
    print("TAP version 13")
    print(f"1..{len(scripts) * len(FAMILIES)}")
    number, failures = 0, 0
    for script in scripts:
        for family, options in FAMILIES:
            number += 1
            played = subprocess.run([command, "drill", *options, str(script)],
                                    capture_output=True, text=True, timeout=60, check=False)
            ok = played.returncode == 0
            failures += not ok
            print(f"{'ok' if ok else 'not ok'} {number} - {script.stem} over {family}")
            for line in [] if ok else (played.stdout + played.stderr).splitlines():
                print("#", line)
    return 1 if failures or not scripts else 0


if __name__ == "__main__":
    sys.exit(main())
