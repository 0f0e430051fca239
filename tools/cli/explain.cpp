#include "cli/explain.h"

#include "base/text.h"

namespace winrm::cli {
namespace {

/// @param family  any if empty: small numbers mean different things to Windows and to HTTP
const explanation* find(std::uint32_t code, base::bytes_view family = {}) noexcept
{
    for (const auto& e : explanation_table()) {
        if (e.code == code && (family.empty() || e.family == family)) return &e;
    }
    return nullptr;
}

struct wrapping
{
    std::uint32_t upper, inner_upper;
    base::bytes_view family;
};
constexpr wrapping wrappings[] = {
    {0x8007'0000, 0, "Windows"},            // HRESULT_FROM_WIN32
    {0xC007'0000, 0, "Windows"},            // NTSTATUS_FROM_WIN32
    {0x8019'0000, 0, "HTTP"},               // FACILITY_HTTP
    {0xD000'0000, 0xC000'0000, "NTSTATUS"}, // HRESULT_FROM_NT
};

std::optional<std::uint32_t> parse_hex(base::bytes_view digits) noexcept
{
    if (digits.empty() || digits.size() > 8) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : digits) {
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return std::nullopt;
        value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    return value;
}

} // namespace

std::optional<wrapped_code> unwrap(std::uint32_t code) noexcept
{
    for (const auto& w : wrappings) {
        if ((code & 0xFFFF0000U) == w.upper) return wrapped_code{w.inner_upper | (code & 0xFFFFU), w.family};
    }
    return std::nullopt;
}

const explanation* explain(std::uint32_t code) noexcept
{
    if (const auto* e = find(code)) return e;
    const auto inner = unwrap(code);
    return inner ? find(inner->code, inner->family) : nullptr;
}

std::optional<std::uint32_t> meant_as_hex(base::bytes_view text) noexcept
{
    const auto value = text.size() == 8 ? parse_hex(text) : std::nullopt;
    return value && (*value & 0x80000000U) != 0 ? value : std::nullopt;
}

std::optional<std::uint32_t> parse_code(base::bytes_view text) noexcept
{
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        return negative ? std::nullopt : parse_hex(text.substr(2));
    }
    const auto value = base::parse_unsigned(text);
    if (!value) return std::nullopt;
    if (!negative) return *value <= 0xFFFFFFFFU ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
    if (*value > 0x80000000U) return std::nullopt;
    return static_cast<std::uint32_t>(0U - static_cast<std::uint32_t>(*value));
}

std::string hex_code(std::uint32_t code)
{
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out = "0x";
    for (int shift = 28; shift >= 0; shift -= 4) out += digits[(code >> shift) & 15U];
    return out;
}

} // namespace winrm::cli
