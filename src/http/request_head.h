// What the head of a request means: one reading, or a refusal.
#pragma once

#include "base/limits.h"
#include "base/secret.h"
#include "http/media_type.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace winrm::http {

/// An answer that closes the connection: where the next request would begin is not known.
struct refusal
{
    int status = 400;
    std::string_view why; ///< static text
};

struct request_head
{
    std::string method;
    std::string path;                    ///< without the query
    std::optional<std::uint64_t> length; ///< Content-Length
    bool chunked = false;
    bool expect_continue = false, expect_other = false;
    bool is_http_1_0 = false;
    bool close = false;    ///< Connection: close, or HTTP/1.0
    bool identify = false; ///< WSMANIDENTIFY: unauthenticated
    bool encoded = false;  ///< Content-Encoding other than identity
    media_type content;
    std::string content_type;                  ///< whole value
    std::optional<base::secret> authorization; ///< whole value

    [[nodiscard]] bool has_body() const noexcept { return chunked || length.value_or(0) != 0; }
};

/// @param text  a head that head_scanner called complete
[[nodiscard]] std::variant<request_head, refusal> read_request_head(std::string_view text, const base::limits& limits);

/// The digits of a Content-Length, at most 18; nullopt for anything else, signs and lists too (RFC 9112 6.3).
[[nodiscard]] std::optional<std::uint64_t> parse_length(std::string_view value) noexcept;

} // namespace winrm::http
