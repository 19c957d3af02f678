#include "detect/evidence.h"

#include <algorithm>

namespace mptap {
namespace {

std::uint64_t before(std::uint64_t time_ns, std::uint64_t window_ns) { return time_ns - std::min(time_ns, window_ns); }

}  // namespace

void Evidence::on_packet(std::uint16_t worker, const KeptPacket& packet) {
  // The record of the packet before has been processed meanwhile.
  if (PacketHistory::Entry* newest = history_.newest()) newest->mp_id = connection_of(*newest);
  history_.add(worker, packet);
}

std::optional<std::uint64_t> Evidence::connection_of(const PacketHistory::Entry& entry) {
  if (entry.mp_id || entry.packet.slot == Record::kNoSlot) return entry.mp_id;
  const Subflow* subflow = book_.find({entry.worker, entry.packet.generation, entry.packet.slot});
  if (subflow == nullptr) return std::nullopt;
  const Connection* connection = connections_.find_of(*subflow);
  return connection != nullptr ? std::optional(connection->mp_id) : std::nullopt;
}

void Evidence::on_notice(Notice& notice) {
  if (options_.packet && notice.packet_name.is_set()) {
    if (const PacketHistory::Entry* entry = history_.find(notice.packet_name)) {
      notice.packet.assign(entry->packet.bytes.begin(), entry->packet.bytes.begin() + entry->packet.kept_bytes);
      notice.packet_link = entry->packet.link;
    }
  }
  if (!options_.capture) return;
  if (scenes_.size() == kMaxScenes) {
    ControlCounters::add(counters_.evidence_left_out);
    return;
  }
  Scene scene{before(notice.time_ns, options_.window_ns), notice.time_ns + options_.window_ns, {}, {}, {}};
  if (notice.connection) scene.mp_id = notice.connection->mp_id;
  if (notice.source) scene.source = notice.source->address;
  if (notice.destination) scene.destination = notice.destination->address;
  write(scene);  // now, for a flood may overwrite what was before
  scenes_.push_back(scene);
}

void Evidence::advance(std::uint64_t now_ns) {
  while (!scenes_.empty() && scenes_.front().until_ns <= now_ns) {
    write(scenes_.front());
    scenes_.pop_front();
  }
}

void Evidence::finish() {
  for (const Scene& scene : scenes_) write(scene);
  scenes_.clear();
}

bool Evidence::belongs(const PacketHistory::Entry& entry, const Scene& scene) {
  const KeptPacket& packet = entry.packet;
  if (packet.time_ns < scene.from_ns || packet.time_ns > scene.until_ns) return false;
  if (scene.mp_id) return connection_of(entry) == scene.mp_id;
  const auto touches = [&packet](const std::optional<IpAddress>& address) {
    return !address || packet.source == *address || packet.destination == *address;
  };
  return touches(scene.source) && touches(scene.destination);
}

/// Of a connection also the packets that came before it was known to be theirs: they are of a subflow that is its.
void Evidence::write(const Scene& scene) {
  std::vector<SubflowRef> subflows;
  const auto ref_of = [](const PacketHistory::Entry& entry) {
    return SubflowRef{entry.worker, entry.packet.generation, entry.packet.slot};
  };
  if (scene.mp_id) {
    history_.for_each([&](const PacketHistory::Entry& entry) {
      const bool fresh = subflows.empty() || subflows.back() != ref_of(entry);
      if (fresh && subflows.size() < kMaxPackets && belongs(entry, scene)) subflows.push_back(ref_of(entry));
    });
  }
  std::size_t written = 0;
  history_.for_each([&](PacketHistory::Entry& entry) {
    const KeptPacket& packet = entry.packet;
    if (entry.written || written == kMaxPackets) return;
    const bool theirs = packet.time_ns >= scene.from_ns && packet.time_ns <= scene.until_ns &&
                        std::find(subflows.begin(), subflows.end(), ref_of(entry)) != subflows.end();
    if (!theirs && !belongs(entry, scene)) return;
    entry.written = true;
    ++written;
    sink_.on_report(EvidencePacket{packet.time_ns, packet.link, packet.wire_bytes,
                                   {packet.bytes.begin(), packet.bytes.begin() + packet.kept_bytes}});
  });
}

}  // namespace mptap
