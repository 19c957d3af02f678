// The addresses of a host, by their IDs.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/types.h"
#include "detect/index_iterator.h"

namespace mptap {

/// An address of one host, named by its ID (RFC 8684 section 3.4.1).
struct KnownAddress {
  AddressId id;
  IpAddress address;
  std::uint16_t port = 0;      // 0: not advertised with one
  bool advertised = false;     // by ADD_ADDR; otherwise seen in use
  bool removed = false;        // by REMOVE_ADDR: the ID may be used again
  bool used = false;           // by a subflow
  std::uint64_t removed_ns = 0;
};

/// Those of one host, in the order in which they came.
///
/// Up to two take 16 bytes, as long as they are IPv4 and none was removed; what is more, or other, is kept in a vector.
/// One thread; copies are deep.
class AddressList {
 public:
  AddressList() = default;
  AddressList(const AddressList& other) : words_(other.words_) {
    if (other.is_apart()) put_apart(std::make_unique<Apart>(*other.apart()));
  }
  AddressList(AddressList&& other) noexcept : words_(std::exchange(other.words_, {})) {}
  AddressList& operator=(AddressList other) noexcept {
    std::swap(words_, other.words_);
    return *this;
  }
  ~AddressList() {
    if (is_apart()) delete apart();
  }

  using Iterator = IndexIterator<AddressList>;  // gives copies
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] KnownAddress operator[](std::size_t at) const;

  void push_back(const KnownAddress& known);
  void replace(std::size_t at, const KnownAddress& known);

 private:
  static constexpr std::size_t kFew = 2;
  using Apart = std::vector<KnownAddress>;

  /// The top byte of a packed address is never 0, that of a pointer to user memory always.
  [[nodiscard]] bool is_apart() const { return words_[0] != 0 && words_[0] >> 56 == 0; }
  [[nodiscard]] Apart* apart() const { return std::bit_cast<Apart*>(words_[0]); }
  void put_apart(std::unique_ptr<Apart> apart) { words_ = {std::bit_cast<std::uint64_t>(apart.release()), 0}; }
  void move_apart();

  std::array<std::uint64_t, kFew> words_{};
};

}  // namespace mptap
