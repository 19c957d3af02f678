"""A running sensor that is asked: the control socket, the commands that use it, and those who misuse it."""

import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import socket
import stat
import subprocess
import time

from captures import write_beginning
from mptap import BINARY, ROOT, START_S
from running import Running

CAPTURE = ROOT / "tests/captures/basic-v1"
HALF = 30  # packets: its first connection with two subflows, neither of them ended


class Asked(Running):
    """One live connection, and everything that may be asked about it."""

    def __init__(self, folder):
        half = write_beginning(CAPTURE / "capture.pcap", HALF, pathlib.Path(folder) / "asked.pcap")
        super().__init__(folder, "asked", port=f"net_pcap0,rx_pcap={half}")
        self._truth = json.loads((CAPTURE / "truth.json").read_text())["connections"][0]

    def _steps(self):
        yield from self._until("mptap_connections", 1)
        yield from self._until("mptap_subflows", 2)
        yield from self._status()
        yield from self._connections()
        yield from self._settings()
        yield from self._top()
        yield from self._file()
        yield from self._misuse()
        yield from self._second()

    def _run(self, *arguments, code=0):
        """What a command prints."""
        command = [BINARY, *arguments, "--socket", self.socket]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if done.returncode != code:
            raise RuntimeError(f"mptap {' '.join(arguments)} ends with {done.returncode} instead of {code}: {done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def _json(self, *arguments):
        return json.loads(self._run(*arguments, "--json"))

    def _status(self):
        status = self._json("status")
        found = (status["workers"][0]["rx_packets"], status["control"]["connections"], status["workers"][0]["subflows"],
                 status["stalled_threads"], status["ports"][0]["missed_share"], status["pid"])
        if found != (wanted := (HALF, 1, 2, 0, 0, self._sensor.pid)):
            yield f"status tells {found} instead of {wanted}"
        for wanted in ("1 port up, 1 connection, 0.0 % missed", f"{HALF} packets", "1 seen, 1 matched, 0 unknown"):
            if wanted not in (text := self._run("status")):
                yield f"status does not say {wanted!r}: {text}"

    def _connections(self):
        answer = self._json("connections")
        if answer["matching"] != 1 or len(answer["connections"]) != 1:
            yield f"{answer['matching']} connections instead of 1"
            return
        seen = answer["connections"][0]
        for key in ("orig_h", "orig_p", "resp_h", "resp_p", "token_orig", "token_resp", "version"):
            if seen["connection"][key] != self._truth[key]:
                yield f"connections: {key} is {seen['connection'][key]} instead of {self._truth[key]}"
        paths = {(subflow["orig_h"], subflow["orig_p"]) for subflow in seen["subflows"]}
        if paths != (wanted := {(subflow["orig_h"], subflow["orig_p"]) for subflow in self._truth["subflows"]}):
            yield f"connections: subflows from {paths} instead of {wanted}"
        sums = sum(subflow["resp_bytes"] for subflow in seen["subflows"])
        if seen["connection"]["resp_bytes"] != sums or seen["connection"]["close"] != "open":
            yield f"connections: {seen['connection']} does not sum up its subflows, which sent {sums} bytes, or is not open"
        join = self._truth["subflows"][1]["orig_h"]
        for filters, matching in ((["--token", self._truth["token_resp"]], 1), (["--token", self._truth["token_orig"].upper()], 1),
                                  (["--token", "1234"], 0), (["--address", join], 1), (["--address", "198.18.0.0/15"], 1),
                                  (["--address", "10.0.0.0/30"], 1), (["--address", "10.0.0.4/30"], 0),
                                  (["--address", "2001:db8::/32"], 0), (["--limit", "0"], 1)):
            if (found := self._json("connections", *filters)["matching"]) != matching:
                yield f"connections {filters}: {found} match instead of {matching}"
        for wanted in (self._truth["token_orig"], f"> {self._truth['resp_h']}:443  join", "HMAC of SYN/ACK valid", "2 live subflows"):
            if wanted not in (text := self._run("connections")):
                yield f"connections does not say {wanted!r}: {text}"
        for filters, sentence in ((["--token", "xyz"], "'xyz' is no token"), (["--address", "10.0.0.1/8"], "'10.0.0.1/8' is no address")):
            if sentence not in (said := self._run("connections", *filters, code=1)):
                yield f"connections {filters} does not say {sentence!r}: {said}"

    def _settings(self):
        wanted = subprocess.run([BINARY, "print-config", "--config", self._config], capture_output=True, text=True).stdout
        if self._run("config") != wanted:
            yield "`mptap config` differs from print-config of its file"
        self.write(threshold=7)
        yield from self._hang_up("reloaded")
        if "threshold: 7\n" not in self._run("config"):
            yield "`mptap config` does not follow a reload"

    def _top(self):
        text = self._run("top", "--once", "--interval", "0.2")
        for wanted in ("1 port up, 1 connection", f"{self._truth['orig_h']}:{self._truth['orig_p']} > {self._truth['resp_h']}:443", "LATEST NOTICES"):
            if wanted not in text:
                yield f"top --once does not show {wanted!r}: {text}"
        if (longest := max(map(len, text.splitlines()))) > 80:
            yield f"top --once has a line of {longest} letters"
        shown, code = screen_of([BINARY, "top", "--interval", "0.2", "--socket", self.socket], until=b"LATEST NOTICES")
        if code != 0 or b"1 port up, 1 connection" not in shown:
            yield f"top in a terminal ends with {code} and shows {shown!r}"

    def _file(self):
        mode = stat.S_IMODE(os.stat(self.socket).st_mode)
        if mode != 0o660:
            yield f"the socket's mode is {mode:o} instead of 660"

    def _misuse(self):
        for line, wanted in ((b"garbage", "one JSON object"), (b"[]", "one JSON object"), (b"{}", "ask: status"), (b'{"ask":7}', "ask: a text"),
                             (b'{"ask":"keys"}', "ask: status"), (b'{"ask":"status","x":1}', "'x' is not known"),
                             (b'{"ask":"connections","limit":1001}', "limit: a number"), (b'{"ask":"connections","limit":-1}', "limit: a number"),
                             (b'{"ask":"connections","token":"123456789"}', "is no token"), (b'{"ask":"\xff"}', "one JSON object"),
                             (b"[" * 4000, "one JSON object")):
            answer = json.loads(self._exchange(line + b"\n"))
            if answer["ok"] or wanted not in answer["error"]:
                yield f"{line[:40]!r} is answered with {answer}"
        if (answer := self._exchange(b"x" * 5000 + b"\n")) != b"":
            yield f"a question of 5000 bytes is answered with {answer[:80]!r}"
        both = self._exchange(b'{"ask":"status"}\n{"ask":"notices"}\n', lines=2).splitlines()
        if len(both) != 2 or "notices" not in json.loads(both[1]):
            yield f"two questions at once are answered with {len(both)} lines"
        with contextlib.ExitStack() as stack:  # more than there are places for, and none of them asks
            for _ in range(20):
                stack.enter_context(self._connected())
            before = time.monotonic()
            self._run("status")
            if not 1 < time.monotonic() - before < 10:
                yield f"with all places taken an answer came after {time.monotonic() - before:.1f} s"
        self._run("status")

    def _second(self):
        """A second sensor on the same socket runs and says so; one that was killed leaves the path to the next."""
        second = Running(self._folder, "second", socket=self.socket)
        second.write()
        sensor = subprocess.Popen([BINARY, "run", "--config", self._folder / "second/mptap.yaml"], stderr=subprocess.PIPE, text=True)
        try:
            said = sensor.stderr.readline() + sensor.stderr.readline()
            if "another mptap answers there" not in said or "watching 1 port" not in said:
                yield f"a second sensor on the same socket says {said!r}"
        finally:
            sensor.send_signal(signal.SIGTERM)
            sensor.wait(START_S)
            sensor.stderr.close()
        if self._json("status")["pid"] != self._sensor.pid:
            yield "the second sensor took the socket away"

    def _connected(self):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self.socket))  # waits where many come at once
        client.settimeout(10)
        return client

    def _exchange(self, line, lines=1):
        """The lines that come back, or nothing where the sensor hangs up."""
        with self._connected() as client, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(line)
            answer = b""
            while answer.count(b"\n") < lines:
                if not (part := client.recv(65536)):
                    break
                answer += part
            return answer
        return b""


