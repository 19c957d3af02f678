// The settings table. Change a setting here, and loading, printing and docs/configuration.md follow
// (MPTAP_WRITE_DOCS=1 makes the test of the document write it).
#include "config/setting_rows.h"
#include "detect/event_options.h"

namespace mptap {
namespace {

constexpr std::string_view kMessageLevels[] = {"trace", "debug", "info", "warning", "error"};
constexpr std::string_view kEalLevels[] = {"emergency", "alert",  "critical", "error",
                                           "warning",   "notice", "info",     "debug"};

std::vector<Setting> make_port_settings() {
  return {
      {.path = "ports",
       .type = SettingType::kPorts,
       .doc = "The ports to read, each named by exactly one of `interface`, `pci` and `vdev`; `mptap run` "
              "needs one.",
       .max_items = kMaxPorts},
      text("ports[].interface", MPTAP_PORT(interface), kInterfaceForm,
           "A Linux network interface that the kernel keeps: needs no preparation."),
      choice("ports[].driver", MPTAP_PORT(driver), kWordsOf<PortDriver>,
             "How `interface` is opened: af_xdp is faster where the card's kernel driver supports it."),
      text("ports[].pci", MPTAP_PORT(pci), kPciForm,
           "The PCI address of a card that was given to DPDK (vfio-pci): fastest, and the kernel loses the "
           "card."),
      text("ports[].vdev", MPTAP_PORT(vdev), kVdevForm,
           "A DPDK virtual device with its arguments, word for word."),
      number("ports[].receive_descriptors", MPTAP_PORT(receive_descriptors), {64, 32'768},
             "descriptors a queue", "Frames that the card may hold for a worker that is late."),
      boolean("ports[].promiscuous", MPTAP_PORT(promiscuous),
              "Also take frames that are addressed to others; a span port needs this."),
  };
}

std::vector<Setting> make_dataplane_settings() {
  return {
      {.path = "inline",
       .type = SettingType::kPairs,
       .doc = "Pairs of ports, by their interface, PCI address or virtual device: every frame that comes in on one leaves by "
              "the other, unchanged. Ports that stand in no pair only listen.",
       .reach = MPTAP_STARTUP(dataplane.pairs),
       .max_items = kMaxPorts / 2},
      boolean("mirror_links", MPTAP_STARTUP(dataplane.mirror_links),
              "Inline pairs: a port whose partner has no link is taken down until it has, so that hosts see what they would see of a cable."),
      number("workers", MPTAP_STARTUP(dataplane.workers), {1, kMaxWorkers}, "threads",
             "Threads that poll; worker k polls queue k of every port."),
      {.path = "cores",
       .type = SettingType::kNumbers,
       .doc = "The processor cores of the workers, one each; with none given, the first that are free.",
       .reach = MPTAP_STARTUP(dataplane.cores),
       .range = {0, 1'023},
       .max_items = kMaxWorkers},
      choice("poll", MPTAP_STARTUP(dataplane.poll), kWordsOf<PollMode>,
             "adaptive rests while there is no traffic; busy never does and wants cores of its own."),
      duration("max_rest", MPTAP_STARTUP(dataplane.rest_ns), {kMicrosecond, 100 * kMillisecond},
               "The longest sleep of an idle worker under `poll: adaptive`."),
      choice("hugepages", MPTAP_STARTUP(dataplane.hugepages), kWordsOf<HugepageUse>,
             "auto takes hugepages where there are enough; always refuses to start without; never leaves "
             "them alone."),
      size("memory", MPTAP_STARTUP(dataplane.memory_bytes), {16 * kMiB, kTiB},
           "Memory for packets, shared by all ports."),
      number("mbufs", MPTAP_STARTUP(dataplane.mbufs), {1'024, kMaxTable}, "packet buffers",
             "Packet buffers in that memory, shared by all ports."),
      number("max_frame", MPTAP_STARTUP(dataplane.max_frame_bytes), {128, 65'535}, "bytes",
             "The longest frame that is taken whole."),
      text("filter", MPTAP_STARTUP(dataplane.filter), kFilterForm,
           "Which packets are looked at, by their outermost headers, in the language of tcpdump (pcap-filter(7)); the "
           "others are counted and left out. Empty: all."),
      group("frames", "How deep a frame is looked into."),
      boolean("frames.decapsulate", MPTAP_STARTUP(worker.frame.decapsulate),
              "Look into GRE, ERSPAN, VXLAN, GTP-U and IP in IP."),
      number("frames.max_depth", MPTAP_STARTUP(worker.frame.max_depth), {0, 16}, "headers",
             "Tunnels within tunnels that are followed."),
      boolean("frames.vlan_in_identity", MPTAP_STARTUP(worker.frame.vlan_in_identity),
              "Equal addresses in different VLANs (or under different MPLS labels) are different subflows."),
      boolean("frames.tunnel_in_identity", MPTAP_STARTUP(worker.frame.tunnel_in_identity),
              "Equal addresses in different tunnels are different subflows."),
      number("frames.vxlan_port", MPTAP_STARTUP(worker.frame.vxlan_port), {1, 65'535}, "",
             "The UDP port of VXLAN."),
      number("frames.gtpu_port", MPTAP_STARTUP(worker.frame.gtpu_port), {1, 65'535}, "",
             "The UDP port of GTP-U."),
  };
}

std::vector<Setting> make_state_settings() {
  return {
      group("subflows",
            "The table of subflows that each worker keeps, and its ring of records to the control thread."),
      number("subflows.capacity", MPTAP_STARTUP(worker.table.capacity), {1'024, kMaxTable},
             "subflows a worker",
             "Subflows that are followed at once; the least proven leave first when it is full."),
      duration("subflows.idle_timeout", MPTAP_STARTUP(worker.table.idle_timeout_ns), {kSecond, 7 * kDay},
               "A confirmed subflow without a packet for this long has ended."),
      duration("subflows.unanswered_timeout", MPTAP_STARTUP(worker.table.unanswered_timeout_ns),
               {100 * kMillisecond, kHour}, "A SYN without an answer for this long is given up."),
      duration("subflows.midstream_timeout", MPTAP_STARTUP(worker.table.midstream_timeout_ns),
               {kSecond, 7 * kDay}, "The same as `idle_timeout`, for a subflow whose start was not seen."),
      duration("subflows.linger", MPTAP_STARTUP(worker.table.linger_ns), {0, kHour},
               "A closed subflow keeps its place for this long, against late copies of its packets."),
      number("subflows.closed_share", MPTAP_STARTUP(worker.table.closed_share), {1, 1'024}, "",
             "Closed subflows hold one in this many places at most: beyond that the oldest leaves before its `linger` is over. "
             "Live only."),
      number("subflows.receiver_share", MPTAP_STARTUP(worker.table.receiver_share), {1, 65'536}, "",
             "One receiver may hold one in this many of the places of unanswered SYNs."),
      number("subflows.refused_join_sample", MPTAP_STARTUP(worker.refused_join_sample), {1, 1'024}, "",
             "Of joins to a receiver that holds its share, one in this many is looked at, and counts for all; 1: each. In "
             "captures each is."),
      duration("subflows.counters_interval", MPTAP_STARTUP(worker.counters_interval_ns),
               {10 * kMillisecond, kHour}, "How often a moving subflow reports its counters."),
      number("subflows.ring", MPTAP_STARTUP(worker.ring_capacity), {1'024, kMaxTable, true}, "records",
             "Records a worker may be ahead of the control thread, 64 bytes each."),
      number("subflows.overflow", MPTAP_STARTUP(worker.overflow_capacity), {1'024, kMaxTable}, "records",
             "Vital records beyond those, for which the ring keeps a reserve."),
      group("connections", "The table of MPTCP connections."),
      number("connections.max", MPTAP_STARTUP(correlator.max_connections), {1'024, kMaxTable}, "connections",
             "MPTCP connections that are followed at once."),
      duration("connections.linger", MPTAP_STARTUP(correlator.linger_ns), {0, kDay},
               "A connection without a live subflow keeps its tokens for this long: hosts may break before "
               "they make."),
      duration("connections.join_grace", MPTAP_STARTUP(correlator.join_grace_ns), {0, 60 * kSecond},
               "An answered join whose connection is not known waits this long for it before it is called "
               "unknown."),
      number("connections.max_waiting_joins", MPTAP_STARTUP(correlator.max_waiting_joins), {1, kMaxTable},
             "joins", "Joins that wait at once; beyond that the longest waiting is called unknown at once."),
      number("connections.crypto_per_second", MPTAP_STARTUP(correlator.crypto_per_second), {1, 1'000'000'000},
             "hashes and HMACs", "Proofs that are computed in a second of packet time; what is beyond stays unverified."),
  };
}

std::vector<Setting> make_mitigation_settings() {
  return {
      group("mitigation", "The rules of inline ports, which a detector's `mitigation` makes."),
      texts("mitigation.allow", MPTAP_STARTUP(worker.spared), kPrefixForm, 64,
            "Addresses and networks whose packets are never held back, whatever a rule says."),
      duration("mitigation.ttl", MPTAP_RUNTIME(mitigation.ttl_ns), {kSecond, kDay},
               "A rule ends when its cause was not told again for this long."),
      boolean("mitigation.cards", MPTAP_STARTUP(dataplane.use_cards),
              "Cards of inline ports drop blocked subflows by themselves (rte_flow), where card and driver can; what they cannot, "
              "workers do. Not yet tried on a card."),
  };
}

std::vector<Setting> make_export_settings() {
  return {
      group("logs", "Log files; docs/logs.md describes their columns."),
      text("logs.directory", MPTAP_RUNTIME(logs.directory), kPathForm,
           "Where log files are written; it must exist. Empty: no logs."),
      choice("logs.format", MPTAP_RUNTIME(logs.format), kWordsOf<LogFormat>,
             "zeek writes tab-separated values under Zeek's header; json one object a line; eve all of them into eve.json, "
             "in the form of Suricata's EVE."),
      boolean("logs.subflows", MPTAP_RUNTIME(logs.subflows), "Write mptcp_subflow.log: one row a subflow."),
      boolean("logs.connections", MPTAP_RUNTIME(logs.connections),
              "Write mptcp_conn.log: one row a connection."),
      boolean("logs.notices", MPTAP_RUNTIME(logs.notices), "Write notice.log: one row a notice."),
      {.path = "logs.events",
       .type = SettingType::kChoices,
       .doc = "Events that are written to mptcp_event.log; mp_dss and mptcp cost a record for each such "
              "option, and "
              "workers learn of these two at start only.",
       .reach = MPTAP_RUNTIME(logs.events),
       .words = kEventWords,
       .max_items = kEventWords.size()},
      number("logs.attempts_per_second", MPTAP_RUNTIME(logs.attempts_per_second), {0, 1'000'000},
             "rows a second", "Rows of unanswered attempts that are written; the others are counted."),
      at_start(number("logs.queue", MPTAP_RUNTIME(logs.queue_rows), {64, kMaxTable}, "rows",
             "Rows that may wait for the log writer; beyond that rows are dropped and counted.")),
      group("metrics", "The Prometheus endpoint."),
      boolean("metrics.enabled", MPTAP_STARTUP(metrics.enabled), "Serve metrics."),
      text("metrics.listen", MPTAP_STARTUP(metrics.listen), kListenForm,
           "Where metrics are served; with port 0, on any free port."),
      boolean("metrics.page", MPTAP_STARTUP(metrics.page), "Serve the page that shows the sensor in a browser, at / there."),
      group("control", "The socket by which `mptap status`, `connections`, `config` and `top` ask the sensor."),
      text("control.socket", MPTAP_STARTUP(query.socket), kPathForm,
           "Its path: its owner and group may ask. Empty: none."),
      group("messages", "The sensor's own messages on stderr."),
      choice("messages.level", MPTAP_RUNTIME(messages.level), kMessageLevels,
             "The least important that are shown."),
      group("eal", "DPDK's environment."),
      choice("eal.log_level", MPTAP_STARTUP(dataplane.eal_log_level), kEalLevels,
             "The least important of DPDK's own messages that are shown."),
  };
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  for (const auto& part : {make_port_settings(), make_dataplane_settings(), make_state_settings(),
                           make_detector_settings(), make_mitigation_settings(), make_export_settings()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

std::span<const Setting> settings() {
  static const std::vector<Setting> kAll = make_settings();
  return kAll;
}

}  // namespace mptap
