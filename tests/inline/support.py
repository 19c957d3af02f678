"""Whether this machine can do it."""

import os
import pathlib
import shutil
import tempfile
import time

from between import Between
from bump import Wire


def missing_support():
    """Why there can be no wire here, in one sentence, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/proc/sys/net/mptcp/enabled"):
        return "this kernel has no MPTCP (/proc/sys/net/mptcp is missing)"
    if missing := [tool for tool in ("ip", "ethtool", "nstat") if not shutil.which(tool)]:
        return f"{missing[0]} is not installed"
    try:
        with Between():
            return None
    except (OSError, RuntimeError) as error:
        return f"network namespaces or their links are refused here ({error})"


def missing_xdp():
    """Why a veth cannot be read through AF_XDP here, or None: without the kernel's word that it cannot, that is a failure."""
    with Between() as network, tempfile.TemporaryDirectory() as directory:
        try:
            with Wire(network, pathlib.Path(directory), driver="af_xdp"):
                return None
        except RuntimeError as error:
            refused = "not supported" in str(error) or "AF_XDP" in str(error)
            return f"AF_XDP is refused here ({error})" if refused else None


def wait_for(what, seconds):
    """Whether `what` comes true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
