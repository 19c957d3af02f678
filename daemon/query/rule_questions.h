// Questions about the rules of inline ports, and an operator's wishes for them.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>

#include "detect/mitigator.h"

namespace mptap {

/// Has something done with the mitigator by control, at its packet time. False: control did not come to it in time.
using MitigatorAccess = std::function<bool(const std::function<void(Mitigator&, std::uint64_t now_ns)>&)>;

/// Thrown where control gives no answer.
struct NotInTime {};

/// Whether a question is one of those below.
[[nodiscard]] bool is_rule_question(std::string_view what);

/// Whether it changes something, so that only an operator may ask it.
[[nodiscard]] bool changes_rules(std::string_view what);

/// {"ask":"mitigations"}, "add_mitigation" and "remove_mitigation": docs/query.md.
///
/// @param access  Empty where nothing is inline.
/// @throws QuestionError, NotInTime
[[nodiscard]] nlohmann::ordered_json answer_rule_question(const nlohmann::ordered_json& question, const MitigatorAccess& access);

}  // namespace mptap
