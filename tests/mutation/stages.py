"""The tests that look for a bug, from the cheapest on."""

import dataclasses
import os
import re
import signal
import subprocess
import threading

TIMEOUT_S = 600
CASE = re.compile(r"^-{60,}\n(.+)\n(?:  .+\n)*-{60,}\n", re.MULTILINE)  # how Catch2 names what failed; sections stand below


@dataclasses.dataclass(frozen=True)
class Stage:
    """What to build, and commands of which none may fail; they are run in the copy."""

    name: str
    targets: tuple
    commands: tuple


def _unit(layer):
    program = f"mptap-{layer}-test"
    return Stage(f"unit tests of {layer}", (program,), ((f"build/release/tests/unit/{program}", "--abort"),))


DATAPLANE, DETECT, EXPORT, PIPELINE = UNITS = tuple(map(_unit, ("dataplane", "detect", "export", "pipeline")))
GOLDEN = Stage(
    "golden captures",
    ("mptap", "mptap-metrics-of"),
    (("tests/cli/run", "golden"), ("tests/cli/run", "metrics"), ("tests/cli/run", "keys")),
)
CARDS = _unit("dpdk-cards")
LAYERS = {
    "dataplane": (DATAPLANE, DETECT, PIPELINE, GOLDEN),
    "detect": (DETECT, PIPELINE, GOLDEN),
    "daemon": (EXPORT, PIPELINE, GOLDEN),
}


def stages_of(paths):
    """The stages for what a patch changes: those of the first file's layer; what speaks with DPDK alone has one of its own."""
    if paths[0].startswith("dataplane/dpdk_"):
        return (CARDS,)
    return LAYERS[paths[0].split("/")[0]]


def failure_of(stage, folder):
    """What failed first, in a few words; None where all passed."""
    for command in stage.commands:
        if failed := _first_failure(command, folder):
            return failed
    return None


def _first_failure(command, folder):
    # Tests of the copy are held against its own binaries.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MPTAP")}
    environment["PYTHONUNBUFFERED"] = "1"
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", start_new_session=True)
    late = threading.Event()

    def end():
        late.set()
        _end(process)

    timer = threading.Timer(TIMEOUT_S, end)
    timer.start()
    said = []
    with process.stdout:
        for line in process.stdout:
            said.append(line)
            if line.startswith("FAILED: "):  # of a Python runner: the rest need not be waited for
                _end(process)
                break
    code = process.wait()
    timer.cancel()
    if late.is_set():
        return f"not done after {TIMEOUT_S} s"
    for line in said:
        if line.startswith("FAILED: "):
            return line.removeprefix("FAILED: ").strip()
    if code == 0:
        return None
    cases = CASE.findall("".join(said))  # those before only warned
    return (cases[-1].strip() if cases else " ".join(command)) + (f" (signal {-code})" if code < 0 else "")


def _end(process):
    """Ends a runner and what it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
