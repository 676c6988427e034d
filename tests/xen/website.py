#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Boots a real Xen, and compares what a guest serves with the website that was built: website.sh.

Everything that was seen stays in the folder --out: console.log first of all.
"""

import argparse
import hashlib
import os
import sys

import guest
import recipe

TIMEOUT_S = 300


def listed(site):
    """The files of the site, as sha256sum writes them."""
    lines = []
    for folder, _, names in os.walk(site):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                total = hashlib.sha256(file.read()).hexdigest()
            lines.append(f"{total}  {os.path.relpath(path, site)}\n")
    return "".join(sorted(lines))


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True, help="for what is downloaded")
    parser.add_argument("--out", required=True, help="for what is seen")
    parser.add_argument("--site", required=True, help="the website as it was built")
    parser.add_argument("--website", required=True, help="the image with the website")
    args = parser.parse_args(argv)
    os.makedirs(args.out, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    sums = os.path.join(args.out, "website.sha256")
    with open(sums, "w", encoding="utf-8") as file:
        file.write(listed(args.site))
    initramfs = os.path.join(args.out, "initramfs")
    try:
        recipe.need_tools()
        recipe.make_archive(args.cache, {"test/run.sh": os.path.join(here, "website.sh"),
                                         "test/website.sha256": sums,
                                         "test/website": args.website}, initramfs)
        text, seconds = recipe.boot(args.cache, initramfs, os.path.join(args.out, "console.log"),
                                    TIMEOUT_S)
    except recipe.Unavailable as reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    if guest.report(text, seconds):
        return 0
    print("\n".join("# " + line for line in text.splitlines()[-60:]))
    return 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
