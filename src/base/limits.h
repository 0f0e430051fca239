// Every size that a peer can influence, in one value that is passed at construction.
#pragma once

#include <cstddef>

namespace winrm::base {

struct limits
{
    std::size_t envelope = 500 * 1024; ///< bytes of one SOAP envelope, in or out (MaxEnvelopeSizekb)
    std::size_t http_head = 32 * 1024; ///< start line and fields together
    std::size_t http_fields = 64;      ///< number of HTTP fields
    std::size_t xml_depth = 32;        ///< elements inside elements
    std::size_t xml_attributes = 64;   ///< per element, namespace declarations included
    std::size_t xml_elements = 40'000; ///< per document; each costs some 160 bytes
    std::size_t xml_name = 1024;       ///< bytes of a qualified name with its namespace
    std::size_t uri = 2048;            ///< action, resource URI, MessageID, SessionId (MS-WSMV 3.1.4.1)
};

} // namespace winrm::base
