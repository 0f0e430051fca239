#include "xpress/block.h"

#include "xpress/huffman.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <vector>

namespace winrm::xpress {
namespace {

constexpr std::size_t table_size = symbols / 2;
constexpr std::uint16_t end_symbol = 256;
constexpr std::size_t least_match = 3;
constexpr std::size_t short_lengths = 15;   // of a match less 3 that its symbol tells
constexpr std::size_t one_octet_more = 255; // of what is beyond, in one octet

// A literal (length 1) or a match.
struct token
{
    std::uint32_t length = 1;
    std::uint16_t distance = 0;
    std::uint8_t literal = 0;
};

unsigned high_bit(std::uint32_t distance) { return static_cast<unsigned>(std::bit_width(distance)) - 1; }

std::uint16_t symbol_of(const token& t)
{
    if (t.distance == 0) return t.literal;
    const auto length = std::min<std::size_t>(t.length - least_match, short_lengths);
    return static_cast<std::uint16_t>(256 + length + 16 * high_bit(t.distance));
}

// LZ77 (2.1.4.1) with chains of earlier places by a hash of three octets, of which the last few are looked at.
std::vector<token> tokens_of(base::bytes_view data)
{
    constexpr unsigned hash_bits = 15;
    constexpr int tries = 16;
    constexpr std::int32_t none = -1;
    std::vector<std::int32_t> head(std::size_t{1} << hash_bits, none), previous(data.size(), none);
    const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(data[at]); };
    const auto hash = [&](std::size_t at) {
        const std::uint32_t three = octet(at) | octet(at + 1) << 8U | octet(at + 2) << 16U;
        return (three * 2'654'435'761U) >> (32 - hash_bits);
    };
    const auto remember = [&](std::size_t at) {
        if (at + least_match > data.size()) return;
        std::int32_t& first = head[hash(at)];
        previous[at] = first;
        first = static_cast<std::int32_t>(at);
    };
    std::vector<token> out;
    for (std::size_t at = 0; at < data.size();) {
        token best{1, 0, octet(at)};
        std::int32_t earlier = at + least_match <= data.size() ? head[hash(at)] : none;
        for (int i = 0; i < tries && earlier != none; ++i, earlier = previous[static_cast<std::size_t>(earlier)]) {
            const auto from = static_cast<std::size_t>(earlier);
            std::size_t length = 0;
            while (at + length < data.size() && data[from + length] == data[at + length]) ++length;
            if (length >= least_match && length > best.length)
                best = {static_cast<std::uint32_t>(length), static_cast<std::uint16_t>(at - from), 0};
        }
        for (std::size_t i = 0; i < best.length; ++i) remember(at + i);
        at += best.length;
        out.push_back(best);
    }
    return out;
}

// 2.1.4.3: words of 16 bits, with whole octets between them; two words ahead are kept free for bits.
class bit_writer
{
public:
    explicit bit_writer(base::bytes& out) : out_{out}, first_{out.size()}, second_{out.size() + 2}
    {
        out_.append(4, '\0');
    }
    void bits(unsigned count, std::uint32_t value)
    {
        if (free_ >= count) {
            free_ -= count;
            word_ = word_ << count | value;
            return;
        }
        const unsigned rest = count - free_;
        word_ = word_ << free_ | value >> rest;
        put_word();
        first_ = second_;
        second_ = out_.size();
        out_.append(2, '\0');
        free_ = 16 - rest;
        word_ = value & ((1U << rest) - 1);
    }
    void octet(std::size_t value) { out_ += static_cast<char>(value); }
    void finish()
    {
        word_ <<= free_;
        put_word();
    }

private:
    void put_word()
    {
        out_[first_] = static_cast<char>(word_ & 0xFFU);
        out_[first_ + 1] = static_cast<char>(word_ >> 8U & 0xFFU);
    }
    base::bytes& out_;
    std::size_t first_, second_;
    unsigned free_ = 16;
    std::uint32_t word_ = 0;
};

void write_length(std::size_t length, bit_writer& to)
{
    const std::size_t value = length - least_match;
    if (value < short_lengths) return;
    if (value - short_lengths < one_octet_more) {
        to.octet(value - short_lengths);
        return;
    }
    to.octet(one_octet_more); // a block is not longer than 16 bits can say
    to.octet(value & 0xFFU);
    to.octet(value >> 8U);
}

// 2.2.4: reads ahead 16 bits at least; beyond the end is an error.
class bit_reader
{
public:
    explicit bit_reader(base::bytes_view in) : in_{in}
    {
        bits_ = word() << 16U;
        bits_ |= word();
    }
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] std::uint32_t next15() const noexcept { return bits_ >> (32 - longest_code); }
    [[nodiscard]] std::uint32_t take(unsigned count)
    {
        const std::uint32_t value = count == 0 ? 0 : bits_ >> (32 - count);
        bits_ = count == 0 ? bits_ : bits_ << count;
        extra_ -= static_cast<int>(count);
        if (extra_ < 0) {
            bits_ |= word() << static_cast<unsigned>(-extra_);
            extra_ += 16;
        }
        return value;
    }
    [[nodiscard]] std::size_t octet()
    {
        if (at_ >= in_.size()) {
            failed_ = true;
            return 0;
        }
        return static_cast<unsigned char>(in_[at_++]);
    }
    [[nodiscard]] std::uint32_t word()
    {
        const std::size_t low = octet();
        return static_cast<std::uint32_t>(low | octet() << 8U);
    }

private:
    base::bytes_view in_;
    std::size_t at_ = 0;
    std::uint32_t bits_ = 0;
    int extra_ = 16;
    bool failed_ = false;
};

// Of a match, less 3. nullopt: not valid.
std::optional<std::size_t> read_length(std::size_t told, bit_reader& in)
{
    if (told < short_lengths) return told;
    std::size_t length = in.octet();
    if (length < one_octet_more) return length + short_lengths;
    length = in.word();
    if (length == 0) length = in.word() | std::size_t{in.word()} << 16U;
    if (in.failed() || length < short_lengths) return std::nullopt;
    return length;
}

} // namespace

