// Raw bytes travel in std::string / std::string_view: expat, OpenSSL, Beast and the system calls all take char.
#pragma once

#include <string>
#include <string_view>

namespace winrm::base {

using bytes = std::string;
/// A view lives only as long as its owner says; functions that keep bytes copy them.
using bytes_view = std::string_view;

} // namespace winrm::base
