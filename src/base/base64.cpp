#include "base/base64.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace winrm::base {
namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t bad = 0x80000000U; // no three bytes of output reach this bit

constexpr auto pairs = [] { // 12 bits of input → two characters
    std::array<std::array<char, 2>, 4096> t{};
    for (std::size_t i = 0; i < t.size(); ++i) t[i] = {alphabet[i >> 6U], alphabet[i & 63U]};
    return t;
}();

// values[position][character]: the character's six bits where they lie in the three bytes, first byte lowest.
constexpr auto values = [] {
    std::array<std::array<std::uint32_t, 256>, 4> t{};
    for (auto& position : t) position.fill(bad);
    for (std::uint32_t v = 0; v < 64; ++v) {
        const auto c = static_cast<unsigned char>(alphabet[v]);
        t[0][c] = v << 2U;
        t[1][c] = (v >> 4U) | ((v & 15U) << 12U);
        t[2][c] = ((v >> 2U) << 8U) | ((v & 3U) << 22U);
        t[3][c] = v << 16U;
    }
    return t;
}();

constexpr unsigned char octet(char c) { return static_cast<unsigned char>(c); }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::uint32_t group(const char* p)
{
    return values[0][octet(p[0])] | values[1][octet(p[1])] | values[2][octet(p[2])] | values[3][octet(p[3])];
}

void put3(char* to, std::uint32_t v)
{
    to[0] = static_cast<char>(v & 255U);
    to[1] = static_cast<char>((v >> 8U) & 255U);
    to[2] = static_cast<char>((v >> 16U) & 255U);
}

// Decodes clean groups of four until one is not; four bytes are stored for three as long as there is room for it.
void decode_run(const char*& in, const char* in_end, char*& to, const char* to_end)
{
    while (in_end - in >= 4) {
        const std::uint32_t v = group(in);
        if ((v & bad) != 0) return;
        if constexpr (std::endian::native == std::endian::little) {
            if (to_end - to >= 4) std::memcpy(to, &v, 4);
            else put3(to, v);
        } else {
            put3(to, v);
        }
        in += 4;
        to += 3;
    }
}

// The last group, with its padding. Bits below the padding must be zero (RFC 4648 3.5).
bool decode_padded(const char* p, char*& to)
{
    if (p[2] == '=' && p[3] == '=') {
        const std::uint32_t v = values[0][octet(p[0])] | values[1][octet(p[1])];
        if ((v & bad) != 0 || (v >> 8U) != 0) return false;
        *to++ = static_cast<char>(v & 255U);
        return true;
    }
    if (p[3] != '=') return false;
    const std::uint32_t v = values[0][octet(p[0])] | values[1][octet(p[1])] | values[2][octet(p[2])];
    if ((v & bad) != 0 || (v >> 16U) != 0) return false;
    *to++ = static_cast<char>(v & 255U);
    *to++ = static_cast<char>((v >> 8U) & 255U);
    return true;
}

// Returns the end of what was written, nullptr if the text is not base64.
char* decode_all(const char* in, const char* in_end, char* to, const char* to_end)
{
    while (true) {
        decode_run(in, in_end, to, to_end);
        char four[4];
        int have = 0;
        while (in != in_end && have < 4) {
            const char c = *in++;
            if (!is_space(c)) four[have++] = c;
        }
        if (have == 0) return to;
        if (have != 4) return nullptr;
        const std::uint32_t v = group(four);
        if ((v & bad) == 0) {
            put3(to, v);
            to += 3;
            continue;
        }
        if (!decode_padded(four, to)) return nullptr;
        while (in != in_end) {
            if (!is_space(*in++)) return nullptr;
        }
        return to;
    }
}

} // namespace

void base64_encode(bytes_view raw, std::string& out)
{
    const std::size_t start = out.size();
    out.resize(start + base64_encoded_size(raw.size()));
    char* to = out.data() + start;
    const char* in = raw.data();
    std::size_t left = raw.size();
    const auto two = [&](std::uint32_t bits) {
        std::memcpy(to, pairs[bits & 4095U].data(), 2);
        to += 2;
    };
    for (; left >= 6; in += 6, left -= 6) {
        const std::uint32_t a = std::uint32_t{octet(in[0])} << 16U | std::uint32_t{octet(in[1])} << 8U | octet(in[2]);
        const std::uint32_t b = std::uint32_t{octet(in[3])} << 16U | std::uint32_t{octet(in[4])} << 8U | octet(in[5]);
        two(a >> 12U);
        two(a);
        two(b >> 12U);
        two(b);
    }
    for (; left >= 3; in += 3, left -= 3) {
        const std::uint32_t a = std::uint32_t{octet(in[0])} << 16U | std::uint32_t{octet(in[1])} << 8U | octet(in[2]);
        two(a >> 12U);
        two(a);
    }
    if (left == 0) return;
    const std::uint32_t rest =
        std::uint32_t{octet(in[0])} << 16U | (left == 2 ? std::uint32_t{octet(in[1])} << 8U : 0U);
    two(rest >> 12U);
    *to++ = left == 2 ? alphabet[(rest >> 6U) & 63U] : '=';
    *to = '=';
}

std::string base64_encode(bytes_view raw)
{
    std::string out;
    base64_encode(raw, out);
    return out;
}

bool base64_decode(bytes_view text, std::string& out)
{
    const std::size_t start = out.size();
    out.resize(start + base64_capacity(text.size()));
    char* const to = out.data() + start;
    const char* const end = decode_all(text.data(), text.data() + text.size(), to, out.data() + out.size());
    out.resize(end == nullptr ? start : start + static_cast<std::size_t>(end - to));
    return end != nullptr;
}

} // namespace winrm::base
