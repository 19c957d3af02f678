// The files of the page, as the build put them into the program (daemon/page/embed).
#pragma once

#include <string_view>

namespace mptap {

/// The text of one of them, "app.js"; empty where there is none of that name.
[[nodiscard]] std::string_view find_page_file(std::string_view name);

}  // namespace mptap
