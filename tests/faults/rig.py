"""A sensor on one end of a veth pair, somebody who sends into the other, and what every fault is judged by."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

from equations import violations_at_rest
from mptap import BINARY, START_S, Sensor
from netns import run_in
from opener import FRAMES, Opener
from without_root import Tap

DESCRIPTORS = 2048


def missing_support():
    """Why no fault can be made here, or None."""
    if os.geteuid() != 0:
        return "it needs root, for network namespaces and file systems of their own"
    missing = [tool for tool in ("ip", "ethtool", "mount", "unshare") if not shutil.which(tool)]
    if missing:
        return f"{missing[0]} is not installed"
    try:
        with Tap():
            return None
    except RuntimeError as error:
        return f"network namespaces or their links are refused here ({error})"


class Rig:
    """`sensor` runs on `tap0` of `namespace`; `problems` gathers what is wrong, and stays readable afterwards.

    `before` is called with the directory before the sensor starts; `log_settings` are lines of the group `logs`.
    """

    def __init__(self, folder, settings="", before=None, wrapped_by=(), log_settings=()):
        self.directory = pathlib.Path(folder)
        self.directory.mkdir(exist_ok=True)
        self.problems = []
        self._arguments = {"settings": f"hugepages: never\n{settings}", "wrapped_by": wrapped_by, "descriptors": DESCRIPTORS}
        self._before = before
        self._log_settings = log_settings

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.namespace = stack.enter_context(Tap()).namespace
            if self._before:
                self._before(self.directory)
            self.sensor = Sensor(self.namespace, "tap0", self.directory, **self._arguments)
            for line in self._log_settings:
                self.sensor.config.write_text(self.sensor.config.read_text().replace("logs:\n", f"logs:\n  {line}\n"))
            stack.enter_context(self.sensor)
            self.opener = stack.enter_context(contextlib.closing(Opener(self.namespace, "tap0-in")))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def wrong(self, sentence):
        """Notes a problem."""
        self.problems.append(sentence)

    def wants(self, holds, sentence):
        """Notes a problem where something does not hold."""
        if not holds:
            self.wrong(sentence)
        return holds

    def soon(self, holds, sentence, seconds=START_S):
        """Waits until `holds()`; notes a problem where that takes too long."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):  # metrics that do not answer just now
                if holds():
                    return True
            if time.monotonic() > deadline:
                self.wrong(f"{sentence}; it says {self.said()[-300:]!r}")
                return False
            time.sleep(0.05)

    def said(self):
        """Everything on stderr."""
        return self.sensor.stderr.read_text()

    def says(self, text, times=1):
        """Waits until the sensor has said it."""
        return self.soon(lambda: self.said().count(text) >= times, f"it does not say {text!r}")

    def metric(self, name):
        """A metric without its prefix."""
        return self.sensor.metric(f"mptap_{name}")

    def unseen(self, before=0):
        """Frames that were sent and neither received nor counted as missed."""
        return len(self.opener.flows) * FRAMES - before - self.metric("rx_packets_total") - self.metric("port_nic_missed_total")

    def open(self, count, seen=True):
        """Opens connections; waits until the sensor has seen them."""
        before = self.metric("tcp_segments_total") if seen else 0
        self.opener.open(count)
        if seen:
            self.soon(lambda: self.metric("tcp_segments_total") + self.metric("port_nic_missed_total") >= before + count * FRAMES,
                      f"{count} connections were not seen")  # fmt: skip

    def start(self):
        """Opens a connection that stays open, and waits until the sensor has seen it; `opener.finish` takes what it returns."""
        before = self.metric("tcp_segments_total")
        number = self.opener.start()
        self.soon(lambda: self.metric("tcp_segments_total") >= before + FRAMES - 1, "a connection was not seen")
        return number

    def lived_through(self, number):
        """After the sensor's end: a connection that was open as the fault came is one row, which ends with its reset."""
        flow = self.opener.flows[number]
        told = [row["close"] for row in self.sensor.rows("mptcp_subflow") if (row["orig_h"], row["orig_p"]) == flow]
        self.wants(told == ["reset"], f"a connection that was open meanwhile has rows that end with {told} instead of its reset")

    def works(self, count=20):
        """New connections become rows."""
        known = self.rows_written()
        self.open(count)
        self.soon(lambda: self.rows_written() >= known + count, "new connections make no rows")

    def rows_written(self):
        """Of subflows."""
        return self.metric('log_rows_written_total{log="mptcp_subflow"}')

    def ends(self, code=0):
        """Stops it; it ends with this code."""
        try:
            found = self.sensor.stop()
        except subprocess.TimeoutExpired:
            self.wrong("it does not end when it is asked to")
            return
        self.wants(found == code, f"exit code {found} instead of {code}: {self.said()[-300:]!r}")

    def lines_are_whole(self):
        """Each log is whole lines of JSON."""
        for path in sorted(self.directory.rglob("*.log")):
            if path.is_file():
                self.problems += broken_lines(path)

    def counters_add_up(self):
        """The equations of docs/metrics.md, once nothing moves."""
        self.problems += violations_at_rest(self.sensor.scrape)

    def ends_well(self):
        """What holds at the end of a fault that is over: all is counted, it stops when it is asked to, logs are whole."""
        self.counters_add_up()
        self.ends(0)
        self.lines_are_whole()


def broken_lines(path, may_be_cut=False):
    """Sentences on lines that are no JSON; a last one without its end may be allowed."""
    text = path.read_bytes()
    whole, _, rest = text.rpartition(b"\n")
    problems = [] if may_be_cut or not rest else [f"{path.name} ends in the middle of a line: {rest[-60:]!r}"]
    for line in whole.splitlines():
        with contextlib.suppress(ValueError):
            if isinstance(json.loads(line), dict):
                continue
        problems.append(f"{path.name} has a broken line: {line[:80]!r}")
    return problems


class Traffic:
    """Opens connections without pause in a thread of its own, while the context lasts."""

    def __init__(self, opener, pause_s=0.002):
        self._opener = opener
        self._pause_s = pause_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self):
        while not self._end.is_set():
            with contextlib.suppress(OSError):  # the link may be down
                self._opener.open(5)
            time.sleep(self._pause_s)


def link(rig, *arguments):
    """Changes the sensor's network."""
    run_in(rig.namespace, "ip", "link", *arguments)


def command(*arguments, seconds=30):
    """A command of mptap; returns (exit code, everything it says)."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, check=False)
    return done.returncode, done.stdout + done.stderr


