"""A machine that refuses: no such interface, no permission, a busy port, logs that cannot be written."""

import contextlib
import os
import socket

from case import Case
from mptap import METRICS, live_config
from netns import command_in, inside, run_in

# Runs "$@" where the folder $0 is a file system without room.
FULL_DISK = 'mount -t tmpfs -o size=4k none "$0" && head -c 4096 /dev/zero >"$0/filler"; exec "$@"'


def file_cases(folder, capture):
    """`mptap read` whose logs cannot be written."""
    in_the_way = folder / "in-the-way"
    in_the_way.write_text("")
    for name, directory in (("a file", in_the_way), ("a folder below a file", in_the_way / "logs")):
        yield Case(f"logs to {name}", ("read", "--log-dir", directory, capture), 1, (str(in_the_way), "directory"))
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    arguments = ("read", "--log-dir", closed, capture)
    yield Case("logs to a read-only folder", arguments, 1, (str(closed), "ermission"), as_nobody=True)


def full_disk_case(folder, capture):
    """`mptap read` whose disk is full; needs root."""
    full = folder / "full"
    full.mkdir()
    return Case(
        "logs to a full disk",
        ("read", "--log-dir", full, capture),
        1,
        (str(full), "No space"),
        wrapped_by=("unshare", "--mount", "sh", "-c", FULL_DISK, str(full)),
    )


class LiveCases:
    """`mptap run` that cannot start, in a namespace of its own; needs root."""

    def __init__(self, folder):
        self._folder = folder
        self._namespace = f"mptap-{os.getpid()}-cli"

    def __enter__(self):
        run_in(None, "ip", "netns", "add", self._namespace)
        run_in(self._namespace, "ip", "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        run_in(None, "ip", "netns", "delete", self._namespace)

    def _case(self, name, says, interface="lo", logs="logs", as_nobody=False):
        config = self._folder / f"{name.replace(' ', '-')}.yaml"
        config.write_text(live_config(self._folder / logs, interface))
        wrapper = tuple(command_in(self._namespace))
        return Case(name, ("run", "--config", config), 1, says, wrapped_by=wrapper, as_nobody=as_nobody)

    def cases(self):
        """Cases that need nothing held while they run."""
        for name in ("logs", "nobodys-logs"):  # apart: logs of root would be what nobody is refused
            (self._folder / name).mkdir()
            (self._folder / name).chmod(0o777)
        (self._folder / "taken").write_text("")
        yield self._case("an interface that does not exist", ("nosuch0",), interface="nosuch0")
        yield self._case("no permission", ("lo", "CAP_NET_RAW and CAP_NET_ADMIN"), logs="nobodys-logs", as_nobody=True)
        yield self._case("live logs to a file", (str(self._folder / "taken"), "directory"), logs="taken")

    @contextlib.contextmanager
    def busy_port_case(self):
        """A case that is to run inside the context, while the metrics port is taken."""
        with inside(self._namespace), socket.create_server(METRICS):
            yield self._case("a busy metrics port", (f"{METRICS[0]}:{METRICS[1]}", "in use"))
