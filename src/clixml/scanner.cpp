#include "clixml/scanner.h"

#include "base/text_encoding.h"
#include "base/utf8_step.h"
#include "xml/characters.h"

#include <array>
#include <cstring>

namespace winrm::clixml {
namespace {

enum class octet : std::uint8_t {
    plain,
    name, ///< may stand in a name, as plain text may
    markup,
    underscore,
    open, ///< '<'
    greater,
    high,
    bad
};

constexpr auto octets = [] {
    std::array<octet, 256> t{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c < 0x20) t[c] = c == '\t' || c == '\n' ? octet::plain : c == '\r' ? octet::markup : octet::bad;
        else if (letter || c == '-' || c == '.' || c == ':') t[c] = octet::name;
        else if (c >= 0x80) t[c] = octet::high;
        else t[c] = octet::plain;
    }
    t['&'] = octet::markup;
    t['_'] = octet::underscore;
    t['<'] = octet::open;
    t['>'] = octet::greater;
    return t;
}();

octet kind_of(char c) { return octets[static_cast<unsigned char>(c)]; }
bool is_name(char c)
{
    const octet o = kind_of(c);
    return o == octet::name || o == octet::underscore || o == octet::high;
}
bool begins_name(char c) { return is_name(c) && c != '-' && c != '.' && !(c >= '0' && c <= '9'); }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

const char* skip_space(const char* p, const char* end)
{
    while (p != end && is_space(*p)) ++p;
    return p;
}

/// A character beyond ASCII: its size, 0 = not UTF-8 or no character of XML, -1 = cut by `end`.
int wide(const char* p, const char* end)
{
    const base::utf8_step step = base::decode_utf8(p, end);
    if (step.size != 0) return xml::is_xml_character(step.code_point) ? static_cast<int>(step.size) : 0;
    const auto first = static_cast<unsigned char>(*p);
    const std::ptrdiff_t wanted = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    return end - p < wanted && first >= 0xC2 && first <= 0xF4 ? -1 : 0;
}

bool starts(const char* p, const char* end, base::bytes_view with)
{
    return static_cast<std::size_t>(end - p) >= with.size() && std::memcmp(p, with.data(), with.size()) == 0;
}

/// All of `text` is the beginning of `with`, but not all of `with` is there.
bool may_start(const char* p, const char* end, base::bytes_view with)
{
    const auto n = static_cast<std::size_t>(end - p);
    return n < with.size() && std::memcmp(p, with.data(), n) == 0;
}

/// End of a name that begins at `p`; nullptr = it is none. Names beyond ASCII must be UTF-8.
const char* name_end(const char* p, const char* end)
{
    const char* q = p;
    while (q != end && kind_of(*q) == octet::name) ++q;
    if (q == end || !is_name(*q)) return q;
    bool high = false;
    while (q != end && is_name(*q)) high |= static_cast<unsigned char>(*q++) >= 0x80;
    if (!high) return q;
    for (const char* c = p; c != q;) {
        const int n = wide(c, end);
        if (n == 0) return nullptr;
        if (n < 0) return end;
        c += n;
    }
    return q;
}

constexpr const char* cut = "the XML ends too early";
constexpr const char* bad_character = "the XML holds a character that must not stand there";
constexpr const char* bad_tag = "an XML tag is not well-formed";

} // namespace

scanner::token scanner::fail(const char* where, const char* why) noexcept
{
    at_ = where;
    why_ = why;
    return token::bad;
}

scanner::token scanner::more(const char* why) noexcept
{
    if (!last_) {
        at_ = token_;
        return token::need_more;
    }
    return fail(end_, why);
}

scanner::token scanner::next() noexcept
{
    token_ = at_;
    if (at_ == end_) return last_ ? token::finished : token::need_more;
    if (*at_ != '<') return character_data();
    if (at_ + 1 == end_) return more(cut);
    switch (at_[1]) {
    case '/': return end_tag();
    case '?': return fail(at_, "an XML processing instruction must not stand there");
    case '!':
        if (starts(at_, end_, "<!--")) return comment();
        if (starts(at_, end_, "<![CDATA[")) return cdata();
        if (may_start(at_, end_, "<!--") || may_start(at_, end_, "<![CDATA[")) return more(cut);
        return fail(at_, "a document type must not stand in CLIXML");
    default: return tag();
    }
}

void scanner::skip_white_space() noexcept
{
    if (scanned_ == 0) at_ = skip_space(at_, end_);
}

