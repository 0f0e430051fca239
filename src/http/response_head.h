// The head of the service's answers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace winrm::http {

struct response_head
{
    int status = 200;
    std::string_view type;   ///< Content-Type, whole value; empty = none
    std::string_view fields; ///< further lines, each with its line end
    std::size_t length = 0;  ///< of the body
    bool close = false;      ///< this answer is the connection's last
};

/// Status line and fields up to the empty line.
[[nodiscard]] std::string write_response_head(const response_head& head);

} // namespace winrm::http
