// Who hears of forged ADD_ADDRs at once, whatever becomes of their notices.
#pragma once

#include "detect/event.h"

namespace mptap {

class WrongAddressSink {
 public:
  WrongAddressSink() = default;
  WrongAddressSink(const WrongAddressSink&) = delete;
  WrongAddressSink& operator=(const WrongAddressSink&) = delete;
  virtual ~WrongAddressSink() = default;

  /// @param event  Of an ADD_ADDR whose HMAC is wrong; with its subflow and record. Retransmissions, too. Control thread.
  virtual void on_wrong_address(const Event& event) = 0;
};

}  // namespace mptap
