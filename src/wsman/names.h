// Action and resource URIs (DSP0226; MS-WSMV 3.1.4.1.1). Strings off the wire are compared whole, with these.
#pragma once

#include "base/bytes.h"

namespace winrm::wsman {

namespace action {
inline constexpr base::bytes_view get = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
inline constexpr base::bytes_view put = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Put";
inline constexpr base::bytes_view create = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create";
inline constexpr base::bytes_view delete_ = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete";
inline constexpr base::bytes_view enumerate = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
inline constexpr base::bytes_view pull = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";
inline constexpr base::bytes_view release = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release";
inline constexpr base::bytes_view command = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command";
inline constexpr base::bytes_view send = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send";
inline constexpr base::bytes_view receive = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive";
inline constexpr base::bytes_view signal = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal";
inline constexpr base::bytes_view disconnect = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Disconnect";
inline constexpr base::bytes_view reconnect = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Reconnect";
inline constexpr base::bytes_view connect = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Connect";
inline constexpr base::bytes_view wsman_fault = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
inline constexpr base::bytes_view addressing_fault = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault";
inline constexpr base::bytes_view enumeration_fault = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault";
inline constexpr base::bytes_view eventing_fault = "http://schemas.xmlsoap.org/ws/2004/08/eventing/fault";
/// Request action → reply action: "…Response" appended.
[[nodiscard]] std::string response_of(base::bytes_view request);
} // namespace action

namespace resource_uri {
inline constexpr base::bytes_view cmd = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
inline constexpr base::bytes_view shell = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
inline constexpr base::bytes_view shell_command = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command";
/// Followed by the name of a session configuration.
inline constexpr base::bytes_view powershell = "http://schemas.microsoft.com/powershell/";
inline constexpr base::bytes_view config = "http://schemas.microsoft.com/wbem/wsman/1/config";
} // namespace resource_uri

} // namespace winrm::wsman
