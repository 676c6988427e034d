#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Boots a real Xen once, and tries the guests in it: checks.sh, which runs in its dom0, says how.

Everything that was seen stays in the folder --out: console.log first of all.
"""

import argparse
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/xen"))
import recipe

TIMEOUT_S = 300  # a third of it on a machine that does nothing else
IMAGE_BYTES_MAX = 300 * 1024
BULK_BYTES = 20 * 1024 * 1024
PATTERN_BYTES = 1000003
FILES = ("probe", "web", "hello", "dom0")


def bulk_sha256():
    """Of what web.c sends for that many bytes."""
    pattern, x = bytearray(PATTERN_BYTES), 1
    for i in range(PATTERN_BYTES):
        x = (x * 1103515245 + 12345) & 0xffffffff
        pattern[i] = x >> 16 & 0xff | 1
    return hashlib.sha256((bytes(pattern) * 21)[:BULK_BYTES]).hexdigest()


def report(text, seconds):
    """Each check as TAP. True: all is well, and the script in dom0 came to its end."""
    found = re.findall(r"^XEN-TEST (ok|FAIL) (.*)$", text, re.M)
    ended = re.search(r"^XEN-TEST-END rc=(\d+)$", text, re.M)
    ready = re.search(r"^XEN-READY", text, re.M)
    for number, (word, name) in enumerate(found, 1):
        print(f"{'ok' if word == 'ok' else 'not ok'} {number} - {name.replace('#', '')}")
    is_whole = bool(ended and ended.group(1) == "0" and found)
    print(f"{'ok' if is_whole else 'not ok'} {len(found) + 1} - dom0 came to its end")
    print(f"1..{len(found) + 1}")
    for note in re.findall(r"^XEN-NOTE (.*)$", text, re.M):
        print(f"# {note}")
    print(f"# took {seconds:.1f} s, dom0 {'came up' if ready else 'never came up'}")
    return is_whole and all(word == "ok" for word, _ in found)


def check_size(image):
    """Whether the smallest image with the stack in it stays small."""
    loaded = recipe.elf_load_bytes(image)
    print(f"# {os.path.basename(image)}: {loaded} bytes are loaded")
    if loaded > IMAGE_BYTES_MAX:
        print(f"# which is more than {IMAGE_BYTES_MAX}")
    return loaded <= IMAGE_BYTES_MAX


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True, help="for what is downloaded")
    parser.add_argument("--out", required=True, help="for what is seen")
    parser.add_argument("--kinds", default="pv pvh")
    parser.add_argument("--parts", default="probe web hello queues")
    for name in FILES:
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args(argv)
    os.makedirs(args.out, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    script = os.path.join(args.out, "run.sh")
    with open(os.path.join(here, "checks.sh"), encoding="utf-8") as file, \
            open(script, "w", encoding="utf-8") as out:
        out.write(f"KINDS='{args.kinds}' PARTS='{args.parts}'\n"
                  f"BULK_BYTES={BULK_BYTES} BULK_SHA256={bulk_sha256()}\n" + file.read())
    initramfs = os.path.join(args.out, "initramfs")
    try:
        recipe.need_tools()
        files = {"test/" + name: getattr(args, name) for name in FILES}
        recipe.make_archive(args.cache, {"test/run.sh": script, **files}, initramfs)
        text, seconds = recipe.boot(args.cache, initramfs, os.path.join(args.out, "console.log"),
                                    TIMEOUT_S)
    except recipe.Unavailable as reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    is_right = report(text, seconds)
    is_right = check_size(args.hello) and is_right
    if not is_right:
        print("\n".join("# " + line for line in text.splitlines()[-60:]))
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
