"""Faults of what rows are written to."""

import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

from rig import Rig

EACH = 200  # connections at a time: their frames fit into the smallest ring


def _mount(directory, size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", directory], check=True)


def full(folder):
    """The disk is full: rows are lost and counted, packets are not; once there is room, rows are written again."""
    with Rig(folder, before=lambda directory: _mount(directory, "200k")) as rig:
        for _ in range(5):
            rig.open(EACH)
        if not rig.soon(lambda: rig.metric("log_write_errors_total") > 0, "no row was lost on a disk of 200 KiB"):
            return rig.problems
        rig.says("No space left on device; rows are lost and counted until it can be written again")
        counted = "log_rows_written_total", "log_write_errors_total"
        rig.soon(lambda: sum(rig.metric(f'{name}{{log="mptcp_subflow"}}') for name in counted) == 5 * EACH,
                 "rows written and lost are not those of all connections")  # fmt: skip
        rig.wants(rig.metric("log_rows_dropped_total") == 0, "rows were dropped before the disk")
        rig.counters_add_up()
        subprocess.run(["mount", "-o", "remount,size=20m", rig.directory], check=True)
        rig.works()
        rig.ends(1)
        rig.lines_are_whole()
    return rig.problems


def stalled(folder):
    """The log is a pipe that nobody reads: the writer stands still, rows wait and then are dropped and counted; sensing goes on."""
    with Rig(folder, before=lambda directory: os.mkfifo(directory / "mptcp_subflow.log"), log_settings=("queue: 64",)) as rig:
        reader = os.open(rig.directory / "mptcp_subflow.log", os.O_RDONLY | os.O_NONBLOCK)
        drain = _Drain(reader)
        try:
            for _ in range(4):
                rig.open(EACH)
            rig.soon(lambda: rig.metric("log_rows_dropped_total") > 0, "no row was dropped though none is read")
            rig.soon(lambda: rig.metric("connections_established_total") == 4 * EACH, "connections are not counted while the writer stands")
            rig.wants(rig.metric("stalled_threads") == 0, "worker or control stand still with the log writer")
            rig.counters_add_up()
            drain.start()
            rig.soon(lambda: rig.metric("log_queue_rows") == 0, "rows wait though they are read")
            rig.works()
            known = rig.rows_written() + rig.metric('log_rows_dropped_total{log="mptcp_subflow"}')
            rig.wants(known == 4 * EACH + 20, f"{known:.0f} rows were written or dropped instead of {4 * EACH + 20}")
            written = rig.rows_written()
            drain.hold()
            for _ in range(4):
                rig.open(EACH)
            rig.soon(lambda: rig.metric("log_queue_rows") > 0, "no row waits though none is read")
            os.kill(rig.sensor.pid, signal.SIGHUP)
            time.sleep(1)
            rig.wants("reloaded" not in rig.said(), "a reload did not wait for the disk: the table in docs/operations.md is wrong")
            os.kill(rig.sensor.pid, signal.SIGTERM)
            time.sleep(1)
            rig.wants(pathlib.Path(f"/proc/{rig.sensor.pid}/fd").exists() and os.listdir(f"/proc/{rig.sensor.pid}/fd"), "it ended though rows wait for the disk")
            drain.start()
            rig.ends(0)
            rig.wants("reloaded" in rig.said(), "the reload was forgotten")
        finally:
            text = drain.end()
            os.close(reader)
        (rig.directory / "mptcp_subflow.log").unlink()
        (rig.directory / "mptcp_subflow.log").write_bytes(text)
        lines = text.count(b"\n")
        rig.wants(lines >= written, f"{lines} lines came, and {written:.0f} were written before the writer stood still again")
        rig.lines_are_whole()
    return rig.problems


def directory_removed(folder):
    """Somebody deletes the directory of the logs: it is made anew with the next rows, and a sentence says so."""
    with Rig(folder, log_settings=()) as rig:
        logs = rig.directory / "logs"
        rig.sensor.config.write_text(rig.sensor.config.read_text().replace(f"directory: {rig.directory}\n", f"directory: {logs}\n"))
        os.kill(rig.sensor.pid, signal.SIGHUP)
        rig.says("reloaded")
        rig.works()
        shutil.rmtree(logs)
        rig.works()
        rig.says("mptcp_subflow.log had been deleted, and is made anew")
        rig.wants(rig.metric("log_write_errors_total") == 0, "rows count as lost though they were written")
        lines = (logs / "mptcp_subflow.log").read_text().count("\n")
        rig.wants(lines == 20, f"{lines} rows are in the new log instead of 20")
        shutil.rmtree(logs)
        logs.write_text("in the way")
        rig.open(20)
        rig.soon(lambda: rig.metric('log_write_errors_total{log="mptcp_subflow"}') == 20, "rows that could not be written are not counted")
        rig.says("cannot write the log")
        logs.unlink()
        rig.works()
        rig.ends(1)
        rig.lines_are_whole()
    return rig.problems


class _Drain:
    """Reads a pipe to its end in a thread."""

    def __init__(self, file):
        self._file = file
        self._text = b""
        self._end, self._reading = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def start(self):
        """Reads from now on."""
        self._reading.set()

    def hold(self):
        """Reads no more."""
        self._reading.clear()

    def _run(self):
        while not self._end.is_set():
            if not self._reading.wait(0.05):
                continue
            try:
                self._text += os.read(self._file, 65536)
            except BlockingIOError:
                time.sleep(0.01)

    def end(self):
        """Everything that came."""
        time.sleep(0.2)
        self._end.set()
        self._thread.join()
        return self._text
