// mptap.yaml(5), from the settings table.
#include <algorithm>

#include "config/config_loader.h"
#include "config/doc_text.h"
#include "config/setting.h"
#include "config/value.h"

namespace mptap {
namespace {

constexpr std::size_t kLineWidth = 78;  // mandoc -T lint wants less than 80

constexpr std::string_view kIntroduction = R"(.\" Written from the settings table. Do not edit: change config/settings_table.cc,
.\" then run the unit tests once with MPTAP_WRITE_DOCS=1.
.Dd November 26, 2026
.Dt MPTAP.YAML 5
.Os
.Sh NAME
.Nm mptap.yaml
.Nd configuration of mptap
.Sh DESCRIPTION
.Ic mptap run -c Ar file
reads a YAML file.
Every setting has a default; to watch a port, name it:
.Bd -literal -offset indent
ports:
  - interface: eth1
logs:
  directory: /var/log/mptap
.Ed
.Pp
.Ic mptap check-config Ar file
tells every mistake at once.
.Ic mptap print-config --defaults
prints all settings as YAML, with their meaning.
.Pp
A reload (SIGHUP) changes the settings that say so; the others are read at
start.
)";

constexpr std::string_view kEnd = R"(.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/mptap/mptap.yaml
The configuration of the service.
.It Pa /usr/share/mptap/samples
Samples: a card by its PCI address, a tap pair, a laptop, captures.
.El
.Sh EXAMPLES
.Bd -literal -offset indent
)";

constexpr std::string_view kSeeAlso = R"(.Ed
.Sh SEE ALSO
.Xr mptap-read 1 ,
.Xr mptap 8
)";

/// Markdown's `code` in bold; what roff would take as its own, escaped.
std::string inline_text(std::string_view text) {
  std::string out;
  bool code = false;
  for (const char letter : text) {
    if (letter == '`') {
      code = !code;
      out += code ? "\\fB" : "\\fR";
    } else if (letter == '\\') {
      out += "\\e";
    } else if (letter == '-' && code) {
      out += "\\-";
    } else {
      out += letter;
    }
  }
  return out;
}

/// A paragraph in lines, each sentence on lines of its own.
std::string lines_of(std::string_view paragraph) {
  const std::string text = inline_text(paragraph);
  std::string lines;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string word = text.substr(at, end - at);
    at = std::min(text.find_first_not_of(" \n", end), text.size());
    const bool ends_sentence = !line.empty() && line.back() == '.';
    if (!line.empty() && (ends_sentence || line.size() + 1 + word.size() > kLineWidth)) {
      lines += line + "\n";
      line.clear();
    }
    // At the beginning of a line these two make a request of it.
    if (line.empty() && (word.front() == '.' || word.front() == '\'')) line = "\\&";
    line += (line.empty() || line == "\\&" ? "" : " ") + word;
  }
  return line.empty() ? lines : lines + line + "\n";
}

/// A list in Markdown as one of mdoc(7).
std::string list_of(const std::string& markdown) {
  std::string list = ".Bl -bullet -compact\n";
  for (std::size_t at = 0; at < markdown.size();) {
    const std::size_t end = std::min(markdown.find("\n- ", at), markdown.size() - 1);
    list += ".It\n" + lines_of(std::string_view(markdown).substr(at + 2, end - at - 2));
    at = end + 1;
  }
  return list + ".El\n";
}

std::string setting_item(const Setting& setting) {
  const Value value = default_of(setting);
  std::string facts = describe_allowed(setting) + "; " +
                      (is_unset(setting, value) ? "no default" : "default `" + format_value(setting, value) + "`") +
                      (setting.reach.reloadable ? "; a reload changes it." : ".");
  facts.front() = static_cast<char>(facts.front() - (facts.front() >= 'a' && facts.front() <= 'z' ? 'a' - 'A' : 0));
  return ".It Cm " + std::string(setting.key()) + "\n" + lines_of(setting.doc) + lines_of(facts);
}

/// The settings that stand directly in a group; empty where it holds only groups.
std::string settings_list(const std::string& group) {
  std::string items;
  for (const Setting& setting : settings()) {
    if (setting.parent() == group && setting.reach.get != nullptr) items += setting_item(setting);
  }
  return items.empty() ? items : ".Bl -tag -width Ds\n" + items + ".El\n";
}

}  // namespace

std::string format_manual_page() {
  std::string text = std::string(kIntroduction) + ".Pp\n" + list_of(yaml_rules());
  text += ".Sh SETTINGS\n.Ss Top of the file\n" + settings_list("");
  for (const Setting& group : settings()) {
    if (group.reach.get != nullptr) continue;
    text += ".Ss " + std::string(group.path) + "\n" + lines_of(group.doc) + settings_list(inner_path(group));
  }
  return text + std::string(kEnd) + std::string(kLargerExample) + std::string(kSeeAlso);
}

}  // namespace mptap
