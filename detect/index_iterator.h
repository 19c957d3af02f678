// An iterator of lists whose elements are told by their index.
#pragma once

#include <cstddef>

namespace mptap {

/// Gives what List::operator[] gives, a copy. One list; valid as long as it lives and has not shrunk.
template <typename List>
class IndexIterator {
 public:
  IndexIterator(const List& list, std::size_t at) : list_(&list), at_(at) {}
  auto operator*() const { return (*list_)[at_]; }
  IndexIterator& operator++() {
    ++at_;
    return *this;
  }
  friend bool operator==(const IndexIterator& a, const IndexIterator& b) { return a.at_ == b.at_; }

 private:
  const List* list_;
  std::size_t at_;
};

}  // namespace mptap
