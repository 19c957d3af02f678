// The sensor's own messages, on stderr.
#pragma once

#include <string>

#include "daemon/export/export_options.h"

namespace mptap {

/// Sends spdlog's default logger to stderr; under systemd without times, which the journal adds itself.
/// Main thread, before others start.
void open_messages(const MessageOptions& options);

/// Obeys another level from now on. Any thread.
void set_message_level(const MessageOptions& options);

}  // namespace mptap
