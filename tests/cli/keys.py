"""Keys of connections are in no output: logs of every format with every event, evidence, text, metrics, answers, the page."""

import base64
import http.client
import json
import pathlib
import subprocess
import tempfile

from captures import write_beginning
from evidence import HOLDS_KEY, KEY_AT
from mptap import BINARY, ROOT
from option_bytes import options_in
from query import HALF
from running import Running

CAPTURES = ("basic-v0", "basic-v1", "demo", "fastclose", "wrong-hmac", "key-change", "corpus-token-reuse")
CONFIG = "notices: {packet: on, evidence: on}\n"
EVENTS = "mptcp,mp_error,mp_capable,mp_join,mp_dss,mp_add_addr,mp_remove_addr,mp_prio,mp_fail,mp_fastclose,mp_tcprst,subflow,connection"
FORMATS = ("zeek", "json", "eve")


def keys_in(data):
    """All keys that options of a capture carry."""
    keys = set()
    for option in options_in(data):
        if option.subtype in HOLDS_KEY and len(option.data) > KEY_AT:
            keys |= {option.data[at : at + 8] for at in range(KEY_AT, len(option.data) - 7, 8)}
    return {key for key in keys if len(set(key)) > 2}  # zeros and their like stand anywhere


def spellings(key):
    """How a key might be written: bytes, hex digits, numbers of either byte order, base64."""
    hexadecimal = key.hex()
    texts = {hexadecimal, hexadecimal.upper(), ":".join(hexadecimal[i : i + 2] for i in range(0, 16, 2)),
             "\\x" + "\\x".join(hexadecimal[i : i + 2] for i in range(0, 16, 2)),
             *(str(int.from_bytes(key, order)) for order in ("big", "little")),
             *(f"{int.from_bytes(key, order):x}" for order in ("big", "little")), base64.b64encode(key).decode().rstrip("=")}  # fmt: skip
    return {key, key[::-1], *(text.encode() for text in texts)}


def found(outputs, keys):
    """Sentences on keys in outputs, {name: bytes}; base64 of whole packets is looked into, too."""
    for name, content in outputs.items():
        for word in content.replace(b'"', b" ").replace(b"\t", b" ").split():
            if len(word) > 40 and len(word) % 4 == 0 and not word.startswith(b"{"):
                try:
                    content += b" " + base64.b64decode(word, validate=True)
                except ValueError:
                    continue
        yield from (f"{name} holds the key {key.hex()}" for key in keys for spelling in spellings(key) if spelling in content)


def outputs_of(capture, directory):
    """Everything that `mptap read` writes and prints of a capture, in every format."""
    config = directory / "mptap.yaml"
    config.write_text(CONFIG)
    outputs = {}
    for log_format in FORMATS:
        logs = directory / log_format
        command = [BINARY, "read", "--config", config, "--events", EVENTS, "--log-dir", logs, "--format", log_format, capture]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        outputs |= {f"{log_format}: {path.name}": path.read_bytes() for path in logs.iterdir()}
        outputs[f"{log_format}: stderr"] = done.stderr
    done = subprocess.run([BINARY, "read", "--events", EVENTS, capture], capture_output=True, timeout=60, check=True)
    return outputs | {"what read prints": done.stdout + done.stderr}


def capture_problems(name):
    """Of one capture; a token must be found, so that the search is known to find."""
    capture = ROOT / "tests/captures" / name / "capture.pcap"
    data = capture.read_bytes()
    keys = keys_in(data)
    with tempfile.TemporaryDirectory() as folder:
        outputs = outputs_of(capture, pathlib.Path(folder))
    if not keys:
        yield "the capture has no key: this checks nothing"
    yield from found(outputs, keys)
    connection = json.loads((capture.parent / "truth.json").read_text())["connections"][0]
    token = next(value for value in (connection["token_orig"], connection["token_resp"]) if value)
    lacking = [output for output in outputs if ("conn" in output or "eve.json" in output) and token.encode() not in outputs[output]]
    yield from (f"{output} does not even hold the token {token}" for output in lacking)


class Served(Running):
    """A live sensor with the connection of `query`: what it serves, answers and says."""

    def __init__(self, folder):
        capture = ROOT / "tests/captures/basic-v1/capture.pcap"
        self._data = capture.read_bytes()
        half = write_beginning(capture, HALF, pathlib.Path(folder) / "secret-half.pcap")
        super().__init__(folder, "secrets", port=f"net_pcap0,rx_pcap={half}")

    def _get(self, path):
        connection = http.client.HTTPConnection(self._listen, timeout=5)
        connection.request("GET", path)
        body = connection.getresponse().read()
        connection.close()
        return body

    def _steps(self):
        yield from self._until("mptap_connections", 1)
        outputs = {path: self._get(path) for path in ("/", "/metrics", "/api/status", "/api/connections", "/api/notices")}
        for what in ("status", "connections", "config"):
            for more in ([], ["--json"]) if what != "config" else ([],):
                command = [BINARY, what, "--socket", self.socket, *more]
                outputs[" ".join([what, *more])] = subprocess.run(command, capture_output=True, check=True, timeout=20).stdout
        outputs["stderr"] = self._stderr.read_bytes()
        keys = keys_in(self._data)
        yield from found(outputs, keys)
        token = json.loads((ROOT / "tests/captures/basic-v1/truth.json").read_text())["connections"][0]["token_orig"].encode()
        lacking = [name for name in ("/api/connections", "connections", "connections --json") if token not in outputs[name]]
        yield from (f"{name} does not even hold the token" for name in lacking)


def search_problems():
    """The search finds a key in each of its spellings."""
    key = bytes.fromhex("37b95a4ac08368cf")
    for spelling in spellings(key):
        if not list(found({"x": b"before " + spelling + b" behind"}, {key})):
            yield f"{spelling!r} is not found"
    packet = base64.b64encode(bytes(30) + key + bytes(30))
    if not list(found({"x": b'{"packet":"' + packet + b'"}'}, {key})):
        yield "a key within a packet in base64 is not found"


def checks(folder):
    """Pairs of a check's name and what is wrong."""
    yield "the search finds what there is", list(search_problems())
    for name in CAPTURES:
        yield name, list(capture_problems(name))
    yield "a live sensor", list(Served(folder).problems())
