#include "http/sealed_body.h"

#include "base/text.h"

#include <array>
#include <cassert>
#include <cstdint>
#include <optional>

namespace winrm::http {
namespace {

constexpr std::string_view boundary = "Encrypted Boundary";
constexpr std::string_view crlf = "\r\n";
constexpr std::string_view closing = "--Encrypted Boundary--\r\n";
/// All lines before the sealed bytes; the exact form takes some 200.
constexpr std::size_t max_head = 2048;
/// A cipher's header, pad and trailer together: the longest known (TLS 1.2 with CBC, Kerberos AES-SHA2 with filler) are
/// below 128.
constexpr std::size_t max_overhead = 1024;
constexpr std::size_t length_size = 4;

struct protocol_row
{
    sealed_protocol protocol;
    std::string_view name;
};
constexpr std::array<protocol_row, 3> protocols{{
    {sealed_protocol::spnego, "application/HTTP-SPNEGO-session-encrypted"},
    {sealed_protocol::kerberos, "application/HTTP-Kerberos-session-encrypted"},
    {sealed_protocol::credssp, "application/HTTP-CredSSP-session-encrypted"},
}};

std::optional<sealed_protocol> protocol_named(std::string_view text) noexcept
{
    for (const protocol_row& row : protocols) {
        if (base::iequals(row.name, text)) return row.protocol;
    }
    return std::nullopt;
}

std::string_view unquoted(std::string_view text) noexcept
{
    text = base::trim(text);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    return text;
}

/// Value of a parameter in "a; b=c; d=\"e\"", nullopt if absent. No value that we take holds a semicolon.
std::optional<std::string_view> parameter(std::string_view list, std::string_view key) noexcept
{
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(';'), list.size());
        const std::string_view piece = list.substr(0, end);
        list.remove_prefix(end < list.size() ? end + 1 : end);
        const std::size_t equals = piece.find('=');
        if (equals != std::string_view::npos && base::iequals(base::trim(piece.substr(0, equals)), key))
            return unquoted(piece.substr(equals + 1));
    }
    return std::nullopt;
}

/// Cuts one line, without its line break, off the text.
std::optional<std::string_view> next_line(std::string_view& rest) noexcept
{
    const std::size_t end = rest.substr(0, max_head).find(crlf);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + crlf.size());
    return line;
}

/// "--Encrypted Boundary", or with blanks behind the dashes as Exchange writes it.
bool is_boundary(std::string_view line) noexcept
{
    if (line.substr(0, 2) != "--") return false;
    return base::trim(line.substr(2)) == boundary;
}

/// Size of the closing boundary at the very end, 0 if there is none.
std::size_t closing_size(std::string_view body) noexcept
{
    std::string_view rest = body;
    if (rest.ends_with(crlf)) rest.remove_suffix(crlf.size());
    constexpr std::string_view tail = "Encrypted Boundary--";
    if (!rest.ends_with(tail)) return 0;
    rest.remove_suffix(tail.size());
    // Blanks are taken only where dashes stand before them: sealed bytes may end with anything.
    for (std::string_view opening : {"--", "-- "}) {
        if (rest.ends_with(opening)) return body.size() - rest.size() + opening.size();
    }
    return 0;
}

struct field
{
    std::string_view name, value;
};

std::optional<field> as_field(std::string_view line) noexcept
{
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    return field{base::trim(line.substr(0, colon)), base::trim(line.substr(colon + 1))};
}

sealed_refusal read_original(std::string_view value, std::size_t limit, sealed_body& out) noexcept
{
    const auto length = parameter(value, "length");
    const auto number = length ? base::parse_unsigned(*length) : std::nullopt;
    if (!number) return sealed_refusal::bad_length;
    if (*number > limit) return sealed_refusal::too_large;
    out.original_length = static_cast<std::size_t>(*number);
    out.original_type = parameter(value, "type").value_or(std::string_view());
    out.charset = parameter(value, "charset").value_or(std::string_view());
    return sealed_refusal::none;
}

/// First part: boundary, then Content-Type and OriginalContent in any order, up to the boundary of the second.
sealed_refusal read_description(std::string_view& rest, std::size_t limit, sealed_body& out) noexcept
{
    bool type = false, original = false;
    const auto first = next_line(rest);
    if (!first || !is_boundary(*first)) return sealed_refusal::bad_framing;
    for (;;) {
        const auto line = next_line(rest);
        if (!line) return sealed_refusal::bad_framing;
        if (is_boundary(*line)) break;
        const auto got = as_field(*line);
        if (!got) return sealed_refusal::bad_framing;
        if (base::iequals(got->name, "Content-Type")) {
            if (type) return sealed_refusal::bad_framing;
            type = true;
            if (!protocol_named(got->value)) return sealed_refusal::unknown_protocol;
        } else if (base::iequals(got->name, "OriginalContent")) {
            if (original) return sealed_refusal::bad_framing;
            original = true;
            if (const auto refused = read_original(got->value, limit, out); refused != sealed_refusal::none)
                return refused;
        }
    }
    return type && original ? sealed_refusal::none : sealed_refusal::bad_framing;
}

