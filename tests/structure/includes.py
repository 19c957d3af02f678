"""Who may include what: the layers of docs/architecture.md, and the one place of each library."""

import fnmatch
import re

import tree

OWN = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
SYSTEM = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)

# Whose headers a folder may include, beside its own. The first row that fits a file counts.
LAYERS = (
    # Micro-benchmarks stand beside what they measure and are programs of the tests.
    ("dataplane/*_bench.cc", ("dataplane/*", "tests/*")),
    ("detect/*_bench.cc", ("dataplane/*", "detect/*", "tests/*")),
    ("dataplane/*", ()),
    # Records and options, and what tables need: the hash where attackers choose the keys, and large pages.
    ("detect/*", ("dataplane/record.h", "dataplane/types.h", "dataplane/mptcp_option.h", "dataplane/cursor.h",
                  "dataplane/seeded_hash.h", "dataplane/lazy_array.h", "dataplane/packet_source.h",
                  "dataplane/kept_packet.h", "dataplane/prefetch.h", "dataplane/prefix.h", "dataplane/proven_sources.h", "dataplane/rule_order.h",
                  "dataplane/card_orders.h")),
    ("config/*", ("dataplane/*_options.h", "dataplane/port_names.h", "detect/*_options.h", "daemon/*_options.h")),
    ("daemon/*", ("dataplane/*", "detect/*", "config/*")),
    # The generator shares no code with what it tests.
    ("tests/support/*", ()),
    ("tests/*", ("dataplane/*", "detect/*", "config/*", "daemon/*")),
)

# Headers of a library, and the files that may know it.
LIBRARIES = {
    "rte_*": ("dataplane/dpdk_*", "dataplane/eal*", "tests/bench/rxonly_loop.cc", "tests/unit/fake_flows.cc"),  # the last: what the source is held against
    "pcap/*": ("dataplane/pcap_*",),
    "openssl/*": ("detect/crypto*", "tests/support/mptcp_crypto*"),  # the tests' own derivations
    "yaml-cpp/*": ("config/yaml*",),
    "prometheus/*": ("daemon/export/metrics*",),
    "civetweb.h": ("daemon/export/http_listener.cc",),
    "zlib.h": ("daemon/export/gzip.cc", "tests/unit/export_metrics_server_test.cc"),
    "spdlog/*": ("daemon/*", "tests/unit/*"),
    "catch2/*": ("tests/*",),
    "benchmark/*": ("tests/bench/*", "dataplane/*_bench.cc", "detect/*_bench.cc"),
    "CLI/*": ("daemon/cli*", "tests/support/generate_main.cc"),      # one file knows the command line
    "nlohmann/*": ("daemon/export/log_value*", "daemon/export/schemas*", "daemon/query*", "daemon/page/web_page.cc", "daemon/top_command.cc", "tests/*"),  # docs/decisions/0009
    "curses.h": ("daemon/top_command.cc",),
    "systemd/*": ("daemon/service_manager.cc",),                                      # Type=notify
}

STANDARD = re.compile(r"[a-z_]+")  # <vector>
SYSTEM_HEADERS = re.compile(r"(sys|linux|net|netinet|arpa)/\w+\.h|"
                            r"(cpuid|fcntl|poll|pthread|sched|signal|stdlib|time|unistd|x86intrin|immintrin)\.h")


def fits(path, patterns):
    """Whether a path matches one of the patterns; * crosses folders."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def each_include(root, pattern):
    """(file, header) of every include."""
    for path in tree.files(root, *tree.SOURCES):
        for header in pattern.findall((root / path).read_text()):
            yield path, header


def own_problems(root):
    """Includes that cross a layer, or that are not written from the root."""
    problems = []
    for path, header in each_include(root, OWN):
        own, others = next((row for row in LAYERS if fits(path, row[:1])), ("", ()))
        if not (root / header).is_file() and not (root / f"{header}.in").is_file():  # or written by the build
            problems.append(f"{path} includes {header}, which does not exist from the root")
        elif not fits(header, (own, *others)):
            problems.append(f"{path} includes {header}")
    return problems


def third_party_problems(root):
    """Includes of a library outside its place, and libraries that have none."""
    problems = []
    for path, header in each_include(root, SYSTEM):
        library = next((name for name in LIBRARIES if fits(header, (name,))), None)
        if library is None:
            if not STANDARD.fullmatch(header) and not SYSTEM_HEADERS.fullmatch(header):
                problems.append(f"{path} includes <{header}>, which no row of LIBRARIES allows")
        elif not fits(path, LIBRARIES[library]):
            problems.append(f"{path} includes <{header}>, which belongs to {', '.join(LIBRARIES[library])}")
    return problems
