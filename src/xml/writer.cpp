#include "xml/writer.h"

#include "base/base64.h"
#include "base/utf8_step.h"
#include "xml/characters.h"

#include <array>

namespace winrm::xml {
namespace {

// Bytes that are copied as they are in character data: printable ASCII but the markup, tab and newline.
constexpr auto plain = [] {
    std::array<bool, 256> t{};
    for (unsigned c = 0x20; c < 0x7F; ++c) t[c] = c != '<' && c != '>' && c != '&' && c != '"' && c != '\'';
    return t;
}();

base::bytes_view escape(char c, bool in_attribute)
{
    switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return in_attribute ? "&quot;" : "\"";
    case '\'': return "'";
    case '\r': return "&#13;"; // a bare one would be read as a newline (XML 1.0 2.11)
    case '\n': return in_attribute ? "&#10;" : "\n";
    case '\t': return in_attribute ? "&#9;" : "\t";
    case '\x7F': return "\x7F";
    default: return "?";
    }
}

void append_escaped(std::string& out, base::bytes_view value, bool in_attribute)
{
    const char* p = value.data();
    const char* const end = p + value.size();
    while (p != end) {
        const char* run = p;
        while (run != end && plain[static_cast<unsigned char>(*run)]) ++run;
        out.append(p, static_cast<std::size_t>(run - p));
        p = run;
        if (p == end) return;
        if (static_cast<unsigned char>(*p) < 0x80) {
            out += escape(*p++, in_attribute);
            continue;
        }
        const base::utf8_step step = base::decode_utf8(p, end);
        if (step.size == 0 || !is_xml_character(step.code_point)) out += '?';
        else out.append(p, step.size);
        p += step.size == 0 ? 1 : step.size;
    }
}

} // namespace

void writer::finish_tag()
{
    if (in_tag_) out_ += '>';
    in_tag_ = false;
}

writer& writer::open(base::bytes_view qname)
{
    finish_tag();
    out_ += '<';
    out_ += qname;
    open_.push_back(qname);
    in_tag_ = true;
    return *this;
}

writer& writer::attribute(base::bytes_view qname, base::bytes_view value)
{
    out_ += ' ';
    out_ += qname;
    out_ += "=\"";
    append_escaped(out_, value, true);
    out_ += '"';
    return *this;
}

writer& writer::attributes(base::bytes_view written)
{
    out_ += written;
    return *this;
}

writer& writer::text(base::bytes_view value)
{
    finish_tag();
    append_escaped(out_, value, false);
    return *this;
}

writer& writer::raw(base::bytes_view value)
{
    finish_tag();
    out_ += value;
    return *this;
}

writer& writer::base64(base::bytes_view data)
{
    finish_tag();
    base::base64_encode(data, out_);
    return *this;
}

writer& writer::close()
{
    if (in_tag_) {
        out_ += "/>";
        in_tag_ = false;
    } else {
        out_ += "</";
        out_ += open_.back();
        out_ += '>';
    }
    open_.pop_back();
    return *this;
}

writer& writer::leaf(base::bytes_view qname, base::bytes_view value) { return open(qname).text(value).close(); }

} // namespace winrm::xml
