#include "detect/reports.h"

namespace mptap {
namespace {

std::string base62(std::uint64_t value) {
  static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::array<char, 11> text{};
  std::size_t at = text.size();
  do {
    text[--at] = kDigits[value % 62];
    value /= 62;
  } while (value != 0);
  return {text.begin() + static_cast<std::ptrdiff_t>(at), text.end()};
}

}  // namespace

std::string ConnectionName::uid() const { return "C" + base62(run) + "-" + base62(mp_id); }

const char* name_of(SubflowState value) {
  switch (value) {
    case SubflowState::kAttempted: return "attempted";
    case SubflowState::kEstablished: return "established";
    case SubflowState::kDenied: return "denied";
    case SubflowState::kRefused: return "refused";
    case SubflowState::kReset: return "reset";
    case SubflowState::kPartial: return "partial";
  }
  return "";
}

const char* name_of(Fallback value) {
  switch (value) {
#define X(name, word) \
  case Fallback::k##name: return word;
    MPTAP_FALLBACKS(X)
#undef X
    case Fallback::kNone:
    case Fallback::kCount: break;
  }
  return "";
}

const char* name_of(Unverified value) {
  switch (value) {
    case Unverified::kNone: return "";
    case Unverified::kKeys: return "keys_unseen";
    case Unverified::kHandshake: return "handshake_unseen";
    case Unverified::kBudget: return "budget";
    case Unverified::kDoubt: return "keys_unconfirmed";
  }
  return "";
}

const char* name_of(MatchedBy value) {
  switch (value) {
    case MatchedBy::kNone: return "none";
    case MatchedBy::kInitial: return "initial";
    case MatchedBy::kHmac: return "hmac";
    case MatchedBy::kToken: return "token";
    case MatchedBy::kAddress: return "address";
    case MatchedBy::kDsn: return "dsn";
  }
  return "";
}

const char* name_of(Outcome value) {
  switch (value) {
    case Outcome::kEstablished: return "established";
    case Outcome::kFallback: return "fallback";
    case Outcome::kPartial: return "partial";
  }
  return "";
}

const char* name_of(ConnectionClose value) {
  switch (value) {
    case ConnectionClose::kOpen: return "open";
    case ConnectionClose::kDataFin: return "data_fin";
    case ConnectionClose::kFastClose: return "fastclose";
    case ConnectionClose::kReset: return "reset";
    case ConnectionClose::kTimeout: return "timeout";
    case ConnectionClose::kLastSubflowGone: return "last_subflow_gone";
    case ConnectionClose::kEvicted: return "evicted";
  }
  return "";
}

const char* name_of(CloseCause value) {
  switch (value) {
    case CloseCause::kNone: return "none";
    case CloseCause::kFin: return "fin";
    case CloseCause::kReset: return "reset";
    case CloseCause::kTimeout: return "timeout";
    case CloseCause::kUnanswered: return "unanswered";
    case CloseCause::kReplaced: return "replaced";
    case CloseCause::kEvicted: return "evicted";
    case CloseCause::kExit: return "exit";
  }
  return "";
}

const char* name_of(Severity value) {
  switch (value) {
    case Severity::kInfo: return "info";
    case Severity::kLow: return "low";
    case Severity::kMedium: return "medium";
    case Severity::kHigh: return "high";
  }
  return "";
}

}  // namespace mptap