base::bytes compress_block(base::bytes_view data)
{
    assert(!data.empty() && data.size() <= largest_block);
    const std::vector<token> tokens = tokens_of(data);
    std::array<std::uint32_t, symbols> counts{};
    for (const token& t : tokens) ++counts[symbol_of(t)];
    ++counts[end_symbol]; // some readers want it (2.1.4.3)
    const code_lengths lengths = lengths_for(counts);
    const auto codes = codes_for(lengths);
    base::bytes out;
    for (std::size_t s = 0; s < symbols; s += 2) out += static_cast<char>(lengths[s] | lengths[s + 1] << 4U);
    bit_writer to{out};
    for (const token& t : tokens) {
        const std::uint16_t s = symbol_of(t);
        to.bits(lengths[s], codes[s]);
        if (t.distance == 0) continue;
        write_length(t.length, to);
        const unsigned more = high_bit(t.distance);
        to.bits(more, t.distance - (1U << more));
    }
    to.bits(lengths[end_symbol], codes[end_symbol]);
    to.finish();
    return out;
}

std::optional<base::bytes> decompress_block(base::bytes_view packed, std::size_t size)
{
    if (packed.size() < table_size || size > largest_block) return std::nullopt;
    code_lengths lengths{};
    for (std::size_t s = 0; s < symbols; s += 2) {
        const auto two = static_cast<unsigned char>(packed[s / 2]);
        lengths[s] = two & 0x0FU;
        lengths[s + 1] = static_cast<std::uint8_t>(two >> 4U);
    }
    const std::vector<std::uint16_t> table = decoding_table(lengths);
    if (table.empty()) return std::nullopt;
    bit_reader in{packed.substr(table_size)};
    base::bytes out;
    out.reserve(size);
    while (out.size() < size && !in.failed()) {
        const std::uint16_t s = table[in.next15()];
        (void)in.take(lengths[s]);
        if (s < 256) {
            out += static_cast<char>(s);
            continue;
        }
        const auto more_length = read_length((s - 256U) % 16, in);
        if (!more_length) return std::nullopt;
        const unsigned bits = (s - 256U) / 16;
        const std::size_t distance = in.take(bits) + (std::size_t{1} << bits);
        const std::size_t length = *more_length + least_match;
        if (distance > out.size() || length > size - out.size()) return std::nullopt;
        for (std::size_t i = 0; i < length; ++i) out += out[out.size() - distance]; // may overlap what it makes
    }
    if (in.failed() || out.size() != size) return std::nullopt;
    return out;
}

} // namespace winrm::xpress
