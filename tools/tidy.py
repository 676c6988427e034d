#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Holds the tree to STYLE.md: who may include whom, sizes, and that every file has its test.

Usage: tidy.py [ROOT]. Prints one line for each fault, `file:line: what`, and fails if there is any.
"""

import bisect
import os
import re
import sys

FUNCTION_LINES, FILE_LINES, NESTING, PARAMETERS, COLUMNS, DECISIONS = 70, 700, 3, 5, 100, 15

C_FOLDERS = ("include", "src", "drivers", "http", "unikernel", "cli", "examples", "bench", "tests",
             "fuzz")
TEXT_ENDINGS = (".c", ".h", ".py", ".sh", ".sed", "meson.build", "meson_options.txt")
SKIPPED_FOLDERS = {".git", "corpus", "captures", "__pycache__"}
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdalign.h", "limits.h"}
SYSTEM_EXTRA = {"src/core/checksum_x86.c": {"immintrin.h", "cpuid.h"}}

# What a floor may include by path. The longest folder that fits a file counts.
LAYERS = {
    "include": ("mstack/",),
    "src": ("mstack/", "core/", "wire/", "eth/", "ip/", "udp/", "tcp/"),
    "src/core": ("mstack/", "core/"),
    "src/wire": ("core/", "wire/"),
    "src/eth": ("mstack/", "core/", "wire/", "eth/"),
    "src/ip": ("mstack/", "core/", "wire/", "eth/", "ip/"),
    "src/udp": ("mstack/", "core/", "wire/", "ip/", "udp/"),
    "src/tcp": ("mstack/", "core/", "wire/", "ip/", "tcp/"),
    "src/tcp/cc": ("mstack/cc.h", "core/", "tcp/cc/"),
    "drivers": ("mstack/",),
    "http": ("mstack/",),
    "unikernel": ("mstack/", "http/", "netfront/", "device.h"),
    "cli": ("mstack/", "http/", "tap/", "pcap/", "link/", "wrap/", "drill/", "device.h"),
    "examples": ("mstack/", "tap/", "pcap/", "link/", "wrap/"),
}
# Headers that know the connection. Files of src/tcp that include none of them are nouns, and a
# noun sees no other file of tcp/ but its own header.
TCP_CONNECTION = ("tcp/conn.h", "tcp/verbs.h", "tcp/floor.h")
TCP_VERBS = {
    "ack", "conn", "cookie", "cookie_absent", "demux", "emit", "floor", "info", "input", "listen",
    "output", "predict", "records", "report", "syn", "syn_sent", "tcp", "text", "time_wait",
    "timer", "verbs",
}

# Sources without a test file of their own, and why.
UNTESTED = {
    "src/core/checksum_x86.c": "tests/core/checksum.c compares it with the plain sum",
    "src/core/checksum_portable.c": "only says that there is no vector sum",
    "src/ip/fragments_absent.c": "tests/minimal.c",
    "src/ip/group_absent.c": "tests/minimal.c",
    "src/ip/ipv6_absent.c": "tests/minimal.c",
    "src/tcp/cookie_absent.c": "tests/minimal.c",
    "src/wire/print_icmpv6.c": "a part of wire/print",
    "src/wire/print_text.c": "a part of wire/print",
}
# Functions with more parameters than others may have, and why.
GIVEN_SIGNATURES = {
    ("bench/lwip_port.c", "ip_chksum_pseudo_partial"): "replaces lwIP's function of that name",
    ("fuzz/records.c", "LLVMFuzzerCustomCrossOver"): "libFuzzer calls it",
}
# Drop reasons that no test need produce, and why.
UNPRODUCED = {
    "NONE": "it is no reason",
}

WORDS_LEFT = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|->|\+\+|--|&&|\|\||[^\s\w]")
COMMENT_OR_STRING = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b\s*(.*)")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
BIT_FIELD = re.compile(r"^\s*(?:(?:unsigned|signed|int|bool|_Bool|u?int\d+_t|enum \w+)\s+)+\w+"
                       r"\s*:\s*\d+\s*[;,]")
CONTROL = {"if", "for", "while", "switch"}


def blanked(match):
    """Keeps the lines, drops the text; a string stays one token."""
    text = match.group(0)
    kept = "\n" * text.count("\n")
    return kept + ('""' if text[0] in "\"'" else " ")


class Source:
    """One file: as it is, and for C without comments, strings and directives."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
            self.text = file.read()
        self.lines = self.text.split("\n")
        self.is_c = path.endswith((".c", ".h"))
        if self.is_c:
            self.uncommented = COMMENT_OR_STRING.sub(blanked, self.text)
            self.code = DIRECTIVE.sub(blanked, self.uncommented)

    def is_in(self, *folders):
        return any(self.path.startswith(folder + "/") for folder in folders)


