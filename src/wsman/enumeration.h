// Enumerate, Pull, Release (MS-WSMV 3.1.4.8–10; DSP0226 8).
#pragma once

#include "wsman/message.h"

namespace winrm::wsman {

struct enumerate_request
{
    bool optimize = false;         ///< w:OptimizeEnumeration
    std::size_t max_elements = 0;  ///< 0 = not given (1 for Pull)
    std::string mode;              ///< "", EnumerateEPR, EnumerateObjectAndEPR
    std::string filter_dialect;    ///< URI, "" = no filter
    selector_set filter_selectors; ///< of a SelectorFilter
};
struct pull_request
{
    std::string context;
    std::size_t max_elements = 1;
};

inline constexpr base::bytes_view selector_filter_dialect = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";

// service side: read the payload
[[nodiscard]] std::variant<enumerate_request, fault> read_enumerate(const xml::element* payload);
[[nodiscard]] std::variant<pull_request, fault> read_pull(const xml::element* payload);
[[nodiscard]] std::variant<std::string, fault> read_release(const xml::element* payload); ///< the context
/// Body of EnumerateResponse / PullResponse. `items` writes the children of Items (w:Items when optimised, n:Items in
/// Pull).
void write_enumerate_response(xml::writer& w, base::bytes_view context, bool optimized, const body_writer& items,
                              bool end);
void write_pull_response(xml::writer& w, base::bytes_view context, const body_writer& items, bool end);

// client side
[[nodiscard]] body_writer enumerate_body(enumerate_request r);
[[nodiscard]] body_writer pull_body(pull_request r);
[[nodiscard]] body_writer release_body(std::string context);
struct enumeration_part
{
    std::string context;                    ///< for the next Pull
    std::vector<const xml::element*> items; ///< live in the reply
    bool end = false;
};
/// Reads EnumerateResponse or PullResponse, items of either namespace. @errors protocol
[[nodiscard]] result<enumeration_part> read_enumeration(const xml::element* payload);

} // namespace winrm::wsman