sealed_refusal read_sealed(std::span<char> sealed, sealed_body& out) noexcept
{
    if (sealed.size() < length_size) return sealed_refusal::bad_framing;
    std::uint32_t header = 0;
    for (std::size_t i = 0; i < length_size; ++i)
        header |= static_cast<std::uint32_t>(static_cast<unsigned char>(sealed[i])) << (8 * i);
    out.token = sealed.subspan(length_size);
    out.header_size = header;
    if (header > out.token.size()) return sealed_refusal::bad_length;
    // No cipher makes less of a text than it was (a pad counted in Length but not sent is 1 to 16 bytes, its header
    // more).
    if (out.token.size() < out.original_length || out.token.size() - out.original_length > max_overhead)
        return sealed_refusal::bad_length;
    return sealed_refusal::none;
}

} // namespace

std::string_view name(sealed_protocol protocol) noexcept
{
    for (const protocol_row& row : protocols) {
        if (row.protocol == protocol) return row.name;
    }
    return {};
}

std::string_view name(sealed_refusal refusal) noexcept
{
    switch (refusal) {
    case sealed_refusal::none: return "none";
    case sealed_refusal::not_sealed: return "not_sealed";
    case sealed_refusal::unknown_protocol: return "unknown_protocol";
    case sealed_refusal::multi_encrypted: return "multi_encrypted";
    case sealed_refusal::bad_framing: return "bad_framing";
    case sealed_refusal::bad_length: return "bad_length";
    case sealed_refusal::too_large: return "too_large";
    }
    return {};
}

std::string sealed_content_type(sealed_protocol protocol)
{
    std::string out = "multipart/encrypted;protocol=\"";
    out.append(name(protocol)).append("\";boundary=\"").append(boundary).append("\"");
    return out;
}

sealed_body_writer::sealed_body_writer(sealed_protocol protocol, base::bytes_view clear, auth::seal_room room,
                                       std::string_view type, std::string_view charset)
    : token_size_(room.header + clear.size() + room.pad)
{
    std::string head = "--Encrypted Boundary\r\n\tContent-Type: ";
    head.append(name(protocol)).append("\r\n\tOriginalContent: type=").append(type).append(";charset=").append(charset);
    head.append(";Length=").append(std::to_string(clear.size() + room.pad));
    head.append("\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n");
    for (std::size_t i = 0; i < length_size; ++i) head.push_back(static_cast<char>(room.header >> (8 * i) & 0xff));

    token_at_ = head.size();
    buffer_.reserve(head.size() + token_size_ + closing.size());
    buffer_.append(head).append(room.header, '\0').append(clear).append(room.pad, '\0').append(closing);
}

base::bytes sealed_body_writer::finish() && { return std::move(buffer_); }

sealed_type parse_sealed_content_type(std::string_view content_type) noexcept
{
    sealed_type out;
    const std::size_t end = std::min(content_type.find(';'), content_type.size());
    const std::string_view type = base::trim(content_type.substr(0, end));
    if (base::iequals(type, "multipart/x-multi-encrypted")) {
        out.refused = sealed_refusal::multi_encrypted;
        return out;
    }
    if (!base::iequals(type, "multipart/encrypted")) {
        out.refused = sealed_refusal::not_sealed;
        return out;
    }
    const std::string_view list = content_type.substr(end);
    const auto protocol = protocol_named(parameter(list, "protocol").value_or(std::string_view()));
    if (!protocol) {
        out.refused = sealed_refusal::unknown_protocol;
        return out;
    }
    out.protocol = *protocol;
    // Nobody uses another boundary, and clients look for the literal text.
    if (parameter(list, "boundary").value_or(boundary) != boundary) out.refused = sealed_refusal::bad_framing;
    return out;
}

sealed_body parse_sealed_body(std::span<char> body, std::size_t envelope_limit) noexcept
{
    sealed_body out;
    const std::string_view whole(body.data(), body.size());
    std::string_view rest = whole;
    out.refused = read_description(rest, envelope_limit, out);
    if (out.refused != sealed_refusal::none) return out;

    // One field, and no blank line before the bytes.
    const auto line = next_line(rest);
    const auto type = line ? as_field(*line) : std::nullopt;
    if (!type || !base::iequals(type->name, "Content-Type") ||
        !base::iequals(type->value, "application/octet-stream")) {
        out.refused = sealed_refusal::bad_framing;
        return out;
    }
    const std::size_t close = closing_size(rest);
    if (close == 0) {
        out.refused = sealed_refusal::bad_framing;
        return out;
    }
    out.refused = read_sealed(body.subspan(whole.size() - rest.size(), rest.size() - close), out);
    return out;
}

} // namespace winrm::http
