"""The questions of docs/query.md to the socket and alone, what a browser asks, and addresses to listen on."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOCKET, PAGE, ADDRESSES, SERVICE = b"\0", b"\1", b"\4", b"\5"


def seeds_of(_captures):
    questions = [text.encode() for text in re.findall(r"`(\{\"ask\".*?\})`", (ROOT / "docs/query.md").read_text())]
    for question in questions:
        yield SERVICE + question
        yield SOCKET + question + b"\n"
    yield SOCKET + b"\n".join(questions) + b"\n"
    for host in (b"127.0.0.1:9464", b"localhost", b"[::1]:9464", b"example.org"):
        for path in (b"/", b"/app.js", b"/api/status", b"/api/connections", b"/api/notices", b"/metrics"):
            query = b"limit=5&address=10.0.0.0%2F8&token=8ec67794" if path.startswith(b"/api/c") else b""
            yield PAGE + b"\n".join([b"GET", path, host, query])
    yield PAGE + b"POST\n/\nlocalhost\n"
    for listen in (b"127.0.0.1:9464", b"localhost:0", b"0.0.0.0:65535"):
        yield ADDRESSES + listen + b"\n192.0.2.1:80"
