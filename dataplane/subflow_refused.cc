// SubflowTracker's SYNs that find no place: most of what a flood is made of.
#include "dataplane/subflow_tracker.h"

namespace mptap {
namespace {

constexpr std::size_t kJoinSynBytes = 12;

}  // namespace

/// @param name    Of the SYN, see RefusedSyns::name_of().
/// @param syn     By value: it stays in registers.
/// @param sample  Of joins, one in so many is told to control and counts for all of them.
void SubflowTracker::refuse(const SegmentView& segment, std::uint64_t name, SynOption syn, std::uint32_t sample) noexcept {
  const bool is_told = RefusedSyns::is_sample(name, sample);
  if (!refused_.remember(name, syn, is_told)) return;
  if (syn.offer == Offer::kJoin) {
    count_join_not_stored(segment, syn.token(), is_told, sample);
  } else {
    ++tally_.subflows_not_stored;
  }
}

void SubflowTracker::count_join_not_stored(const SegmentView& segment, Token token, bool is_told, std::uint32_t sample) noexcept {
  ++tally_.subflows_not_stored;
  ++tally_.joins_seen;
  ++tally_.joins_not_stored;
  if (is_told) {
    tell_join_not_stored(segment, token, sample);
  } else {
    ++tally_.joins_sampled_out;
  }
}

/// Whether a segment of the same burst has opened a subflow. Out of line: asked seldom, it would cost registers otherwise.
[[gnu::noinline]] bool SubflowTracker::was_opened(std::uint64_t hash) const noexcept {
  return table_.find(hash) != SubflowTable::kNone;
}

/// Does for a join SYN to a receiver that holds its share of the table what on_any() would, in one go, and with all calls
/// inlined, as nearly all of a flood goes this way; must say the same of it. Decides before it changes anything.
/// @return False where it is for others: nothing was done then.
[[gnu::flatten]] bool SubflowTracker::on_refused_join(const SegmentView& segment) noexcept {
  if (!segment.is_new_syn || !table_.is_share_taken(segment.receiver) || !is_new_join(segment)) return false;
  const Cursor option(segment.tcp.options.subspan(segment.scan.offset[0], kJoinSynBytes));
  ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOk)];
  ++tally_.options[static_cast<std::size_t>(Subtype::kJoin)];
  const SynOption syn =
      make_syn_option(option.u32(4), option.u32(8), Offer::kJoin, 0, option.u8(2) & SynOption::kBackup, AddressId{option.u8(3)});
  const std::uint32_t isn = Cursor({segment.header, kMinTcpHeader}).u32(4);
  const std::uint64_t name = segment.refused_name != 0 ? segment.refused_name : RefusedSyns::name_of(segment.hash, isn);
  refuse(segment, name, syn, options_.refused_join_sample);
  return true;
}

bool SubflowTracker::on_held_back_join(const SegmentView& segment, std::uint64_t name, bool is_repeated) noexcept {
  if (!segment.is_new_syn || !is_new_join(segment)) return false;
  ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOk)];
  ++tally_.options[static_cast<std::size_t>(Subtype::kJoin)];
  if (is_repeated) return true;
  const Token token{Cursor(segment.tcp.options.subspan(segment.scan.offset[0], kJoinSynBytes)).u32(4)};
  count_join_not_stored(segment, token, RefusedSyns::is_sample(name, options_.refused_join_sample), options_.refused_join_sample);
  return true;
}

/// @param segment  A SYN of a flow that is not in the table.
/// @return False where it is not sure that it is a join and nothing else.
bool SubflowTracker::is_new_join(const SegmentView& segment) const noexcept {
  if (!tells_only_news_) return false;
  const Cursor wire({segment.header, kMinTcpHeader});
  if ((wire.u8(13) & (tcp_flag::kFin | tcp_flag::kRst)) != 0) return false;
  if (segment.scan.count != 1 || segment.scan.length[0] != kJoinSynBytes) return false;
  const Cursor option(segment.tcp.options.subspan(segment.scan.offset[0], kJoinSynBytes));
  if (option.u8(2) >> 4 != static_cast<std::uint8_t>(Subtype::kJoin)) return false;
  return !table_.may_hold(segment.hash) || !was_opened(segment.hash);
}

/// @param stands_for  How many joins to this receiver, by the chance that chose this one.
[[gnu::noinline]] void SubflowTracker::tell_join_not_stored(const SegmentView& segment, Token token, std::uint32_t stands_for) noexcept {
  if (out_.loses_bulk()) return;
  const Cursor wire({segment.header, kMinTcpHeader});
  begin_record(RecordKind::kJoinNotStored).not_stored = {segment.source(), segment.destination(), token, stands_for, wire.u16(0), wire.u16(2)};
  out_.end();
}

}  // namespace mptap
