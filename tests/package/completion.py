"""What the shells complete, held against `mptap --help`."""

import re
import subprocess
import tempfile

from mptap import BINARY, ROOT

FOLDER = ROOT / "deploy/completion"
COMMAND_ROW = re.compile(r"^  ([a-z][\w-]*)  ", re.M)
OPTION_ROW = re.compile(r"^  ((?:-\w,)?--[\w-]+)( \S+)?", re.M)
# Calls the function of bash as bash does; prints what it offers.
BASH = """
source "$0"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mptap
printf '%s\\n' "${COMPREPLY[@]}"
"""
# Calls that of zsh; in place of what zsh does with the specifications, they are printed.
ZSH = """
state=argument
_arguments() { [[ $1 == -C ]] && { state=argument; print -rl -- "${@:2}"; print -- ----; return } ; print -rl -- "$@" }
_describe() { print -rl -- "${(@P)4}" }
compdef() { : }
words=("$@")
source $0
print -- ----
_mptap_command_names
"""


def said(*command):
    """What a command prints on either stream."""
    return subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60).stdout


def help_of(*command):
    """{option: whether it takes a value} of a command, `-c,--config` as two."""
    return {word: bool(value) for words, value in OPTION_ROW.findall(said(BINARY, *command, "--help")) for word in words.split(",")}


def commands():
    """The commands."""
    return COMMAND_ROW.findall(said(BINARY, "--help").split("Subcommands:")[1])


def events():
    """The words that `--events` takes: those that the message on an unknown one lists."""
    return set(re.search(r"known are ([\w, ]+)", said(BINARY, "read", "--events", "?", "-"))[1].split(", "))


def formats():
    """The formats of logs, from the same kind of message."""
    return set(re.split(r", | and ", re.search(r"is none of ([\w, ]+)", said(BINARY, "read", "--format", "?", "-"))[1]))


def differing(what, offered, wanted):
    """A sentence where the two differ."""
    lacking, more = sorted(set(wanted) - set(offered)), sorted(set(offered) - set(wanted))
    return [f"{what}: lacks {lacking}, has too much {more}"] if lacking or more else []


def bash_offers(*words):
    """What bash offers for the last word."""
    return [line for line in said("bash", "-c", BASH, FOLDER / "mptap.bash", "mptap", *words).splitlines() if line]


def bash_problems():
    """Where bash and mptap differ."""
    problems = differing("commands", bash_offers(""), commands())
    problems += differing("options", bash_offers("-"), help_of())
    for command in commands():
        problems += differing(command, bash_offers(command, "-"), help_of(command))
    problems += differing("formats", bash_offers("read", "--format", ""), formats())
    problems += differing("formats after =", bash_offers("read", "--format", "=", "j"), ["json"])
    problems += differing("events", bash_offers("read", "--events", ""), events())
    problems += differing("a second event", bash_offers("read", "--events", "mp_join,mp_fastc"), ["mp_join,mp_fastclose"])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a capture.pcap"
        with open(path, "w"):
            for words in (("read",), ("check-config",), ("run", "--config"), ("status", "--socket")):
                problems += differing(f"files of {' '.join(words)}", bash_offers(*words, f"{folder}/a"), [path])
            problems += differing("folders", bash_offers("read", "--log-dir", f"{folder}/a"), [])
    return problems


def zsh_options(specifications):
    """{option: whether it takes a value} of specifications of _arguments, and what they say of --format and --events."""
    options = {}
    for line in specifications.splitlines():
        if match := re.match(r"(?:\([^)]*\))?(-{1,2}[\w-]+)\[[^]]*\](:.*)?$", line):
            options[match[1]] = bool(match[2])
    return options


def zsh_problems():
    """Where zsh and mptap differ, also in whether an option takes a value."""
    problems = []
    for command in commands():
        top, own, names = said("zsh", "-f", "-c", ZSH, FOLDER / "_mptap", command).split("----\n")
        problems += differing("commands", [line.split(":")[0] for line in names.splitlines()], commands())
        problems += differing("options", zsh_options(top).items(), help_of().items())
        problems += differing(command, zsh_options(own).items(), help_of(command).items())
        if command == "read":
            problems += differing("formats", re.search(r":format:\((.*)\)", own)[1].split(), formats())
            problems += differing("events", re.search(r"compadd - (.*)", own)[1].split(), events())
    return problems
