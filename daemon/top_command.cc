// `mptap top`: the screen of top_screen.h in a terminal.
#include <clocale>
#include <cstdio>
#include <iostream>
#include <thread>
#include <utility>

#include "daemon/exit_code.h"
#include "daemon/query/query_client.h"
#include "daemon/query/top_screen.h"
#include "daemon/query_commands.h"

#include <curses.h>  // last: its macros have common names

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;

Moment ask_all(QueryClient& client) {
  return {client.ask({{"ask", "status"}}), client.ask({{"ask", "connections"}, {"limit", 200}}), client.ask({{"ask", "notices"}, {"limit", 50}})};
}

/// A terminal that is given back as it was.
class Terminal {
 public:
  Terminal() {
    std::setlocale(LC_ALL, "");
    screen_ = newterm(nullptr, stdout, stdin);
    if (screen_ == nullptr) return;
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    if (has_colors()) {
      start_color();
      use_default_colors();
      init_pair(1, COLOR_RED, -1);
    }
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (screen_ == nullptr) return;
    endwin();
    delscreen(screen_);
  }

  [[nodiscard]] bool is_open() const { return screen_ != nullptr; }

  void show(const Moment& before, const Moment& now) {
    const auto columns = static_cast<std::size_t>(std::max(COLS, 40));
    const auto rows = static_cast<std::size_t>(std::max(LINES, 12));
    erase();
    int row = 0;
    for (const ScreenLine& line : fill_screen(before, now, columns, rows)) {
      attrset(attributes_of(line.style));
      mvaddnstr(row++, 0, line.text.c_str(), COLS);
    }
    attrset(A_NORMAL);
    refresh();
  }

  /// Waits for a key or the end of the interval; false where a person wants to leave.
  [[nodiscard]] static bool wait(int milliseconds) {
    timeout(milliseconds);
    const int key = getch();
    return key != 'q' && key != 'Q' && key != 27;
  }

 private:
  static attr_t attributes_of(LineStyle style) {
    switch (style) {
      case LineStyle::kTitle: return A_BOLD;
      case LineStyle::kHeading: return A_REVERSE;
      case LineStyle::kAlarm: return A_BOLD | static_cast<attr_t>(has_colors() ? COLOR_PAIR(1) : 0);
      case LineStyle::kPlain: break;
    }
    return A_NORMAL;
  }

  SCREEN* screen_ = nullptr;
};

/// Two moments, and what was between them, as plain text.
void print_once(QueryClient& client, std::chrono::milliseconds interval) {
  const Moment before = ask_all(client);
  std::this_thread::sleep_for(interval);
  for (const ScreenLine& line : fill_screen(before, ask_all(client), 80, 60)) std::cout << line.text << "\n";
}

void show_until_left(QueryClient& client, Terminal& terminal, int interval_ms) {
  Moment before;
  Moment now = ask_all(client);
  do {
    terminal.show(before, now);
    before = std::exchange(now, {});
    if (!Terminal::wait(interval_ms)) return;
    now = ask_all(client);
  } while (true);
}

}  // namespace

int show_top(const TopArguments& arguments) {
  const auto interval = std::chrono::milliseconds(static_cast<int>(arguments.interval_s * 1'000));
  try {
    QueryClient client(arguments.socket);
    if (arguments.once) {
      print_once(client, interval);
      return kDone;
    }
    Terminal terminal;
    if (!terminal.is_open()) throw QueryError("top needs a terminal; --once prints the same as text");
    show_until_left(client, terminal, static_cast<int>(interval.count()));
    return kDone;
  } catch (const QueryError& error) {
    std::cerr << "mptap: " << error.what() << "\n";
    return kFailed;
  }
}

}  // namespace mptap
