// What a configuration's readers tell of: a place and a sentence.
#pragma once

#include <string>
#include <vector>

namespace mptap {

/// A place in a text. Lines and columns count from 1; 0 stands for the text as a whole.
struct Place {
  int line = 0;
  int column = 0;
  friend constexpr auto operator<=>(const Place&, const Place&) = default;
};

struct Mistake {
  Place place;
  std::string message;
};
using Mistakes = std::vector<Mistake>;

}  // namespace mptap
