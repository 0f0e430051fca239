// The time of day, for protocols that send it. Machines get it as an argument.
#pragma once

#include <cstdint>

namespace winrm::io {

[[nodiscard]] std::int64_t unix_time() noexcept;     ///< seconds since 1970 UTC
[[nodiscard]] std::uint64_t windows_time() noexcept; ///< 100 ns since 1601 UTC (MS-DTYP 2.3.3 FILETIME)

} // namespace winrm::io
