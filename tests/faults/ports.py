"""Faults of the port, the machine's clock and of threads that stand still."""

import ctypes
import os
import pathlib
import random
import shutil
import signal
import time

from rig import Rig, Traffic, broken_lines, command, link

FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
DAY_S = 86_400
PTRACE_ATTACH, PTRACE_DETACH, WALL = 16, 17, 0x40000000


def down_and_up(folder):
    """The port goes down and up again: the gauge and the status tell, and what comes afterwards is seen."""
    with Rig(folder) as rig:
        rig.works()
        link(rig, "set", "tap0", "down")
        rig.soon(lambda: rig.metric("port_up") == 0, "mptap_port_up does not say that the port is down")
        rig.wants(rig.metric("stalled_threads") == 0, "a thread stands still with the port")
        link(rig, "set", "tap0", "up")
        rig.soon(lambda: rig.metric("port_up") == 1, "mptap_port_up does not say that the port is up again")
        rig.works()
        rig.ends_well()
    return rig.problems


def deleted(folder):
    """The interface vanishes under the sensor: it goes on with what it has, and says that the port is down."""
    with Rig(folder) as rig:
        rig.works()
        link(rig, "delete", "tap0")
        rig.soon(lambda: rig.metric("port_up") == 0, "mptap_port_up does not say that the port is gone")
        code, said = command("status", "--socket", rig.directory / "control.sock")
        rig.wants(code == 0 and "0 of 1 port" in said, f"`mptap status` says {said!r}")
        rig.counters_add_up()
        rig.wants(rig.metric("stalled_threads") == 0, "a thread stands still")
        rig.ends(0)
        rig.lines_are_whole()
        rig.wants(len(rig.sensor.rows("mptcp_subflow")) == 20, "rows of before were lost")
    return rig.problems


def stopped(folder):
    """The whole process stands still for some seconds amid traffic: the kernel counts what it missed, and it goes on.

    Longer than a timeout: what is open stays open, for its packets wait in the kernel meanwhile.
    """
    with Rig(folder, "subflows: {idle_timeout: 1s, unanswered_timeout: 1s}") as rig:
        rig.works()
        open_meanwhile = rig.start()
        os.kill(rig.sensor.pid, signal.SIGSTOP)
        time.sleep(0.1)  # it is asked to stop, and does a moment later
        rig.opener.finish(open_meanwhile)
        rig.open(3_000, seen=False)  # more frames than there are descriptors
        time.sleep(3)
        os.kill(rig.sensor.pid, signal.SIGCONT)
        rig.soon(lambda: rig.unseen() == 0, "frames are neither received nor missed")
        rig.wants(rig.metric("port_nic_missed_total") > 0, "nothing was missed: this checks nothing")
        rig.works()
        rig.ends_well()
        rig.lived_through(open_meanwhile)
    return rig.problems


