#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Boots a real Xen once, and tries the guests in it: checks.sh, which runs in its dom0, says how.

Everything that was seen stays in the folder --out: console.log first of all. MSTACK_XEN_STEPS names
the steps to be taken, each a kind of guest and a part, instead of all: "pv:loss pvh:loss".
MSTACK_XEN_SOAK_S says how long --soak lasts.

With --counted the emulator's clock goes on by so many nanoseconds with each instruction: what the
guest's clock then says depends on the work done, dom0's and Xen's included, and not on what else
this machine does. Eight nanoseconds make a processor of 125 million instructions a second, which is
slower than any that Xen runs on.
"""

import argparse
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/xen"))
import outside
import recipe

TIMEOUT_S = 900  # a quarter of it on a machine that does nothing else
FIRST_BYTE_US = 500000
COUNTED = ["-icount", "shift=3,sleep=off"]  # 2^3 ns an instruction
PATTERN_BYTES = 1000003
MB = 1024 * 1024
BULK_BYTES = 20 * MB
SIZES = (MB, 2 * MB, 4 * MB, BULK_BYTES)  # of what is transferred
FILES = ("probe", "web", "hello", "dom0", "sockets")
# Of checks.sh.
SCRIPTS = ("network.sh", "basic.sh", "start.sh", "trouble.sh", "website.sh", "soak.sh",
           "baseline.sh")
STEPS = [f"{kind}:{part}" for kind in ("pv", "pvh")
         for part in ("probe", "web", "hello", "queues", "loss")]
STEPS += ["pvh:refusal", "pv:jumbo", "pv:offloads", "pv:pair", "pv:baseline"]
WEBSITE_STEPS = ["pv:website", "pvh:website"]
DOCUMENT_STEPS = ["pv:document", "pvh:document"]
SOAK_STEPS = "pv:soak"
SOAK_S = int(os.environ.get("MSTACK_XEN_SOAK_S", "600"))


def pattern():
    """What web.c sends, over and over."""
    out, x = bytearray(PATTERN_BYTES), 1
    for i in range(PATTERN_BYTES):
        x = (x * 1103515245 + 12345) & 0xffffffff
        out[i] = x >> 16 & 0xff | 1
    return bytes(out)


def settings(steps):
    """What the scripts are told."""
    data = pattern() * (max(SIZES) // PATTERN_BYTES + 1)
    sums = "\n".join(f"{size}) echo {hashlib.sha256(data[:size]).hexdigest()} ;;" for size in SIZES)
    return (f"STEPS='{steps}' BYTES={BULK_BYTES} FIRST_BYTE_US={FIRST_BYTE_US} "
            f"SOAK_S={SOAK_S}\n"
            f"sha256_of() {{ case $1 in\n{sums}\nesac; }}\n")


def listed(site):
    """The files of the website, as sha256sum writes them."""
    lines = []
    for folder, _, names in os.walk(site):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                total = hashlib.sha256(file.read()).hexdigest()
            lines.append(f"{total}  {os.path.relpath(path, site)}\n")
    return "".join(sorted(lines))


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def files_of(args):
    """What dom0 finds in /test, and where it is taken from."""
    here = os.path.dirname(os.path.abspath(__file__))
    has_document = not outside.missing()
    steps = STEPS + (WEBSITE_STEPS if args.website else [])
    steps += DOCUMENT_STEPS if has_document else []
    steps = SOAK_STEPS if args.soak else \
        args.steps or os.environ.get("MSTACK_XEN_STEPS") or " ".join(steps)
    files = {name: getattr(args, name) for name in FILES if name != "sockets"}
    if "baseline" in steps:
        files["linux"] = os.path.join(args.cache, "vmlinux")
        files["linux.cpio.gz"] = recipe.linux_guest_archive(
            args.cache, os.path.join(here, "linux.sh"), args.sockets,
            os.path.join(args.out, "linux.cpio.gz"))
    files |= {name: os.path.join(here, name) for name in SCRIPTS}
    if has_document:
        for path in outside.build(args.build, args.document, os.path.join(args.out, "outside")):
            files[os.path.basename(path)] = path
    files["run.sh"] = os.path.join(here, "checks.sh")
    files["settings.sh"] = write(os.path.join(args.out, "settings.sh"), settings(steps))
    if args.website:
        files["website"] = args.website
        files["website.sha256"] = write(os.path.join(args.out, "website.sha256"),
                                        listed(args.site))
    return {"test/" + name: path for name, path in files.items()}


def report(text, seconds):
    """Each check as TAP. True: all is well, and the script in dom0 came to its end."""
    found = re.findall(r"^XEN-(?:TEST (ok|FAIL)|(SEEN)) (.*)$", text, re.M)
    ended = re.search(r"^XEN-TEST-END rc=(\d+)$", text, re.M)
    ready = re.search(r"^XEN-READY", text, re.M)
    number = 0
    for word, seen, name in found:
        if seen:
            print(f"#   {name}")
            continue
        number += 1
        print(f"{'ok' if word == 'ok' else 'not ok'} {number} - {name.replace('#', '')}")
    is_whole = bool(ended and ended.group(1) == "0" and number > 0)
    print(f"{'ok' if is_whole else 'not ok'} {number + 1} - dom0 came to its end")
    print(f"1..{number + 1}")
    for note in re.findall(r"^XEN-NOTE (.*)$", text, re.M):
        print(f"# {note}")
    print(f"# took {seconds:.1f} s, dom0 {'came up' if ready else 'never came up'}")
    return is_whole and all(word != "FAIL" for word, _, _ in found)


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True, help="for what is downloaded")
    parser.add_argument("--out", required=True, help="for what is seen")
    parser.add_argument("--steps", help="these, whatever MSTACK_XEN_STEPS says")
    parser.add_argument("--soak", action="store_true", help="minutes of work for one guest")
    parser.add_argument("--counted", action="store_true", help="time by counting instructions")
    parser.add_argument("--build", required=True, help="the build folder to install from")
    parser.add_argument("--document", required=True, help="docs/unikernel.md")
    parser.add_argument("--website", help="the image with the website")
    parser.add_argument("--site", help="the website as it was built")
    for name in FILES:
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args(argv)
    os.makedirs(args.out, exist_ok=True)
    initramfs = os.path.join(args.out, "initramfs")
    try:
        recipe.need_tools()
        recipe.make_archive(args.cache, files_of(args), initramfs)
        text, seconds = recipe.boot(args.cache, initramfs, os.path.join(args.out, "console.log"),
                                    TIMEOUT_S + (SOAK_S if args.soak else 0),
                                    COUNTED if args.counted else ())
    except recipe.Unavailable as reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    is_right = report(text, seconds)
    if not is_right:
        print("\n".join("# " + line for line in text.splitlines()[-60:]))
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
