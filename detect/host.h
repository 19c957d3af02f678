// What control knows of one side of a connection. Control thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/types.h"
#include "detect/address_list.h"
#include "detect/crypto.h"

namespace mptap {

/// How an ADD_ADDR relates to what its host said before.
enum class AddressChange : std::uint8_t {
  kNew,
  kPortChanged,  // allowed
  kRepeated,     // the same address and port again
  kConflict,     // another address on an ID that was not removed
};

/// What few hosts have.
struct HostExtra {
  std::optional<Key> other_key;  // one that contradicts `key` (see kKeyChanged): either may be the true one
  std::optional<Token> other_token;
  std::optional<std::uint64_t> noted_dsn;  // by which it is found without a key
};

/// One side of a connection.
class Host {
 public:
  std::uint64_t dsn_high = 0;   // highest DSN seen mapped, plus 1; 0: none
  std::uint64_t acked_high = 0; // highest data ACK of the peer for it; 0: none
  AddressList addresses;

 private:
  Key key_;
  Dsn idsn_;
  Token token_;
  std::uint16_t unplaced_ = 0;

 public:
  std::uint8_t capable_flags = 0;   // of its MP_CAPABLE in the handshake
  bool key_confirmed : 1 = false;   // said twice, or the first data's number agrees: what it disproves is wrong
  bool missed : 1 = false;          // the tap missed some of its payload
  bool idsn_checked : 1 = false;    // its first mapping was compared with `idsn`

 private:
  bool has_key_ : 1 = false;
  bool has_idsn_ : 1 = false;
  bool has_token_ : 1 = false;

 public:
  [[nodiscard]] bool has_key() const { return has_key_; }
  [[nodiscard]] std::optional<Key> key() const { return has_key_ ? std::optional(key_) : std::nullopt; }
  void set_key(Key key) {
    key_ = key;
    has_key_ = true;
  }
  void forget_key() {
    wipe(&key_, sizeof key_);
    has_key_ = false;
  }

  /// From the key.
  [[nodiscard]] std::optional<Dsn> idsn() const { return has_idsn_ ? std::optional(idsn_) : std::nullopt; }
  void set_idsn(Dsn idsn) {
    idsn_ = idsn;
    has_idsn_ = true;
  }
  void reset_idsn() { has_idsn_ = false; }

  /// From the key, or learned from a join that matched by address.
  [[nodiscard]] std::optional<Token> token() const { return has_token_ ? std::optional(token_) : std::nullopt; }
  void set_token(Token token) {
    token_ = token;
    has_token_ = true;
  }
  void reset_token() { has_token_ = false; }

  /// Whether subflows have mappings that were all too short to tell where in the data they belong.
  [[nodiscard]] bool has_unplaced() const { return unplaced_ != 0; }
  /// One more, or one less. Where there are as many as can be counted, some stay for good.
  void count_unplaced(bool more) {
    if (unplaced_ != kManyUnplaced) unplaced_ = static_cast<std::uint16_t>(more ? unplaced_ + 1 : unplaced_ - 1);
  }

  [[nodiscard]] std::optional<KnownAddress> find(AddressId id) const;
  [[nodiscard]] bool knows(const IpAddress& address) const;

  /// An address seen in use by a subflow; an ID that is known keeps its address (NAT changes what is seen).
  void note_used(AddressId id, const IpAddress& address);

  /// An ADD_ADDR of this host.
  /// @param previous  Set on kConflict: the address that had this ID.
  AddressChange advertise(AddressId id, const IpAddress& address, std::uint16_t port, IpAddress& previous);

  void remove(AddressId id, std::uint64_t time_ns);

  /// Whether it advertised an address that no subflow seen has used.
  [[nodiscard]] bool has_unused_address() const;

  /// Address IDs that are advertised or in use.
  [[nodiscard]] std::size_t live_ids() const;

 private:
  static constexpr std::uint16_t kManyUnplaced = 0xffff;
};
static_assert(sizeof(Host) == 56);

}  // namespace mptap
