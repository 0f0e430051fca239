#include "http/location.h"

#include <algorithm>

namespace winrm::http {
namespace {

/// "https://" or "//", as RFC 3986 has it; empty if the location begins otherwise.
base::bytes_view scheme_of(base::bytes_view location)
{
    const auto name_end =
        location.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");
    const bool named = name_end != base::bytes_view::npos && name_end != 0 && location[name_end] == ':';
    const std::size_t at = named ? name_end + 1 : 0;
    return location.substr(at).starts_with("//") ? location.substr(0, at + 2) : base::bytes_view{};
}

/// "host", "host:443", "[::1]:443"; not "ada:pw", the beginning of a login.
bool is_host(base::bytes_view text)
{
    const auto colon = text.find(':', text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0);
    if (colon == base::bytes_view::npos) return true;
    const auto port = text.substr(colon + 1);
    return !port.empty() && port.find_first_not_of("0123456789") == base::bytes_view::npos;
}

} // namespace

location_parts split_location(base::bytes_view location)
{
    location_parts out;
    const auto cut = [&out](base::bytes_view from) {
        out.address = from.substr(0, from.find_first_of("?#;"));
        out.rest = from.substr(out.address.size());
    };
    out.scheme = scheme_of(location);
    auto left = location.substr(out.scheme.size());
    if (!out.scheme.empty()) {
        // Before anything else is cut off: a password may hold a ';'.
        const auto authority = left.substr(0, left.find_first_of("/\\?#"));
        if (const auto at = authority.rfind('@'); at != base::bytes_view::npos) {
            out.login = left.substr(0, at);
            left.remove_prefix(at + 1);
        }
    }
    cut(left);
    const auto host_end = left.find_first_of("/\\?#;");
    const bool usual = out.scheme.empty() || (is_host(left.substr(0, host_end)) &&
                                              (host_end == base::bytes_view::npos || left[host_end] != '\\'));
    const bool on_the_host = out.address.starts_with('/') && !out.address.starts_with("/\\");
    if (usual && out.address.find_first_of(on_the_host ? ":" : "@") == base::bytes_view::npos) return out;
    // Some parsers accept this form although it breaks the rules, so all before the last '@' counts as a login.
    if (const auto at = location.rfind('@'); at != base::bytes_view::npos) {
        out.scheme = {};
        out.login = location.substr(0, at);
        cut(location.substr(at + 1));
    }
    return out;
}

} // namespace winrm::http
