#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs one fuzzer from its corpus for a while. What it finds on the way is not kept; a crash is."""

import argparse
import os
import re
import subprocess
import sys
import tempfile


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fuzzer")
    parser.add_argument("corpus", help="read, not written; may be missing")
    parser.add_argument("--seconds", type=int, default=30)
    return parser.parse_args(argv)


def main(argv):
    args = parse(argv)
    seeds = [args.corpus] if os.path.isdir(args.corpus) else []
    artifacts = os.path.join(os.path.dirname(os.path.abspath(args.fuzzer)), "")
    with tempfile.TemporaryDirectory() as found:
        done = subprocess.run(
            [args.fuzzer, f"-max_total_time={args.seconds}", f"-artifact_prefix={artifacts}",
             "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", found, *seeds],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            check=False)
    if done.returncode != 0:
        sys.stderr.write("\n".join(done.stderr.splitlines()[-60:]) + "\n")
        return 1
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    print(f"{runs.group(1) if runs else '?'} executions in {args.seconds} s, no crash")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
