// The four logs, each one table of columns: name, Zeek type, where the value comes from, what it means.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/export/log_value.h"
#include "detect/reports.h"

namespace mptap {

enum class LogKind : std::uint8_t { kSubflow, kConnection, kNotice, kEvent };
constexpr std::size_t kLogKinds = 4;
constexpr std::array<LogKind, kLogKinds> kAllLogs{LogKind::kSubflow, LogKind::kConnection, LogKind::kNotice,
                                                  LogKind::kEvent};

/// Zeek's #path: "mptcp_subflow", "mptcp_conn", "notice", "mptcp_event". The file is this and ".log".
[[nodiscard]] const char* path_of(LogKind kind);

template <typename Row>
struct Column {
  const char* name;
  ZeekType type;
  LogValue (*get)(const Row& row);
  const char* meaning;
};

/// The columns of a log in their order; the first ones are promised to readers and never move.
template <typename Row>
[[nodiscard]] std::span<const Column<Row>> columns_of();
template <>
std::span<const Column<SubflowReport>> columns_of<SubflowReport>();
template <>
std::span<const Column<ConnectionReport>> columns_of<ConnectionReport>();
template <>
std::span<const Column<Notice>> columns_of<Notice>();
template <>
std::span<const Column<EventReport>> columns_of<EventReport>();

/// Which log each report is a row of.
template <typename Row>
constexpr LogKind kLogOf = LogKind::kSubflow;
template <>
inline constexpr LogKind kLogOf<ConnectionReport> = LogKind::kConnection;
template <>
inline constexpr LogKind kLogOf<Notice> = LogKind::kNotice;
template <>
inline constexpr LogKind kLogOf<EventReport> = LogKind::kEvent;

}  // namespace mptap
