#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Makes the website of the documents and the public headers. The same tree gives the same bytes.

Usage: make_site.py [--root TREE] OUTPUT_DIRECTORY, which is made anew. docs/site/links.txt, if
there is one, adds pages that somebody else serves to the navigation: a path and a title a line.
"""
import argparse
import glob
import html
import os
import posixpath
import re
import shutil
import sys

import markdown

import site_charts
from site_api import Reference

TOP = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "STYLE.md",
       "CHANGELOG.md"]
BENCH = "bench/README.md"
PROOFS = ["docs/rfc.md", "docs/security.md", "docs/differences.md"]
SHORT = {"README.md": "Start", "CHANGELOG.md": "Changes", "SECURITY.md": "Reporting holes",
         "docs/rfc.md": "RFC 9293", "docs/security.md": "Known holes", BENCH: "Benchmarks"}
FILES = ["style.css", "icon.svg"]
EXTENSIONS = ["tables", "fenced_code", "sane_lists", "toc"]
SETTINGS = {"toc": {"permalink": "#", "permalink_class": "anchor", "toc_depth": "2-3",
                    "permalink_title": "Link to this section"}}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="{up}style.css">
<link rel="icon" href="{up}icon.svg" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">To the text</a>
<header class="bar">
<a class="brand" href="{up}index.html">mstack</a>
<nav class="brief" aria-label="Pages">
{navigation}</nav>
</header>
<main id="main"{kind}>
{body}<footer>mstack {version}, ISC licence. {source}</footer>
</main>
</body>
</html>
"""


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def listed(root, pattern):
    return sorted(os.path.relpath(path, root) for path in glob.glob(os.path.join(root, pattern)))


def page_of(source):
    """Where a document's page lies: docs/ and its files move to the top."""
    if source in ("docs/adr", "docs/adr/"):
        return "adr/index.html"
    if source == "README.md":
        return "index.html"
    if source == BENCH:
        return "bench.html"
    if source == "SECURITY.md":  # docs/security.md has its name
        return "reporting.html"
    path = source.removeprefix("docs/")
    return (path if "/" in path else path.lower()).removesuffix(".md") + ".html"


class Site:
    def __init__(self, root):
        self.root = root
        self.guides = [path for path in listed(root, "docs/*.md") if path not in PROOFS]
        self.decisions = listed(root, "docs/adr/*.md")
        self.sources = [*TOP, BENCH, *self.guides, *PROOFS, *self.decisions]
        self.texts = {source: read(root, source) for source in self.sources}
        self.version = re.search(r"version: '([^']+)'", read(root, "meson.build"))[1]
        headers = {os.path.basename(path)[:-2]: read(root, path)
                   for path in listed(root, "include/mstack/*.h")}
        self.reference = Reference(headers)
        self.groups = self.navigation_groups(headers)

    def title(self, source):
        return re.search(r"^# (.*)", self.texts[source], re.M)[1]

    def navigation_groups(self, headers):
        """(heading, [(page, title, whether only its own folder shows it)])."""
        def entries(sources):
            names = [posixpath.basename(source)[:-3].capitalize() for source in sources]
            return [(page_of(source), SHORT.get(source, name), False)
                    for source, name in zip(sources, names)]

        live = []
        if os.path.exists(os.path.join(self.root, "docs/site/links.txt")):
            lines = read(self.root, "docs/site/links.txt").splitlines()
            live = [(*line.split(None, 1), False) for line in lines if line.strip()]
        api = [("api/index.html", "API reference", False)]
        api += [(f"api/{name}.html", f"{name}.h", True) for name in headers]
        return [("", entries(TOP[:2]) + live), ("Guides", entries([*self.guides, BENCH])),
                ("Proof", entries(PROOFS)), ("Reference", api),
                ("Project", [("adr/index.html", "Decisions", False), *entries(TOP[2:])])]

    def navigation(self, page, up):
        text = ""
        for heading, all_entries in self.groups:
            entries = [entry for entry in all_entries if not entry[2] or page.startswith("api/")]
            text += f'<p class="group">{heading}</p>\n' if heading else ""
            text += "<ul>\n"
            for path, title, is_detail in entries:
                kind = ' class="detail"' if is_detail else ""
                here = ' aria-current="page"' if path == page else ""
                href = path if path.startswith("/") else up + path
                text += f'<li{kind}><a href="{href}"{here}>{html.escape(title)}</a></li>\n'
            text += "</ul>\n"
        return text

    def wrap(self, page, title, body, source, kind=""):
        up = "../" * page.count("/")
        shown = title if page == "index.html" else f"{title} · mstack"
        return PAGE.format(title=html.escape(shown), up=up, kind=kind, body=finish(body),
                           navigation=self.navigation(page, up), version=self.version,
                           source=f"Made from <code>{source}</code>.")

    def href(self, source, target):
        """A document's link as its page's; None if it leads to what is not part of the site."""
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            return target
        path, hash_sign, anchor = target.partition("#")
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if wanted not in self.texts and wanted != "docs/adr":
            return None
        here = posixpath.dirname(page_of(source)) or "."
        return posixpath.relpath(page_of(wanted), here) + hash_sign + anchor

    def converted(self, source):
        def link(found):
            href = self.href(source, html.unescape(found[1]))
            return f'<a href="{html.escape(href)}"' + found[2] if href else "<a" + found[2]

        body = markdown.markdown(self.texts[source], extensions=EXTENSIONS,
                                 extension_configs=SETTINGS, output_format="html")
        body = site_charts.with_charts(re.sub(r'<a href="([^"]*)"([^>]*>)', link, body))
        return re.sub(r"<h1 id=[^>]*>(.*?)<a class=\"anchor\".*?</a></h1>", r"<h1>\1</h1>", body)

    def front(self):
        """README.md, with a drawing in the place of the one made of letters."""
        picture = read(self.root, "docs/site/picture.svg")
        return re.sub(r"<pre>.*?</pre>", lambda _: picture, self.converted("README.md"), count=1,
                      flags=re.S)

    def decisions_index(self):
        rows = "".join(f'<li><a href="{posixpath.basename(page_of(source))}">'
                       f'{html.escape(self.title(source).split(". ", 1)[-1])}</a></li>\n'
                       for source in self.decisions)
        return ("<h1>Decisions</h1>\n<p>What shaped the tree, why, and what follows from it; each"
                f" at most a page.</p>\n<ol>\n{rows}</ol>\n")

    def pages(self):
        for source in self.sources:
            is_front = source == "README.md"
            body = self.front() if is_front else self.converted(source)
            title = "mstack: TCP/IP as a library" if is_front else self.title(source)
            kind = ' class="front"' if is_front else ""
            yield page_of(source), self.wrap(page_of(source), title, body, source, kind)
        yield "adr/index.html", self.wrap("adr/index.html", "Decisions", self.decisions_index(),
                                          "docs/adr/")
        yield "api/index.html", self.wrap("api/index.html", "API reference",
                                          self.reference.index(), "include/mstack/")
        for name in self.reference.items:
            yield f"api/{name}.html", self.wrap(f"api/{name}.html", f"{name}.h",
                                                self.reference.page(name),
                                                f"include/mstack/{name}.h")


