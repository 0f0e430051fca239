// Canonical prefix codes of LZ77+Huffman (MS-XCA 2.1.4.2, 2.2.4): 512 symbols, none longer than 15 bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace winrm::xpress {

constexpr std::size_t symbol_count = 512;
constexpr unsigned max_code_bits = 15;
/// Ends the data; the same symbol is a match of 3 octets at distance 1 elsewhere.
constexpr unsigned end_of_data = 256;

using symbol_counts = std::array<std::uint32_t, symbol_count>;
/// Bits of each symbol's code, 0 = the symbol does not occur.
using code_lengths = std::array<std::uint8_t, symbol_count>;
using codes = std::array<std::uint16_t, symbol_count>;

/// Shortest codes for symbols that occur so often. Ties as in the specification's examples.
/// Precondition: at least two symbols occur, and fewer than 2^24 times in all.
[[nodiscard]] code_lengths lengths_of(symbol_counts counts);
/// The codes that belong to such lengths.
[[nodiscard]] codes codes_of(const code_lengths& lengths) noexcept;

/// Finds the symbol at the head of a stream of bits: by a table for short codes, by comparison for long ones, so that
/// making it costs little more than reading the lengths.
class decoding_table
{
public:
    struct entry
    {
        std::uint16_t symbol;
        std::uint8_t bits;
    };

    /// False: these lengths are no complete prefix code, and nothing can be read.
    [[nodiscard]] bool assign(const code_lengths& lengths) noexcept;
    /// `next`: the next 15 bits, the first of them the highest.
    [[nodiscard]] entry find(std::uint32_t next) const noexcept
    {
        if (const entry short_code = short_[next >> (max_code_bits - short_bits)]; short_code.bits != 0)
            return short_code;
        return find_long(next);
    }

private:
    static constexpr unsigned short_bits = 10;
    [[nodiscard]] entry find_long(std::uint32_t next) const noexcept;

    std::array<entry, std::size_t{1} << short_bits> short_{};
    std::array<std::uint16_t, symbol_count> sorted_{};
    /// Of each length: the first 15-bit value beyond its codes, and where its symbols begin in sorted_ (those of the
    /// next length: where they end).
    std::array<std::uint32_t, max_code_bits + 1> beyond_{};
    std::array<std::uint32_t, max_code_bits + 2> begin_{};
};

} // namespace winrm::xpress