class Function:
    """Where one starts and ends, and its tokens, each with its line."""

    def __init__(self, name, line, parameters, body):
        self.name, self.line, self.parameters, self.body = name, line, parameters, body

    @property
    def length(self):
        return self.body[-1][1] - self.line + 1


def tokenize(code):
    starts = [0] + [m.end() for m in re.finditer("\n", code)]
    return [(m.group(0), bisect.bisect_right(starts, m.start())) for m in TOKEN.finditer(code)]


def matching(tokens, at, opening="({[", closing=")}]"):
    """The index of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i][0] in opening:
            depth += 1
        elif tokens[i][0] in closing:
            depth -= 1
            if depth == 0:
                return i
    return len(tokens) - 1


def count_parameters(tokens):
    """Of what stands between the parentheses."""
    if not tokens or [t for t, _ in tokens] == ["void"]:
        return 0
    depth = commas = 0
    for token, _ in tokens:
        depth += (token in "([{") - (token in ")]}")
        commas += token == "," and depth == 0
    return commas + 1


def function_at(head, body):
    """The function whose head these tokens are, if they are one."""
    names = [i for i in range(1, len(head)) if head[i][0] == "(" and
             re.match(r"[A-Za-z_]", head[i - 1][0]) and head[i - 1][0] != "__attribute__"]
    if not names or any(token == "=" for token, _ in head):
        return None
    opening = names[0]
    closing = matching(head, opening)
    name, _ = head[opening - 1]
    return Function(name, head[0][1], count_parameters(head[opening + 1:closing]), body)


def functions(code):
    tokens = tokenize(code)
    head, i = [], 0
    while i < len(tokens):
        token = tokens[i][0]
        if token == "{":
            end = matching(tokens, i, "{", "}")
            found = function_at(head, tokens[i:end + 1])
            if found:
                yield found
                head = []
            i = end
        elif token == ";":
            head = []
        else:
            head.append(tokens[i])
        i += 1


class Statements:
    """Walks a function's statements to see how deep they nest, braces or none."""

    def __init__(self, tokens):
        self.tokens, self.at, self.deepest, self.deepest_line = tokens, 0, 0, 0
        self.block(0)

    def word(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def reached(self, depth):
        if depth > self.deepest:
            self.deepest, self.deepest_line = depth, self.tokens[self.at][1]

    def block(self, depth):
        self.at += 1
        while self.word() not in ("}", ""):
            self.statement(depth)
        self.at += 1

    def body(self, depth):
        self.reached(depth)
        if self.word() == "{":
            self.block(depth)
        else:
            self.statement(depth)

    def skip_past(self, wanted):
        while self.word() not in (wanted, ""):
            if self.word() in ("(", "{", "["):
                self.at = matching(self.tokens, self.at)
            self.at += 1
        self.at += 1

    def statement(self, depth):
        word = self.word()
        if word in CONTROL:
            self.control(depth)
        elif word == "{":
            self.body(depth + 1)
        elif word == "do":
            self.at += 1
            self.body(depth + 1)
            self.skip_past(";")
        elif word in ("case", "default") or (
                self.at + 1 < len(self.tokens) and self.tokens[self.at + 1][0] == ":"):
            self.skip_past(":")
        else:
            self.skip_past(";")

    def control(self, depth):
        is_if = self.word() == "if"
        self.at = matching(self.tokens, self.at + 1) + 1
        self.body(depth + 1)
        if is_if and self.word() == "else":
            self.at += 1
            if self.word() == "if":
                self.control(depth)
            else:
                self.body(depth + 1)


def check_function(source, function):
    at = f"{source.path}:{function.line}"
    if function.length > FUNCTION_LINES:
        yield f"{at}: {function.name}() has {function.length} lines, more than {FUNCTION_LINES}"
    is_given = (source.path, function.name) in GIVEN_SIGNATURES
    if function.parameters > PARAMETERS and not is_given:
        yield (f"{at}: {function.name}() has {function.parameters} parameters, more than "
               f"{PARAMETERS}")
    statements = Statements(function.body)
    if statements.deepest > NESTING:
        yield (f"{source.path}:{statements.deepest_line}: {function.name}() nests "
               f"{statements.deepest} deep, more than {NESTING}")
    words = [token for token, _ in function.body]
    decisions = sum(word in CONTROL for word in words) + words.count("?")
    if decisions > DECISIONS and source.is_in("src", "include", "drivers"):
        yield f"{at}: {function.name}() has {decisions} decisions, more than {DECISIONS}"
    for i in range(len(words) - 1):
        if words[i] == function.name and words[i + 1] == "(" and words[i - 1] not in (".", "->"):
            yield f"{source.path}:{function.body[i][1]}: {function.name}() calls itself"
    yield from check_goto(source, function)


def check_goto(source, function):
    """Forward, and to one label."""
    words = [token for token, _ in function.body]
    labels = {}
    for i in range(1, len(words) - 1):
        if words[i + 1] == ":" and words[i - 1] in (";", "{", "}") and words[i] != "default":
            labels[words[i]] = i
    jumps = [i for i, word in enumerate(words) if word == "goto"]
    for i in jumps:
        if labels.get(words[i + 1], len(words)) < i:
            yield f"{source.path}:{function.body[i][1]}: goto goes backwards"
    if len({words[i + 1] for i in jumps}) > 1:
        yield f"{source.path}:{function.line}: {function.name}() has more than one goto label"


def layer_of(path):
    folder = os.path.dirname(path)
    while folder and folder not in LAYERS:
        folder = os.path.dirname(folder)
    return LAYERS.get(folder)


def is_relative(source, name):
    """An include from beside the file, that stays in its own top folder."""
    top = source.path.split("/")[0]
    if top == "src":
        return False
    target = os.path.normpath(os.path.join(os.path.dirname(source.path), name))
    return target.startswith(top + "/") and ("/" not in name or name.startswith("../"))


def include_fault(source, bracket, name):
    """Why the file may not include that, or nothing."""
    if bracket == "<":
        allowed = FREESTANDING | SYSTEM_EXTRA.get(source.path, set())
        if source.is_in("src", "include") and name not in allowed:
            return f"<{name}>: only freestanding headers here"
        return ""
    layer = layer_of(source.path)
    if layer is None or is_relative(source, name):
        return ""
    if not name.startswith(layer):
        return f'"{name}": {os.path.dirname(source.path)}/ may include only {" ".join(layer)}'
    return tcp_fault(source, name) if source.is_in("src/tcp") else ""


def tcp_fault(source, name):
    stem = os.path.splitext(os.path.basename(source.path))[0]
    if source.is_in("src/tcp/cc") or stem in TCP_VERBS:
        return ""
    if name in TCP_CONNECTION:
        return f'"{name}": a noun never sees the connection'
    if name.startswith(("tcp/", "ip/")) and name != f"tcp/{stem}.h":
        return f'"{name}": a noun sees only its own header, core/ and wire/'
    return ""


def check_includes(source):
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        fault = include_fault(source, *match.groups()) if match else ""
        if fault:
            yield f"{source.path}:{number}: includes {fault}"


def check_conditions(source):
    """No #if in src/ but in core/; an include guard in each header."""
    lines = source.uncommented.split("\n")
    conditions = [(n, m) for n, m in ((n, CONDITION.match(line)) for n, line in
                                      enumerate(lines, 1)) if m]
    guard = None
    if source.path.endswith(".h"):
        if conditions and conditions[0][1].group(1) == "ifndef":
            guard = conditions.pop(0)
            name = guard[1].group(2).split()[0]
            if not re.match(rf"\s*#\s*define\s+{name}\s*$", lines[guard[0]]):
                guard = None
        if not guard:
            yield f"{source.path}:1: has no include guard"
    if source.is_in("src") and not source.is_in("src/core"):
        for number, match in conditions:
            yield f"{source.path}:{number}: #{match.group(1)} outside of src/core: choose files"


def check_bit_fields(source):
    for number, line in enumerate(source.code.split("\n"), 1):
        if BIT_FIELD.match(line):
            yield f"{source.path}:{number}: bit-field"


def check_lines(source):
    for number, line in enumerate(source.lines, 1):
        at = f"{source.path}:{number}"
        if line.endswith((" ", "\t", "\r")):
            yield f"{at}: white space at the end of the line"
        if len(line) > COLUMNS:
            yield f"{at}: {len(line)} columns, more than {COLUMNS}"
        if "\t" in line:
            yield f"{at}: tab"
        match = WORDS_LEFT.search(line)
        if match and not source.is_in("tools"):
            yield f"{at}: {match.group(0)}: finish it, or write an issue"
    if source.text and not source.text.endswith("\n"):
        yield f"{source.path}:{len(source.lines)}: no newline at the end"
    if len(source.lines) - 1 > FILE_LINES:
        yield f"{source.path}:1: {len(source.lines) - 1} lines, more than {FILE_LINES}"


def check_start(source):
    """The licence, then what the file is for."""
    lines = source.lines[1:] if source.text.startswith("#!") else source.lines
    first = lines[0] if lines else ""
    second = lines[1] if len(lines) > 1 else ""
    if "SPDX-License-Identifier: ISC" not in first:
        yield f"{source.path}:1: does not start with SPDX-License-Identifier: ISC"
    elif not second.startswith(("/*", "# ", '"""', "//")):
        yield f"{source.path}:2: does not say in one line what the file is for"


def check_test_source(source):
    if "cmocka_run_group_tests" not in source.code:
        return
    if source.code.count("cmocka_run_group_tests") > 1:
        yield f"{source.path}:1: more than one group of tests; TAP has room for one"
    for number, line in enumerate(source.code.split("\n"), 1):
        if re.search(r"\bskip\(\)", line):
            yield f"{source.path}:{number}: a test that is skipped says why: skip_because()"


def check_source(source):
    yield from check_lines(source)
    yield from check_start(source)
    if not source.is_c:
        return
    yield from check_includes(source)
    yield from check_conditions(source)
    yield from check_bit_fields(source)
    for function in functions(source.code):
        yield from check_function(source, function)
    if source.is_in("tests"):
        yield from check_test_source(source)


def listed(sources, folder):
    """Names of C files in the folder's meson.build and those below it, as paths."""
    for source in sources.values():
        if source.path.endswith("meson.build") and source.path.startswith(folder + "/"):
            base = os.path.dirname(source.path)
            for name in re.findall(r"'([\w./-]+\.c)'", source.text):
                yield os.path.normpath(os.path.join(base, name))


def listed_tests(sources):
    """tests/meson.build lists names by folder."""
    source = sources.get("tests/meson.build")
    for folder, names in re.findall(r"'([\w./]+)': \[([^]]*)\]", source.text if source else ""):
        for name in re.findall(r"'(\w+)'", names):
            yield os.path.normpath(os.path.join("tests", folder, name + ".c"))


def listed_fuzzers(sources):
    source = sources.get("fuzz/meson.build")
    match = re.search(r"fuzzers = \[([^]]*)\]", source.text) if source else None
    return {f"fuzz/fuzz_{n}.c" for n in re.findall(r"'(\w+)'", match.group(1))} if match else set()


def check_listed(sources):
    """Each C file is built, and each file that is built is there."""
    known = listed_fuzzers(sources) | set(listed_tests(sources))
    for folder in C_FOLDERS[1:]:
        known |= set(listed(sources, folder))
    if "'cli/main.c'" in getattr(sources.get("meson.build"), "text", ""):
        known.add("cli/main.c")
    there = {path for path in sources if path.endswith(".c")}
    for path in sorted(there - known):
        yield f"{path}:1: is in no meson.build"
    for path in sorted(known - there):
        yield f"{path}:1: is in a meson.build, but is no file"


def check_tested(sources):
    for path in sorted(sources):
        if path.startswith("src/") and path.endswith(".c") and path not in UNTESTED:
            test = "tests" + path.removeprefix("src")
            if test not in sources:
                yield f"{path}:1: has no test {test}"
    for path in sorted(UNTESTED):
        if path not in sources or "tests" + path.removeprefix("src") in sources:
            yield f"tools/tidy.py:1: UNTESTED names {path}, which is gone or has its test"


def check_drops(sources):
    source = sources.get("include/mstack/drop.h")
    tested = set()
    for other in sources.values():
        if other.is_c and other.is_in("tests"):
            tested |= set(re.findall(r"\bMS_DROP_(\w+)", other.text))
    for number, line in enumerate(source.lines if source else [], 1):
        match = re.match(r"\s*X\((\w+),", line)
        if match and match.group(1) not in tested | set(UNPRODUCED):
            yield f"{source.path}:{number}: no test produces MS_DROP_{match.group(1)}"


def paths(root):
    for directory, folders, names in os.walk(root):
        relative = os.path.relpath(directory, root)
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not (
            relative == "." and f.startswith("build")))
        for name in sorted(names):
            path = os.path.normpath(os.path.join(relative, name))
            is_c = path.startswith(tuple(f + "/" for f in C_FOLDERS)) or not path.endswith(
                (".c", ".h"))
            is_script = path.startswith("script/") or path == ".ci/run"
            if is_c and (path.endswith(TEXT_ENDINGS) or is_script):
                yield path


def check(root):
    """Every fault in the tree."""
    sources = {path: Source(root, path) for path in paths(root)}
    for source in sources.values():
        yield from check_source(source)
    yield from check_listed(sources)
    yield from check_tested(sources)
    yield from check_drops(sources)


def main(argv):
    root = argv[0] if argv else "."
    count = 0
    for fault in check(root):
        print(fault)
        count += 1
    print(f"{count} faults")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
