"""Runs in the container of tests/deploy, as root: the package from its installation to its purge, step by step.

    life.py PATTERN    only the checks whose name contains PATTERN, and the steps that they need

Prints a line of JSON first, then one for each check, then one more.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "deploy"), str(HERE.parent / "lab")]

from opener import Opener  # noqa: E402
from service_checks import CONFIG, LOGS, SPAN, build_network, journal, run, sees, shown, soon, stop, write  # noqa: E402

PACKAGE = "/root/mptap.deb"
UNIT_LINK = pathlib.Path("/etc/systemd/system/multi-user.target.wants/mptap.service")
STARTS_SERVERS = pathlib.Path("/usr/sbin/policy-rc.d")
# What Debian's tools write for every package, and the user that stays.
OF_OTHERS = re.compile(r"/var/lib/(dpkg|systemd|apt)/|/var/cache/|/var/log/(?!mptap)|/etc/(passwd|group|g?shadow|\.pwd)[^/]*$|"
                       r"/usr/lib/udev/hwdb.bin$|/usr/share/(info|man)/.*(index|dir)|/var/tmp/|.*/__pycache__")


def said(*command):
    """What a command prints, on either stream."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120).stdout.strip()


def dpkg(*arguments):
    """Runs dpkg; yields what is wrong with it."""
    command = ["dpkg", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=250, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
    if done.returncode != 0:
        yield f"{' '.join(command)} ends with {done.returncode}: {done.stdout.strip()[-500:]}"
    elif "warning" in done.stdout:
        yield f"{' '.join(command)} warns: {done.stdout.strip()[-500:]}"


def paths():
    """All files and folders of the system that are not of others."""
    found = set()
    for top in ("/etc", "/usr", "/var", "/opt", "/run/mptap", "/lib"):
        for folder, folders, files in os.walk(top):
            if folder.startswith(f"{ROOT}/"):
                folders.clear()
                continue
            found |= {path for path in (f"{folder}/{name}" for name in folders + files) if not OF_OTHERS.match(path)}
    return found


class Before:
    """The system before the package came."""

    paths = set()


def keep_only_what_it_depends_on():
    """Deletes DPDK's drivers that no dependency of the package brings: they are loaded at run time, so nobody else looks."""
    packages, waiting = set(), {"mptap"}
    while waiting:
        packages |= waiting
        text = said("dpkg-query", "--show", "--showformat=${Depends},${Pre-Depends},", *waiting)
        waiting = set(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]+)", text)) - packages
        waiting = {name for name in waiting if run("dpkg-query", "--show", name) == 0}
    kept = {os.path.realpath(path) for path in said("dpkg", "--listfiles", *packages).splitlines() if "/dpdk/pmds-" in path}
    drivers = list(pathlib.Path("/usr/lib").glob("*/dpdk/pmds-*/*"))
    for path in drivers:
        if os.path.realpath(path) not in kept:
            path.unlink()
    return len(kept), len(drivers)


def installs(_):
    """It installs; the service is enabled and does not run, and has not failed."""
    if STARTS_SERVERS.exists():
        STARTS_SERVERS.unlink()  # this machine may keep servers from being started
    Before.paths = paths()
    yield from dpkg("--install", PACKAGE)
    for wanted, command in (("enabled", "is-enabled"), ("inactive", "is-active")):
        if (text := said("systemctl", command, "mptap")) != wanted:
            yield f"systemctl {command} says {text}, not {wanted}"
    if changed := said("dpkg", "--verify", "mptap"):
        yield f"dpkg --verify says {changed}"
    if (LOGS.owner(), LOGS.group(), LOGS.stat().st_mode & 0o777) != ("mptap", "mptap", 0o750):
        yield f"{LOGS} belongs to {LOGS.owner()}:{LOGS.group()}, mode {LOGS.stat().st_mode & 0o777:o}"
    if run("mptap", "check-config", str(CONFIG)) != 0:
        yield "its configuration has mistakes"


