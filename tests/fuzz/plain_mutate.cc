#include "tests/fuzz/plain_mutate.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tests/fuzz/dice.h"
#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

Dice g_dice(1);

std::size_t below(std::size_t bound) { return g_dice.below(bound); }
std::uint8_t any_byte() { return g_dice.byte(); }

std::size_t insert_bytes(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  if (size >= max_size) return size;
  const std::size_t count = 1 + below(std::min<std::size_t>(max_size - size, 16));
  const std::size_t at = below(size + 1);
  std::memmove(data + at + count, data + at, size - at);
  std::generate_n(data + at, count, any_byte);
  return size + count;
}

std::size_t erase_bytes(std::uint8_t* data, std::size_t size) {
  if (size < 2) return size;
  const std::size_t at = below(size);
  const std::size_t count = 1 + below(std::min<std::size_t>(size - at, 16));
  std::memmove(data + at, data + at + count, size - at - count);
  return size - count;
}

std::size_t copy_part(std::uint8_t* data, std::size_t size) {
  const std::size_t from = below(size);
  const std::size_t to = below(size);
  std::memmove(data + to, data + from, std::min(size - std::max(from, to), 1 + below(16)));
  return size;
}

}  // namespace

void seed_plain_mutation(std::uint64_t seed) { g_dice = Dice(seed); }

}  // namespace mptap::fuzz

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  using namespace mptap::fuzz;
  constexpr std::uint8_t kOdd[] = {0, 1, 0x7f, 0x80, 0xff};
  size = std::min(size, max_size);
  if (size == 0) return insert_bytes(data, size, max_size);
  std::uint8_t& byte = data[below(size)];
  switch (below(8)) {
    case 0: return insert_bytes(data, size, max_size);
    case 1: return erase_bytes(data, size);
    case 2: return copy_part(data, size);
    case 3: byte = kOdd[below(std::size(kOdd))]; break;
    case 4: byte = static_cast<std::uint8_t>(byte + 1); break;
    case 5: byte = static_cast<std::uint8_t>(byte - 1); break;
    case 6: byte = any_byte(); break;
    default: byte = static_cast<std::uint8_t>(byte ^ 1u << below(8)); break;
  }
  return size;
}
