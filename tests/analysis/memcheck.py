"""valgrind over `mptap read`: no error and nothing lost, of the shipped binary and the libraries below it."""

import pathlib
import tempfile

from commands import ROOT, build_problems, last_words, run, why_not as why_not_programs

CAPTURES = ("demo", "join-flood", "malformed", "in-gtpu")
EVENTS = "mptcp,mp_dss"
TIMEOUT_S = 300


def why_not():
    """Why this cannot run here, or None."""
    return why_not_programs("valgrind", "cmake", "ninja")


def checks():
    """Pairs of a check's name and what is wrong."""
    if problems := build_problems("release", ["mptap"]):
        yield "the release build", problems
        return
    for capture in CAPTURES:
        with tempfile.TemporaryDirectory() as name:
            logs = pathlib.Path(name) / "logs"
            command = ["valgrind", "--quiet", "--error-exitcode=66", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
                       "build/release/daemon/mptap", "read", "--log-dir", str(logs), "--format", "json", "--events", EVENTS,
                       f"tests/captures/{capture}/capture.pcap"]
            done = run(command, TIMEOUT_S)
            yield capture, [] if done.returncode == 0 and not done.stdout else last_words(command, done)
