#include "config/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace mptap {
namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxScalarBytes = 4096;
constexpr std::string_view kNoAlias = "YAML aliases (*name) are not taken here; write the value itself";

/// Leaves the parser; carries the mistake out.
struct Refusal {
  Mistake mistake;
};

[[noreturn]] void refuse(Place place, std::string message) { throw Refusal{{place, std::move(message)}}; }

Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

/// True where the quote that opens at the start of `text` is closed; the library takes the end of the file
/// for it.
bool is_closed(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return true;
      ++i;  // '' inside '...' is one quote
    }
  }
  return false;
}

/// The library's words for a mistake, and ours.
struct Translation {
  const char* theirs;
  std::string_view ours;
};
const Translation kTranslations[] = {
    {YAML::ErrorMsg::MAP_VALUE,
     "a colon where no value may begin; check the indentation, and put text that holds a colon and a blank "
     "in quotes"},
    {YAML::ErrorMsg::MAP_KEY, "a name where none may begin; check the indentation"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a dash where no list entry may begin; check the indentation"},
    {YAML::ErrorMsg::END_OF_MAP,
     "this does not continue the group above; check the indentation, and put text that begins with [ or { in "
     "quotes"},
    {YAML::ErrorMsg::END_OF_SEQ, "this does not continue the list above; check the indentation"},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "a { is not closed; add a }"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a [ is not closed; add a ]"},
    {YAML::ErrorMsg::FLOW_END, "a ] or } that closes nothing; remove it, or put the text in quotes"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "no value may begin with this character; put the text in quotes"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, kNoAlias},
};

std::string explain(const YAML::Exception& error) {
  for (const Translation& translation : kTranslations) {
    if (error.msg == translation.theirs) return std::string(translation.ours);
  }
  return "this is not YAML: " + error.msg;
}

/// Builds the tree from the parser's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {
    line_starts_.push_back(0);
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
      line_starts_.push_back(end + 1);
    }
  }

  /// The tree so far. What was still open is closed; what an open bracket holds is left out.
  YamlNode take_root() {
    const auto bracket =
        std::find_if(open_.begin(), open_.end(), [](const Open& open) { return open.in_brackets; });
    open_.erase(bracket, open_.end());
    while (!open_.empty()) close();
    return std::move(root_);
  }

  /// A place that may lie behind the end of the text, or of its line, moved there. The library's own places may, and not only
  /// in its own mistakes: what is missing at the end is told behind the line's end that was added.
  [[nodiscard]] Place clamp(Place place) const {
    const auto lines = static_cast<int>(line_starts_.size());
    const auto line = static_cast<std::size_t>(std::min(place.line, lines)) - 1;
    const std::size_t end = line + 1 < line_starts_.size() ? line_starts_[line + 1] - 1 : text_.size();
    const int behind = static_cast<int>(end - line_starts_[line]) + 1;
    if (place.line > lines) return {lines, behind};
    return {place.line, std::min(place.column, behind)};
  }

  /// The text from a place on; empty behind the end.
  [[nodiscard]] std::string_view text_from(Place place) const {
    const auto line = static_cast<std::size_t>(place.line - 1);
    if (line >= line_starts_.size()) return {};
    const std::size_t at = line_starts_[line] + static_cast<std::size_t>(place.column - 1);
    return at < text_.size() ? text_.substr(at) : std::string_view{};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      refuse(place_of(mark), "a second YAML document begins here; write one configuration a file");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(place_of(mark), anchor);
    if (expects_key()) refuse(place_of(mark), "a setting without a name; write `name: value`");
    YamlNode node;
    // The mark is that of the next token, maybe lines below: the key, or the list around, is nearer.
    if (!open_.empty()) {
      node.place = open_.back().node.kind == YamlNode::Kind::kMap ? key_place_ : open_.back().node.place;
    }
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(place_of(mark), std::string(kNoAlias));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const Place place = place_of(mark);
    refuse_anchor(place, anchor);
    const bool quoted = tag == "!";
    if (quoted) {
      check_quote(place);
    } else {
      refuse_tag(place, tag);
    }
    if (value.size() > kMaxScalarBytes) {
      refuse(place, "a value of more than 4096 bytes; no setting is that long");
    }
    if (expects_key()) {
      key_ = value;
      key_place_ = place;
      open_.back().key_given = true;
      return;
    }
    YamlNode node{.kind = YamlNode::Kind::kScalar, .place = place, .text = value, .quoted = quoted};
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::kList, place_of(mark), tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::kMap, place_of(mark), tag, anchor, style);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or map whose end has not come.
  struct Open {
    YamlNode node;
    bool in_brackets = false;  // written with [ ] or { }
    bool key_given = false;    // of a map: the next event is a value, not a key
  };

  static void refuse_anchor(Place place, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(place, "YAML anchors (&name) are not taken here; write the value itself");
  }
  static void refuse_tag(Place place, const std::string& tag) {
    if (!tag.empty() && tag != "?") {
      refuse(place, "YAML tags (!name) are not taken here; write the value alone");
    }
  }

  [[nodiscard]] char char_at(Place place) const {
    const std::string_view rest = text_from(place);
    return rest.empty() ? '\0' : rest.front();
  }

  void check_quote(Place place) const {
    const char opening = char_at(place);
    if (opening == '!') refuse_tag(place, "!");
    if ((opening == '"' || opening == '\'') && !is_closed(text_from(place))) {
      refuse(place, std::string("this quote is never closed; add a ") + opening + " at the end of the value");
    }
  }

  /// The library takes a bracket that is never closed for the beginning of a key.
  [[noreturn]] void refuse_long_key(Place place) const {
    const char opening = char_at(place);
    if (opening != '[' && opening != '{') refuse(place, "a setting's name must be a word");
    refuse(place,
           std::string("a ") + opening + " that is not closed, or stands in a name; close it, or use quotes");
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap && !open_.back().key_given;
  }

  void open(YamlNode::Kind kind, Place place, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    refuse_anchor(place, anchor);
    refuse_tag(place, tag);
    if (expects_key()) refuse_long_key(place);
    if (open_.size() >= kMaxDepth) refuse(place, "nested deeper than 8 levels; no setting is that deep");
    YamlNode node{.kind = kind, .place = place};
    take_key(node);
    open_.push_back(
        {.node = std::move(node), .in_brackets = style == YAML::EmitterStyle::Flow, .key_given = false});
  }

  void close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    attach(std::move(node));
  }

  void add(YamlNode node) {
    take_key(node);
    attach(std::move(node));
  }

  /// A map's value takes its key at its start: maps inside it have keys of their own.
  void take_key(YamlNode& node) {
    if (open_.empty() || open_.back().node.kind != YamlNode::Kind::kMap) return;
    node.key = std::move(key_);
    node.key_place = key_place_;
    open_.back().key_given = false;
  }

  void attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().node.children.push_back(std::move(node));
    }
  }

  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  int documents_ = 0;
  YamlNode root_;
  std::vector<Open> open_;  // around the next event, outermost first
  std::string key_;
  Place key_place_;
};

}  // namespace

YamlDocument parse_yaml(const std::string& text) {
  YamlDocument document;
  TreeBuilder builder(text);
  try {
    // Without a line's end behind it the library takes an open quote for a fault of the file's end.
    std::istringstream input(text + '\n');
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    document.mistakes.push_back({builder.clamp(refusal.mistake.place), refusal.mistake.message});
  } catch (const YAML::Exception& error) {
    const Place place = builder.clamp(place_of(error.mark));
    document.mistakes.push_back({place, explain(error)});
  }
  document.root = builder.take_root();
  return document;
}

}  // namespace mptap
