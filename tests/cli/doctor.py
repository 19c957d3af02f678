"""`mptap doctor` on this machine: what it says must be true of it, and of what is done to it here."""

import json
import os
import pathlib
import pty
import socket
import subprocess

from case import NOBODY
from mptap import BINARY, METRICS
from netns import command_in, run_in

STATES = ("ok", "warning", "problem", "unknown")
CONFIG = """\
ports:
  - interface: {interface}
logs:
  directory: {logs}
metrics:
  listen: {listen}
"""


def write_config(folder, name, interface="lo", logs="", listen="127.0.0.1:0", more=""):
    """A configuration that only `doctor` reads."""
    path = pathlib.Path(folder) / f"doctor-{name}.yaml"
    path.write_text(CONFIG.format(interface=interface, logs=logs or folder, listen=listen) + more)
    return path


def examine(*arguments, wrapped_by=()):
    """Exit code and findings, as JSON tells them."""
    command = [*wrapped_by, BINARY, "doctor", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.stderr:
        raise RuntimeError(f"stderr: {done.stderr.strip()}")
    return done.returncode, json.loads(done.stdout)


def find(findings, check, subject=None):
    """The one finding of a check."""
    found = [row for row in findings if row["check"] == check and subject in (None, row["subject"])]
    return found[0] if len(found) == 1 else {"state": f"{len(found)} findings", "finding": "", "mend": ""}


def expect(findings, check, state, *says, subject=None):
    """What differs from a state and texts of finding or mend."""
    found = find(findings, check, subject)
    if found["state"] != state:
        yield f"{check}: is {found} instead of {state}"
    yield from (f"{check}: does not say {text!r}: {found}" for text in says if text not in found["finding"] + found["mend"])


def form_problems(code, findings):
    """What holds of every answer."""
    if not findings:
        yield "nothing was found"
    for row in findings:
        if list(row) != ["check", "subject", "state", "finding", "mend"] or not all(isinstance(text, str) for text in row.values()):
            yield f"another form: {row}"
        elif row["state"] not in STATES or not row["finding"]:
            yield f"no state or finding: {row}"
        elif row["state"] in ("warning", "problem") and not row["mend"]:
            yield f"nothing mends it: {row}"
    wanted = 1 if any(row["state"] == "problem" for row in findings) else 0
    if code != wanted:
        yield f"exit code {code} instead of {wanted}"


def machine_problems():
    """Without a configuration."""
    code, findings = examine()
    yield from form_problems(code, findings)
    names = {row["check"] for row in findings}
    yield from (f"looks at {name} without a configuration" for name in ("ports", "link", "logs") if name in names)
    cpus = os.sched_getaffinity(0)
    yield from expect(findings, "instructions", "ok")  # for it runs
    yield from expect(findings, "workers", "ok" if len(cpus) > 1 else "warning", "1 worker on core")


def sample_problems(folder):
    """The loopback interface, a directory that may be written, a free port."""
    code, findings = examine("--config", write_config(folder, "sample"))
    yield from form_problems(code, findings)
    yield from expect(findings, "ports", "ok", "1 is configured")
    yield from expect(findings, "frames", "warning", "MTU 65536", subject="lo")
    yield from expect(findings, "logs", find(findings, "logs")["state"], "may be written", subject=str(folder))


def missing_problems(folder):
    """Ports that are not there."""
    code, findings = examine("--config", write_config(folder, "missing", "nosuch0", more="workers: 1\n"))
    yield from form_problems(code, findings)
    yield from expect(findings, "link", "problem", "no such interface", "lo", subject="nosuch0")
    path = write_config(folder, "card", "lo")
    path.write_text("ports: [{pci: 'ffff:ff:1f.7'}]\n")
    code, findings = examine("--config", path)
    yield from expect(findings, "driver", "problem", "no such PCI device", subject="ffff:ff:1f.7")


def taken_problems(folder):
    """Something else listens where metrics should be served."""
    with socket.create_server((METRICS[0], 0)) as server:
        listen = f"{METRICS[0]}:{server.getsockname()[1]}"
        code, findings = examine("--config", write_config(folder, "taken", listen=listen))
    yield from form_problems(code, findings)
    yield from expect(findings, "metrics", "problem", "not by an mptap", subject=listen)


def logs_problems(folder):
    """A file where the directory of the logs should be, and no directory above it."""
    (folder / "doctor-file").write_text("")
    _, findings = examine("--config", write_config(folder, "file", logs=folder / "doctor-file"))
    yield from expect(findings, "logs", "problem", "is no directory")
    _, findings = examine("--config", write_config(folder, "deep", logs=folder / "no/such"))
    yield from expect(findings, "logs", "problem", "install -d")
    if (folder / "no").exists():
        yield "it made a directory"


def text_problems(folder):
    """Lines for pipes, and no more than 80 columns on a terminal but for commands."""
    path = write_config(folder, "text")
    command = [BINARY, "doctor", "--config", path]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.splitlines()
    count = len(examine("--config", path)[1])
    if len(lines) != count + 1:
        yield f"{len(lines)} lines for {count} findings and their tally"
    if not all(line.split()[0] in STATES for line in lines[:-1]):
        yield f"a line that begins with no state: {lines}"
    shown = on_terminal(command)
    if "\nPorts\n" not in shown:
        yield f"no headline on a terminal: {shown!r}"
    yield from (
        f"{len(line)} columns: {line!r}" for line in shown.splitlines() if len(line) > 80 and not line.strip().startswith("->")
    )


def on_terminal(command):
    """What a command prints to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdout=slave, stdin=subprocess.DEVNULL)
    os.close(slave)
    text = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # the terminal is gone with its last program
            break
        if not piece:
            break
        text += piece
    os.close(master)
    process.wait(30)
    return text.decode().replace("\r\n", "\n")


def unprivileged_problems(folder):
    """A user without powers is told what he lacks, and that is no error of the command."""
    nobody = NOBODY if os.geteuid() == 0 else ()
    path = write_config(folder, "nobody")
    path.chmod(0o644)
    code, findings = examine("--config", path, wrapped_by=nobody)
    yield from form_problems(code, findings)
    yield from expect(findings, "capabilities", "problem", "CAP_NET_RAW", "setcap", subject="lo")
    yield from expect(findings, "link", "ok", subject="lo")
    if os.geteuid() == 0:
        (folder / "doctor-closed").mkdir(mode=0o700)
        path = write_config(folder, "closed", logs=folder / "doctor-closed/logs")
        _, findings = examine("--config", path, wrapped_by=nobody)
        yield from expect(findings, "logs", "unknown", "may not look")


def interface_problems(folder):
    """A pair of interfaces in a namespace: down, up, merging, not merging."""
    namespace = f"mptap-{os.getpid()}-doctor"
    inside = tuple(command_in(namespace))
    path = write_config(folder, "own", "tap0")
    run_in(None, "ip", "netns", "add", namespace)
    try:
        run_in(namespace, "ip", "link", "add", "tap0", "type", "veth", "peer", "name", "far0")
        run_in(namespace, "ethtool", "-K", "tap0", "gro", "on")
        _, findings = examine("--config", path, wrapped_by=inside)
        yield from expect(findings, "link", "problem", "is down", "ip link set tap0 up")
        yield from expect(findings, "merging", "warning", "(GRO)", "ethtool -K tap0 gro off")
        run_in(namespace, "ip", "link", "set", "tap0", "up")
        _, findings = examine("--config", path, wrapped_by=inside)
        yield from expect(findings, "link", "warning", "no carrier")
        run_in(namespace, "ip", "link", "set", "far0", "up")
        run_in(namespace, *find(findings, "merging")["mend"].split())  # what it says must mend it
        _, findings = examine("--config", path, wrapped_by=inside)
        yield from expect(findings, "link", "ok", "with carrier")
        yield from expect(findings, "merging", "ok")
        yield from expect(findings, "frames", "ok", "MTU 1500")
    finally:
        run_in(None, "ip", "netns", "delete", namespace)


def checks(folder):
    """(what, problems) of all that needs no root."""
    for what, problems in (
        ("the machine alone", machine_problems()),
        ("a sample configuration", sample_problems(folder)),
        ("ports that are missing", missing_problems(folder)),
        ("a metrics port that is taken", taken_problems(folder)),
        ("logs to nowhere", logs_problems(folder)),
        ("its text", text_problems(folder)),
    ):
        try:
            yield what, list(problems)
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            yield what, [repr(error)]
