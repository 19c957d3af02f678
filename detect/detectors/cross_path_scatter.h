// Threat: data cut into tiny pieces that alternate between paths evades whoever inspects one path.
// Evidence: by subflow and direction, mappings of at most 64 bytes that do not continue the one before.
// Fires when: on `subflows` of a connection there are `mappings` such pieces each, and they are most of its bytes
//   (medium), once a connection and direction.
// Stays silent when: data goes in larger pieces, or on fewer paths.
// Known false positives: keystrokes under a scheduler that takes turns.
// Source: RFC 8684 section 3.3; thesis chapter 3.
#pragma once

#include <vector>

#include "dataplane/seeded_hash.h"
#include "detect/detector.h"
#include "detect/lru_map.h"

namespace mptap {

class CrossPathScatterDetector : public Detector {
 public:
  /// @param seed  Of the table of connections; secret.
  CrossPathScatterDetector(const CrossPathScatterOptions& options, std::uint64_t seed)
      : options_(options), scattered_(kMaxConnections, Hash{SeededHash(seed)}) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kProgress}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  static constexpr std::size_t kMaxConnections = 4'096;
  static constexpr std::size_t kMaxPaths = 64;
  static constexpr std::uint64_t kBytesEach = 128;  // of all that a path mapped, for each tiny piece

  struct Hash {
    SeededHash hash;
    std::size_t operator()(std::uint64_t key) const { return hash.of64(key); }
  };

  const CrossPathScatterOptions& options_;
  LruMap<std::uint64_t, std::vector<SubflowRef>, Hash> scattered_;  // by connection and direction: paths that carry it
};

}  // namespace mptap
