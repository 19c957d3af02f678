"""Arguments that are wrong, and the questions that are always answered."""

from case import Case

CASES = (
    Case("no arguments", (), 2, ("--help",)),
    Case("an unknown command", ("sniff",), 2, ("sniff",)),
    Case("an unknown option", ("read", "--fast", "x.pcap"), 2, ("--fast",)),
    Case("read without a capture", ("read",), 2, ("captures",)),
    Case("an unknown log format", ("read", "--format", "xml", "x.pcap"), 2, ("xml", "zeek")),
    Case("run without a configuration", ("run",), 2, ("--config",)),
    Case("check-config without a file", ("check-config",), 2, ("file",)),
    Case("--help", ("--help",), 0, lines=0, prints=("run", "read", "check-config", "print-config", "doctor")),
    Case("doctor with an unknown option", ("doctor", "--fast"), 2, ("--fast",)),
    Case("read --help", ("read", "--help"), 0, lines=0, prints=("--log-dir", "--format")),
    Case("--version", ("--version",), 0, lines=0, prints=("mptap ", "commit: ", "compiler: ", "build type: ", "DPDK ", "libpcap ")),
    Case("print-config", ("print-config",), 0, lines=0, prints=("workers",)),
    Case("print-config --defaults", ("print-config", "--defaults"), 0, lines=0, prints=("workers",)),
)
