"""The page at the metrics listener, as a client without a browser sees it: headers, methods, names, bad queries, the switch."""

import http.client
import json
import pathlib
import socket
import threading

from captures import write_beginning
from query import CAPTURE, HALF
from running import Running

FILES = {"/": "text/html; charset=utf-8", "/app.js": "text/javascript; charset=utf-8", "/picture.js": "text/javascript; charset=utf-8",
         "/style.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml"}
API = ("/api/status", "/api/connections", "/api/notices")
UNKNOWN = ("/index.html", "/api", "/api/", "/api/config", "/api/status/", "/metrics/", "/metricsx", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
           "/favicon.ico", "/page/embed")
OWN_NAMES = ("localhost", "LocalHost", "127.0.0.1", "[::1]", "localhost:8080", "127.0.0.1:1", "[::1]:9464")
FOREIGN_NAMES = ("evil.example", "evil.example:9464", "localhost.evil.example", "localhost.", "127.0.0.1.evil.example", "127.0.0.2", "[::2]",
                 "localhost@evil.example", "", "[::1", "0.0.0.0", "127.1", "2130706433")
BAD_QUERIES = (("connections?limit=1001", "limit: a number"), ("connections?limit=-1", "limit: a number"), ("connections?limit=", "limit: a number"),
               ("connections?token=xyz", "'xyz' is no token"), ("connections?address=10.0.0.1/8", "'10.0.0.1/8' is no address"),
               ("connections?address=%ff%fe", "is no address"), ("connections?x=1", "'x' is not known"), ("status?x", "'x' is not known"),
               ("connections?token=" + "f" * 8000, "is no token"), ("notices?" + "&".join(f"k{i}=1" for i in range(1500)), "'k0' is not known"))
GOOD_QUERIES = (("connections", 1), ("connections?", 1), ("connections?&&", 1), ("connections?token=&address=", 1), ("connections?token=8EC67794", 1),
                ("connections?token=1234", 0), ("connections?address=10.0.0.0%2F30", 1), ("connections?address=2001%3adb8%3a%3a/32", 0),
                ("connections?ask=config", 1), ("connections?limit=1&limit=0", 1))


