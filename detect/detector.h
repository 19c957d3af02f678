// One kind of misuse or oddity, looked for in the stream of events.
#pragma once

#include "detect/detector_options.h"
#include "detect/event.h"
#include "detect/reports.h"

namespace mptap {

/// Takes what detectors find.
class NoticeSink {
 public:
  NoticeSink() = default;
  NoticeSink(const NoticeSink&) = delete;
  NoticeSink& operator=(const NoticeSink&) = delete;
  virtual ~NoticeSink() = default;

  /// One that rests on what was seen.
  virtual void on_notice(Notice&& notice) = 0;

  /// One that rests on what was not seen since `since_ns`. It is held back where records made since then were lost.
  virtual void on_absence(Notice&& notice, std::uint64_t since_ns) = 0;

  /// At most this many records that concern counts made since `since_ns` were lost.
  [[nodiscard]] virtual std::uint64_t lost_since(std::uint64_t since_ns) const = 0;
};

/// Control thread only; packet time only; bounded memory.
class Detector {
 public:
  Detector() = default;
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;
  virtual ~Detector() = default;

  /// The kinds of events it looks at: no others are shown to it.
  [[nodiscard]] virtual EventKinds kinds() const = 0;
  virtual void on_event(const Event& event, NoticeSink& notices) = 0;

  /// Packet time has come to `now_ns`; for what must wait before it is judged. Called often: cheap where nothing
  /// is due.
  virtual void advance(std::uint64_t now_ns, NoticeSink& notices) {
    (void)now_ns;
    (void)notices;
  }

  /// No more events come: what waits is judged as if its time had come.
  virtual void finish(NoticeSink& notices) { (void)notices; }
};

/// Since when all of the connection must have been seen, for what was not seen of it not to have been.
[[nodiscard]] std::uint64_t begin_of(const Connection& connection);

/// The packet that an event is about, where it is about one.
[[nodiscard]] PacketName packet_of(const Event& event);

/// A notice about a subflow, with what every notice has: time, addresses, connection. The sender of the segment
/// is the source.
[[nodiscard]] Notice notice_about(const Event& event, const char* note, Severity severity);

}  // namespace mptap
