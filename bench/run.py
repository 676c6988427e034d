#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs mstack_bench and lwip_bench in turn and prints what they take, side by side."""

import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass

STACKS = ("mstack", "lwip")
PROGRAMS = {"mstack": "mstack_bench", "lwip": "lwip_bench"}
TIMEOUT_S = 600


@dataclass
class Work:
    """One run of a program: how often, and how many operations (timed, counted)."""

    row: str
    timed: int
    counted: int
    repeats: int = 5
    lwip_timed: int = 0  # 0: as many as mstack does
    lwip_counted: int = 0

    def ops(self, stack, is_counted):
        if stack == "lwip" and self.lwip_timed:
            return self.lwip_counted if is_counted else self.lwip_timed
        return self.counted if is_counted else self.timed

    def results(self):
        """The names under which the program reports."""
        if not self.row.startswith("many_"):
            return [self.row]
        n = self.row.removeprefix("many_")
        return [f"idle_{n}", f"rr_random_{n}"]


# lwIP searches a list for each packet: fewer operations do where they take milliseconds.
WORK = [
    Work("bulk_1460", 300_000, 10_000),
    Work("bulk_1460_sum", 200_000, 10_000),
    Work("bulk_8960", 200_000, 5_000),
    Work("bulk_64k", 50_000, 1_000),
    Work("rr_1", 200_000, 5_000),
    Work("rr_64", 200_000, 5_000),
    Work("crr", 50_000, 2_000),
    Work("udp_oneway", 1_000_000, 10_000),
    Work("udp_echo", 400_000, 5_000),
    Work("many_2", 200_000, 5_000),
    Work("many_1k", 200_000, 5_000, 5, 50_000, 5_000),
    Work("many_10k", 200_000, 5_000, 3, 5_000, 500),
    Work("many_100k", 200_000, 5_000, 3, 300, 50),
    Work("many_1M", 200_000, 5_000, 1, 40, 10),
]

# Instructions to reach, and those that other stacks took when built for this shape: lwIP 2.2.1
# (no payload copy, IPv4 only, 2 MiB window), smoltcp 0.13, iip; both ends and harness.
GOALS = {"bulk_1460": 1600, "rr_1": 2200, "rr_64": 2200, "crr": 8000, "udp_oneway": 550}
SUM_EXTRA = 350
FLAT_RATIO = 1.3
BYTES_TO_BEAT = 261
RECORDED = {
    "bulk_1460": (3166, 2326, 2990),
    "bulk_1460_sum": (4637, 4201, 32120),
    "bulk_8960": (3049, None, None),
    "rr_1": (4405, 5794, 4413),
    "rr_64": (4417, 5763, 4405),
    "crr": (15551, 22719, 16232),
    "udp_oneway": (1526, 1259, 698),
    "udp_echo": (2503, 3061, 1644),
}


class Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, total):
        self.total, self.done, self.is_on = total, 0, sys.stderr.isatty()

    def step(self, text):
        if self.is_on:
            filled = 30 * self.done // max(self.total, 1)
            bar = "#" * filled + "." * (30 - filled)
            sys.stderr.write(f"\r\033[K[{bar}] {self.done}/{self.total} {text}")
            sys.stderr.flush()
        self.done += 1

    def end(self):
        if self.is_on:
            sys.stderr.write("\r\033[K")


class Table:
    """What was measured: value of (metric, row, stack), and why one is missing."""

    def __init__(self):
        self.values, self.reasons = {}, {}

    def put(self, metric, row, stack, value):
        self.values[metric, row, stack] = value

    def get(self, metric, row, stack):
        return self.values.get((metric, row, stack))

    def cannot(self, row, stack, reason):
        self.reasons.setdefault(row, {}).setdefault(stack, reason)

    def as_json(self, rows, metrics):
        out = {}
        for metric in metrics:
            named = [r for r in rows if metric != "bytes" or r.startswith("idle_")]
            out[metric] = {r: {s: self.get(metric, r, s) for s in STACKS} for r in named}
        out["reasons"] = self.reasons
        return out


class Failure(Exception):
    """A program that did not do its row; the text says why."""


