# SPDX-License-Identifier: ISC
"""The website, served by mstack over a tap to a real browser, as a phone and as a desktop."""
import importlib.util
import os
import re
import subprocess
import sys

import support
from browser import PROGRAM, Browser
from support import Server, run_tests, scratch, url

ROOT = scratch()
SHOTS = os.path.join(os.path.dirname(support.mstack()), "screenshots")
# What has wide tables, code and drawings; the others are made of the same.
SHOWN = ["index.html", "architecture.html", "captures.html", "bench.html", "api/tcp.html",
         "adr/index.html"]


def pages():
    found = []
    for folder, _, names in os.walk(ROOT):
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names
                  if name.endswith(".html")]
    return sorted(found)


def shot(browser, page, kind):
    browser.screenshot(os.path.join(SHOTS, re.sub(r"\W", "-", page[:-5]) + f"-{kind}.png"))


def look(browser, family, page):
    """Loads a page: all parts arrive, all from us, and the page is no wider than the window."""
    fetched = browser.load(url(family, page))
    ours = url(family, "")
    assert any(address.endswith("style.css") for address, _ in fetched), fetched
    for address, status in fetched:
        assert address.startswith(ours), f"{page}: {address} is of another host"
        is_late_icon = status is None and address.endswith("icon.svg")
        assert status in (200, 304) or is_late_icon, f"{page}: {address}: status {status}"
    wide = browser.value("document.documentElement.scrollWidth")
    room = browser.value("document.documentElement.clientWidth")
    assert wide <= room, f"{page}: {wide} pixels wide in {room}"


def fits(family, width, height, kind):
    with Server(ROOT) as server, Browser() as browser:
        browser.become(width, height, is_phone=kind.startswith("phone"),
                       is_dark=kind.endswith("dark"))
        for page in pages():
            look(browser, family, page)
            if page in SHOWN:
                shot(browser, page, kind)
        assert server.is_running()


def a_phone_reads_every_page_without_sideways_scrolling():
    fits(4, 390, 844, "phone")


def a_small_phone_in_the_dark_does_too():
    fits(6, 320, 640, "phone-dark")


def a_desktop_reads_every_page():
    fits(6, 1280, 900, "desktop")


def a_desktop_in_the_dark_does_too():
    fits(4, 1280, 900, "desktop-dark")


if __name__ == "__main__":
    support.need_network()
    support.need_programs(PROGRAM)
    if not importlib.util.find_spec("markdown"):
        support.skip_all("no python3-markdown")
    os.makedirs(SHOTS, exist_ok=True)
    subprocess.run([sys.executable, "tools/make_site.py", ROOT], check=True)
    run_tests([a_phone_reads_every_page_without_sideways_scrolling,
               a_small_phone_in_the_dark_does_too,
               a_desktop_reads_every_page,
               a_desktop_in_the_dark_does_too])
