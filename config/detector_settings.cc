// The settings of detectors and notices: what every detector has comes from the list of detectors, thresholds stand
// here.
#include <array>
#include <string>

#include "config/setting_rows.h"

namespace mptap {
namespace {

constexpr std::array<std::string_view, 5> kSeverityWords = kWordsOf<SeverityChoice>;
constexpr std::array<std::string_view, 3> kMitigationWords = kWordsOf<Mitigation>;
constexpr std::size_t kMaxAllowed = 1'024;

/// What stands in the group of one detector besides what all have.
using Rows = std::vector<Setting>;

Rows thresholds_of(std::string_view detector) {
#define AT(field) MPTAP_RUNTIME(detectors.field)
  if (detector == "duplicate_add_addr") {
    return {boolean("detectors.duplicate_add_addr.repeats", AT(duplicate_add_addr.repeats),
                    "Also tell, as information, of the same address again (MPTCP version 0).")};
  }
  if (detector == "address_id_exhaustion") {
    return {number("detectors.address_id_exhaustion.threshold", AT(address_id_exhaustion.threshold), {1, 255},
                   "address IDs", "Live address IDs of one host of a connection; more raise the notice.")};
  }
  if (detector == "token_guessing") {
    return {number("detectors.token_guessing.threshold", AT(token_guessing.threshold), {1, 1'000'000'000}, "joins",
                   "Joins of one source refused for unknown tokens within `interval` that raise the notice."),
            duration("detectors.token_guessing.interval", AT(token_guessing.interval_ns), {100 * kMillisecond, kHour},
                     "The time within which they are counted; at most one notice a source in it."),
            number("detectors.token_guessing.percent", AT(token_guessing.percent), {1, 100}, "percent",
                   "The share of the source's answered joins that they must be."),
            number("detectors.token_guessing.max_sources", AT(token_guessing.max_sources), {1, kMaxTable}, "sources",
                   "Sources that are watched at once; the least active leave first.")};
  }
  if (detector == "join_flood") {
    return {number("detectors.join_flood.threshold", AT(join_flood.threshold), {1, 1'000'000'000}, "joins",
                   "Uncompleted joins to one receiver within `interval`; more raise the notice."),
            number("detectors.join_flood.known_token_threshold", AT(join_flood.known_token_threshold),
                   {1, 1'000'000'000}, "joins",
                   "The same for joins whose token a connection in view carries: each costs the receiver an HMAC."),
            duration("detectors.join_flood.interval", AT(join_flood.interval_ns), {100 * kMillisecond, kHour},
                     "The time within which joins are counted, and between two notices of one attack."),
            number("detectors.join_flood.max_receivers", AT(join_flood.max_receivers), {1, kMaxTable}, "receivers",
                   "Receivers that are watched at once; the least active leave first."),
            number("detectors.join_flood.top_sources", AT(join_flood.top_sources), {0, 16}, "sources",
                   "The busiest sources that a notice names."),
            choice("detectors.join_flood.mitigation", AT(join_flood.mitigation), kMitigationWords,
                   "Inline ports: what becomes of joins to a receiver under attack beyond `pass_per_second`; those that come again "
                   "pass. observe only counts."),
            number("detectors.join_flood.pass_per_second", AT(join_flood.pass_per_second), {0, 1'000'000'000}, "joins",
                   "Joins to a receiver under attack that pass at once, in a second and through one worker.")};
  }
  if (detector == "add_addr_hmac") {
    return {choice("detectors.add_addr_hmac.mitigation", AT(add_addr_hmac.mitigation), kMitigationWords,
                   "Inline ports: whether such an ADD_ADDR is taken out of its segment; observe only counts. Segments with an ADD_ADDR "
                   "wait for that, 2 ms at most.")};
  }
  if (detector == "join_hmac") {
    return {choice("detectors.join_hmac.mitigation", AT(join_hmac.mitigation), kMitigationWords,
                   "Inline ports: what becomes of the further segments of such a subflow; observe only counts.")};
  }
  if (detector == "half_open_join") {
    return {duration("detectors.half_open_join.grace", AT(half_open_join.grace_ns), {0, kHour},
                     "Where the sensor stops: how long before that the SYN/ACK must have been.")};
  }
  if (detector == "premature_join") {
    return {duration("detectors.premature_join.grace", AT(premature_join.grace_ns), {0, kHour},
                     "How much later than the join the third ACK may stand in what the sensor sees.")};
  }
  if (detector == "join_to_removed") {
    return {duration("detectors.join_to_removed.grace", AT(join_to_removed.grace_ns), {0, kHour},
                     "Joins so shortly after REMOVE_ADDR were sent before it arrived; a round trip where that is longer.")};
  }
  if (detector == "fallback_burst") {
    return {number("detectors.fallback_burst.threshold", AT(fallback_burst.threshold), {1, 1'000'000'000}, "fallbacks",
                   "Fallbacks of hosts that spoke MPTCP before, within `interval`, that raise the notice."),
            duration("detectors.fallback_burst.interval", AT(fallback_burst.interval_ns), {100 * kMillisecond, kDay},
                     "The time within which they are counted; at most one notice in it.")};
  }
  if (detector == "remove_addr_abuse") {
    return {duration("detectors.remove_addr_abuse.grace", AT(remove_addr_abuse.grace_ns), {0, kHour},
                     "How long data may go on after its address was removed; two round trips where that is longer."),
            number("detectors.remove_addr_abuse.mass", AT(remove_addr_abuse.mass), {1, 255}, "address IDs",
                   "Address IDs that one host removes from a connection within `interval` that raise the notice."),
            duration("detectors.remove_addr_abuse.interval", AT(remove_addr_abuse.interval_ns),
                     {100 * kMillisecond, kHour}, "The time within which they are counted.")};
  }
  if (detector == "malformed_option") {
    return {duration("detectors.malformed_option.interval", AT(malformed_option.interval_ns), {0, kDay},
                     "At most one notice a sender and error in it.")};
  }
  if (detector == "cross_path_scatter") {
    return {number("detectors.cross_path_scatter.subflows", AT(cross_path_scatter.subflows), {2, 64}, "subflows",
                   "Paths of one connection that must carry tiny pieces."),
            number("detectors.cross_path_scatter.mappings", AT(cross_path_scatter.mappings), {1, 1'000'000}, "mappings",
                   "Tiny pieces out of order on each of them.")};
  }
#undef AT
  return {};
}

/// What every detector has.
struct SwitchPaths {
  std::string_view group;
  std::string_view enabled;
  std::string_view severity;
  std::string_view suppress;
};

// cppcheck-suppress passedByValue ; a Reach is an enumerator of one byte
Rows switch_of(const SwitchPaths& paths, std::string_view doc, Reach enabled, Reach severity, Reach suppress) {
  return {group(paths.group, doc), boolean(paths.enabled, enabled, "Watch for it."),
          choice(paths.severity, severity, kSeverityWords,
                 "The severity of its notices; own is what docs/detections.md says."),
          duration(paths.suppress, suppress, {0, 7 * kDay},
                   "After a notice, none about the same connection, or between the same addresses, for this long.")};
}

}  // namespace

Rows make_detector_settings() {
  Rows rows{
      group("notices", "What holds for the notices of all detectors."),
      texts("notices.allow", MPTAP_RUNTIME(notices.allow), kPrefixForm, kMaxAllowed,
            "Sources that raise no notice, such as scanners of your own; a notice without a source goes by its "
            "destination."),
      boolean("notices.packet", MPTAP_STARTUP(correlator.evidence.packet),
              "A notice carries the headers of the packet that raised it, keys blanked (column `packet`)."),
      boolean("notices.evidence", MPTAP_STARTUP(correlator.evidence.capture),
              "Write the signalling packets around each notice, headers only and keys blanked, to evidence.pcap in the "
              "directory of the logs."),
      duration("notices.evidence_window", MPTAP_STARTUP(correlator.evidence.window_ns), {0, 60 * kSecond},
               "How long before and after a notice such packets are written; the latest `evidence_history` are "
               "remembered."),
      number("notices.evidence_history", MPTAP_STARTUP(correlator.evidence.history), {64, kMaxTable}, "packets",
             "Packets that are remembered for notices, about 350 bytes each."),
      size("notices.evidence_file", MPTAP_RUNTIME(logs.evidence.file_bytes), {64 * 1'024, kTiB},
           "With this size evidence.pcap becomes evidence-1.pcap, and so on."),
      number("notices.evidence_files", MPTAP_RUNTIME(logs.evidence.files), {1, 1'000}, "files",
             "How many of them are kept."),
      group("detectors", "What raises a notice; docs/detections.md says what each means."),
  };
  const auto append = [&rows](const Rows& more) { rows.insert(rows.end(), more.begin(), more.end()); };
#define X(name, Options, doc)                                                                                  \
  append(switch_of({"detectors." #name, "detectors." #name ".enabled", "detectors." #name ".severity",         \
                    "detectors." #name ".suppress"},                                                           \
                   doc, MPTAP_RUNTIME(detectors.name.enabled), MPTAP_RUNTIME(detectors.name.severity),         \
                   MPTAP_RUNTIME(detectors.name.suppress_ns)));                                                \
  append(thresholds_of(#name));
  MPTAP_DETECTORS(X)
#undef X
  return rows;
}

}  // namespace mptap