class _Held:
    """A thread of the sensor that stands still while the context lasts."""

    def __init__(self, rig, name):
        tasks = pathlib.Path(f"/proc/{rig.sensor.pid}/task").iterdir()
        self._thread = next(int(task.name) for task in tasks if (task / "comm").read_text().strip().startswith(name))
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.ptrace.argtypes = [ctypes.c_long] * 4

    def __enter__(self):
        if self._libc.ptrace(PTRACE_ATTACH, self._thread, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(self._thread, WALL)

    def __exit__(self, *_):
        self._libc.ptrace(PTRACE_DETACH, self._thread, 0, 0)


def ring_full(folder):
    """Control stands still amid traffic: the ring fills, records are lost by class and counted, and later ones are whole again."""
    with Rig(folder, "subflows: {ring: 1024, overflow: 1024}") as rig:
        rig.works()
        with _Held(rig, "mptap-control"):
            for _ in range(8):
                rig.opener.open(250)
                time.sleep(0.2)
            rig.soon(lambda: rig.metric('ring_full_total{worker="0",class="vital"}') > 0, "no vital record was lost")
            rig.soon(lambda: rig.unseen() == 0, "frames are neither received nor missed")
            rig.counters_add_up()
            rig.says("vital records lost so far")
            rig.says("control stands still")
        rig.says("control goes on after")
        rig.soon(lambda: rig.metric("records_pending") == 0 and rig.metric("ring_fill") == 0, "records wait though control takes them")
        rig.wants(rig.metric("records_taken_total") == rig.metric("records_pushed_total"), "records were pushed and not taken")
        rig.works()
        rig.ends_well()
    return rig.problems


def clock_why_not():
    """Why no clock can be faked, or None."""
    return None if FAKETIME.exists() and shutil.which("env") else "libfaketime is not installed (Debian: faketime)"


def clock_stepped(folder):
    """The clock is set a day back and a day forward: packet time never goes back, and never stands still.

    What is open as it jumps forward stays open: nobody heard it be silent.
    """
    offset = pathlib.Path(folder).with_name("offset")
    offset.write_text("+0\n")
    environment = ("env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={offset}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                   "FAKETIME_DISABLE_SHM=1")  # fmt: skip
    with Rig(folder, wrapped_by=environment) as rig:
        rig.works()
        before = rig.metric("packet_time_seconds")
        rig.wants(abs(before - time.time()) < 60, "packet time is not the clock's")
        offset.write_text(f"-{DAY_S}\n")
        rig.soon(lambda: rig.metric("packet_time_seconds") > before + 3, "packet time stands still since the clock was set back")
        rig.works()
        rig.wants(rig.metric("packet_time_seconds") < before + 120, "packet time jumped as the clock was set back")
        open_meanwhile = rig.start()
        offset.write_text(f"+{DAY_S}\n")
        rig.soon(lambda: rig.metric("packet_time_seconds") > before + DAY_S, "packet time does not follow a clock that was set forward")
        time.sleep(2)  # timeouts that came due have been looked at
        rig.opener.finish(open_meanwhile)
        rig.works()
        rig.ends_well()
        rig.lived_through(open_meanwhile)
    return rig.problems


def killed(folder, moments=20, seed=7):
    """SIGKILL at moments of chance amid traffic: logs are whole lines but for a last one, and the next run mends that."""
    chance = random.Random(seed)
    problems, cut = [], 0
    for moment in range(moments):
        with Rig(folder, "subflows: {linger: 1s}") as rig, Traffic(rig.opener, 0.0005):
            time.sleep(chance.uniform(0.05, 0.8))
            os.kill(rig.sensor.pid, signal.SIGKILL)
            time.sleep(0.05)
            for path in sorted(rig.directory.glob("*.log")):
                problems += [f"moment {moment}: {problem}" for problem in broken_lines(path, may_be_cut=True)]
                cut += not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
        problems += rig.problems
    with Rig(folder) as rig:
        rig.works()
        rig.ends(0)
        rig.lines_are_whole()
        if not rig.sensor.rows("mptcp_subflow"):
            rig.wrong("no row is left: this checks nothing")
    print(f"        {cut} of {moments} moments left a line without its end; {len(rig.sensor.rows('mptcp_subflow'))} whole rows")
    return problems + rig.problems


NO_BUFFERS = """\
ports: [{vdev: net_null0}]
hugepages: never
mbufs: 1024
metrics: {enabled: false}
control: {socket: ""}
"""


def few_packet_buffers(folder):
    """Fewer buffers than a device holds: no start, and what to raise. As few as may be, where a device holds none: none runs out."""
    problems = []
    folder.mkdir()
    config = folder / "too-few.yaml"
    config.write_text(NO_BUFFERS)
    code, said = command("run", "--config", config)
    if code != 1 or "packet buffers" not in said or "raise mbufs" not in said:
        problems.append(f"with too few buffers it ends with {code} and says {said!r}")
    with Rig(folder, "mbufs: 1024") as rig:
        with Traffic(rig.opener, 0):
            time.sleep(2)
        rig.soon(lambda: rig.unseen() == 0, "frames are neither received nor missed")
        rig.wants(rig.metric("port_no_mbuf_total") == 0, "buffers ran out though each burst gives its own back")
        rig.works()
        rig.ends_well()
    return problems + rig.problems
