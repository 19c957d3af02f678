"""Keys are gone from the memory of a process once their connections are over, and a process that is killed leaves none."""

import array
import contextlib
import fcntl
import os
import pathlib
import re
import resource
import signal
import stat
import struct
import subprocess
import termios
import time

from keys import found, keys_in
from memory import Memory
from mptap import BINARY, ROOT, START_S
from option_bytes import frames_in

STEP_NS = 1_000_000  # between two packets
HOURS = 6  # of packet time after the connections: more than any timeout there is by default
FILLERS = 3000
FIRST_NS = 1_700_000_000 * 10**9
ETHERNET = 1
OPEN = 10  # keys that are in memory while connections are open, at least
ENOUGH_BYTES = 1 << 20
ROUNDS = 3
SETTLE_S = 0.5
SHARED = ("/dev/shm", "/dev/hugepages", "/run")  # where programs leave files that are not theirs alone
LARGEST = 64 << 20  # of a file that is looked into


def corpus():
    """(frames of all shipped captures of Ethernet, their keys as numbers, the keys' bytes)."""
    frames, keys = [], set()
    for capture in sorted((ROOT / "tests/captures").glob("*/capture.pcap")):
        data = capture.read_bytes()
        own = list(frames_in(data))
        if own and own[0][0] != ETHERNET:
            continue
        frames += [data[start : start + size] for _, start, size in own]
        keys |= keys_in(data)
    return frames, {int.from_bytes(key, "big") for key in keys}, keys


def fillers():
    """Ordinary TCP, as long as a frame may be: what comes after the connections."""
    for number in range(FILLERS):
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1500, number, 0x4000, 64, 6, 0, b"\xc0\x00\x02\x07", b"\xc6\x33\x64\x07")
        tcp = struct.pack("!HHIIBBHHH", 50000, 443, number * 1460, 1, 0x50, 0x10, 500, 0, 0)
        yield b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00" + ip + tcp + bytes((number & 0x7F,)) * 1460


def _record(frame, time_ns):
    return struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9, len(frame), len(frame)) + frame


class Fed:
    """`mptap read -` that is fed packet by packet and never comes to the end."""

    def __init__(self, folder, name, settings, **process):
        self._folder = pathlib.Path(folder) / name
        self._folder.mkdir()
        config = self._folder / "mptap.yaml"
        config.write_text(settings)
        command = [BINARY, "read", "--config", config, "--log-dir", self._folder / "logs", "-"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, **process)
        self._process.stdin.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, ETHERNET))
        self._now_ns = FIRST_NS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self):
        return self._process.pid

    def end_by(self, number):
        """Sends it a signal; returns its status and what it said."""
        self._process.send_signal(number)
        _, status = os.waitpid(self.pid, 0)
        self._process.returncode = -os.WTERMSIG(status)
        return status, self._process.stderr.read()

    def feed(self, frames, later_ns=0):
        """Packets, the first of them so much later than the last."""
        self._now_ns += later_ns
        for frame in frames:
            self._process.stdin.write(_record(frame, self._now_ns))
            self._now_ns += STEP_NS
        self._process.stdin.flush()

    def await_rest(self):
        """Until it has read all that was fed."""
        deadline, unread = time.monotonic() + START_S, array.array("i", [1])
        while unread[0]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"mptap read leaves {unread[0]} bytes unread")
            time.sleep(0.05)
            fcntl.ioctl(self._process.stdin, termios.FIONREAD, unread)


def _held(what, holders):
    return [f"{what}: the key {key:016x} lies in {', '.join(sorted(places)[:4])}" for key, places in sorted(holders.items())]


def _read_round(folder, name, settings, frames, numbers):
    ordinary = list(fillers())
    with Fed(folder, name, settings) as fed:
        fed.feed(frames)
        fed.await_rest()
        if len(Memory(fed.pid).holders(numbers)) < OPEN:
            yield "hardly a key is found while connections are open: this checks nothing"
        for _ in range(HOURS):
            fed.feed(ordinary[:100], 3600 * 10**9)
        fed.feed(ordinary)
        fed.await_rest()
        time.sleep(SETTLE_S)
        memory = Memory(fed.pid)
        yield from _held("after all connections ended", memory.holders(numbers))
        if memory.looked_at < ENOUGH_BYTES:
            yield f"only {memory.looked_at} bytes were looked at"