def starts(opener):
    """With a port named, it starts, sees packets and answers; of DPDK's drivers those of its dependencies are enough."""
    kept, drivers = keep_only_what_it_depends_on()
    if not 0 < kept < drivers:
        yield f"{kept} of {drivers} drivers are of its dependencies: this shows nothing"
    write()
    if run("systemctl", "start", "mptap") != 0:
        yield f"it does not start: {journal()}"
        return
    yield from sees(opener)
    if "1 port up" not in (text := said("mptap", "status")):
        yield f"mptap status says {text!r}"


def upgrades(_):
    """The next package restarts what runs, leaves alone what does not, and keeps the configuration."""
    text, process = CONFIG.read_text(), shown("MainPID")
    yield from dpkg("--install", PACKAGE)
    if not soon(lambda: shown("ActiveState") == "active" and shown("MainPID") not in (process, "0")):
        yield f"it is {shown('ActiveState')}, the process {shown('MainPID')} was {process}"
    if CONFIG.read_text() != text:
        yield "the configuration has changed"
    yield from stop()
    yield from dpkg("--install", PACKAGE)
    if shown("ActiveState") != "inactive":
        yield f"stopped before, it is {shown('ActiveState')} after"
    run("systemctl", "disable", "mptap")
    yield from dpkg("--install", PACKAGE)
    if UNIT_LINK.exists():
        yield "disabled before, it is enabled after"
    run("systemctl", "enable", "mptap")
    if run("systemctl", "start", "mptap") != 0:
        yield f"it does not start any more: {journal()}"


def is_removed(_):
    """Removed, it does not run any more; configuration and logs stay."""
    process = shown("MainPID")
    yield from dpkg("--remove", "mptap")
    if process == "0" or pathlib.Path(f"/proc/{process}").exists():
        yield f"the process {process} was to be stopped"
    if left := [path for path in ("/usr/bin/mptap", "/lib/systemd/system/mptap.service") if os.path.exists(path)]:
        yield f"left are {left}"
    if not CONFIG.exists() or not list(LOGS.iterdir()):
        yield "configuration or logs are gone"


def is_purged(_):
    """Purged, nothing is left but the user."""
    yield from dpkg("--purge", "mptap")
    if left := sorted(paths() - Before.paths):
        yield f"left are {left[:5]}"
    # Links in *.wants were deleted before the start (container.py), and Debian's tools clear empty folders away.
    taken = re.compile(rf".*/dpdk/pmds-|{STARTS_SERVERS}$|/etc/systemd/system/[\w.-]+\.wants$")
    if gone := sorted(path for path in Before.paths - paths() if not taken.match(path)):
        yield f"gone are {gone[:5]}"
    if "mptap" in said("systemctl", "list-units", "--all", "mptap*", "--no-legend", "--plain").replace("mptap-checks", ""):
        yield f"systemd still knows {said('systemctl', 'list-units', '--all', 'mptap*')}"


STEPS = {
    "package: installs, enabled and not started": installs,
    "package: starts once a port is named": starts,
    "package: an upgrade restarts it and keeps the configuration": upgrades,
    "package: removal stops it": is_removed,
    "package: purge leaves nothing": is_purged,
}


def problems_of(step, opener):
    """What is wrong with a step."""
    try:
        return list(step(opener))
    except (OSError, subprocess.TimeoutExpired, KeyError, ValueError) as error:
        return [repr(error)]


def main():
    print(json.dumps("begin"), flush=True)
    build_network()
    opener = Opener(None, SPAN)
    wanted = [name for name in STEPS if sys.argv[1] in name]
    for name, step in STEPS.items():
        problems = problems_of(step, opener)
        if name in wanted:
            print(json.dumps([name, problems, None]), flush=True)
        if name == (wanted or [None])[-1]:
            break
    print(json.dumps("end"), flush=True)


if __name__ == "__main__":
    main()
