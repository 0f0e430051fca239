#include "http/media_type.h"

#include "base/text.h"

namespace winrm::http {
namespace {

/// Cuts the text at the next separator that does not stand between quotes.
std::string_view next_piece(std::string_view& rest, char separator)
{
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != separator); ++end) {
        if (rest[end] == '"') quoted = !quoted;
        else if (quoted && rest[end] == '\\' && end + 1 < rest.size()) ++end;
    }
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
    return base::trim(piece);
}

} // namespace

media_type parse_media_type(std::string_view value)
{
    media_type out;
    out.type = base::lower(next_piece(value, ';'));
    while (!value.empty()) {
        const std::string_view parameter = next_piece(value, ';');
        const std::size_t equals = parameter.find('=');
        if (equals == std::string_view::npos || !base::iequals(base::trim(parameter.substr(0, equals)), "charset"))
            continue;
        std::string_view text = base::trim(parameter.substr(equals + 1));
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
        out.charset = text;
        break;
    }
    return out;
}

bool list_has(std::string_view list, std::string_view word) noexcept
{
    while (!list.empty()) {
        if (base::iequals(next_piece(list, ','), word)) return true;
    }
    return false;
}

} // namespace winrm::http
