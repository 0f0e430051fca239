#include "http/request_text.h"

#include "http/characters.h"

#include <algorithm>

namespace winrm::http {
namespace {

bool is_field_text(std::string_view text) { return std::all_of(text.begin(), text.end(), is_field_character); }

} // namespace

bool is_clean(const client_options& o, std::string_view media_type)
{
    const auto good_path = [](char c) { return c > 0x20 && c != 0x7f; };
    if (o.host.empty() || !is_field_text(o.host) || !is_field_text(o.user_agent) || !is_field_text(media_type))
        return false;
    if (!o.path.starts_with('/') || !std::all_of(o.path.begin(), o.path.end(), good_path)) return false;
    if (o.login && (!is_field_text(o.login->authorization()) || !is_token(o.login->scheme()))) return false;
    return std::all_of(o.extra_fields.begin(), o.extra_fields.end(),
                       [](const auto& f) { return is_token(f.first) && is_field_text(f.second); });
}

std::string request_text(const client_options& o, std::string_view login, std::string_view media_type,
                         std::size_t length)
{
    std::string head;
    // All the room at once: a string that grows leaves the login behind in what it grew out of.
    std::size_t size = 256 + o.path.size() + o.host.size() + o.user_agent.size() + media_type.size() + login.size();
    for (const auto& [name, value] : o.extra_fields) size += name.size() + value.size() + 4;
    head.reserve(size);
    const auto field = [&head](std::string_view name, std::string_view value) {
        head.append(name).append(": ").append(value).append("\r\n");
    };
    head.append("POST ").append(o.path).append(" HTTP/1.1\r\n");
    field("Host", o.host);
    if (!o.user_agent.empty()) field("User-Agent", o.user_agent);
    if (!login.empty()) field("Authorization", login);
    for (const auto& [name, value] : o.extra_fields) field(name, value);
    field("Accept-Encoding", "identity");
    field("Content-Type", media_type);
    field("Content-Length", std::to_string(length));
    return head.append("\r\n");
}

} // namespace winrm::http
