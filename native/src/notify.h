// One sd_notify datagram, never blocking.
#pragma once
#include <string>

namespace gridward {

// 0: the service manager has it. EAGAIN: its queue is full, nothing was sent. Otherwise the errno of what failed.
int SendNotification(const std::string& address, const std::string& text);

}  // namespace gridward
