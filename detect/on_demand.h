// What few objects have, in a place of its own.
#pragma once

#include <memory>

namespace mptap {

/// A T that costs a pointer until it is written. One thread; copies are deep.
template <typename T>
class OnDemand {
 public:
  OnDemand() = default;
  OnDemand(const OnDemand& other) : made_(other.made_ ? std::make_unique<T>(*other.made_) : nullptr) {}
  OnDemand(OnDemand&&) noexcept = default;
  OnDemand& operator=(const OnDemand& other) {
    if (this != &other) made_ = other.made_ ? std::make_unique<T>(*other.made_) : nullptr;
    return *this;
  }
  OnDemand& operator=(OnDemand&&) noexcept = default;

  [[nodiscard]] bool is_made() const { return made_ != nullptr; }

  /// As it was written; where it was not, one that is fresh.
  [[nodiscard]] const T& read() const {
    static const T kFresh{};
    return made_ ? *made_ : kFresh;
  }
  [[nodiscard]] T& make() {
    if (!made_) made_ = std::make_unique<T>();
    return *made_;
  }
  void drop() { made_.reset(); }

 private:
  std::unique_ptr<T> made_;
};

}  // namespace mptap
