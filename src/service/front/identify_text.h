// The fixed envelope of the anonymous Identify (DSP0226 11; MS-WSMV 3.1.4.1): text, because no XML writer is linked
// here.
#pragma once

#include "base/bytes.h"

#include <string>

namespace winrm::service::front {

/// UTF-8. Contains protocol version, vendor and product version and nothing of the system. Both texts are escaped;
/// characters XML cannot carry become '?'.
[[nodiscard]] std::string identify_text(base::bytes_view vendor, base::bytes_view version);

} // namespace winrm::service::front