class Paged(Running):
    """A sensor with one live connection."""

    def __init__(self, folder, name="paged", **values):
        half = write_beginning(CAPTURE / "capture.pcap", HALF, pathlib.Path(folder) / f"{name}.pcap")
        super().__init__(folder, name, port=f"net_pcap0,rx_pcap={half}", **values)

    def _get(self, path, method="GET", **headers):
        """(status, headers, body)."""
        connection = http.client.HTTPConnection(self._listen, timeout=10)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _steps(self):
        yield from self._until("mptap_connections", 1)
        yield from self._files()
        yield from self._methods()
        yield from self._names()
        yield from self._queries()
        yield from self._oversized()
        yield from self._many()

    def _files(self):
        for path, content_type in (FILES | {path: "application/json" for path in API}).items():
            status, headers, body = self._get(path)
            wanted = {"Content-Type": content_type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
                      "Content-Length": str(len(body)), "Connection": "close"}
            if status != 200 or not body or wanted.items() - headers.items():
                yield f"{path}: {status}, {len(body)} bytes, {headers}"
            if not headers.get("Content-Security-Policy", "").startswith("default-src 'self';"):
                yield f"{path}: the policy is {headers.get('Content-Security-Policy')!r}"
            if loose := [name for name in headers if name.startswith("Access-Control-")]:
                yield f"{path}: others may read it by {loose}"
            if path in FILES and (b"http://" in body.replace(b"http://www.w3.org/", b"") or b"https://" in body):
                yield f"{path} names another place"
        for path in UNKNOWN:
            if (status := self._get(path)[0]) not in (400, 404):
                yield f"{path}: {status} instead of 404"

    def _methods(self):
        for path in ("/", *API, "/metrics"):
            _, of_get, body = self._get(path)
            status, of_head, nothing = self._get(path, "HEAD")
            if (status, nothing, of_head.keys()) != (200, b"", of_get.keys()):
                yield f"HEAD {path}: {status}, {len(nothing)} bytes, {of_head}"
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"):
                status, headers, _ = self._get(path, method)
                if not (status == 405 and headers.get("Allow") == "GET, HEAD" or status == 400) or "Access-Control-Allow-Origin" in headers:
                    yield f"{method} {path}: {status} {headers}"
        if self._get("/", "POST")[0] != 405:
            yield "POST / is not told that it may not"

    def _names(self):
        for path in ("/", "/app.js", *API, "/nothing"):
            for name in OWN_NAMES:
                if (status := self._get(path, Host=name)[0]) not in (200, 404):
                    yield f"{path} of {name!r}: {status}"
            for name in FOREIGN_NAMES:
                status, _, body = self._get(path, Host=name)
                if status != 403 and not (name == "" and status == 400) or b"8ec67794" in body:
                    yield f"{path} of {name!r}: {status} instead of 403"
        for name in ("sensor.example:9464", "evil.example"):
            if self._get("/metrics", Host=name)[0] != 200:
                yield f"Prometheus may not ask {name}"

    def _queries(self):
        for query, sentence in BAD_QUERIES:
            status, headers, body = self._get(f"/api/{query}")
            if status != 400 or headers["Content-Type"] != "application/json" or sentence not in json.loads(body)["error"]:
                yield f"{query[:60]}: {status} {body[:120]!r}"
        for query, matching in GOOD_QUERIES:
            status, _, body = self._get(f"/api/{query}")
            if status != 200 or (found := json.loads(body)["matching"]) != matching:
                yield f"{query}: {status}, {body[:120]!r} instead of {matching} that match"

    def _oversized(self):
        """A request that is too large, one that never ends, and what is no HTTP."""
        for request in (b"GET /api/connections?address=" + b"1" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01" + b"\x00" * 600, b"\r\n\r\n"):
            host, port = self._listen.split(":")
            with socket.create_connection((host, int(port)), 10) as client:
                try:
                    client.sendall(request)
                    said = client.recv(65536)
                except ConnectionError:
                    said = b""
            if said and not said.startswith((b"HTTP/1.0 4", b"HTTP/1.1 4")):
                yield f"{request[:40]!r} is answered with {said[:80]!r}"
        if self._get("/api/status")[0] != 200:
            yield "after broken requests it does not answer"

    def _many(self):
        """Many readers at once: each is answered, or told to come again; metrics are answered to each."""
        found = []

        def read(path):
            found.append((path, self._get(path)[0]))

        readers = [threading.Thread(target=read, args=(path,)) for path in (*API, "/metrics") * 10]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        odd = [one for one in found if one[1] != 200 and one not in [(path, 503) for path in API]]
        if odd or len(found) != 40:
            yield f"of {len(found)} readers at once some were answered with {odd}"


class Unpaged(Paged):
    """A sensor whose page is switched off."""

    def __init__(self, folder):
        super().__init__(folder, "unpaged", page="false")

    def _steps(self):
        for path in (*FILES, *API):
            status, headers, body = self._get(path)
            if status != 404 or b"/metrics" not in body:
                yield f"{path}: {status} {body!r}"
        if self._get("/metrics")[0] != 200:
            yield "without the page there are no metrics"


class Socketless(Paged):
    """The page of a sensor without a control socket."""

    def __init__(self, folder):
        super().__init__(folder, "socketless", socket='""')

    def _steps(self):
        yield from self._until("mptap_connections", 1)
        if json.loads(self._get("/api/connections")[2])["matching"] != 1:
            yield "the connection is not told"


def checks(folder):
    """Pairs of a check's name and what is wrong."""
    yield "what a client gets", list(Paged(folder).problems())
    yield "switched off", list(Unpaged(folder).problems())
    yield "without a control socket", list(Socketless(folder).problems())
