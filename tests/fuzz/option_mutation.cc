#include "tests/fuzz/option_mutation.h"

#include <algorithm>
#include <array>

#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

constexpr std::uint8_t kSyn = 0x02, kRst = 0x04, kAck = 0x10;

struct Shape {
  std::uint8_t subtype;
  std::uint8_t low_nibble;
  std::uint8_t length;
  std::uint8_t tcp_flags;
};

// docs/glossary.md has the names; the lengths are those of RFC 8684 and RFC 6824. DSS is made from its flags.
constexpr std::array kShapes{
    Shape{0, 0, 12, kSyn},  Shape{0, 0, 12, kSyn | kAck}, Shape{0, 0, 20, kAck}, Shape{0, 1, 4, kSyn},
    Shape{0, 1, 12, kSyn | kAck}, Shape{0, 1, 20, kAck}, Shape{0, 1, 22, kAck},  Shape{0, 1, 24, kAck},
    Shape{0, 1, 4, kSyn | kAck},  Shape{1, 0, 12, kSyn}, Shape{1, 0, 16, kSyn | kAck}, Shape{1, 0, 24, kAck},
    Shape{1, 1, 12, kSyn},  Shape{1, 1, 16, kSyn | kAck}, Shape{3, 4, 8, kAck},  Shape{3, 4, 10, kAck},
    Shape{3, 6, 20, kAck},  Shape{3, 6, 22, kAck},  Shape{3, 0, 16, kAck},  Shape{3, 0, 18, kAck},
    Shape{3, 0, 28, kAck},  Shape{3, 0, 30, kAck},  Shape{3, 1, 8, kAck},   Shape{3, 1, 10, kAck},
    Shape{3, 1, 20, kAck},  Shape{3, 1, 22, kAck},  Shape{4, 0, 4, kAck},   Shape{4, 0, 7, kAck},
    Shape{4, 0, 40, kAck},  Shape{5, 0, 3, kAck},   Shape{5, 1, 3, kAck},   Shape{5, 1, 4, kAck},
    Shape{6, 0, 12, kAck},  Shape{7, 0, 12, kAck},  Shape{7, 0, 12, kRst | kAck}, Shape{8, 0, 4, kRst},
    Shape{8, 1, 4, kRst | kAck}, Shape{15, 0, 3, kAck}, Shape{15, 0, 17, kAck}, Shape{9, 0, 8, kAck},
};
constexpr std::uint8_t kDss = 2;

std::uint8_t dss_length(std::uint8_t flags, bool checksum) {
  const int ack = (flags & 1) == 0 ? 0 : (flags & 2) != 0 ? 8 : 4;
  const int mapping = (flags & 4) == 0 ? 0 : ((flags & 8) != 0 ? 8 : 4) + 6 + (checksum ? 2 : 0);
  return static_cast<std::uint8_t>(4 + ack + mapping);
}

void fill(Dice& dice, std::uint8_t* bytes, std::size_t count) {
  const bool small = dice.once_in(3);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = small ? static_cast<std::uint8_t>(dice.below(3)) : dice.byte();
  if (dice.once_in(16)) std::fill_n(bytes, count, std::uint8_t{0xff});
}

}  // namespace

std::size_t make_option(Dice& dice, std::uint8_t* option, std::uint8_t& tcp_flags) {
  Shape shape = kShapes[dice.below(kShapes.size())];
  fill(dice, option, kLongestOption);
  if (dice.once_in(4)) {  // DSS, which is most of real traffic
    const auto flags = static_cast<std::uint8_t>(dice.below(32));
    shape = {kDss, 0, dss_length(flags, dice.once_in(2)), kAck};
    option[3] = flags;
  }
  if (shape.subtype == 4) shape.length = static_cast<std::uint8_t>(4 + dice.below(37));
  switch (dice.below(16)) {
    case 0: shape.length = static_cast<std::uint8_t>(3 + dice.below(38)); break;
    case 1: shape.low_nibble = static_cast<std::uint8_t>(dice.below(16)); break;
    case 2: shape.tcp_flags = static_cast<std::uint8_t>(dice.below(32)); break;
    case 3: shape.subtype = static_cast<std::uint8_t>(dice.below(16)); break;
    default: break;
  }
  option[0] = 30;
  option[1] = shape.length;
  option[2] = static_cast<std::uint8_t>(shape.subtype << 4 | shape.low_nibble);
  tcp_flags = shape.tcp_flags;
  return shape.length;
}

std::size_t mutate_flags_and_option(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  Dice dice(seed);
  if (max_size >= 1 + kLongestOption && (size < 4 || dice.once_in(8))) return 1 + make_option(dice, data + 1, data[0]);
  switch (dice.below(8)) {
    case 0: data[0] = static_cast<std::uint8_t>(dice.below(32)); return size;
    case 1: data[3] = static_cast<std::uint8_t>((data[3] & 0xf0) | dice.below(16)); return size;
    case 2:
    case 3: {  // a length that is near
      static constexpr std::array<std::ptrdiff_t, 8> kSteps{-10, -8, -4, -2, 2, 4, 8, 10};
      const std::ptrdiff_t wanted = static_cast<std::ptrdiff_t>(size) + kSteps[dice.below(kSteps.size())];
      const auto longest = static_cast<std::ptrdiff_t>(std::min(max_size, 1 + kLongestOption));
      const auto fitting = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(wanted, 4, std::max<std::ptrdiff_t>(longest, 4)));
      if (fitting > size) fill(dice, data + size, fitting - size);
      return fitting;
    }
    default: return LLVMFuzzerMutate(data, size, max_size);
  }
}

}  // namespace mptap::fuzz
