#include "xpress/block.h"
#include "xpress/chain.h"
#include "xpress/huffman.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace winrm::xpress {
namespace {

// MS-XCA 3.2: the code lengths that are not 0, by the place of their octet, and what follows the table.
struct example
{
    std::string data;
    std::vector<std::pair<std::size_t, unsigned char>> table;
    std::vector<unsigned char> rest;
};

std::string alphabet() { return "abcdefghijklmnopqrstuvwxyz"; }
std::string many_abc()
{
    std::string out;
    for (int i = 0; i < 100; ++i) out += "abc";
    return out;
}

std::vector<example> examples()
{
    example letters{alphabet(), {{48, 0x50}}, {0xd8, 0x52, 0x3e, 0xd7, 0x94, 0x11, 0x5b, 0xe9, 0x19, 0x5f,
                                               0xf9, 0xd6, 0x7c, 0xdf, 0x8d, 0x04, 0x00, 0x00, 0x00, 0x00}};
    for (std::size_t i = 49; i <= 58; ++i) letters.table.emplace_back(i, 0x55);
    letters.table.insert(letters.table.end(), {{59, 0x45}, {60, 0x44}, {61, 0x04}, {128, 0x04}});
    example abc{
        many_abc(), {{48, 0x30}, {49, 0x23}, {128, 0x02}, {143, 0x20}}, {0xa8, 0xdc, 0x00, 0x00, 0xff, 0x26, 0x01}};
    return {letters, abc};
}

std::string packed(const example& e)
{
    std::string out(256, '\0');
    for (const auto& [at, octet] : e.table) out[at] = static_cast<char>(octet);
    for (const unsigned char c : e.rest) out += static_cast<char>(c);
    return out;
}

TEST(xpress, examples_of_the_specification)
{
    for (const example& e : examples()) {
        EXPECT_EQ(decompress_block(packed(e), e.data.size()), e.data);
        EXPECT_FALSE(decompress_block(packed(e), e.data.size() + 1000)) << "the end symbol is no match there";
        EXPECT_EQ(decompress_block(compress_block(e.data), e.data.size()), e.data);
    }
    EXPECT_EQ(compress_block(many_abc()).size(), packed(examples()[1]).size());
}

std::vector<std::string> samples()
{
    std::mt19937 random{42};
    std::vector<std::string> out{"a", std::string(65'536, 'x'), std::string(65'535, '\0'), alphabet()};
    std::string noise(65'536, '\0'), text, skewed;
    for (char& c : noise) c = static_cast<char>(random());
    while (text.size() < 60'000) text += "<S>" + std::to_string(random() % 1000) + "</S><I32 N=\"x\">";
    // Fibonacci counts: without a limit the code would be longer than 15 bits.
    std::size_t a = 1, b = 1;
    for (char c = 'A'; c < 'A' + 21; ++c) {
        skewed.append(std::min<std::size_t>(a, 20'000), c);
        a = std::exchange(b, a + b);
    }
    skewed.resize(std::min(skewed.size(), largest_block));
    std::shuffle(skewed.begin(), skewed.end(), random);
    out.insert(out.end(), {noise, text, skewed});
    for (std::size_t n = 2; n < 400; n += 7) out.push_back(text.substr(0, n));
    return out;
}

TEST(xpress, whatever_is_packed_is_unpacked_as_the_same)
{
    for (const std::string& s : samples()) {
        SCOPED_TRACE(s.size());
        EXPECT_EQ(decompress_block(compress_block(s), s.size()), s);
        const auto chain = compress(s);
        EXPECT_LE(chain.size(), s.size() + 4);
        const auto back = decompress(chain, s.size());
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, s);
        EXPECT_EQ(decompress(chain, s.size() - 1).error().code(), errc::too_large);
    }
    std::string large;
    for (const std::string& s : samples()) large += s;
    const auto chain = compress(large);
    EXPECT_LT(chain.size(), large.size());
    EXPECT_EQ(*decompress(chain, large.size()), large);
    EXPECT_EQ(decompress("", 0)->size(), 0u);
    EXPECT_EQ(compress(""), "");
}

TEST(xpress, short_things_are_stored)
{
    const std::string small(265, 'a');
    const auto chain = compress(small);
    EXPECT_EQ(chain, "\x08\x01\x08\x01" + small);
}

TEST(xpress, bad_chains)
{
    const auto good = compress(std::string(10'000, 'y') + many_abc());
    for (std::size_t n = 1; n < good.size(); ++n) EXPECT_FALSE(decompress(good.substr(0, n), 20'000)) << n;
    for (std::size_t at = 0; at < good.size(); ++at)
        for (const int bit : {0, 3, 7}) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
            const auto got = decompress(bad, 20'000); // any answer, no more than the limit
            if (got) {
                EXPECT_LE(got->size(), 20'000u);
            }
        }
    EXPECT_FALSE(decompress_block(std::string(256, '\0'), 1));
    EXPECT_FALSE(decompress_block(std::string(300, '\x11'), 1)) << "more codes than 15 bits have";
    EXPECT_FALSE(decompress_block("", 0));
    EXPECT_FALSE(decompress_block(packed(examples()[0]), largest_block + 1));
}

TEST(xpress, a_bomb_is_refused_before_it_is_unpacked)
{
    std::string bomb;
    const auto one = compress(std::string(65'536, 'z'));
    for (int i = 0; i < 1000; ++i) bomb += one; // 300 KB that would be 64 MB
    EXPECT_EQ(decompress(bomb, 4'000'000).error().code(), errc::too_large);
}

} // namespace
} // namespace winrm::xpress
