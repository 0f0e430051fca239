// Whether a value that was read into one of our types and written again says what it said before.
#pragma once

#include "clixml/value.h"

#include <string>

namespace winrm::test {

/// "" = it does; else where and what differs. Type names and the spelling of enums may differ; what is new must be
/// null, false, 0 or empty, which is what a property means that is not there.
[[nodiscard]] std::string difference(const clixml::value& before, const clixml::value& after,
                                     const std::string& where = "");

} // namespace winrm::test
