// Canonical Huffman codes of at most 15 bits over the 512 symbols of MS-XCA (2.1.4.2, 2.2.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace winrm::xpress {

inline constexpr std::size_t symbols = 512;
inline constexpr unsigned longest_code = 15;
using code_lengths = std::array<std::uint8_t, symbols>; ///< bits of each symbol; 0 = it does not occur

/// Precondition: at least two symbols occur, 2^31 times at most together.
[[nodiscard]] code_lengths lengths_for(const std::array<std::uint32_t, symbols>& counts);
/// The code of each symbol, in its lowest bits.
[[nodiscard]] std::array<std::uint16_t, symbols> codes_for(const code_lengths& lengths);
/// For each value of the next 15 bits the symbol that they begin with; empty: the lengths make no whole code.
[[nodiscard]] std::vector<std::uint16_t> decoding_table(const code_lengths& lengths);

} // namespace winrm::xpress
