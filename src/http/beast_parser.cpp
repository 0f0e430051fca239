#include "http/beast_parser.h"

#include "base/secret.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <limits>
#include <memory>

namespace winrm::http {
namespace {

namespace beast = boost::beast;

/// Beast copies each field; one of them is the Authorization.
template <class T> struct wiping_allocator
{
    using value_type = T;
    wiping_allocator() = default;
    template <class U> wiping_allocator(const wiping_allocator<U>&) noexcept {}
    T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
    void deallocate(T* at, std::size_t count) noexcept
    {
        base::wipe(at, count * sizeof(T));
        std::allocator<T>{}.deallocate(at, count);
    }
    template <class U> bool operator==(const wiping_allocator<U>&) const noexcept { return true; }
};

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

template <bool is_request>
using parser = beast::http::parser<is_request, beast::http::empty_body, wiping_allocator<char>>;

/// Beast throws for a field that does not fit into 16 bits. None is longer than the head that it stands in.
/// Sizes were bounded by the scanner; the body is not Beast's business.
template <bool is_request> bool parse(parser<is_request>& p, std::string_view head, std::string* why = nullptr)
{
    if (head.size() > max_parsed_head) return false;
    p.header_limit(std::numeric_limits<std::uint32_t>::max());
    p.body_limit(boost::none);
    p.eager(false);
    beast::error_code ec;
    const std::size_t used = p.put(boost::asio::const_buffer(head.data(), head.size()), ec);
    if (ec && ec != beast::http::error::need_more) {
        if (why != nullptr) *why = ec.message();
        return false;
    }
    return p.is_header_done() && used == head.size();
}

template <class Message> void report(const Message& message, const field_sink& field)
{
    for (const auto& f : message) {
        field({f.name_string().data(), f.name_string().size()}, {f.value().data(), f.value().size()});
    }
}

} // namespace

bool parse_request(std::string_view head, request_line& line, const field_sink& field)
{
    parser<true> p;
    if (!parse(p, head)) return false;
    const auto& message = p.get();
    line.method = text(message.method_string());
    line.target = text(message.target());
    line.version = static_cast<int>(message.version());
    report(message, field);
    return true;
}

bool parse_response(std::string_view head, status_line& line, const field_sink& field)
{
    // RFC 9112 section 4 has a blank after the status also where no reason follows, and Beast insists on it. Some hosts
    // leave it out, and common clients take that.
    constexpr std::size_t status_end = std::string_view{"HTTP/1.1 200"}.size();
    std::string completed;
    if (head.size() > status_end && head[status_end] == '\r') {
        completed = head;
        completed.insert(status_end, 1, ' ');
        head = completed;
    }
    parser<false> p;
    if (!parse(p, head, &line.reason)) return false;
    const auto& message = p.get();
    line.status = static_cast<int>(message.result_int());
    line.reason = text(message.reason());
    line.version = static_cast<int>(message.version());
    report(message, field);
    return true;
}

} // namespace winrm::http
