"""What CMake and Meson install, and the lists of it."""

import hashlib
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

from mptap import BINARY, ROOT

LIST = ROOT / "deploy/installed"
# What stays in a clone, of deploy/.
OF_A_CLONE = {"CMakeLists.txt", "meson.build", "installed", "make-deb", "packages", "quickstart", "sbom"}
FOLDERS_OF_A_CLONE = ("prometheus/tests/",)


def ran(*command, **more_env):
    """What a command prints; it must work."""
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                          env=os.environ | {key: str(value) for key, value in more_env.items()}, cwd=ROOT)  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[1]} ends with {done.returncode}: {done.stdout.strip()[-500:]}")
    return done.stdout


def tree_of(folder):
    """{path: (kind and mode, digest)} of all that is below a folder. Meson edits the program's header, so it has no digest."""
    tree = {}
    for path in sorted(folder.rglob("*")):
        digest = ""
        if path.is_file() and path.name != "mptap":
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        tree[str(path.relative_to(folder))] = (stat.filemode(path.lstat().st_mode), digest)
    return tree


def why_not_compared():
    """Why the trees cannot be compared here, or None."""
    missing = [tool for tool in ("cmake", "meson") if not shutil.which(tool)]
    if missing:
        return f"{missing[0]} is not installed"
    return None if build_folder() else f"{BINARY} is not of a folder that CMake builds in"


def build_folder():
    """The folder that CMake built the binary in, or None."""
    folder = BINARY.resolve().parents[1]
    return folder if (folder / "cmake_install.cmake").exists() else None


def install_problems():
    """Where the two trees differ, and what of the list is not in them. Meson gets CMake's program: it is not compiled again."""
    with tempfile.TemporaryDirectory() as name:
        by_cmake, by_meson, build = (pathlib.Path(name, part) for part in ("cmake", "meson", "build"))
        ran("cmake", "--install", build_folder(), DESTDIR=by_cmake)
        ran("meson", "setup", "--buildtype=release", "-Dtests=false", "-Dbenchmarks=disabled", build)
        shutil.copy(BINARY, build / "daemon/mptap")
        ran("meson", "install", "--no-rebuild", "-C", build, DESTDIR=by_meson)
        left, right = tree_of(by_cmake), tree_of(by_meson)
    problems = [f"{path}: CMake installs {left.get(path)}, Meson {right.get(path)}"
                for path in sorted(left.keys() | right.keys()) if left.get(path) != right.get(path)]
    wanted = [there.lstrip("/") for _, _, there in rows()] + ["usr/bin/mptap", "usr/share/doc/mptap/docs/operations.md"]
    return problems + [f"{path} is not installed" for path in wanted if path not in left]


def rows():
    """(mode, file here, file there) of the list."""
    lines = (line.split() for line in LIST.read_text().splitlines() if not line.startswith("#"))
    return [tuple(words) for words in lines if words]


def list_problems():
    """Rows that name what is not there, and files that no row names."""
    listed = {here for _, here, _ in rows()}
    problems = [f"{LIST.name} names {here}, which does not exist" for here in sorted(listed) if not (ROOT / here).is_file()]
    problems += [f"{there}: mode {mode} is neither 644 nor 755" for mode, _, there in rows() if mode not in ("644", "755")]
    files = [path for folder in ("deploy", "docs/man") for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in files:
        name = str(path.relative_to(ROOT))
        below = name.removeprefix("deploy/")
        if name not in listed and below not in OF_A_CLONE and not below.startswith(FOLDERS_OF_A_CLONE):
            problems.append(f"{name} is not installed: name it in deploy/installed, or in tests/package/installed.py")
    return problems


def version_problems():
    """What `--version` tells: the facts it promises, and no path of the machine that built it."""
    text = ran(BINARY, "--version")
    problems = [f"it does not tell {fact!r}" for fact in ("mptap ", "commit: ", "compiler: ", "build type: ", "DPDK ", "libpcap ")
                if fact not in text]
    first = text.splitlines()[0]
    wanted = (ROOT / "debian/changelog").read_text().split("(")[1].split(")")[0]
    if first != f"mptap {wanted}":
        problems.append(f"it says {first!r}, debian/changelog {wanted}")
    return problems + ([f"it names a path: {text!r}"] if "/" in text else [])
