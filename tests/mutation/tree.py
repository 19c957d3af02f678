"""The copy of the tree in which bugs are tried, and its build, which each bug leaves as it was."""

import os
import pathlib
import shutil
import subprocess

BUILT = "build/release"
TOLD = 3  # lines of a compiler's complaint


def _last_lines(text):
    errors = [line for line in text.splitlines() if "error:" in line] or text.strip().splitlines()
    return "; ".join(errors[:TOLD])


def _files(folder):
    """{path below the folder: (size, time of the last change)}."""
    found = {}
    for directory, _, names in os.walk(folder):
        for name in names:
            path = pathlib.Path(directory, name)
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                found[path.relative_to(folder)] = (status.st_size, status.st_mtime_ns)
    return found


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)  # with its time, by which ninja judges


class Tree:
    """`folder` is a copy of `root`, with a build of its own; beside it stands what the build was without a bug."""

    def __init__(self, root, scratch):
        self._root = root
        self.folder = scratch / "tree"
        self._clean = scratch / "clean"

    def renew(self):
        """Makes the copy, or brings one of an earlier run to what the root is now."""
        listed = subprocess.run(["git", "-C", self._root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                check=True, capture_output=True, text=True).stdout.split("\0")
        wanted = {pathlib.Path(name) for name in listed if name and (self._root / name).is_file()}
        for path in {path for path in _files(self.folder) if path.parts[0] != "build"} - wanted:
            (self.folder / path).unlink()
        for path in wanted:
            source, target = self._root / path, self.folder / path
            if not target.exists() or source.read_bytes() != target.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)  # with the time of now: an older file may have been built meanwhile
        subprocess.run(["cmake", "--preset", "release"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def build(self, targets):
        """Builds; returns the compiler's complaint, or None."""
        command = ["cmake", "--build", BUILT, "--parallel", str(os.cpu_count()), "--target", *targets]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        return _last_lines(done.stdout + done.stderr) if done.returncode else None

    def keep(self):
        """Remembers sources and build as they are."""
        shutil.rmtree(self._clean, ignore_errors=True)
        self._kept = _files(self.folder)
        for path in self._kept:
            _copy(self.folder / path, self._clean / path)

    def restore(self):
        """Puts back what is not as it was, with its times: nothing of it is built again."""
        now = _files(self.folder)
        for path in now.keys() - self._kept.keys():
            (self.folder / path).unlink()
        for path, state in self._kept.items():
            if now.get(path) != state:
                _copy(self._clean / path, self.folder / path)

    def touched(self, patch):
        """Paths that a patch changes."""
        return [line[6:].split("\t")[0] for line in patch.read_text().splitlines() if line.startswith("+++ b/")]

    def apply(self, patch):
        """Applies a patch; returns the complaint of patch(1), or None. Lines may have moved, and not changed."""
        done = subprocess.run(["patch", "-p1", "--fuzz=0", "--force", "--no-backup-if-mismatch", "-i", patch],
                              cwd=self.folder, capture_output=True, text=True)
        return _last_lines(done.stdout + done.stderr) if done.returncode else None
