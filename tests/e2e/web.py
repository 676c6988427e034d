# SPDX-License-Identifier: ISC
"""An HTTP server on the kernel's TCP, in a process of its own, that can misbehave as asked."""
import hashlib
import http.server
import os
import re
import signal
import socket
import tempfile
import time

from support import die_with_parent

PORT = 8000
FOREVER = 3600


class Handler(http.server.BaseHTTPRequestHandler):
    """GET with Range and If-Range. What stands before the file's name says how to misbehave."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        line = f"{self.requestline}|{self.headers.get('Range', '')}"
        os.write(self.server.log.fileno(), (line + "\n").encode())

    def do_GET(self):
        how, _, name = self.path.lstrip("/").rpartition("/")
        try:
            with open(os.path.join(self.server.root, name), "rb") as file:
                body = file.read()
        except OSError:
            self.send_error(404)
            return
        getattr(self, "send_" + (how or "file"))(body)

    def begin(self, body):
        """Sends the head. Gives the part of the body that is wanted."""
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_part = found and self.headers.get("If-Range", tag) == tag
        rest = body[int(found[1]):] if is_part else body
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes {found[1]}-{len(body) - 1}/{len(body)}")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        return rest

    def send_file(self, body):
        self.wfile.write(self.begin(body))

    def send_half(self, body):
        """And closes the connection. Asked for the rest, it sends it."""
        rest = self.begin(body)
        self.wfile.write(rest[:len(body) // 2])
        self.close_connection = True

    def send_and_wait(self, body):
        """Half of it, and then nothing, for ever."""
        self.wfile.write(self.begin(body)[:len(body) // 2])
        time.sleep(FOREVER)

    def send_chunks(self, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(body), 70_001):
            chunk = body[at:at + 70_001]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def send_until_close(self, body):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_elsewhere(self, _):
        self.send_response(302)
        self.send_header("Location", "http://192.0.2.99/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_nonsense(self, _):
        self.wfile.write(b"SSH-2.0-nonsense\r\n\0\x1b[2J\r\n\r\n" * 10)
        self.close_connection = True


class DualStack(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # the client went away


class WebServer:
    """Runs while the with statement does."""

    def __init__(self, root):
        self.log = tempfile.TemporaryFile("w+")
        with DualStack(("::", PORT), Handler) as server:
            server.root, server.log = root, self.log
            self.process = os.fork()
            if self.process == 0:
                die_with_parent()
                server.serve_forever()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """kill -9: the kernel is what remains of the connections."""
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
            self.process = None

    def requests(self):
        """Each as `GET /path HTTP/1.1|bytes=5-`."""
        self.log.seek(0)
        return self.log.read().splitlines()


def kernel_counter(name):
    """From the TCP of this namespace: RetransSegs, CurrEstab and so on."""
    with open("/proc/self/net/snmp", encoding="ascii") as file:
        names, values = [line.split() for line in file if line.startswith("Tcp:")]
    return int(values[names.index(name)])
