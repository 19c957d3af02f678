"""The page's own files under the sensor's own headers, with answers that no test can have of a real sensor."""

import http.server
import json
import re
import threading
import urllib.parse

from mptap import ROOT

FOLDER = ROOT / "daemon/page"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"

STATUS = {
    "ok": True, "version": "9.9", "pid": 1, "time": 1_700_000_600.0, "started": 1_700_000_000.0,
    "ports": [{"name": "eth1", "up": True, "rx_packets": 9_000_000, "nic_missed": 1_000, "no_mbuf": 0, "rx_errors": 0},
              {"name": "eth2", "up": False, "rx_packets": 1_000, "nic_missed": 0, "no_mbuf": 0, "rx_errors": 0}],
    "workers": [{"rx_packets": 9_001_000, "tcp_segments": 8_000_000, "with_mptcp": 2_000_000, "subflows": 7, "ring_full_vital": 3, "ring_full_bulk": 40}],
    "control": {"connections": 3}, "config": {"hash": "abcdef0123"}, "stalled_threads": 1,
}


def policy():
    """The Content-Security-Policy of the sensor, read from its source: it is what must hold."""
    source = (ROOT / "daemon/page/web_page.cc").read_text()
    literals = re.search(r"kPolicy =\s*((?:\"[^\"]*\"\s*)+);", source)[1]
    return "".join(re.findall(r'"([^"]*)"', literals))


def path_of(orig, resp, sent, **other):
    """One subflow."""
    return {"orig_h": orig, "orig_p": 40000, "resp_h": resp, "resp_p": 443, "isOrig": False, "state": "established", "backup_at_end": False,
            "hmac_synack": True, "hmac_ack": True, "orig_bytes": 0, "resp_bytes": sent, "token": "22222222", "handshake_rtt": 0.021} | other


def connection_of(number, paths, **other):
    """One surveyed connection."""
    first = paths[0]
    row = {"MP_ID": number, "version": 1, "orig_h": first["orig_h"], "orig_p": 40000, "resp_h": first["resp_h"], "resp_p": 443,
           "token_orig": "11111111", "token_resp": "22222222", "outcome": "established", "duration": 4000.0 * (number + 1), "orig_bytes": 0,
           "resp_bytes": sum(path["resp_bytes"] for path in paths), "orig_address_list": [{"address": first["orig_h"]}]}
    return {"connection": row | other, "live_subflows": len(paths), "subflows": paths}


def notice_of(second, note, severity, message, **other):
    """One notice."""
    return {"ts": 1_700_000_000.0 + second, "note": note, "severity": severity, "msg": message, "MP_ID": None, "src": "192.0.2.7",
            "src_p": 50000, "dst": "198.51.100.10", "dst_p": 443} | other


FIRST = path_of("2001:db8:20:1111:2222:3333:4444:a1", "2001:db8:10:1111:2222:3333:4444:20", 600_000, isOrig=True, hmac_synack=None, hmac_ack=None, token=None)
CONNECTIONS = [
    connection_of(0, [
        FIRST,
        path_of("192.0.2.33", "198.51.100.20", 300_000),
        path_of("203.0.113.141", "198.51.100.20", 0, backup_at_end=True),
        path_of("203.0.113.99", "198.51.100.20", 100_000, hmac_ack=False),
        path_of("198.51.100.20", "192.0.2.33", 0, token="11111111", state="partial", hmac_synack=None, hmac_ack=None),
    ]),
    connection_of(1, [path_of("10.0.0.2", "198.18.0.101", 0, isOrig=True)], token_orig=None),
    connection_of(2, [path_of(HOSTILE, HOSTILE, 10, isOrig=True)], outcome=HOSTILE, token_resp=HOSTILE),
]
NOTICES = [
    notice_of(0, "rejected", "info", "198.51.100.150 answered without MPTCP"),
    notice_of(60, "half_open_join", "low", "the opener fell silent"),
    notice_of(200, "duplicate_add_addr", "medium", "address ID 2 already names 198.51.100.57 and is advertised for 198.51.100.60", MP_ID=2),
    notice_of(400, "join_hmac", "high", "the HMAC of the third ACK is not what the keys demand", MP_ID=0),
    notice_of(590, "join_hmac", "high", HOSTILE, src=HOSTILE),
]


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802, the name that the library calls
        url = urllib.parse.urlsplit(self.path)
        self.server.asked.append(self.path)
        if self.server.is_mute:
            self.send_error(500)
            return
        if url.path.startswith("/api/"):
            status, answer = self.server.answer(url.path.removeprefix("/api/"), dict(urllib.parse.parse_qsl(url.query)))
            body, content = json.dumps(answer).encode(), "application/json"
        else:
            file = FOLDER / (url.path.lstrip("/") or "index.html")
            status = 200 if file.is_file() and file.suffix in TYPES else 404
            body, content = (file.read_bytes(), TYPES[file.suffix]) if status == 200 else (b"", "text/plain")
        self.send_response(status)
        for name, value in (("Content-Type", content), ("Content-Length", str(len(body))), ("Content-Security-Policy", policy()),
                            ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Faked(http.server.ThreadingHTTPServer):
    """Enter the context, and it serves at `url`; `asked` are the paths asked for; it answers nothing good while `is_mute`."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = []
        self.is_mute = False
        self.connections = CONNECTIONS
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def answer(self, what, fields):
        """(status, object) of one question."""
        if what == "status":
            return 200, STATUS
        if what == "notices":
            return 200, {"ok": True, "notices": NOTICES}
        if fields.get("token") == "xyz":
            return 400, {"ok": False, "error": "'xyz' is no token: up to 8 hex digits, as in the logs"}
        return 200, {"ok": True, "matching": len(self.connections), "connections": self.connections}