def run_program(command, env=None):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, env=env)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"took longer than {TIMEOUT_S} s") from error
    except OSError as error:
        raise Failure(f"cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise Failure(lines[-1])
    try:
        return [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError as error:
        raise Failure("printed something else than JSON") from error


def callgrind_totals(directory):
    """Instructions by row: each measured part was dumped with the row's name as its trigger."""
    totals = {}
    for path in glob.glob(os.path.join(directory, "out.*")):
        trigger = total = None
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("desc: Trigger: Client Request: "):
                    trigger = line.split(": ", 3)[3].strip()
                elif line.startswith("totals: "):
                    total = int(line.split()[1])
        if trigger and total is not None:
            totals[trigger] = total
    return totals


def run_counted(program, work, ops):
    """The program's lines, each with its instructions per operation added."""
    env = dict(os.environ)
    # Else memcpy() uses "rep movsb" from 2 KB on, of which callgrind counts every byte.
    env["GLIBC_TUNABLES"] = "glibc.cpu.x86_rep_movsb_threshold=1073741824"
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "out")
        lines = run_program(
            ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no",
             f"--callgrind-out-file={out}", program, work.row, "--ops", str(ops)], env)
        totals = callgrind_totals(directory)
    for line in lines:
        if line["ops"]:
            if line["row"] not in totals:
                raise Failure("was built without valgrind/callgrind.h")
            line["instructions"] = totals[line["row"]] / line["ops"]
    return lines


class Bench:
    def __init__(self, programs, quick):
        self.programs, self.quick, self.table = programs, quick, Table()
        self.failures = 0

    def ops(self, stack, work, is_counted):
        ops = work.ops(stack, is_counted)
        return max(ops // 10, 5) if self.quick else ops

    def attempt(self, stack, work, run):
        """Lines of one run; none, with the reason noted, if it failed."""
        if work.results()[0] in self.table.reasons and (
                stack in self.table.reasons[work.results()[0]]):
            return []
        try:
            lines = run()
        except Failure as failure:
            self.failures += 1
            for row in work.results():
                self.table.cannot(row, stack, str(failure))
            return []
        for line in lines:
            if line["ops"] is None:
                self.table.cannot(line["row"], stack, line["reason"])
        return [line for line in lines if line["ops"] is not None]

    def note(self, stack, line):
        for metric in ("frames", "bytes", "instructions"):
            if line.get(metric) is not None:
                self.table.put(metric, line["row"], stack, round(line[metric], 2))

    def time(self, work, progress):
        samples = {}
        for _ in range(1 if self.quick else work.repeats):
            for stack, program in self.programs.items():
                progress.step(f"time {work.row} {stack}")
                ops = self.ops(stack, work, False)
                command = [program, work.row, "--ops", str(ops)]
                for line in self.attempt(stack, work, lambda c=command: run_program(c)):
                    samples.setdefault((line["row"], stack), []).append(line["ns"])
                    self.note(stack, line)
        for (row, stack), values in samples.items():
            self.table.put("ns", row, stack, round(statistics.median(values), 1))

    def count(self, work, progress):
        for stack, program in self.programs.items():
            progress.step(f"count {work.row} {stack}")
            ops = self.ops(stack, work, True)
            lines = self.attempt(stack, work, lambda p=program, o=ops: run_counted(p, work, o))
            for line in lines:
                self.note(stack, line)


def goal(table, row):
    """The most instructions mstack may take, or None."""
    if row == "bulk_1460_sum":
        plain = table.get("instructions", "bulk_1460", "mstack")
        return plain + SUM_EXTRA if plain else None
    if row.startswith("rr_random_") and row != "rr_random_2":
        at_two = table.get("instructions", "rr_random_2", "mstack")
        return at_two * FLAT_RATIO if at_two else None
    return GOALS.get(row)


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def ratio(mine, theirs):
    return "-" if not mine or not theirs else f"{mine / theirs:.3g}"


def verdict(mine, limit):
    if mine is None or limit is None:
        return "-"
    return "met" if mine <= limit else "MISSED"


def print_table(title, heads, lines):
    widths = [max(len(line[i]) for line in [heads] + lines) for i in range(len(heads))]
    print(f"\n{title}")
    for line in [heads, ["-" * w for w in widths]] + lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip())


