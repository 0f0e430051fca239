#include "client/redact.h"

#include "base/text.h"
#include "http/location.h"

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
    const auto p = http::split_location(value);
    std::string out(p.scheme);
    if (!p.login.empty()) out += struck(p.login.size()) + '@';
    out += p.address;
    if (!p.rest.empty()) out += p.rest.front();
    if (p.rest.size() > 1) out += struck(p.rest.size() - 1);
    return out;
}

/// "5; url=https://web2/"
std::string redact_refresh(base::bytes_view value)
{
    const auto at = base::lower(value).find("url=");
    if (at == std::string::npos) return redact_location(value);
    return redact_location(value.substr(0, at)) + std::string(value.substr(at, 4)) +
           redact_location(value.substr(at + 4));
}

enum class field { plain, secret, challenges, location, refresh };

field kind_of(base::bytes_view name)
{
    const std::string lower = base::lower(name);
    const auto is = [&lower](base::bytes_view other) { return lower == other; };
    const auto has = [&lower](base::bytes_view part) { return lower.find(part) != std::string::npos; };
    if (is("www-authenticate") || is("proxy-authenticate")) return field::challenges;
    if (is("location") || is("content-location")) return field::location;
    if (is("refresh")) return field::refresh;
    if (has("cookie") || has("token") || has("authorization") || has("authentication-info")) return field::secret;
    return field::plain;
}

std::string redact_value(field kind, base::bytes_view value)
{
    switch (kind) {
    case field::secret: return struck(value.size());
    case field::challenges: return redact_challenges(value);
    case field::location: return redact_location(value);
    case field::refresh: return redact_refresh(value);
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
        const bool folded = line.starts_with(' ') || line.starts_with('\t');
        if (!folded) kind_ = field::plain;
        std::string out = redact_piece(line.substr(0, stop), folded);
        for (line.remove_prefix(std::min(stop, line.size())); !line.empty();) {
            const auto piece = line.substr(1, line.find('\r', 1) - 1);
            line.remove_prefix(piece.size() + 1);
            out.append("\r").append(redact_piece(piece, false));
        }
        return out;
    }

private:
    /// A field, or more of the one before: a folded line (obsolete, RFC 9112 section 5.2), or something behind a CR.
    std::string redact_piece(base::bytes_view piece, bool folded)
    {
        if (piece.empty()) return {};
        if (kind_ != field::plain) return (folded ? " " : "") + struck(piece.size());
        const auto colon = piece.find(':');
        kind_ = kind_of(base::trim(piece.substr(0, colon)));
        if (colon == base::bytes_view::npos) return std::string(piece);
        const auto value = base::trim(piece.substr(colon + 1));
        const auto shown = redact_value(kind_, value);
        return shown == value ? std::string(piece) : std::string(piece.substr(0, colon)) + ": " + shown;
    }

    field kind_ = field::plain;
};

} // namespace

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
        if (!content.empty()) continue;
        // Empty lines may stand before the head, and after one of an interim answer.
        const auto run = text.substr(0, text.find_first_not_of("\r\n"));
        out += run;
        text.remove_prefix(run.size());
        if (begun && !text.starts_with("HTTP/1.")) break;
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
