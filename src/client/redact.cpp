#include "client/redact.h"

#include "base/text.h"

#include <algorithm>

namespace winrm::remote {

namespace {

std::string struck(std::size_t length) { return "[" + std::to_string(length) + " characters struck out]"; }

/// Replaces the text between the end of each start tag `<name …>` and the next '<'. Our own writer's prefixes are
/// known.
void strike(std::string& text, base::bytes_view tag)
{
    std::size_t at = 0;
    while ((at = text.find(tag, at)) != std::string::npos) {
        const std::size_t open_end = text.find('>', at);
        if (open_end == std::string::npos) return;
        at = open_end + 1;
        if (text[open_end - 1] == '/') continue;
        const std::size_t close = text.find('<', at);
        const std::size_t length = (close == std::string::npos ? text.size() : close) - at;
        if (length == 0) continue;
        const std::string note = struck(length);
        text.replace(at, length, note);
        at += note.size();
    }
}

/// "Negotiate YII…==", not "Negotiate" and not "Basic realm=x": a token68 of RFC 9110 section 11.2 after the scheme.
std::string redact_challenge(base::bytes_view one)
{
    const auto begin = one.find_first_not_of(" \t");
    const auto gap = begin == base::bytes_view::npos ? begin : one.find_first_of(" \t", begin);
    if (gap == base::bytes_view::npos) return std::string(one);
    const auto token = base::trim(one.substr(gap));
    const auto core = token.substr(0, token.find_last_not_of('=') + 1);
    const bool parameter = core.find_first_of("= \t\"") != base::bytes_view::npos;
    if (token.empty() || parameter) return std::string(one);
    return std::string(one.substr(0, gap + 1)) + struck(token.size());
}

std::string redact_challenges(base::bytes_view value)
{
    std::string out;
    for (;;) {
        const auto comma = value.find(',');
        out += redact_challenge(value.substr(0, comma));
        if (comma == base::bytes_view::npos) return out;
        out += ',';
        value.remove_prefix(comma + 1);
    }
}

std::string redact_location(base::bytes_view value)
{
    const auto p = split_location(value);
    std::string out(p.scheme);
    if (!p.login.empty()) out += struck(p.login.size()) + '@';
    out += p.place;
    if (!p.rest.empty()) out += p.rest.front();
    if (p.rest.size() > 1) out += struck(p.rest.size() - 1);
    return out;
}

enum class field { plain, secret, challenges, location };

field kind_of(base::bytes_view name)
{
    const std::string lower = base::lower(name);
    const auto is = [&lower](base::bytes_view other) { return lower == other; };
    const auto has = [&lower](base::bytes_view part) { return lower.find(part) != std::string::npos; };
    if (is("www-authenticate") || is("proxy-authenticate")) return field::challenges;
    if (is("location") || is("content-location") || is("refresh")) return field::location;
    if (has("cookie") || has("token") || has("authorization") || has("authentication-info")) return field::secret;
    return field::plain;
}

std::string redact_value(field kind, base::bytes_view value)
{
    switch (kind) {
    case field::secret: return struck(value.size());
    case field::challenges: return redact_challenges(value);
    case field::location: return redact_location(value);
    case field::plain: break;
    }
    return std::string(value);
}

/// The lines of a head, one after the other. What came may be anything: a CR alone ends no line in HTTP, but may stand
/// where one should end, or within a secret.
class head_reader
{
public:
    std::string redact_line(base::bytes_view line)
    {
        const auto stop = line.find('\r');
        std::string out = redact_whole(line.substr(0, stop));
        for (line.remove_prefix(std::min(stop, line.size())); !line.empty();) {
            const auto piece = line.substr(1, line.find('\r', 1) - 1);
            line.remove_prefix(piece.size() + 1);
            out.append("\r").append(redact_piece(piece));
        }
        return out;
    }

private:
    std::string redact_whole(base::bytes_view line)
    {
        // A folded line, which nobody may send any more, belongs to the field before it.
        if (line.starts_with(' ') || line.starts_with('\t'))
            return kind_ == field::plain ? std::string(line) : " " + struck(line.size());
        kind_ = field::plain;
        return redact_piece(line);
    }
    /// Has a name of its own, or belongs to what came before.
    std::string redact_piece(base::bytes_view piece)
    {
        const auto colon = piece.find(':');
        const field own = colon == base::bytes_view::npos ? field::plain : kind_of(base::trim(piece.substr(0, colon)));
        if (own == field::plain)
            return kind_ == field::plain || piece.empty() ? std::string(piece) : struck(piece.size());
        kind_ = own;
        const auto value = base::trim(piece.substr(colon + 1));
        const auto shown = redact_value(own, value);
        return shown == value ? std::string(piece) : std::string(piece.substr(0, colon)) + ": " + shown;
    }