def finish(body):
    """What Markdown leaves to be said: boxes for wide tables, columns of numbers, comments."""
    body = re.sub(r"<thead>\s*<tr>(?:\s*<th[^>]*></th>)+\s*</tr>\s*</thead>\n", "", body)
    body = re.sub(r'<(t[hd]) style="text-align: right;">', r'<\1 class="number">', body)

    def boxed(found):
        kind = "scroll" if "<thead>" in found[0] else "scroll plain"
        return f'<div class="{kind}" role="region" aria-label="Table" tabindex="0">{found[0]}</div>'

    body = re.sub(r"<table>.*?</table>", boxed, body, flags=re.S)

    def with_comments(found):
        return found[1] + re.sub(r"/\*.*?\*/", r'<span class="comment">\g<0></span>', found[2],
                                 flags=re.S)

    body = re.sub(r'(<code class="language-c">)(.*?</code>)', with_comments, body, flags=re.S)
    # Lines of a drawing made of letters touch each other.
    body = re.sub(r"<pre>(?=[^<]*<code>[^<]*[│═])", '<pre class="drawing" tabindex="0">', body)
    return body.replace("<pre>", '<pre tabindex="0">').rstrip("\n") + "\n"


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def make(root, output):
    for path, text in Site(root).pages():
        write(os.path.join(output, path), text)
    for name in FILES:
        shutil.copyfile(os.path.join(root, "docs/site", name), os.path.join(output, name))


def clear(output):
    """Removes the site made before, and nothing that is none."""
    if os.path.isfile(os.path.join(output, "api/index.html")):
        shutil.rmtree(output)
    elif os.path.isdir(output) and os.listdir(output):
        sys.exit(f"{output}: is not empty, and no site")


def inputs(root):
    """All that a site is made of, and the folders, which change when a document is added."""
    patterns = ["*.md", "docs", "docs/*.md", "docs/adr", "docs/adr/*.md", "docs/site",
                "docs/site/*", "include/mstack", "include/mstack/*.h", "meson.build", BENCH]
    paths = [path for pattern in patterns for path in listed(root, pattern)]
    return [os.path.join(root, path) for path in paths]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=".", help="the tree to read")
    parser.add_argument("--stamp", help="a file to write when all is done")
    parser.add_argument("--depfile", help="where to say what the stamp depends on")
    parser.add_argument("output", help="made anew: what is in it already is lost")
    arguments = parser.parse_args()
    clear(arguments.output)
    make(arguments.root, arguments.output)
    if arguments.depfile:
        names = [path.replace(" ", "\\ ") for path in inputs(arguments.root)]
        write(arguments.depfile, f"{arguments.stamp}: {' '.join(names)}\n")
    if arguments.stamp:
        write(arguments.stamp, "")


if __name__ == "__main__":
    sys.exit(main())
