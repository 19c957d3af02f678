// From the tree of a document to a Config, row by row of the settings table.
#pragma once

#include <map>
#include <set>
#include <string>

#include "config/config.h"
#include "config/mistake.h"
#include "config/yaml_document.h"

namespace mptap {

/// What reading a document gave.
struct Reading {
  Config config;                        // defaults where nothing was set
  std::map<std::string, Place> places;  // of the settings that were set, by path: "ports[0].interface"
  std::set<std::string> faulty;         // paths of those whose value was wrong
  Mistakes mistakes;
};

/// Reads every setting of a document.
///
/// @param root  A map of settings, or nothing at all.
/// Any thread; no throw but for memory.
[[nodiscard]] Reading read_settings(const YamlNode& root);

}  // namespace mptap
