#include "xpress/huffman.h"

#include <algorithm>
#include <cstddef>

namespace winrm::xpress {
namespace {

constexpr std::size_t max_nodes = 2 * symbol_count;

/// The tree of merged symbols: leaves first, by count and then by symbol, then inner nodes in the order of their
/// making, so that both parts are sorted and the two least are found at their heads.
struct tree
{
    std::array<std::uint32_t, max_nodes> count{};
    std::array<std::uint16_t, max_nodes> parent{}, symbol{};
    std::size_t leaves = 0, size = 0;
};

tree leaves_of(const symbol_counts& counts)
{
    tree t;
    for (std::uint16_t symbol = 0; symbol < symbol_count; ++symbol)
        if (counts[symbol] != 0) t.symbol[t.leaves++] = symbol;
    std::stable_sort(t.symbol.begin(), t.symbol.begin() + static_cast<std::ptrdiff_t>(t.leaves),
                     [&](auto a, auto b) { return counts[a] < counts[b]; });
    for (std::size_t i = 0; i < t.leaves; ++i) t.count[i] = counts[t.symbol[i]];
    t.size = t.leaves;
    return t;
}

void merge(tree& t)
{
    std::size_t leaf = 0, inner = t.leaves;
    const auto least = [&] {
        const bool is_leaf = leaf < t.leaves && (inner == t.size || t.count[leaf] <= t.count[inner]);
        return is_leaf ? leaf++ : inner++;
    };
    while (t.size < 2 * t.leaves - 1) {
        const auto a = least(), b = least();
        t.parent[a] = t.parent[b] = static_cast<std::uint16_t>(t.size);
        t.count[t.size++] = t.count[a] + t.count[b];
    }
}

/// The length of the longest code.
unsigned read_lengths(const tree& t, code_lengths& lengths)
{
    std::array<std::uint16_t, max_nodes> depth{};
    for (auto node = t.size - 1; node-- > 0;) depth[node] = static_cast<std::uint16_t>(depth[t.parent[node]] + 1);
    unsigned longest = 0;
    for (std::size_t i = 0; i < t.leaves; ++i) {
        lengths[t.symbol[i]] = static_cast<std::uint8_t>(std::min<unsigned>(depth[i], 255));
        longest = std::max<unsigned>(longest, depth[i]);
    }
    return longest;
}

} // namespace

code_lengths lengths_of(symbol_counts counts)
{
    for (;;) {
        tree t = leaves_of(counts);
        merge(t);
        code_lengths lengths{};
        if (read_lengths(t, lengths) <= max_code_bits) return lengths;
        // Rare: counts like Fibonacci's numbers. Flatter counts make a flatter tree; with all at one it has nine
        // levels.
        for (auto& count : counts) count = (count + 1) / 2;
    }
}

codes codes_of(const code_lengths& lengths) noexcept
{
    codes made{};
    std::uint32_t next = 0;
    for (unsigned bits = 1; bits <= max_code_bits; ++bits) {
        for (std::size_t symbol = 0; symbol < symbol_count; ++symbol)
            if (lengths[symbol] == bits) made[symbol] = static_cast<std::uint16_t>(next++);
        next <<= 1;
    }
    return made;
}

bool decoding_table::assign(const code_lengths& lengths) noexcept
{
    std::array<std::uint16_t, max_code_bits + 1> of_length{};
    for (const auto bits : lengths)
        if (bits != 0) ++of_length[bits];

    std::uint32_t filled = 0, place = 0;
    for (unsigned bits = 1; bits <= max_code_bits; ++bits) {
        begin_[bits] = place;
        place += of_length[bits];
        filled += std::uint32_t{of_length[bits]} << (max_code_bits - bits);
        beyond_[bits] = filled;
    }
    begin_[max_code_bits + 1] = place;
    if (filled != std::uint32_t{1} << max_code_bits) return false;

    auto next = begin_;
    for (std::uint16_t symbol = 0; symbol < symbol_count; ++symbol)
        if (lengths[symbol] != 0) sorted_[next[lengths[symbol]]++] = symbol;

    auto at = short_.begin();
    for (unsigned bits = 1; bits <= short_bits; ++bits)
        for (auto i = begin_[bits]; i < begin_[bits] + of_length[bits]; ++i)
            at = std::fill_n(at, std::size_t{1} << (short_bits - bits),
                             entry{sorted_[i], static_cast<std::uint8_t>(bits)});
    std::fill(at, short_.end(), entry{0, 0});
    return true;
}

decoding_table::entry decoding_table::find_long(std::uint32_t next) const noexcept
{
    unsigned bits = short_bits + 1;
    while (next >= beyond_[bits]) ++bits; // the code is complete: it ends at max_code_bits at the latest
    const auto above = (beyond_[bits] - 1 - next) >> (max_code_bits - bits); // codes of this length behind it
    return {sorted_[begin_[bits + 1] - 1 - above], static_cast<std::uint8_t>(bits)};
}

} // namespace winrm::xpress