class Killed(Running):
    """A sensor that was killed leaves its socket behind, and the next takes it over."""

    def __init__(self, folder):
        super().__init__(folder, "killed")

    def _steps(self):
        self._sensor.kill()
        self._sensor.wait()
        if not self.socket.exists():
            yield "a killed sensor left no socket: this checks nothing"
        with self._stderr.open("w") as stderr:
            self._sensor = subprocess.Popen([BINARY, "run", "--config", self._config], stderr=stderr)
        yield from self._expect("watching 1 port")
        done = subprocess.run([BINARY, "status", "--socket", self.socket], capture_output=True, text=True)
        if done.returncode != 0:
            yield f"after a killed sensor the next cannot be asked: {done.stderr}"


def screen_of(command, until):
    """What a program shows in a terminal of 80 by 24 until it has shown `until` and q is pressed; and its exit code."""
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "LINES": "24", "COLUMNS": "80"}
    program = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    shown = b""
    deadline = time.monotonic() + START_S
    while until not in shown and time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            shown += os.read(master, 65536)
    os.write(master, b"q")
    try:
        code = program.wait(5)
    except subprocess.TimeoutExpired:
        program.kill()
        code = "no end"
    os.close(master)
    return shown, code


def checks(folder):
    """Pairs of a check's name and what is wrong."""
    yield "the sensor answers", list(Asked(folder).problems())
    yield "a killed sensor's socket is taken over", list(Killed(folder).problems())