def print_instructions(table, rows):
    lines = []
    for row in rows:
        mine, theirs = (table.get("instructions", row, s) for s in STACKS)
        frames = (number(table.get("frames", row, s), 2) for s in STACKS)
        limit = goal(table, row)
        recorded = (number(n) for n in RECORDED.get(row, (None,) * 3))
        lines.append([row, number(mine), number(theirs), ratio(mine, theirs), *frames,
                      number(limit), verdict(mine, limit), *recorded])
    print_table("Instructions per operation, both ends and harness (callgrind)",
                ["row", "mstack", "lwIP", "mstack/lwIP", "frames", "frames lwIP", "goal", "",
                 "lwIP rec.", "smoltcp rec.", "iip rec."], lines)
    print("rec.: recorded earlier, each stack built for this shape; lwIP: Debian's, in this run.")


def print_times(table, rows):
    lines = []
    for row in rows:
        mine, theirs = (table.get("ns", row, s) for s in STACKS)
        lines.append([row, number(mine, 1), number(theirs, 1), ratio(mine, theirs)])
    print_table("Nanoseconds per operation, medians; runs of the two stacks take turns",
                ["row", "mstack", "lwIP", "mstack/lwIP"], lines)


def print_bytes(table, rows):
    lines = []
    for row in (r for r in rows if r.startswith("idle_")):
        mine, theirs = (table.get("bytes", row, s) for s in STACKS)
        lines.append([row, number(mine), number(theirs), ratio(mine, theirs)])
    if lines:
        print_table("Bytes per idle connection, one end "
                    f"(recorded of lwIP built for it: {BYTES_TO_BEAT})",
                    ["row", "mstack", "lwIP", "mstack/lwIP"], lines)


def print_reasons(table):
    rows_of = {}
    for row, stacks in table.reasons.items():
        for stack, reason in stacks.items():
            rows_of.setdefault((stack, reason), []).append(row)
    if rows_of:
        print("\nNot measured")
    for (stack, reason), rows in rows_of.items():
        print(f"{stack}: {', '.join(rows)}: {reason}")


def find_programs(directory):
    """Those that are there, and why the others are not."""
    found, missing = {}, {}
    for stack in STACKS:
        path = os.path.join(directory, PROGRAMS[stack])
        if os.access(path, os.X_OK):
            found[stack] = os.path.abspath(path)
        else:
            missing[stack] = f"{PROGRAMS[stack]} is not built"
    return found, missing


def choose(names, quick):
    """The work asked for, by a program's row or by a result's name."""
    work = [w for w in WORK if not quick or w.row not in ("many_100k", "many_1M")]
    if not names:
        return work
    chosen = [w for w in work if w.row in names or any(r in names for r in w.results())]
    known = {name for w in work for name in [w.row, *w.results()]}
    for name in names:
        if name not in known:
            sys.exit(f"run.py: no row is called '{name}'")
    return chosen


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="only these; default: all")
    parser.add_argument("--dir", default="build/bench",
                        help="where the two programs are (build/bench)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, once")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--instructions", action="store_true", help="only count instructions")
    only.add_argument("--times", action="store_true", help="only measure time")
    return parser.parse_args(argv)


def measure(bench, work, args):
    runs = 0 if args.instructions else sum(1 if args.quick else w.repeats for w in work)
    runs += 0 if args.times else len(work)
    progress = Progress(runs * len(bench.programs))
    for item in work:
        if not args.instructions:
            bench.time(item, progress)
        if not args.times:
            bench.count(item, progress)
    progress.end()


def main(argv):
    args = parse(argv)
    work = choose(args.rows, args.quick)
    programs, missing = find_programs(args.dir)
    if not programs:
        sys.exit(f"run.py: neither program is in {args.dir}")
    if not args.times and not shutil.which("valgrind"):
        if args.instructions:
            sys.exit("run.py: valgrind is not installed")
        print("valgrind is not installed: no instructions are counted", file=sys.stderr)
        args.times = True

    bench = Bench(programs, args.quick)
    rows = [row for item in work for row in item.results()]
    for stack, reason in missing.items():
        for row in rows:
            bench.table.cannot(row, stack, reason)
    measure(bench, work, args)

    metrics = ["bytes"]
    if not args.times:
        metrics.insert(0, "instructions")
        print_instructions(bench.table, rows)
    if not args.instructions:
        metrics.insert(-1, "ns")
        print_times(bench.table, rows)
    print_bytes(bench.table, rows)
    print_reasons(bench.table)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump(bench.table.as_json(rows, metrics), out, indent=1)
            out.write("\n")
    return 1 if bench.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
