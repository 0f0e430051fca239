// One step through UTF-8 text, for the folders that walk characters.
#pragma once

#include <cstddef>

namespace winrm::base {

struct utf8_step
{
    char32_t code_point = 0;
    std::size_t size = 0; ///< bytes of the sequence, 1 to 4; 0 = not UTF-8 here
};

/// Reads the sequence at `p` (Unicode 15, table 3-7: shortest form, no surrogates, at most U+10FFFF).
/// Precondition: p < end.
[[nodiscard]] inline utf8_step decode_utf8(const char* p, const char* end) noexcept
{
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(p[i]); };
    const auto left = static_cast<std::size_t>(end - p);
    const unsigned first = at(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                             : (first & 0xF0U) == 0xE0U       ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
    if (size == 0 || left < size) return {};
    // The second byte's range excludes overlong forms, surrogates and values above U+10FFFF.
    const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at(1) < low || at(1) > high) return {};
    char32_t c = first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((at(i) & 0xC0U) != 0x80U) return {};
        c = (c << 6U) | (at(i) & 0x3FU);
    }
    return {c, size};
}

} // namespace winrm::base
