#include "xpress/huffman.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>
#include <utility>

namespace winrm::xpress {
namespace {

struct node
{
    std::uint64_t count;
    int left, right; ///< of an inner node; a leaf has its symbol in left, and right = -1
};

// Depths of a Huffman tree; @return the greatest.
unsigned depths(const std::array<std::uint32_t, symbols>& counts, code_lengths& lengths)
{
    std::vector<node> nodes;
    using entry = std::pair<std::uint64_t, int>; // count, node; equal counts in the order in which they were made
    std::priority_queue<entry, std::vector<entry>, std::greater<>> open;
    for (std::size_t s = 0; s < symbols; ++s) {
        if (counts[s] == 0) continue;
        open.emplace(counts[s], static_cast<int>(nodes.size()));
        nodes.push_back({counts[s], static_cast<int>(s), -1});
    }
    while (open.size() > 1) {
        const entry a = open.top();
        open.pop();
        const entry b = open.top();
        open.pop();
        open.emplace(a.first + b.first, static_cast<int>(nodes.size()));
        nodes.push_back({a.first + b.first, a.second, b.second});
    }
    unsigned deepest = 0;
    std::vector<std::pair<int, unsigned>> todo{{static_cast<int>(nodes.size()) - 1, 0}};
    while (!todo.empty()) {
        const auto [at, depth] = todo.back();
        todo.pop_back();
        const node& n = nodes[static_cast<std::size_t>(at)];
        if (n.right < 0) {
            lengths[static_cast<std::size_t>(n.left)] = static_cast<std::uint8_t>(std::min(depth, 255U));
            deepest = std::max(deepest, depth);
            continue;
        }
        todo.emplace_back(n.left, depth + 1);
        todo.emplace_back(n.right, depth + 1);
    }
    return deepest;
}

// Symbols with a code, shortest first, then by number: the order of canonical codes.
std::vector<std::uint16_t> in_order(const code_lengths& lengths)
{
    std::vector<std::uint16_t> order;
    for (unsigned bits = 1; bits <= longest_code; ++bits)
        for (std::size_t s = 0; s < symbols; ++s)
            if (lengths[s] == bits) order.push_back(static_cast<std::uint16_t>(s));
    return order;
}

} // namespace

code_lengths lengths_for(const std::array<std::uint32_t, symbols>& counts)
{
    code_lengths lengths{};
    auto used = counts;
    // Flatter counts make a flatter tree; with all of them 1 it is 9 deep, so that this ends.
    while (depths(used, lengths) > longest_code)
        for (auto& c : used)
            if (c != 0) c = c / 2 + 1;
    return lengths;
}

std::array<std::uint16_t, symbols> codes_for(const code_lengths& lengths)
{
    std::array<std::uint16_t, symbols> codes{};
    unsigned next = 0, bits = 0;
    for (const std::uint16_t s : in_order(lengths)) {
        next <<= lengths[s] - bits;
        bits = lengths[s];
        codes[s] = static_cast<std::uint16_t>(next++);
    }
    return codes;
}

std::vector<std::uint16_t> decoding_table(const code_lengths& lengths)
{
    constexpr std::size_t entries = std::size_t{1} << longest_code;
    std::vector<std::uint16_t> table;
    table.reserve(entries);
    for (const std::uint16_t s : in_order(lengths)) {
        const std::size_t count = std::size_t{1} << (longest_code - lengths[s]);
        if (count > entries - table.size()) return {};
        table.insert(table.end(), count, s);
    }
    if (table.size() != entries) return {};
    return table;
}

} // namespace winrm::xpress
