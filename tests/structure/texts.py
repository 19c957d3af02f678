"""Texts: source files that stay short and finished, documents that name only what exists."""

import pathlib
import re
import subprocess

import tree
from mptap import BINARY

BUILT = "build/release/daemon/mptap"
MOST_LINES = 450
UNDONE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
SUBCOMMAND = re.compile(r'add_subcommand\("([\w-]+)"')
OPTION = re.compile(r'"(?:-\w,)?(--[\w-]+)"')


def is_source(root, path):
    """Whether people wrote the file in a programming language."""
    if pathlib.Path(path).suffix in (".h", ".cc", ".py"):
        return True
    with (root / path).open("rb") as file:
        return file.read(2) == b"#!"


def length_problems(root):
    """Source files over the limit."""
    counts = {path: len((root / path).read_text().splitlines()) for path in tree.files(root) if is_source(root, path)}
    return [f"{path} has {count} lines; {MOST_LINES} are allowed" for path, count in counts.items() if count > MOST_LINES]


def undone_problems(root):
    """Words that mark unfinished work."""
    problems = []
    for path in tree.files(root):
        if is_source(root, path) or pathlib.Path(path).suffix in (".md", ".txt", ".build", ".1", ".5", ".8"):
            for number, line in enumerate((root / path).read_text().splitlines(), 1):
                if UNDONE.search(line):
                    problems.append(f"{path}:{number}: {line.strip()}")
    return problems


def documents(root):
    """README and its like, and docs/."""
    return ["README.md", "CONTRIBUTING.md", *tree.files(root, ".md", under=("docs",))]


def link_problems(root):
    """Relative links that lead nowhere."""
    problems = []
    for path in documents(root):
        for target in LINK.findall((root / path).read_text()):
            if "://" not in target and not (root / path).parent.joinpath(target).exists():
                problems.append(f"{path}: {target} does not exist")
    return problems


def code_lines(text):
    """The lines of indented and of fenced code blocks."""
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line.strip().removeprefix("$ ")


def commands(root):
    """Commands and options that the command line parser knows."""
    source = (root / "daemon/cli.cc").read_text()
    return set(SUBCOMMAND.findall(source)), set(OPTION.findall(source)) | {"--help", "--version"}


def command_problems(root):
    """Command lines of README that name an unknown command, option or file."""
    known_commands, known_options = commands(root)
    problems = []
    for line in code_lines((root / "README.md").read_text()):
        words = line.split("#")[0].removeprefix("sudo ").split()
        if not words:
            continue
        if words[0] in ("mptap", BUILT):
            unknown = [word for word in words[1:2] if word not in known_commands | known_options]
            unknown += [word for word in words[2:] if word.startswith("--") and word not in known_options]
            problems += [f"mptap knows no {word}: {line}" for word in unknown]
        for word in words:
            if re.match(r"(?:\./)?(?:deploy|tests|docs)/", word) and not (root / word).exists():
                problems.append(f"{word} does not exist: {line}")
    return problems


def shown_problems(root):
    """Lines that the command shown in README prints and README does not show."""
    text = (root / "README.md").read_text()
    command = next(line.removeprefix("    $ ") for line in text.splitlines() if line.startswith("    $ "))
    done = subprocess.run([BINARY, *command.split()[1:]], cwd=root, capture_output=True, text=True)
    printed = [f"    {line}".rstrip() for line in done.stdout.splitlines()]
    if "\n".join(printed) in text:
        return []
    return [f"`{command}` prints something else", *(line for line in printed if line not in text.splitlines())]


def flags_of(options):
    """Options as mdoc(7) writes them."""
    return {f"Fl -{option.removeprefix('--')}" for option in options}


def manual_problems(root):
    """Commands and options that mptap(8) leaves out, and those of `mptap read` that mptap-read(1) does."""
    known_commands, known_options = commands(root)
    of_read = re.findall(r'read_app\s*->add_option\w*(?:<[^>]*>)?\(\s*"(?:-\w,)?(--[\w-]+)"', (root / "daemon/cli.cc").read_text())
    wanted = {
        "docs/man/mptap.8": {f"Cm {name}" for name in known_commands} | flags_of(known_options),
        "docs/man/mptap-read.1": flags_of({*of_read, "--help"}),
    }
    problems = []
    for path, words in wanted.items():
        text = (root / path).read_text().replace("\\-", "-")
        problems += [f"{path} leaves out {word}" for word in sorted(words) if word not in text]
    return problems


def detector_problems(root):
    """Detectors without a section of their own."""
    text = (root / "docs/detections.md").read_text()
    names = [pathlib.Path(path).stem for path in tree.files(root, ".h", under=("detect/detectors",))]
    return [f"docs/detections.md has no section `{name}`" for name in names if f"\n## `{name}`\n" not in text]
