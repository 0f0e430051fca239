#include "winrm/explain.h"

#include "base/text.h"

namespace winrm::cli {
namespace {

const explanation* find(std::uint32_t code) noexcept
{
    for (const auto& e : explanation_table()) {
        if (e.code == code) return &e;
    }
    return nullptr;
}

} // namespace

const explanation* explain(std::uint32_t code) noexcept
{
    if (const auto* e = find(code)) return e;
    if ((code & 0xFFFF0000U) == 0x80070000U) return find(code & 0xFFFFU); // HRESULT around a Win32 code
    return nullptr;
}

std::optional<std::uint32_t> parse_code(base::bytes_view text) noexcept
{
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text.remove_prefix(2);
        if (negative || text.size() > 8) return std::nullopt;
        std::uint32_t value = 0;
        for (const char c : text) {
            const int digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit < 0) return std::nullopt;
            value = value * 16 + static_cast<std::uint32_t>(digit);
        }
        return value;
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
