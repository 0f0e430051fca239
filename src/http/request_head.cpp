#include "http/request_head.h"

#include "base/text.h"
#include "http/beast_parser.h"
#include "http/characters.h"

#include <algorithm>
#include <array>
#include <utility>

namespace winrm::http {
namespace {

/// Fields of which a second one would leave the meaning to the reader.
constexpr std::array<std::string_view, 8> singles{"Host",         "Content-Length", "Transfer-Encoding",
                                                  "Content-Type", "Authorization",  "Content-Encoding",
                                                  "Expect",       "WSMANIDENTIFY"};

/// RFC 9112 3: three parts, one space between. The method's and the target's letters; the version.
refusal check_request_line(std::string_view line)
{
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return {400, "the request line has no three parts"};
    const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if (!is_token(method) || method.size() > 32) return {400, "the method is not a token"};
    if (!version.starts_with("HTTP/")) return {400, "the request line names no HTTP version"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return {505, "this version of HTTP is not spoken here"};
    if (!target.starts_with('/')) return {400, "the request target is not a path"};
    const bool visible =
        std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
    if (!visible) return {400, "the request target holds characters a path cannot have"};
    return {0, {}};
}

bool is_host(std::string_view value)
{
    return !value.empty() && value.size() <= 300 && std::all_of(value.begin(), value.end(), [](char c) {
        return (is_token_character(c) && c != '`' && c != '|' && c != '#' && c != '^') || c == ':' || c == '[' ||
               c == ']';
    });
}

class field_reader
{
public:
    explicit field_reader(request_head& head) : head_(head) {}

    void field(std::string_view name, std::string_view value)
    {
        const auto* at = std::find_if(singles.begin(), singles.end(), [&](auto s) { return base::iequals(s, name); });
        if (at != singles.end() && std::exchange(seen_[static_cast<std::size_t>(at - singles.begin())], true)) {
            return refuse("a field that may come once comes twice");
        }
        const auto is = [&](std::string_view wanted) { return at != singles.end() && *at == wanted; };
        if (is("Host")) {
            if (!is_host(value)) refuse("the Host field names no host");
        } else if (is("Content-Length")) {
            head_.length = parse_length(value);
            if (!head_.length) refuse("the Content-Length is not a number");
        } else if (is("Transfer-Encoding")) {
            if (!base::iequals(value, "chunked")) refuse("a Transfer-Encoding other than chunked is not taken");
            head_.chunked = true;
        } else if (is("Content-Type")) {
            head_.content = parse_media_type(value);
            head_.content_type = value;
        } else if (is("Authorization")) {
            head_.authorization.emplace(std::string{value});
        } else if (is("Content-Encoding")) {
            head_.encoded = !base::iequals(value, "identity");
        } else if (is("Expect")) {
            (base::iequals(value, "100-continue") ? head_.expect_continue : head_.expect_other) = true;
        } else if (is("WSMANIDENTIFY")) {
            head_.identify = base::iequals(value, "unauthenticated");
        } else if (base::iequals(name, "Connection")) {
            head_.close = head_.close || list_has(value, "close");
        }
    }

    [[nodiscard]] refusal finish()
    {
        if (!seen_[0] && !head_.is_http_1_0) refuse("the Host field is missing");
        // RFC 9112 6.1 and RFC 9110 10.1.1: HTTP/1.0 knows neither chunks nor a 100 to wait for.
        if (head_.is_http_1_0 && head_.chunked) refuse("HTTP/1.0 has no chunks");
        if (head_.is_http_1_0) head_.expect_continue = false;
        if (head_.length && head_.chunked) refuse("the body has a length and comes in chunks");
        return refused_;
    }

private:
    void refuse(std::string_view why)
    {
        if (refused_.why.empty()) refused_ = {400, why};
    }

    request_head& head_;
    std::array<bool, singles.size()> seen_{};
    refusal refused_{0, {}};
};

} // namespace

std::optional<std::uint64_t> parse_length(std::string_view value) noexcept
{
    if (value.size() > 18) return std::nullopt;
    return base::parse_unsigned(value);
}

std::variant<request_head, refusal> read_request_head(std::string_view text, const base::limits& limits)
{
    if (const refusal r = check_request_line(text.substr(0, text.find('\r'))); r.status != 0) return r;
    request_head head;
    head.is_http_1_0 = head.close = text.substr(0, text.find('\r')).ends_with("HTTP/1.0");
    request_line line;
    field_reader reader{head};
    if (!parse_request(text, line, [&](auto name, auto value) { reader.field(name, value); })) {
        // Beast reads bodies' framing too and may be the first to object; the words stay ours.
        return refusal{400, "the head is not one of an HTTP request"};
    }
    if (const refusal r = reader.finish(); r.status != 0) return r;
    if (line.target.size() > limits.uri) return refusal{414, "the request target is too long"};
    head.method = std::move(line.method);
    head.path = line.target.substr(0, line.target.find('?'));
    return head;
}

} // namespace winrm::http