    field kind_ = field::plain;
};

/// Where user, host and port begin, as clients read it that forgive much: after two slashes of either kind, or "http:";
/// 0 = nowhere.
std::size_t authority_in(base::bytes_view location)
{
    constexpr base::bytes_view slashes = "/\\";
    for (std::size_t i = 0; i < location.size(); ++i) {
        const bool colon = location[i] == ':';
        if (!colon && slashes.find(location[i]) == base::bytes_view::npos) continue;
        const auto after = std::min(location.find_first_not_of(slashes, colon ? i + 1 : i), location.size());
        const std::size_t run = after - (colon ? i + 1 : i);
        const std::string before = base::lower(location.substr(0, i).substr(i < 5 ? 0 : i - 5));
        if (colon ? run >= 1 || before.ends_with("http") || before.ends_with("https") : run >= 2) return after;
        i = std::max(i + 1, after) - 1;
    }
    return 0;
}

/// "host", "host:443", "[::1]:443"; not "ada:pw", the beginning of a login.
bool has_plain_port(base::bytes_view host)
{
    const auto colon = host.find(':', host.starts_with('[') ? std::min(host.find(']'), host.size()) : 0);
    return colon == base::bytes_view::npos || host.find_first_not_of("0123456789", colon + 1) == base::bytes_view::npos;
}

} // namespace

location_parts split_location(base::bytes_view location)
{
    location_parts out;
    if (const std::size_t begin = authority_in(location); begin != 0) {
        out.scheme = location.substr(0, begin);
        location.remove_prefix(begin);
        // Before anything else is cut off: a password may hold a ';'.
        const auto authority = location.substr(0, location.find_first_of("/\\?#"));
        auto at = authority.rfind('@');
        const auto host = authority.substr(at == base::bytes_view::npos ? 0 : at + 1);
        // One that should have been percent-encoded ends later.
        if (!has_plain_port(host) && location.rfind('@') != base::bytes_view::npos) at = location.rfind('@');
        if (at != base::bytes_view::npos) {
            out.login = location.substr(0, at);
            location.remove_prefix(at + 1);
        }
    }
    out.place = location.substr(0, location.find_first_of("?#;"));
    out.rest = location.substr(out.place.size());
    return out;
}

std::string redact_answer(base::bytes_view text)
{
    head_reader head;
    std::string out;
    bool begun = false;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size());
        const auto content = line.substr(0, line.find_last_not_of('\r') + 1);
        begun = begun || !content.empty();
        out += head.redact_line(content);
        out += line.substr(content.size());
        if (text.empty()) break;
        out += text.front();
        text.remove_prefix(1);
        // An empty line may stand before the head, and after one of an interim answer.
        if (content.empty() && begun && !text.starts_with("HTTP/1.")) break;
    }
    return out.append(text);
}

std::string redact_request(base::bytes_view envelope)
{
    std::string text(envelope);
    strike(text, "<rsp:Stream");
    strike(text, "<rsp:Variable");
    return text;
}

} // namespace winrm::remote
