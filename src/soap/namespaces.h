// The prefix table: ours going out (clients that match on prefixes exist), free coming in.
#pragma once

#include "base/bytes.h"

#include <array>

namespace winrm::soap {

namespace ns {
inline constexpr base::bytes_view s = "http://www.w3.org/2003/05/soap-envelope";
inline constexpr base::bytes_view a = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
inline constexpr base::bytes_view w = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
inline constexpr base::bytes_view p = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
inline constexpr base::bytes_view x = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
inline constexpr base::bytes_view n = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
inline constexpr base::bytes_view e = "http://schemas.xmlsoap.org/ws/2004/08/eventing";
inline constexpr base::bytes_view rsp = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
inline constexpr base::bytes_view powershell = "http://schemas.microsoft.com/powershell"; // creationXml and its kin
inline constexpr base::bytes_view f = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
inline constexpr base::bytes_view cfg = "http://schemas.microsoft.com/wbem/wsman/1/config";
inline constexpr base::bytes_view wsmid = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
inline constexpr base::bytes_view xml = "http://www.w3.org/XML/1998/namespace";
inline constexpr base::bytes_view xsi = "http://www.w3.org/2001/XMLSchema-instance";
} // namespace ns

struct prefix
{
    base::bytes_view name, uri;
};
/// The table in order; declared on every Envelope we write (those a message needs).
inline constexpr std::array<prefix, 11> prefixes{{{"s", ns::s},
                                                  {"a", ns::a},
                                                  {"w", ns::w},
                                                  {"p", ns::p},
                                                  {"x", ns::x},
                                                  {"n", ns::n},
                                                  {"e", ns::e},
                                                  {"rsp", ns::rsp},
                                                  {"f", ns::f},
                                                  {"cfg", ns::cfg},
                                                  {"wsmid", ns::wsmid}}};

/// Our prefix of a namespace, "" if it is not in the table.
[[nodiscard]] base::bytes_view prefix_of(base::bytes_view uri) noexcept;

/// Whom a header is for (SOAP 1.2 part 1, 2.2). No role, or an empty one, is the ultimate receiver.
namespace role {
inline constexpr base::bytes_view next = "http://www.w3.org/2003/05/soap-envelope/role/next";
inline constexpr base::bytes_view ultimate_receiver = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";
} // namespace role

inline constexpr base::bytes_view anonymous_role = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";

} // namespace winrm::soap
