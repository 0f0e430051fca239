// Boost.Beast, seen by no other file: it parses a complete head that head_scanner has accepted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace winrm::http {

/// A longer head is not read, whatever the limits say.
inline constexpr std::size_t max_parsed_head = 65'000;

/// Both views live only during the call. The value comes without surrounding white space.
using field_sink = std::function<void(std::string_view name, std::string_view value)>;

struct request_line
{
    std::string method, target;
    int version = 0; ///< 10 or 11
};

struct status_line
{
    int status = 0;
    std::string reason;
    int version = 0;
};

/// @return false if `head` is not one whole head; then nothing was reported.
[[nodiscard]] bool parse_request(std::string_view head, request_line& line, const field_sink& field);
/// As parse_request; what is wrong stands in line.reason then, in Beast's words.
[[nodiscard]] bool parse_response(std::string_view head, status_line& line, const field_sink& field);

} // namespace winrm::http