bool scanner::take_leaf() noexcept
{
    const char* p = at_;
    text_marks found;
    for (; p != end_; ++p) {
        const octet o = kind_of(*p);
        if (o <= octet::name) continue;
        if (o == octet::open) break;
        if (o == octet::markup) found.markup = true;
        else if (o == octet::underscore) found.underscore = true;
        else if (o == octet::high) {
            const int n = wide(p, end_);
            if (n <= 0) return false;
            p += n - 1;
        } else {
            return false; // next() judges it
        }
    }
    const std::size_t size = name_.size();
    if (static_cast<std::size_t>(end_ - p) < size + 3 || p[1] != '/' || p[size + 2] != '>' ||
        std::memcmp(p + 2, name_.data(), size) != 0)
        return false;
    text_ = {at_, static_cast<std::size_t>(p - at_)};
    marks_ = found;
    at_ = p + size + 3;
    return true;
}

scanner::token scanner::tag() noexcept
{
    const char* p = at_ + 1;
    if (!begins_name(*p)) return fail(at_, bad_tag);
    const char* const name = p;
    p = name_end(p, end_);
    if (p == nullptr) return fail(at_, bad_character);
    name_ = {name, static_cast<std::size_t>(p - name)};
    prefixed_ = false;
    for (const char c : name_) prefixed_ = prefixed_ || c == ':';
    attributes_.clear();
    for (;;) {
        const char* const before = p;
        p = skip_space(p, end_);
        if (p == end_) return more(cut);
        if (*p == '>') {
            at_ = p + 1;
            return token::start;
        }
        if (*p == '/') {
            if (p + 1 == end_) return more(cut);
            if (p[1] != '>') return fail(p, bad_tag);
            at_ = p + 2;
            return token::empty;
        }
        if (p == before) return fail(p, bad_tag);
        retry_ = false;
        const char* const where = p;
        p = attribute(p);
        if (p == nullptr) return retry_ ? more(cut) : fail(at_ > where ? at_ : where, why_);
    }
}

// After the attribute, or nullptr: the buffer ends (retry_) or it is not well-formed (why_).
const char* scanner::attribute(const char* p) noexcept
{
    constexpr std::size_t most = 64;
    const auto bad = [&](const char* why) {
        why_ = why;
        return nullptr;
    };
    const auto cut_here = [&] {
        retry_ = true;
        return nullptr;
    };
    if (!begins_name(*p)) return bad(bad_tag);
    const char* const name = p;
    p = name_end(p, end_);
    if (p == nullptr) return bad(bad_character);
    const base::bytes_view label(name, static_cast<std::size_t>(p - name));
    p = skip_space(p, end_);
    if (p == end_) return cut_here();
    if (*p != '=') return bad(bad_tag);
    p = skip_space(p + 1, end_);
    if (p == end_) return cut_here();
    const char quote = *p++;
    if (quote != '"' && quote != '\'') return bad(bad_tag);
    const char* const begin = p;
    bool markup = false, underscore = false;
    for (;; ++p) {
        if (p == end_) return cut_here();
        const octet o = kind_of(*p);
        if (o == octet::name) continue;
        if (o == octet::plain) {
            if (*p == quote) break;
            markup = markup || static_cast<unsigned char>(*p) < 0x20;
            continue;
        }
        if (o == octet::underscore) underscore = true;
        if (o == octet::markup) markup = true;
        if (o == octet::open) return bad("a '<' stands in an XML attribute");
        if (o == octet::bad) return bad(bad_character);
        if (o == octet::high) {
            const int n = wide(p, end_);
            if (n < 0) return cut_here();
            if (n == 0) return bad(bad_character);
            p += n - 1;
        }
    }
    for (const raw_attribute& a : attributes_) {
        if (a.name == label) return bad("an XML attribute stands twice");
    }
    if (attributes_.size() >= most) return bad("an XML element has too many attributes");
    attributes_.push_back({label, {begin, static_cast<std::size_t>(p - begin)}, markup, underscore});
    return p + 1;
}

scanner::token scanner::end_tag() noexcept
{
    const char* p = at_ + 2;
    const char* const name = p;
    while (p != end_ && is_name(*p)) ++p;
    name_ = {name, static_cast<std::size_t>(p - name)};
    p = skip_space(p, end_);
    if (p == end_) return more(cut);
    if (*p != '>' || name_.empty()) return fail(at_, bad_tag);
    at_ = p + 1;
    return token::end;
}

