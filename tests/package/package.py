"""The Debian package: made, looked at, and its life in the container of tests/deploy."""

import os
import pathlib
import re
import shutil
import subprocess

import container
from mptap import ROOT

MANUALS = sorted((ROOT / "docs/man").iterdir())
LIFE = pathlib.Path(__file__).with_name("life.py")


def why_not_made():
    """Why no package can be made here, or None."""
    missing = [tool for tool in ("dh", "dpkg-shlibdeps", "dpkg-deb") if not shutil.which(tool)]
    return f"{missing[0]} is not installed" if missing else None


def make():
    """Makes the package; returns its path. Raises RuntimeError where that fails."""
    done = subprocess.run([ROOT / "deploy/make-deb", "--no-install"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=1200)  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"deploy/make-deb ends with {done.returncode}: {done.stdout.strip()[-800:]}")
    return ROOT / done.stdout.splitlines()[-1]


def same_again_problems(package):
    """Whether the same sources give the same package, byte for byte."""
    before = package.read_bytes()
    return [] if make().read_bytes() == before else ["made again, the package differs"]


def path_problems(package):
    """Paths of this clone in what the package holds."""
    folder = package.parent / "unpacked"
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True, timeout=60)
    try:
        found = [path for path in folder.rglob("*") if path.is_file() and os.fsencode(str(ROOT)) in path.read_bytes()]
        return [f"{path.relative_to(folder)} names {ROOT}" for path in found]
    finally:
        shutil.rmtree(folder)


def lintian_problems(package):
    """What lintian has against it: errors and warnings."""
    done = subprocess.run(["lintian", "--allow-root", "--fail-on=error,warning", package], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)  # fmt: skip
    lines = done.stdout.strip().splitlines()
    return (lines or [f"exit code {done.returncode}"]) if done.returncode else []


def dependency_problems():
    """What is needed to build and debian/control leaves out; deploy/packages is what tests use."""
    listed = subprocess.run([ROOT / "deploy/packages", "list", "build"], capture_output=True, text=True, check=True).stdout.split()
    control = (ROOT / "debian/control").read_text().split("\n\n")[0]
    named = set(re.findall(r"^ ([\w.+-]+)", control[control.index("Build-Depends:"):], re.M))
    without = {"g++", "catch2"}  # build-essential; tests, which the package does not build
    return [f"Build-Depends: lacks {name}" for name in listed if name not in named | without]


def manual_problems(path):
    """What mandoc finds wrong with a manual page, but that other pages are not installed here."""
    said = subprocess.run(["mandoc", "-T", "lint", path], capture_output=True, text=True, timeout=60).stdout
    return [line for line in said.splitlines() if "referenced manual not found" not in line]


def life(package, pattern):
    """(name, problems, reason to skip) of each check of life.py."""

    def write_files(folder):
        (folder / "root").mkdir()
        shutil.copy(package, folder / "root/mptap.deb")

    return container.results(pattern, LIFE, write_files)
