"""Network namespaces: enter one, run a command in one."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


@contextlib.contextmanager
def inside(namespace):
    """Enters `namespace` for the body; sockets opened there stay there. None is the namespace we are in.

    Moves the calling thread alone.
    """
    if namespace is None:
        yield
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    target = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _setns(target)
        yield
    finally:
        _setns(home)
        os.close(target)
        os.close(home)


def command_in(namespace, *command):
    """The argument list that runs `command` in `namespace`."""
    return ["ip", "netns", "exec", namespace, *command] if namespace else list(command)


def run_in(namespace, *command):
    """Runs `command` in `namespace`; returns what it prints, raises RuntimeError with its complaint."""
    done = subprocess.run(command_in(namespace, *command), capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
