#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tests make_site.py on this tree, and check_site.py on what a site must not be."""
import filecmp
import os
import shutil
import sys
import tempfile

import check_site
import make_site

# (what it is, page, text, what is there instead, part of the fault that is to be found)
BROKEN = [
    ("a page that is not there", "index.html", "architecture.html", "gone.html", "no such page"),
    ("an anchor that is not there", "api/tcp.html", 'href="#ms_tcp_send"', 'href="#gone"',
     "no such anchor"),
    ("an anchor on another page", "api/index.html", "udp.html#ms_udp_open", "udp.html#gone",
     "no such anchor"),
    ("an element left open", "style.html", "</table>", "", "closes nothing"),
    ("an element closed twice", "style.html", "</main>", "</main></main>", "closes nothing"),
    ("a block in a paragraph", "style.html", "</main>", "<p><div></div></p></main>",
     "<div> in <p>"),
    ("an id twice", "style.html", "</main>", '<p id="main"></p></main>', "id main twice"),
    ("an attribute twice", "style.html", "</main>", '<p id="a" id="b"></p></main>',
     "an attribute twice"),
    ("two headings", "style.html", "</main>", "<h1>again</h1></main>", "2 times <h1>"),
    ("no doctype", "style.html", "<!DOCTYPE html>\n", "", "no doctype"),
    ("no viewport", "style.html", 'name="viewport"', 'name="other"', "no viewport"),
    ("a script", "style.html", "</main>", "<script></script></main>", "a script"),
    ("a picture of another host", "style.html", "</main>",
     '<img alt="" src="https://example.org/a.png"></main>', "from another host"),
    ("a style of another host", "style.html", 'href="style.css"', 'href="//example.org/a.css"',
     "from another host"),
    ("a font of another host", "style.css", "body {",
     "@font-face { src: url(https://example.org/a.woff2) }\nbody {", "from another host"),
    ("a style that is imported", "style.css", "/*", '@import "https://example.org/a.css";\n/*',
     "from another host"),
    ("too much", "style.html", "</main>", "x" * check_site.LIMIT_BYTES + "</main>", "more than"),
    ("too much reference", "api/tcp.html", "</main>",
     "x" * check_site.LIMIT_API_BYTES + "</main>", "more than"),
]


def edit(path, old, new):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert old in text, f"{path} has no {old}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new, 1))


def made(folder, root="."):
    make_site.make(root, folder)
    return folder


def check_good(folder):
    checker = check_site.Checker(made(folder))
    faults = list(checker.faults())
    assert not faults, faults
    print(f"# {len(checker.pages)} pages, {checker.size(False)} bytes (at most "
          f"{check_site.LIMIT_BYTES}) and {checker.size(True)} of API (at most "
          f"{check_site.LIMIT_API_BYTES})")


def check_same(folder):
    first, second = made(os.path.join(folder, "a")), made(os.path.join(folder, "b"))
    paths = list(check_site.Checker(first).sizes)
    _, different, missing = filecmp.cmpfiles(first, second, paths, shallow=False)
    assert not different and not missing, different + missing


def check_every_name(folder):
    """Every function and type of the headers that begins a line has a place of its own."""
    site = make_site.Site(".")
    for name in ("ms_tcp_connect", "struct-ms_tcp_connect", "enum-ms_error", "ms_udp_send",
                 "MS_DROP_LIST", "ms_tcp_accept_fn", "struct-ms_frame", "ms_stack_init"):
        assert name in site.reference.places, name
    page = site.reference.page("tcp")
    assert "Lends buf until its release() is called." in page, folder


def check_charts(folder):
    """Bars as long as the numbers say, for the rows that have some to compare."""
    body = make_site.site_charts.with_charts(
        "<!-- chart -->\n<table><tr><th>what</th><th>ours</th><th>theirs</th></tr>"
        "<tr><td>a <b>step</b></td><td>1 000</td><td>4,000</td></tr>"
        "<tr><td>alone</td><td>5</td><td></td></tr></table>")
    assert body.count("<rect") == 2 and body.count('class="what"') == 1, body
    assert ">a step</text>" in body, body
    assert '<rect class="ours" x="0" y="24" width="15.50%"' in body and 'width="62.00%"' in body
    assert body.endswith("</table>") and "<table>" in body, "the table itself is gone"
    page = os.path.join(made(os.path.join(folder, "a")), "index.html")
    with open(page, encoding="utf-8") as file:
        assert file.read().count('class="ours"') >= 8, "the start page has no chart"


def check_live(folder):
    """A page of somebody else is in the navigation if links.txt names it, and else is not."""
    tree = os.path.join(folder, "tree")
    for name in ("docs", "include", "bench"):
        shutil.copytree(name, os.path.join(tree, name))
    for name in [*make_site.TOP, "meson.build"]:
        shutil.copy(name, tree)
    links = os.path.join(tree, "docs/site/links.txt")
    with open(links, "w", encoding="utf-8") as file:
        file.write("/status What it is doing now\n")
    checker = check_site.Checker(made(os.path.join(folder, "with"), tree))
    assert not list(checker.faults())
    assert all("/status" in page.links for page in checker.pages.values())
    os.remove(links)
    checker = check_site.Checker(made(os.path.join(folder, "without"), tree))
    assert not any("/status" in page.links for page in checker.pages.values())


def check_clear(folder):
    """What is removed was a site; a folder of something else is left alone."""
    site = made(os.path.join(folder, "site"))
    make_site.clear(site)
    assert not os.path.exists(site), "the old site is still there"
    mine = os.path.join(folder, "mine", "work.txt")
    make_site.write(mine, "mine")
    try:
        make_site.clear(os.path.dirname(mine))
        assert False, "did not refuse"
    except SystemExit:
        assert os.path.exists(mine), "removed what is no site"


def check_broken(folder, case):
    _, page, old, new, wanted = case
    edit(os.path.join(made(folder), page), old, new)
    faults = list(check_site.Checker(folder).faults())
    assert any(wanted in fault for fault in faults), f"wanted: {wanted}; found: {faults}"


def passes(check, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(folder, *arguments)
        except AssertionError as error:
            print(f"# {error}")
            return False
    return True


def main():
    cases = [("the site is sound", check_good), ("the same tree gives the same bytes", check_same),
             ("the reference has functions, types and lists", check_every_name),
             ("replaces a site and nothing else", check_clear),
             ("figures have bars", check_charts),
             ("a live page is linked to if there is one", check_live)]
    cases += [(f"finds {case[0]}", check_broken, case) for case in BROKEN]
    failures = 0
    print(f"1..{len(cases)}")
    for number, (name, *call) in enumerate(cases, 1):
        is_fine = passes(*call)
        failures += not is_fine
        print(f"{'ok' if is_fine else 'not ok'} {number} - {name}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