scanner::token scanner::comment() noexcept
{
    const char* p = at_ + 4;
    const base::bytes_view rest(p, static_cast<std::size_t>(end_ - p));
    const auto close = rest.find("--");
    if (close == base::bytes_view::npos || close + 2 == rest.size()) return more(cut);
    if (rest[close + 2] != '>') return fail(p + close, "an XML comment holds \"--\"");
    for (const char* c = p; c != p + close;) {
        const octet o = kind_of(*c);
        const int n = o == octet::high ? wide(c, end_) : o == octet::bad ? 0 : 1;
        if (n <= 0) return fail(c, bad_character);
        c += n;
    }
    text_ = {p, 0};
    marks_ = {};
    at_ = p + close + 3;
    return token::text; // of no characters: what stands before and behind is one text
}

scanner::token scanner::cdata() noexcept
{
    const char* const p = at_ + 9;
    const base::bytes_view rest(p, static_cast<std::size_t>(end_ - p));
    const auto close = rest.find("]]>");
    if (close == base::bytes_view::npos) return more(cut);
    text_ = rest.substr(0, close);
    marks_ = {};
    marks_.cdata = true;
    marks_.underscore = text_.find('_') != base::bytes_view::npos;
    for (const char* c = p; c != p + close;) {
        const octet o = kind_of(*c);
        if (*c == '\r') marks_.markup = true;
        const int n = o == octet::high ? wide(c, p + close) : o == octet::bad ? 0 : 1;
        if (n <= 0) return fail(c, bad_character);
        c += n;
    }
    at_ = p + close + 3;
    return token::text;
}

scanner::token scanner::character_data() noexcept
{
    const char* const begin = at_;
    const char* p = begin + scanned_;
    marks_ = scanned_ == 0 ? text_marks{} : scanned_marks_;
    scanned_ = 0;
    for (; p != end_; ++p) {
        const octet o = kind_of(*p);
        if (o <= octet::name) continue;
        if (o == octet::open) break;
        if (o == octet::markup) marks_.markup = true;
        else if (o == octet::underscore) marks_.underscore = true;
        else if (o == octet::bad) return fail(p, bad_character);
        else if (o == octet::high) {
            const int n = wide(p, end_);
            if (n == 0 || (n < 0 && last_)) return fail(p, bad_character);
            if (n < 0) break;
            p += n - 1;
        } else if (p - begin >= 2 && p[-1] == ']' && p[-2] == ']') return fail(p, "\"]]>\" stands in XML text");
    }
    if ((p == end_ || *p != '<') && !last_) {
        scanned_ = static_cast<std::size_t>(p - begin);
        scanned_marks_ = marks_;
        return token::need_more;
    }
    text_ = {begin, static_cast<std::size_t>(p - begin)};
    at_ = p;
    return token::text;
}

scanner::token scanner::declaration() noexcept
{
    const base::bytes_view rest(at_, static_cast<std::size_t>(end_ - at_));
    const auto close = rest.find("?>");
    constexpr std::size_t longest = 256;
    if (close == base::bytes_view::npos && rest.size() < longest) return more(cut);
    if (close > longest || rest.find('<', 1) < close) return fail(at_, "the XML declaration is not well-formed");
    at_ += close + 2;
    return token::start;
}

scanner::token scanner::foreign_line() noexcept
{
    const base::bytes_view rest(at_, static_cast<std::size_t>(end_ - at_));
    auto end = rest.find_first_of("\n<");
    if (end == base::bytes_view::npos && !last_) return token::need_more;
    if (end == base::bytes_view::npos) end = rest.size();
    text_ = rest.substr(0, end);
    if (text_.ends_with('\r')) text_.remove_suffix(1);
    marks_ = {};
    at_ += end;
    return token::text;
}

scanner::token scanner::skip_prologue() noexcept
{
    constexpr base::bytes_view heading = "#< CLIXML";
    for (;;) {
        at_ = skip_space(at_, end_);
        token_ = at_;
        if (at_ == end_) return last_ ? token::finished : token::need_more;
        if (*at_ == '<') {
            if (may_start(at_, end_, "<?xml ") || may_start(at_, end_, "<!--")) return more(cut);
            if (starts(at_, end_, "<?xml ")) {
                if (const token t = declaration(); t != token::start) return t;
            } else if (starts(at_, end_, "<!--")) {
                if (const token t = comment(); t != token::text) return t;
            } else {
                return token::start;
            }
        } else if (starts(at_, end_, base::utf8_mark)) {
            at_ += base::utf8_mark.size();
        } else if (starts(at_, end_, heading)) {
            at_ += heading.size();
            noise_ = true;
        } else if (may_start(at_, end_, base::utf8_mark) || may_start(at_, end_, heading)) {
            return last_ && noise_ ? foreign_line() : more("this is not CLIXML");
        } else {
            return noise_ ? foreign_line() : fail(at_, "this is not CLIXML");
        }
    }
}

} // namespace winrm::clixml
