"""One run of mptap that should go wrong in a known way, or in no way."""

import dataclasses
import os
import shutil
import subprocess

from mptap import BINARY

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
TIMEOUT_S = 60


@dataclasses.dataclass(frozen=True)
class Case:
    """What to run, and what it must say.

    `says` are texts that stderr must hold, in this order; `lines` is how many lines stderr has.
    `wrapped_by` is a command that runs mptap's; `as_nobody` takes root's powers away.
    """

    name: str
    arguments: tuple
    exit_code: int
    says: tuple = ()
    lines: int = 1
    prints: tuple = ()  # texts that stdout must hold
    wrapped_by: tuple = ()
    as_nobody: bool = False


def run(case):
    """Runs it; returns the finished process."""
    nobody = NOBODY if case.as_nobody and os.geteuid() == 0 else ()
    command = [*case.wrapped_by, *nobody, str(BINARY), *map(str, case.arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)


def problems_of(case):
    """What differs from what the case wants."""
    try:
        done = run(case)
    except subprocess.TimeoutExpired:
        return [f"still running after {TIMEOUT_S} s"]
    problems = []
    if done.returncode != case.exit_code:
        problems.append(f"exit code {done.returncode} instead of {case.exit_code}")
    if len(done.stderr.splitlines()) != case.lines:
        problems.append(f"{len(done.stderr.splitlines())} lines on stderr instead of {case.lines}")
    problems += [f"stderr does not say {text!r}" for text in _missing(case.says, done.stderr)]
    problems += [f"stdout does not say {text!r}" for text in _missing(case.prints, done.stdout)]
    if problems:
        problems.append(f"stderr: {done.stderr.strip()!r}")
    return problems


def _missing(texts, output):
    start = 0
    for text in texts:
        found = output.find(text, start)
        if found < 0:
            yield text
        else:
            start = found + len(text)


def why_not_nobody():
    """Why cases without root's powers cannot run here, or None."""
    if os.geteuid() != 0:
        return None
    if not shutil.which("setpriv"):
        return "setpriv is not installed"
    reachable = subprocess.run([*NOBODY, "test", "-x", BINARY]).returncode == 0
    return None if reachable else f"nobody may not run {BINARY}"
