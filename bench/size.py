#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Bytes of code and constants that the library adds to a small program, at -Os.

The program (size_app.c: TCP and UDP echo, connect) is linked without what it does not use. "all" is
what comes from the library, by folder; "image" is the program as well. The four functions of the C
library and libgcc's long division are in neither. Linked with link-time optimization ("lto"), what
comes from where cannot be told."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ABSENT = {
    "ipv6": "-Dipv6=false",
    "multicast": "-Dmulticast=false",
    "fragments": "-Dfragments=false",
    "syn_cookies": "-Dsyn_cookies=false",
}
BUILDS = {
    "whole": [],
    "minimal": list(ABSENT.values()),
    "minimal, lto": [*ABSENT.values(), "-Db_lto=true"],
}
TARGETS = {
    "x86-64": {"compiler": "gcc", "options": ["-Dc_args=-fno-pie"]},
    "Cortex-M3": {
        "compiler": "arm-none-eabi-gcc",
        "options": ["--cross-file", os.path.join(ROOT, "bench", "cortex-m3.ini")],
    },
}
# Published figures of lwIP: TCP, UDP, IPv4, ARP and ICMP, without reassembly, window scaling,
# timestamps and SACK; an image linked in the same way, its program 0.6 and 0.3 KB.
LWIP = {"x86-64": 25529, "Cortex-M3": 18936}
FOLDERS = ("core", "wire", "eth", "ip", "udp", "tcp", "stack")
WEIGHED = (".text", ".rodata", ".data.rel.ro")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nsize.py: {' '.join(command)} failed")


def sections(text):
    """(section, bytes, object) of all that the map says was linked."""
    linked = text[text.index("Linker script and memory map"):]
    pattern = r"^ (\.[\w.$-]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$"
    for name, size, origin in re.findall(pattern, linked, re.MULTILINE):
        yield name, int(size, 16), origin


def folder_of(origin):
    """The folder of src/ that an object of the library comes from."""
    name = re.split(r"[/(]", origin)[-1]
    return name.partition("_")[0] if "_" in name else "stack"


def weigh(target, options):
    """Bytes by folder."""
    with tempfile.TemporaryDirectory(prefix="mstack-size-") as build:
        run("meson", "setup", build, ROOT, "--buildtype=minsize", "-Dchecksum=portable",
            "-Dauto_features=disabled", "-Dbench=enabled", *TARGETS[target]["options"], *options)
        run("ninja", "-C", build, "bench/size_app")
        with open(os.path.join(build, "bench", "size_app.map"), encoding="utf-8") as file:
            text = file.read()
    weights = dict.fromkeys((*FOLDERS, "all", "image"), 0)
    for name, size, origin in sections(text):
        if "libgcc" in origin or not name.startswith(WEIGHED):
            continue
        weights["image"] += size
        if "mstack-parts" in origin:
            weights["all"] += size
            weights[folder_of(origin)] += size
    return weights


def print_row(name, weights):
    columns = (*FOLDERS, "all", "image")
    print(f"{name:26}" + "".join(f"{weights.get(c) or '':>8}" for c in columns))


def report(target, with_options):
    """Prints a target's rows and returns the images' sizes."""
    if not shutil.which(TARGETS[target]["compiler"]):
        print(f"{target:26} not weighed: no {TARGETS[target]['compiler']} "
              "(script/setup size installs it)")
        return {}
    builds = dict(BUILDS)
    if with_options:
        builds |= {f"- {name}": [option] for name, option in ABSENT.items()}
        builds["- multicast"].append(ABSENT["ipv6"])  # which needs it
    images = {"lwip": LWIP[target]}
    for name, options in builds.items():
        weights = weigh(target, options)
        print_row(f"{target} {name}", weights)
        images[name] = weights["image"]
    print_row(f"{target} lwIP", {"image": LWIP[target]})
    return images


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--options", action="store_true", help="weigh each option by itself, too")
    parser.add_argument("--json", metavar="FILE", help="write {target: {build: bytes of image}}")
    args = parser.parse_args(argv)
    print_row("bytes", {column: column for column in (*FOLDERS, "all", "image")})
    found = {target: report(target, args.options) for target in TARGETS}
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
