// YAML text -> a tree of values with their places. The only file that knows the YAML library is its .cc.
#pragma once

#include <string>
#include <vector>

#include "config/mistake.h"

namespace mptap {

/// A value of a YAML document and, where it belongs to a map, its key.
struct YamlNode {
  enum class Kind { kNone, kScalar, kList, kMap };

  Kind kind = Kind::kNone;
  Place place = {};       // of the value; of its key where there is no value
  std::string text = {};  // of a scalar
  bool quoted = false;    // the scalar stands in quotes (or is a block): text, whatever it looks like
  std::string key = {};   // in a map
  Place key_place = {};   // in a map
  std::vector<YamlNode> children = {};  // of a list or a map, as the text gives them: a key may come twice
};

struct YamlDocument {
  YamlNode root;
  Mistakes mistakes;  // at most one: what is not YAML, or not YAML we take
};

/// Parses one YAML document.
///
/// Taken are maps with plain keys, lists and scalars. Refused, each with a sentence, are tags, anchors and
/// aliases (so that nothing expands), nesting deeper than 8, scalars over 4096 bytes and a second document.
/// @param text  UTF-8 without byte order mark that check_source found no fault with. Columns in the tree
/// count bytes.
/// @return After a mistake the tree holds what stood before it.
/// Any thread; no throw but for memory.
[[nodiscard]] YamlDocument parse_yaml(const std::string& text);

}  // namespace mptap
