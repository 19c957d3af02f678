#include "dataplane/interface_query.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace mptap {
namespace {

constexpr std::uint8_t kHashToeplitz = 1;  // ETH_RSS_HASH_TOP, which is the kernel's own header's

/// Sends an ioctl about an interface over a socket that needs no privilege.
bool ask(const std::string& interface, unsigned long code, ifreq& request) {
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  interface.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  const bool answered = ioctl(descriptor, code, &request) == 0;
  close(descriptor);
  return answered;
}

/// @param question  A struct of linux/ethtool.h, its command set; holds the answer on true.
bool ask_ethtool(const std::string& interface, void* question) {
  ifreq request{};
  request.ifr_data = static_cast<char*>(question);
  return ask(interface, SIOCETHTOOL, request);
}

std::optional<std::uint32_t> read_value(const std::string& interface, std::uint32_t command) {
  ethtool_value value{};
  value.cmd = command;
  if (!ask_ethtool(interface, &value)) return std::nullopt;
  return value.data;
}

/// Room for a struct with an array behind it, aligned for both.
template <typename Question>
class Room {
 public:
  explicit Room(std::size_t bytes_behind)
      : words_((sizeof(Question) + bytes_behind + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t)) {}

  Question* operator->() { return reinterpret_cast<Question*>(words_.data()); }
  void* data() { return words_.data(); }
  [[nodiscard]] const std::uint8_t* behind() const {
    return reinterpret_cast<const std::uint8_t*>(words_.data()) + sizeof(Question);
  }

 private:
  std::vector<std::uint64_t> words_;
};

/// How many features the kernel names; 0 where it does not tell.
std::uint32_t count_features(const std::string& interface) {
  Room<ethtool_sset_info> sets(sizeof(std::uint32_t));
  sets->cmd = ETHTOOL_GSSET_INFO;
  sets->sset_mask = 1ull << ETH_SS_FEATURES;
  if (!ask_ethtool(interface, sets.data()) || sets->sset_mask == 0) return 0;
  std::uint32_t count = 0;
  std::memcpy(&count, sets.behind(), sizeof(count));
  return count;
}

/// Reads a feature that has no ioctl of its own; they are known by name only.
void read_card_gro(const std::string& interface, SegmentMerging& merging) {
  constexpr std::string_view kName = "rx-gro-hw";
  const std::uint32_t count = count_features(interface);
  if (count == 0) return;
  Room<ethtool_gstrings> names(std::size_t{count} * ETH_GSTRING_LEN);
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_FEATURES;
  names->len = count;
  const std::uint32_t blocks = (count + 31) / 32;
  Room<ethtool_gfeatures> features(blocks * sizeof(ethtool_get_features_block));
  features->cmd = ETHTOOL_GFEATURES;
  features->size = blocks;
  if (!ask_ethtool(interface, names.data()) || !ask_ethtool(interface, features.data())) return;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto* name = reinterpret_cast<const char*>(names.behind()) + std::size_t{i} * ETH_GSTRING_LEN;
    if (std::string_view(name, strnlen(name, ETH_GSTRING_LEN)) != kName) continue;
    ethtool_get_features_block block{};
    std::memcpy(&block, features.behind() + i / 32 * sizeof(block), sizeof(block));
    const std::uint32_t bit = 1u << (i % 32);
    merging.gro_hw = (block.active & bit) != 0;
    merging.gro_hw_fixed = (block.available & bit) == 0 || (block.never_changed & bit) != 0;
    return;
  }
}

}  // namespace

std::optional<std::uint32_t> read_mtu(const std::string& interface) {
  ifreq request{};
  if (interface.empty() || !ask(interface, SIOCGIFMTU, request)) return std::nullopt;
  return static_cast<std::uint32_t>(request.ifr_mtu);
}

int read_interface_flags(const std::string& interface) {
  ifreq request{};
  return ask(interface, SIOCGIFFLAGS, request) ? request.ifr_flags : 0;
}

bool read_link(const std::string& interface) {
  if (const auto link = read_value(interface, ETHTOOL_GLINK)) return *link != 0;
  return (read_interface_flags(interface) & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);  // its driver cannot tell
}

bool set_interface_up(const std::string& interface, bool up) {
  ifreq request{};
  if (!ask(interface, SIOCGIFFLAGS, request)) return false;
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  return ask(interface, SIOCSIFFLAGS, request);
}

std::optional<SegmentMerging> read_merging(const std::string& interface) {
  const auto gro = read_value(interface, ETHTOOL_GGRO);
  const auto flags = read_value(interface, ETHTOOL_GFLAGS);
  if (!gro && !flags) return std::nullopt;
  SegmentMerging merging;
  merging.gro = gro.value_or(0) != 0;
  merging.lro = (flags.value_or(0) & ETH_FLAG_LRO) != 0;
  read_card_gro(interface, merging);
  return merging;
}

std::string format_merging(const SegmentMerging& merging) {
  std::string words;
  const auto add = [&words](bool on, const char* word) {
    if (on) words += (words.empty() ? "" : " and ") + std::string(word);
  };
  add(merging.gro, "GRO");
  add(merging.lro, "LRO");
  add(merging.gro_hw, "GRO by the card");
  return words;
}

std::string format_merging_off(const SegmentMerging& merging, const std::string& interface) {
  const std::string words = std::string(merging.gro ? " gro off" : "") + (merging.lro ? " lro off" : "") +
                            (merging.gro_hw && !merging.gro_hw_fixed ? " rx-gro-hw off" : "");
  return words.empty() ? words : "ethtool -K " + interface + words;
}

std::optional<ReceiveQueues> read_receive_queues(const std::string& interface) {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (!ask_ethtool(interface, &channels)) return std::nullopt;
  return ReceiveQueues{channels.combined_count + channels.rx_count, channels.max_combined + channels.max_rx};
}

std::optional<ReceiveHash> read_receive_hash(const std::string& interface) {
  ethtool_rxfh sizes{};
  sizes.cmd = ETHTOOL_GRSSH;
  if (!ask_ethtool(interface, &sizes) || (sizes.indir_size == 0 && sizes.key_size == 0)) return std::nullopt;
  const std::size_t table_bytes = sizes.indir_size * sizeof(std::uint32_t);
  Room<ethtool_rxfh> answer(table_bytes + sizes.key_size);
  answer->cmd = ETHTOOL_GRSSH;
  answer->indir_size = sizes.indir_size;
  answer->key_size = sizes.key_size;
  if (!ask_ethtool(interface, answer.data())) return std::nullopt;
  ReceiveHash hash;
  hash.toeplitz = answer->hfunc == kHashToeplitz;
  const std::uint8_t* key = answer.behind() + table_bytes;
  hash.key.assign(key, key + sizes.key_size);
  return hash;
}

}  // namespace mptap
