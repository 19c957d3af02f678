#include "daemon/messages.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

namespace mptap {

void open_messages(const MessageOptions& options) {
  auto logger = std::make_shared<spdlog::logger>("mptap", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const bool in_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(in_journal ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e %l: %v");
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  set_message_level(options);
}

void set_message_level(const MessageOptions& options) {
  spdlog::set_level(spdlog::level::from_str(options.level));
}

}  // namespace mptap
