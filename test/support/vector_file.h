// Single fields of a flat vector file, and hexadecimal digits. A vector of a few fields needs no JSON library.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace test {

/// ctest reports a test that says this as skipped.
inline constexpr const char* no_vectors =
    "SKIPPED: no ../shared/vectors beside this clone (tokens and messages of others)";

inline std::string unhex(std::string_view digits)
{
    std::string out;
    int high = -1;
    for (const char c : digits) {
        int value = -1;
        if (c >= '0' && c <= '9') value = c - '0';
        else if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
        else continue; // blanks between groups
        if (high < 0) high = value;
        else {
            out.push_back(static_cast<char>(high * 16 + value));
            high = -1;
        }
    }
    return out;
}

inline std::string hex(std::string_view bytes)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto value = static_cast<unsigned char>(c);
        out.push_back(digits[value >> 4]);
        out.push_back(digits[value & 15]);
    }
    return out;
}

/// nullopt: no such file, which is so where ../shared/vectors is not beside the clone.
inline std::optional<std::string> read_vector(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Text of the first "key": "…" or the digits of "key": 12, without escapes; "" if absent.
inline std::string field(std::string_view json, std::string_view key)
{
    const std::string quoted = '"' + std::string(key) + "\":";
    std::size_t at = json.find(quoted);
    if (at == std::string_view::npos) return {};
    at = json.find_first_not_of(" \n", at + quoted.size());
    if (at == std::string_view::npos) return {};
    if (json[at] == '"') return std::string(json.substr(at + 1, json.find('"', at + 1) - at - 1));
    return std::string(json.substr(at, json.find_first_of(",}\n", at) - at));
}

} // namespace test