def read_problems(folder, name, settings):
    """Of `mptap read`, nothing of whose memory is left out. What stays behind is a matter of luck: several rounds."""
    frames, numbers, _ = corpus()
    for number in range(ROUNDS):
        yield from _read_round(folder, f"{name}-{number}", settings, frames, numbers)


def _files(folders):
    """{path: (when it changed, size)} of all regular files."""
    files = {}
    for folder in folders:
        for where, _, names in os.walk(folder):
            for path in (pathlib.Path(where, name) for name in names):
                with contextlib.suppress(OSError):
                    state = path.lstat()
                    if stat.S_ISREG(state.st_mode):
                        files[path] = state.st_mtime_ns, state.st_size
    return files


def _unlimited():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def dumps_core(folder):
    """Whether a program that may dump its core and is aborted does so here: what mptap is held against."""
    sleeper = subprocess.Popen(["sleep", "100"], cwd=folder, preexec_fn=_unlimited)
    time.sleep(SETTLE_S)
    sleeper.send_signal(signal.SIGABRT)
    _, status = os.waitpid(sleeper.pid, 0)
    return os.WCOREDUMP(status)


def killed_problems(folder, number):
    """What a sensor that ends by signal `number` leaves behind, with connections open, and all that is known of core dumps."""
    name = signal.Signals(number).name
    home = pathlib.Path(folder) / f"killed-{name}"
    home.mkdir()
    frames, numbers, keys = corpus()
    before = _files(SHARED)
    with Fed(home, "fed", "notices: {packet: on, evidence: on}\n", preexec_fn=_unlimited, cwd=home,
             env=os.environ | {"TMPDIR": str(home)}) as fed:
        fed.feed(frames)
        fed.await_rest()
        if not Memory(fed.pid).holders(numbers):
            yield "no key is in memory: this checks nothing"
        if "Max core file size        0                    0" not in pathlib.Path(f"/proc/{fed.pid}/limits").read_text():
            yield "the process may dump its core, by its limit"
        with contextlib.suppress(PermissionError):  # then its limit stays, and the flag is not tried
            resource.prlimit(fed.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        status, output = fed.end_by(number)
    if os.WCOREDUMP(status):
        yield "the kernel dumped its core, though the process was not to be dumpable"
    if os.WTERMSIG(status) != number:
        yield f"it ended by signal {os.WTERMSIG(status)}"
    left = [path for path, state in _files((home, *SHARED)).items() if before.get(path) != state]
    if not any(path.parent.name == "logs" for path in left):
        yield "no log was left: this checks nothing"
    yield from found({str(path): _content(path) for path in left} | {"stderr": output}, keys)


def _content(path):
    try:
        return path.read_bytes() if path.stat().st_size < LARGEST else b""
    except OSError:
        return b""  # another program's, and gone


def bound_late():
    """Whether a function is looked up at its first call: the resolver saves all registers on the stack, and with them a key
    that was just copied. Which call that is, and whether anything is written over it later, is luck."""
    done = subprocess.run(["readelf", "--dynamic", "--wide", BINARY], capture_output=True, text=True, check=True)
    return [] if re.search(r"\((FLAGS_1|FLAGS)\).*\b(NOW|BIND_NOW)\b", done.stdout) else ["it is not linked with -z now"]


def checks(folder):
    """Pairs of a check's name and what is wrong."""
    yield "no function is bound after a key was seen", bound_late()
    yield "what read forgets", list(read_problems(folder, "plain", "{}\n"))
    yield "what read forgets, with evidence", list(read_problems(folder, "evidence", "notices: {packet: on, evidence: on}\n"))
    control = pathlib.Path(folder) / "dumps"
    control.mkdir()
    yield "the kernel dumps another's core here", [] if dumps_core(control) else ["it does not: what follows shows less"]
    for number in (signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV):
        yield f"what read leaves that ends by {signal.Signals(number).name}", list(killed_problems(folder, number))


def why_not():
    """Why memory cannot be searched here, or None."""
    if any(mark in pathlib.Path(BINARY).read_bytes() for mark in (b"__asan_init", b"__tsan_init")):
        return "sanitizers keep what was freed, and reserve more memory than can be searched"
    if os.geteuid() != 0:
        return "the memory of a process that is not dumpable is root's to read"
    return None
