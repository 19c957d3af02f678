// mptap-fuzz-TARGET [--mutations N] PATH...: runs a target on files, those of folders in the order of their names, and on N
// mutations of each, the same ones every time. This is what fuzz targets are where there is no libFuzzer, so that
// corpora and past crashes are tests of every build.
//
// A folder that is not there holds nothing. Exit codes: 0; 1 where there is no file at all, or one cannot be read;
// 2 for wrong arguments. What a target finds ends the program by a signal, and which input it was is said on stderr.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plain_mutate.h"

extern "C" {
[[gnu::weak]] std::size_t LLVMFuzzerCustomMutator(std::uint8_t*, std::size_t, std::size_t, unsigned);
/// A crash must reach on_crash() under sanitizers, too.
const char* __asan_default_options();
const char* __asan_default_options() { return "abort_on_error=1"; }
}

namespace mptap::fuzz {
namespace {

namespace fs = std::filesystem;

char g_input[4096];  // what runs now, for on_crash()

extern "C" void on_crash(int number) {
  (void)!write(STDERR_FILENO, g_input, std::strlen(g_input));
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void name_input(const std::string& path, unsigned mutation) {
  std::snprintf(g_input, sizeof g_input, "fuzz input: %s, mutation %u\n", path.c_str(), mutation);
}

std::vector<std::string> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (fs::is_regular_file(path)) files.push_back(path);
    if (!fs::is_directory(path)) continue;
    const std::size_t before = files.size();
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

/// In memory of exactly its size: a sanitizer sees every read beyond it.
void run_exactly(const std::uint8_t* data, std::size_t size) {
  const auto exact = std::make_unique<std::uint8_t[]>(size);
  std::copy_n(data, size, exact.get());
  LLVMFuzzerTestOneInput(exact.get(), size);
}

/// Each mutation builds on the one before it.
void run_mutations(const std::string& path, std::vector<std::uint8_t> input, unsigned count) {
  std::size_t size = input.size();
  input.resize(size + 64);
  seed_plain_mutation(size);
  for (unsigned i = 1; i <= count; ++i) {
    name_input(path, i);
    size = LLVMFuzzerCustomMutator != nullptr ? LLVMFuzzerCustomMutator(input.data(), size, input.size(), i)
                                              : LLVMFuzzerMutate(input.data(), size, input.size());
    run_exactly(input.data(), size);
  }
}

int replay(const std::vector<std::string>& paths, unsigned mutations) {
  const std::vector<std::string> files = files_of(paths);
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::vector<std::uint8_t> input(std::istreambuf_iterator<char>(in), {});
    if (in.bad() || !in.is_open()) {
      std::fprintf(stderr, "%s cannot be read\n", file.c_str());
      return 1;
    }
    name_input(file, 0);
    run_exactly(input.data(), input.size());
    run_mutations(file, input, mutations);
  }
  std::printf("%zu inputs, and %u mutations of each\n", files.size(), mutations);
  if (!files.empty()) return 0;
  std::fputs("there is no input: a corpus is missing\n", stderr);
  return 1;
}

int usage() {
  std::fputs("usage: mptap-fuzz-TARGET [--mutations N] PATH...\n", stderr);
  return 2;
}

}  // namespace
}  // namespace mptap::fuzz

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  unsigned mutations = 0;
  if (paths.size() >= 2 && paths[0] == "--mutations") {
    const std::string& text = paths[1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mutations);
    if (error != std::errc() || end != text.data() + text.size()) return mptap::fuzz::usage();
    paths.erase(paths.begin(), paths.begin() + 2);
  }
  if (paths.empty()) return mptap::fuzz::usage();
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, mptap::fuzz::on_crash);
  return mptap::fuzz::replay(paths, mutations);
}
