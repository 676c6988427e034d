#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Boots a real Xen, and tries how guests start: start.sh, which runs in its dom0, says how.

For the time to the first byte the emulator's clock goes on by so many nanoseconds with each
instruction: what the guest's clock then says depends on the work done, dom0's and Xen's included,
and not on what else this machine does. Eight nanoseconds make a processor of 125 million
instructions a second, which is slower than any that Xen runs on.
"""

import argparse
import os
import sys

import guest
import recipe

FIRST_BYTE_US = 500000
COUNTED = ["-icount", "shift=3,sleep=off"]  # 2^3 ns an instruction
MEMORY = ["-m", "960"]  # for a guest of 256 MB
TIMEOUT_S = 300
FILES = ("probe", "web", "dom0", "waiter")


def boot(args, parts, options):
    """One boot, with these parts of start.sh: what it said, and the seconds it took."""
    here = os.path.dirname(os.path.abspath(__file__))
    script = os.path.join(args.out, "run.sh")
    with open(os.path.join(here, "start.sh"), encoding="utf-8") as file, \
            open(script, "w", encoding="utf-8") as out:
        out.write(f"KINDS='{args.kinds}' PARTS='{parts}' FIRST_BYTE_US={FIRST_BYTE_US}\n" +
                  file.read())
    initramfs = os.path.join(args.out, "initramfs")
    files = {"test/" + name: getattr(args, name) for name in FILES}
    recipe.make_archive(args.cache, {"test/run.sh": script, **files}, initramfs)
    return recipe.boot(args.cache, initramfs, os.path.join(args.out, "console.log"), TIMEOUT_S,
                       options)


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True, help="for what is downloaded")
    parser.add_argument("--out", required=True, help="for what is seen")
    parser.add_argument("--kinds", default="pv pvh")
    parser.add_argument("--parts", default="memories settings wrongs")
    parser.add_argument("--counted", action="store_true", help="time by counting instructions")
    for name in FILES:
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args(argv)
    os.makedirs(args.out, exist_ok=True)
    try:
        recipe.need_tools()
        text, seconds = boot(args, args.parts, COUNTED if args.counted else MEMORY)
    except recipe.Unavailable as reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    is_right = guest.report(text, seconds)
    if not is_right:
        print("\n".join("# " + line for line in text.splitlines()[-60:]))
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
