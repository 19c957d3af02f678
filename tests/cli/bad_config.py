"""Configurations that are wrong, and where."""

from case import Case

# (name, YAML, [(line, column, a word of the sentence)]): every error is reported, one a line.
TABLE = (
    ("an unknown key", "worker: 1\n", [(1, 1, "workers")]),
    ("an unknown key in a section", "logs:\n  directori: /tmp\n", [(2, 3, "directory")]),
    ("an unknown key in a list", "ports:\n  - interfase: lo\n", [(2, 5, "interface")]),
    ("a word for a number", "workers: many\n", [(1, 10, "many")]),
    ("a list for a number", "workers: [1, 2]\n", [(1, 10, "workers")]),
    ("a number out of range", "workers: 1000\n", [(1, 10, "64")]),
    ("a negative number", "workers: -1\n", [(1, 10, "-1")]),
    ("a fraction for a whole number", "workers: 1.5\n", [(1, 10, "1.5")]),
    ("a section for a scalar", "logs: here\n", [(1, 7, "logs")]),
    ("a word that is no choice", "logs:\n  format: xml\n", [(2, 11, "zeek")]),
    ("an unknown driver", "ports:\n  - interface: lo\n    driver: e1000\n", [(3, 13, "af_packet")]),
    ("a duplicate key", "workers: 1\nworkers: 2\n", [(2, 1, "workers")]),
    ("an address without a port", "metrics:\n  listen: localhost\n", [(2, 11, "localhost")]),
    ("an unknown event", "logs:\n  events: [mp_nothing]\n", [(2, 12, "mp_nothing")]),
    ("a filter that breaks off", "workers: 1\nfilter: \"net 10.0.0.0/8 and\"\n", [(2, 9, "can't parse filter expression")]),
    ("a filter that matches nothing", "filter: tcp and udp\n", [(1, 9, "expression rejects all packets")]),
    ("an unclosed bracket", "ports: [\n", [(2, 1, "")]),
    ("a tab for indentation", "logs:\n\tdirectory: /tmp\n", [(2, 1, "")]),
    ("bad indentation", "logs:\n    format: json\n  directory: /tmp\n", [(3, 3, "")]),
    ("not a map", "- workers\n", [(1, 1, "")]),
    (
        "several errors at once",
        "worker: 1\nports:\n  - interface: lo\n    drivr: af_packet\nlogs:\n  format: xml\nmetrics:\n  listen: nowhere\n",
        [(1, 1, "workers"), (4, 5, "driver"), (6, 11, "zeek"), (8, 11, "nowhere")],
    ),
)


def cases(folder):
    """Cases of `check-config`, and some of the commands that load a configuration on their way."""
    for number, (name, text, errors) in enumerate(TABLE):
        path = folder / f"{number}.yaml"
        path.write_text(text)
        says = [said for line, column, word in errors for said in (f"{path}:{line}:{column}: ", word)]
        yield Case(f"check-config: {name}", ("check-config", path), 2, tuple(says), lines=len(errors))
    wrong = folder / "wrong.yaml"
    wrong.write_text("worker: 1\n")
    for arguments in (("run", "--config", wrong), ("read", "--config", wrong, wrong), ("doctor", "--config", wrong)):
        yield Case(f"{arguments[0]} with a wrong configuration", arguments, 2, (f"{wrong}:1:1: ", "workers"))

    right = folder / "right.yaml"
    right.write_text("ports:\n  - interface: lo\n    driver: af_packet\nworkers: 1\n")
    yield Case("check-config: a right one", ("check-config", right), 0, lines=0)
    portless = folder / "portless.yaml"
    portless.write_text("workers: 1\n")
    yield Case("run without a port", ("run", "--config", portless), 2, (str(portless), "ports"))
    absent = folder / "absent.yaml"
    yield Case("check-config: a missing file", ("check-config", absent), 1, ("absent.yaml", "does not exist"))
    yield Case("doctor with a missing configuration", ("doctor", "--config", absent), 1, ("absent.yaml", "does not exist"))
    yield Case("run with a missing configuration", ("run", "--config", absent), 1, ("absent.yaml", "does not exist"))
    yield Case("check-config: a directory", ("check-config", folder), 1, (folder.name, "irectory"))
