// MS-XCA 2.1: matches by chains of earlier places with the same three octets, then canonical prefix codes.
#include "xpress/huffman.h"
#include "xpress/xpress.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <vector>

namespace winrm::xpress {
namespace {

constexpr std::size_t min_match = 3;
/// Lengths up to min_match + 14 are in the symbol.
constexpr unsigned long_match = 15;
/// Places looked at for a longer match. More is slower and hardly shorter for XML in fragments.
constexpr int max_places = 12;
/// A match as long as this is taken without a further look.
constexpr std::size_t good_match = 64;

/// A literal (length 0, the octet) or a match (length, distance).
struct token
{
    std::uint16_t length, value;
};

unsigned high_bit(std::uint32_t distance) noexcept { return static_cast<unsigned>(std::bit_width(distance)) - 1; }

unsigned symbol_of(token t) noexcept
{
    if (t.length == 0) return t.value;
    return 256 + std::min<unsigned>(t.length - min_match, long_match) + 16 * high_bit(t.value);
}

class match_finder
{
public:
    explicit match_finder(base::bytes_view data)
        : data_(data), newest_(std::size_t{1} << hash_bits, none), older_(data.size())
    {}

    void add(std::size_t at)
    {
        if (at + min_match > data_.size()) return;
        auto& newest = newest_[hash(at)];
        older_[at] = newest;
        newest = static_cast<std::uint32_t>(at);
    }
    /// The longest match of what is at `at` found among the places added.
    [[nodiscard]] token find(std::size_t at) const
    {
        token best{0, 0};
        if (at + min_match > data_.size()) return best;
        const auto limit = std::min<std::size_t>(data_.size() - at, 65'535);
        auto place = newest_[hash(at)];
        for (int left = max_places; place != none && left > 0; --left, place = older_[place]) {
            if (best.length != 0 && (best.length == limit || data_[place + best.length] != data_[at + best.length]))
                continue;
            const auto length = common(place, at, limit);
            if (length < min_match || length <= best.length) continue;
            best = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(at - place)};
            if (length >= good_match) break;
        }
        return best;
    }

private:
    static constexpr unsigned hash_bits = 14;
    static constexpr std::uint32_t none = 0xFFFFFFFF;

    [[nodiscard]] std::size_t hash(std::size_t at) const noexcept
    {
        const auto octet = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(data_[at + i])}; };
        return ((octet(0) | octet(1) << 8 | octet(2) << 16) * 0x9E3779B1U) >> (32 - hash_bits);
    }
    [[nodiscard]] std::size_t common(std::size_t a, std::size_t b, std::size_t limit) const noexcept
    {
        std::size_t n = 0;
        while (n + 8 <= limit) {
            std::uint64_t x = 0, y = 0;
            std::memcpy(&x, data_.data() + a + n, 8);
            std::memcpy(&y, data_.data() + b + n, 8);
            if (x != y) break;
            n += 8;
        }
        while (n < limit && data_[a + n] == data_[b + n]) ++n;
        return n;
    }

    base::bytes_view data_;
    std::vector<std::uint32_t> newest_, older_;
};

std::vector<token> tokens_of(base::bytes_view data)
{
    std::vector<token> tokens;
    tokens.reserve(data.size() / 4 + 16);
    match_finder finder(data);
    for (std::size_t at = 0; at < data.size();) {
        auto next = finder.find(at);
        if (next.length == 0) next = {0, static_cast<unsigned char>(data[at])};
        tokens.push_back(next);
        for (const auto end = at + std::max<std::size_t>(next.length, 1); at < end; ++at) finder.add(at);
    }
    return tokens;
}

/// Bits go out in words of 16, and octets between them where a reader that holds two words ahead will look next.
class bit_writer
{
public:
    explicit bit_writer(base::bytes& out) : out_(out), now_(out.size()), next_(now_ + 2) { out_.append(4, '\0'); }

    void bits(unsigned count, std::uint32_t value)
    {
        if (free_ >= count) {
            free_ -= count;
            word_ = (word_ << count) | value;
            return;
        }
        const auto over = count - free_;
        store((word_ << free_) | (value >> over));
        now_ = next_;
        next_ = out_.size();
        out_.append(2, '\0');
        free_ = 16 - over;
        word_ = value;
    }
    void octet(std::uint32_t value) { out_.push_back(static_cast<char>(value)); }
    void finish() { store(word_ << free_); }

private:
    void store(std::uint32_t word)
    {
        out_[now_] = static_cast<char>(word & 0xFF);
        out_[now_ + 1] = static_cast<char>(word >> 8 & 0xFF);
    }

    base::bytes& out_;
    std::size_t now_, next_; ///< places of the word being filled and of the one after it
    unsigned free_ = 16;
    std::uint32_t word_ = 0;
};

void write_match(bit_writer& out, token match)
{
    if (const auto length = match.length - min_match; length >= long_match + 255U) {
        out.octet(255);
        out.octet(length & 0xFF);
        out.octet(length >> 8 & 0xFF);
    } else if (length >= long_match) out.octet(static_cast<std::uint32_t>(length - long_match));
    const auto bits = high_bit(match.value);
    out.bits(bits, match.value - (1U << bits));
}

} // namespace

base::bytes compress(base::bytes_view data)
{
    assert(!data.empty() && data.size() <= max_block);
    const auto tokens = tokens_of(data);
    symbol_counts counts{};
    for (const auto t : tokens) ++counts[symbol_of(t)];
    ++counts[end_of_data];
    const auto lengths = lengths_of(counts);
    const auto code = codes_of(lengths);

    base::bytes out;
    out.reserve(data.size() / 2 + 512);
    for (std::size_t i = 0; i < symbol_count; i += 2)
        out.push_back(static_cast<char>(lengths[i] | lengths[i + 1] << 4));
    bit_writer writer(out);
    for (const auto t : tokens) {
        const auto symbol = symbol_of(t);
        writer.bits(lengths[symbol], code[symbol]);
        if (t.length != 0) write_match(writer, t);
    }
    writer.bits(lengths[end_of_data], code[end_of_data]);
    writer.finish();
    return out;
}

} // namespace winrm::xpress
