# SPDX-License-Identifier: ISC
"""Headless Chromium, told what to do through two pipes in its DevTools protocol."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from support import die_with_parent

PROGRAM = "chromium"
ANSWER_S = 60


class Browser:
    """Runs while the with statement does. One page, as wide as it is told."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="mstack-browser-")
        to_it, self.write_fd = os.pipe()
        self.read_fd, from_it = os.pipe()

        def pipes():
            die_with_parent()
            # Above all four first, since one of them may be 3 or 4 itself.
            high = [os.dup2(fd, 100 + fd) for fd in (to_it, from_it)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.child = subprocess.Popen(
            [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
             "--disable-dev-shm-usage", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile}", "about:blank"],
            preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_it)
        os.close(from_it)
        self.count, self.waiting, self.session = 0, b"", None
        self.events = []

    def __enter__(self):
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"],
                                flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.ask(domain + ".enable")
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        os.close(self.read_fd)
        os.close(self.write_fd)
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        end = time.monotonic() + ANSWER_S
        while b"\0" not in self.waiting:
            ready, _, _ = select.select([self.read_fd], [], [], max(0, end - time.monotonic()))
            more = os.read(self.read_fd, 1 << 20) if ready else b""
            assert more, "the browser does not answer"
            self.waiting += more
        text, _, self.waiting = self.waiting.partition(b"\0")
        return json.loads(text)

    def ask(self, method, **parameters):
        self.count += 1
        request = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def become(self, width, height, is_phone=False, is_dark=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=2 if is_phone else 1, mobile=is_phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def load(self, url):
        """Gives [(url, status)] of all that was fetched for it; status 0 if it could not be.

        None if it is still under way, as the icon may be: the page does not wait for it.
        """
        self.events = []
        self.ask("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        asked, got = {}, {}
        for event in self.events:
            about = event.get("params", {})
            if event.get("method") == "Network.requestWillBeSent":
                asked[about["requestId"]] = about["request"]["url"]
            elif event.get("method") == "Network.responseReceived":
                got[about["requestId"]] = about["response"]["status"]
            elif event.get("method") == "Network.loadingFailed":
                got[about["requestId"]] = 0
        return [(address, got.get(number)) for number, address in asked.items()]

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression,
                        returnByValue=True)["result"].get("value")

    def screenshot(self, path, is_whole=False):
        picture = self.ask("Page.captureScreenshot", captureBeyondViewport=is_whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))
