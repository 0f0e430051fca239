#include "base/text.h"
#include "base/utf8_step.h"

#include <array>
#include <bit>
#include <cstring>

namespace winrm::base {
namespace {

// Which byte of a unit holds the low half. Everything below is compiled once for each order: it is the hot path of
// peers that speak UTF-16.
template <utf16_order Order> constexpr std::size_t low = Order == utf16_order::little ? 0 : 1;

template <utf16_order Order> std::uint16_t unit_at(const char* p)
{
    const unsigned bottom = static_cast<unsigned char>(p[low<Order>]);
    const unsigned top = static_cast<unsigned char>(p[1 - low<Order>]);
    return static_cast<std::uint16_t>(bottom | top << 8U);
}

char* put_utf8(char* to, char32_t c)
{
    const auto put = [&](char32_t v) { *to++ = static_cast<char>(static_cast<unsigned char>(v)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0U | c >> 6U);
        put(0x80U | (c & 63U));
    } else if (c < 0x10000) {
        put(0xE0U | c >> 12U);
        put(0x80U | ((c >> 6U) & 63U));
        put(0x80U | (c & 63U));
    } else {
        put(0xF0U | c >> 18U);
        put(0x80U | ((c >> 12U) & 63U));
        put(0x80U | ((c >> 6U) & 63U));
        put(0x80U | (c & 63U));
    }
    return to;
}

template <utf16_order Order> char* put_unit(char* to, char32_t unit)
{
    to[low<Order>] = static_cast<char>(unit & 255U);
    to[1 - low<Order>] = static_cast<char>((unit >> 8U) & 255U);
    return to + 2;
}

// Four ASCII units to four bytes and back, in one register where the machine's byte order allows.
template <utf16_order Order> void narrow_four(const char* units, char* to)
{
    if constexpr (std::endian::native == std::endian::little) {
        std::uint64_t x = 0;
        std::memcpy(&x, units, 8);
        x >>= 8 * low<Order>;
        x = (x | x >> 8U) & 0x0000FFFF0000FFFFU;
        const auto four = static_cast<std::uint32_t>(x | x >> 16U);
        std::memcpy(to, &four, 4);
    } else {
        for (std::size_t i = 0; i < 4; ++i) to[i] = units[2 * i + low<Order>];
    }
}

template <utf16_order Order> void widen_four(const char* ascii, char* to)
{
    if constexpr (std::endian::native == std::endian::little) {
        std::uint32_t four = 0;
        std::memcpy(&four, ascii, 4);
        std::uint64_t x = four;
        x = (x | x << 16U) & 0x0000FFFF0000FFFFU;
        x = (x | x << 8U) & 0x00FF00FF00FF00FFU;
        x <<= 8 * low<Order>;
        std::memcpy(to, &x, 8);
    } else {
        for (std::size_t i = 0; i < 4; ++i) to[2 * i + low<Order>] = ascii[i]; // the other halves are zero already
    }
}

// Are the four units at `p` all below 0x80?
template <utf16_order Order> bool four_ascii_units(const char* p)
{
    constexpr auto mask = [] {
        std::array<unsigned char, 8> m{};
        for (std::size_t i = 0; i < m.size(); ++i) m[i] = i % 2 == low<Order> ? 0x80 : 0xFF;
        return std::bit_cast<std::uint64_t>(m);
    }();
    std::uint64_t units = 0;
    std::memcpy(&units, p, 8);
    return (units & mask) == 0;
}

// Returns the end of what was written; nullptr for an unpaired surrogate. `to` has room for three bytes per unit.
template <utf16_order Order> char* to_utf8(const char* p, const char* end, char* to)
{
    while (p != end) {
        if (end - p >= 8 && four_ascii_units<Order>(p)) {
            narrow_four<Order>(p, to);
            p += 8;
            to += 4;
            continue;
        }
        char32_t c = unit_at<Order>(p);
        p += 2;
        if (c >= 0xD800 && c <= 0xDFFF) {
            if (c >= 0xDC00 || p == end) return nullptr;
            const char32_t next = unit_at<Order>(p);
            if (next < 0xDC00 || next > 0xDFFF) return nullptr;
            p += 2;
            c = 0x10000U + ((c - 0xD800U) << 10U) + (next - 0xDC00U);
        }
        to = put_utf8(to, c);
    }
    return to;
}

// Returns the end of what was written; nullptr for bad UTF-8. `to` has room for one unit per byte.
template <utf16_order Order> char* to_utf16(const char* p, const char* end, char* to)
{
    while (p != end) {
        if (end - p >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, p, 8);
            if ((eight & 0x8080808080808080U) == 0) {
                widen_four<Order>(p, to);
                widen_four<Order>(p + 4, to + 8);
                p += 8;
                to += 16;
                continue;
            }
        }
        const utf8_step step = decode_utf8(p, end);
        if (step.size == 0) return nullptr;
        p += step.size;
        if (step.code_point < 0x10000) {
            to = put_unit<Order>(to, step.code_point);
        } else {
            const char32_t v = step.code_point - 0x10000U;
            to = put_unit<Order>(to, 0xD800U + (v >> 10U));
            to = put_unit<Order>(to, 0xDC00U + (v & 0x3FFU));
        }
    }
    return to;
}

} // namespace

std::optional<std::string> utf16_to_utf8(bytes_view text, utf16_order order)
{
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out(text.size() / 2 * 3, '\0');
    const char* const end = text.data() + text.size();
    const char* const done = order == utf16_order::little ? to_utf8<utf16_order::little>(text.data(), end, out.data())
                                                          : to_utf8<utf16_order::big>(text.data(), end, out.data());
    if (done == nullptr) return std::nullopt;
    out.resize(static_cast<std::size_t>(done - out.data()));
    return out;
}

std::optional<bytes> utf8_to_utf16(bytes_view text, utf16_order order)
{
    bytes out(text.size() * 2, '\0');
    const char* const end = text.data() + text.size();
    const char* const done = order == utf16_order::little ? to_utf16<utf16_order::little>(text.data(), end, out.data())
                                                          : to_utf16<utf16_order::big>(text.data(), end, out.data());
    if (done == nullptr) return std::nullopt;
    out.resize(static_cast<std::size_t>(done - out.data()));
    return out;
}

} // namespace winrm::base
