// A fault as a value: made by the service, read by the client.
#pragma once

#include "soap/envelope.h"
#include "wsman/fault_code.h"

#include <winrm/error.h>

namespace winrm::wsman {

/// What a handler returns instead of an answer.
struct fault
{
    fault_code code;
    std::string
        text; ///< empty = the table's sentence. May quote the request: it is escaped and cut to 200 bytes when written
    std::string detail; ///< FaultDetail's last part, overrides the table's ("" = the table's)
};

/// Reads s:Fault into the public form. Order: WSManFault/@Code, MSFT_WmiError error_Code or MessageID HRESULT, subcode.
/// @errors protocol: the envelope holds no usable fault.
[[nodiscard]] result<fault_info> read_fault(const soap::envelope& e);
/// The host's OperationTimeout passed and nothing has happened.
[[nodiscard]] bool is_timeout(const fault_info& f) noexcept;
/// errc::fault with a sentence of ours for the code where we know one.
[[nodiscard]] winrm::error to_error(fault_info info);

} // namespace winrm::wsman
