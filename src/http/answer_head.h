// What the head of a host's answer means.
#pragma once

#include "http/client_connection.h"

#include <cstdint>

namespace winrm::http {

/// As far as it matters here.
struct answer_head
{
    response out;
    std::string content_type; ///< whole value
    std::optional<std::uint64_t> length;
    bool chunked = false, close = false;
    std::string_view wrong; ///< static text; empty = nothing
    int version = 11;
};

/// @param text  a head that head_scanner called complete
/// @return false: it is none; head.out.reason may say why
[[nodiscard]] bool read_answer_head(std::string_view text, answer_head& head);
/// Value of a Content-Type, to both members of the answer.
void set_type(response& answer, std::string_view content_type);

} // namespace winrm::http
