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

} // namespace

location_parts split_location(base::bytes_view location) noexcept
{
    location_parts out;
    if (const auto sign = location.find("//"); sign != base::bytes_view::npos) {
        out.scheme = location.substr(0, sign + 2);
        location.remove_prefix(sign + 2);
        // Before anything else is cut off: a password may hold a ';'.
        if (const auto at = location.substr(0, location.find_first_of("/?#")).rfind('@');
            at != base::bytes_view::npos) {
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
    std::string out;
    bool begun = false;
    field kind = field::plain;
    while (!text.empty()) {
        // A CR alone ends no line in HTTP, but what came may be anything.
        const auto stop = text.find_first_of("\r\n");
        const auto line = text.substr(0, stop);
        text.remove_prefix(line.size());
        const auto end = text.substr(0, text.starts_with("\r\n") ? 2 : 1);
        text.remove_prefix(end.size());
        if (line.empty()) {
            out += end;
            // Before the head, or after one of an interim answer.
            if (!begun || text.starts_with("HTTP/1.")) continue;
            break;
        }
        begun = true;
        const auto colon = line.find(':');
        if (line.front() == ' ' || line.front() == '\t') {
            // A folded line, which nobody may send any more, belongs to the field before it.
            out += kind == field::plain ? std::string(line) : " " + struck(line.size());
        } else if (colon == base::bytes_view::npos) {
            kind = field::plain;
            out += line;
        } else {
            kind = kind_of(base::trim(line.substr(0, colon)));
            const auto value = base::trim(line.substr(colon + 1));
            const auto shown = redact_value(kind, value);
            out += shown == value ? std::string(line) : std::string(line.substr(0, colon)) + ": " + shown;
        }
        out += end;
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
