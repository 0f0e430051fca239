#include "client/redact.h"

#include "base/text.h"

#include <algorithm>
#include <array>

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
    std::string text(value);
    if (const auto query = text.find_first_of("?#"); query != std::string::npos && query + 1 < text.size())
        text.replace(query + 1, std::string::npos, struck(text.size() - query - 1));
    const auto host = text.find("//");
    if (host == std::string::npos) return text;
    const auto at = text.substr(host + 2, text.find_first_of("/?#", host + 2) - host - 2).rfind('@');
    if (at != std::string::npos) text.replace(host + 2, at, struck(at));
    return text;
}

/// The value of a field as it may be shown.
std::string redact_value(base::bytes_view name, base::bytes_view value)
{
    constexpr std::array<base::bytes_view, 7> secret{
        "Set-Cookie",    "Set-Cookie2",         "Cookie", "Authentication-Info", "Proxy-Authentication-Info",
        "Authorization", "Proxy-Authorization",
    };
    const auto is = [name](base::bytes_view other) { return base::iequals(name, other); };
    if (std::any_of(secret.begin(), secret.end(), is)) return struck(value.size());
    if (is("WWW-Authenticate") || is("Proxy-Authenticate")) return redact_challenges(value);
    if (is("Location") || is("Content-Location") || is("Refresh")) return redact_location(value);
    return std::string(value);
}

} // namespace

std::string redact_answer(base::bytes_view text)
{
    std::string out;
    bool struck_before = false;
    while (!text.empty()) {
        const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
        text.remove_prefix(line.size());
        const auto content = line.substr(0, line.find_last_not_of("\r\n") + 1);
        const auto end = line.substr(content.size());
        const auto colon = content.find(':');
        if (content.empty()) {
            out += line;
            if (text.starts_with("HTTP/1.")) continue; // an interim answer came first
            break;
        }
        if (content.front() == ' ' || content.front() == '\t') {
            // A folded line, which nobody may send any more, belongs to the field before it.
            out += struck_before ? " " + struck(content.size()) : std::string(content);
        } else if (colon == base::bytes_view::npos) {
            out += content;
            struck_before = false;
        } else {
            const auto value = base::trim(content.substr(colon + 1));
            const auto shown = redact_value(base::trim(content.substr(0, colon)), value);
            struck_before = shown != value;
            out += struck_before ? std::string(content.substr(0, colon)) + ": " + shown : std::string(content);
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
