#include "cli/json.h"

#include "base/base64.h"
#include "base/text.h"

namespace winrm::cli {
namespace {

void escape(unsigned char c, std::string& out)
{
    constexpr char digits[] = "0123456789abcdef";
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
        out += "\\u00";
        out += digits[c >> 4];
        out += digits[c & 15];
    }
}

/// Length of the character at the front, 0 if there is no valid one.
std::size_t character(base::bytes_view text)
{
    for (std::size_t n = 1; n <= 4 && n <= text.size(); ++n) {
        if (base::is_utf8(text.substr(0, n))) return n;
    }
    return 0;
}

/// @param clean  all of it is UTF-8
void escape_text(base::bytes_view text, bool clean, std::string& out)
{
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80 || clean) {
            if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F) escape(c, out);
            else out += text[i];
            ++i;
            continue;
        }
        const std::size_t n = character(text.substr(i));
        if (n == 0) out += "\xEF\xBF\xBD";
        else out += text.substr(i, n);
        i += n == 0 ? 1 : n;
    }
}

/// Size of the pieces of a stream that are passed on: whole groups of base64.
constexpr std::size_t piece_size = 48 * 1024;

} // namespace

std::string json_string(base::bytes_view text)
{
    std::string out = "\"";
    escape_text(text, base::is_utf8(text), out);
    return out + '"';
}

void json_writer::pass_on()
{
    if (!to_ || out_.size() < piece_size) return;
    taken_ = taken_ && to_(out_);
    out_.clear();
}

bool json_writer::finish()
{
    out_ += '\n';
    if (!to_) return true;
    taken_ = taken_ && to_(out_);
    out_.clear();
    return taken_;
}

void json_writer::name(base::bytes_view key)
{
    if (!first_) out_ += ',';
    first_ = false;
    if (key.empty()) return;
    out_ += json_string(key);
    out_ += ':';
}

void json_writer::begin_object(base::bytes_view key)
{
    name(key);
    out_ += '{';
    first_ = true;
}

void json_writer::end_object()
{
    out_ += '}';
    first_ = false;
}

void json_writer::begin_array(base::bytes_view key)
{
    name(key);
    out_ += '[';
    first_ = true;
}

void json_writer::end_array()
{
    out_ += ']';
    first_ = false;
}

void json_writer::text(base::bytes_view key, base::bytes_view value)
{
    name(key);
    out_ += json_string(value);
}

void json_writer::number(base::bytes_view key, std::int64_t value)
{
    name(key);
    out_ += std::to_string(value);
}

void json_writer::boolean(base::bytes_view key, bool value)
{
    name(key);
    out_ += value ? "true" : "false";
}

void json_writer::null(base::bytes_view key)
{
    name(key);
    out_ += "null";
}

void json_writer::stream(base::bytes_view key, base::bytes_view value)
{
    const bool clean = base::is_utf8(value);
    name(key);
    out_ += '"';
    while (!value.empty()) {
        const auto piece = value.substr(0, clean ? base::utf8_cut(value, piece_size) : piece_size);
        if (clean) escape_text(piece, true, out_);
        else base::base64_encode(piece, out_);
        value.remove_prefix(piece.size());
        pass_on();
    }
    out_ += '"';
    if (!clean) text(std::string(key) + "_encoding", "base64");
}

} // namespace winrm::cli
