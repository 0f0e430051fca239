// MS-XCA 2.1 and 2.2: the examples of 3.2 to the octet, and everything that a table or a stream can say wrongly.
#include "xpress/huffman.h"
#include "xpress/xpress.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace winrm::xpress {
namespace {

using std::literals::operator""s;

/// 256 octets of code lengths, given as {symbol, bits}.
base::bytes table(std::initializer_list<std::pair<unsigned, unsigned>> lengths)
{
    base::bytes made(256, '\0');
    for (const auto& [symbol, bits] : lengths) made[symbol / 2] |= static_cast<char>(bits << (symbol % 2 * 4));
    return made;
}

base::bytes alphabet_table()
{
    base::bytes made(256, '\0');
    made.replace(48, 14, "\x50\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55\x45\x44\x04"s);
    made[128] = 0x04;
    return made;
}

const base::bytes abc_table = table({{'a', 3}, {'b', 3}, {'c', 2}, {256, 2}, {287, 2}});

base::bytes abc_times(int n)
{
    base::bytes made;
    for (int i = 0; i < n; ++i) made += "abc";
    return made;
}

struct example
{
    const char* name;
    base::bytes data, packed;
};

const example examples[] = {
    {"MS-XCA 3.2, literals", "abcdefghijklmnopqrstuvwxyz",
     alphabet_table() + "\xd8\x52\x3e\xd7\x94\x11\x5b\xe9\x19\x5f\xf9\xd6\x7c\xdf\x8d\x04\0\0\0\0"s},
    {"MS-XCA 3.2, a match of 297 octets", abc_times(100), abc_table + "\xa8\xdc\0\0\xff\x26\x01"s},
};

TEST(xpress, MS_XCA_3_2_compressed)
{
    for (const auto& row : examples) EXPECT_EQ(compress(row.data), row.packed) << row.name;
}

TEST(xpress, MS_XCA_3_2_decompressed)
{
    for (const auto& row : examples) {
        base::bytes out = "before ";
        ASSERT_TRUE(decompress(row.packed, row.data.size(), out)) << row.name;
        EXPECT_EQ(out, "before " + row.data) << row.name;
    }
}

TEST(xpress, MS_XCA_2_2_4_what_is_wrong_is_named)
{
    struct row
    {
        const char* what;
        base::bytes packed;
        std::size_t size;
        const char* message;
    };
    const auto whole = examples[1].packed;
    const row rows[] = {
        {"nothing", "", 300, "shorter than its table"},
        {"half a table", whole.substr(0, 255), 300, "shorter than its table"},
        {"an empty table", base::bytes(300, '\0'), 300, "table of codes is none"},
        {"codes missing", table({{'a', 3}, {256, 1}}) + "\0\0\0\0"s, 300, "table of codes is none"},
        {"too many codes", base::bytes(256, '\x11') + "\0\0\0\0"s, 300, "table of codes is none"},
        {"the table alone", abc_table, 300, "ends too soon"},
        {"the length cut off", whole.substr(0, whole.size() - 3), 300, "ends too soon"},
        {"a size below the match's", whole, 299, "longer than announced"},
        {"a size above the match's", whole, 65'536, "ends too soon"},
        {"a match first", table({{256, 1}, {'a', 1}}) + "\0\x80\0\0"s, 3, "before the data"},
        {"a distance beyond the beginning", table({{'a', 1}, {256 + 16 * 15, 1}}) + "\0\x40\0\0"s, 10,
         "before the data"},
        {"a length below its form", abc_table + "\xa8\xdc\0\0\xff\x0e\0"s, 300, "a length that another form has"},
    };
    for (const auto& r : rows) {
        base::bytes out;
        const auto got = decompress(r.packed, r.size, out);
        ASSERT_FALSE(got) << r.what;
        EXPECT_EQ(got.error().code(), errc::protocol) << r.what;
        EXPECT_NE(got.error().message().find(r.message), std::string::npos) << r.what << ": " << got.error().message();
        EXPECT_LE(out.size(), r.size);
    }
}

TEST(xpress, MS_XCA_2_1_4_2_codes_are_complete_and_short)
{
    symbol_counts fibonacci{};
    for (std::uint32_t i = 0, a = 1, b = 1; i < 23; ++i, b = std::exchange(a, a + b)) fibonacci[i * 7] = a;
    symbol_counts even{}, two{};
    even.fill(1);
    two[7] = 1;
    two[256] = 60'000;
    for (const auto& counts : {fibonacci, even, two}) {
        const auto lengths = lengths_of(counts);
        std::uint32_t filled = 0;
        for (std::size_t i = 0; i < symbol_count; ++i) {
            EXPECT_EQ(lengths[i] == 0, counts[i] == 0);
            EXPECT_LE(lengths[i], max_code_bits);
            if (lengths[i] != 0) filled += 1U << (max_code_bits - lengths[i]);
        }
        EXPECT_EQ(filled, 1U << max_code_bits);
        decoding_table found;
        ASSERT_TRUE(found.assign(lengths));
        const auto code = codes_of(lengths);
        for (unsigned i = 0; i < symbol_count; ++i)
            if (lengths[i] != 0) {
                const auto place = static_cast<std::uint32_t>(code[i]) << (max_code_bits - lengths[i]);
                const auto last = place + (1U << (max_code_bits - lengths[i])) - 1;
                EXPECT_EQ(found.find(place).symbol, i);
                EXPECT_EQ(found.find(last).symbol, i);
                EXPECT_EQ(found.find(last).bits, lengths[i]);
            }
    }
}

/// Data with long codes, long matches, far matches.
std::vector<base::bytes> samples()
{
    std::mt19937 random(7);
    std::vector<base::bytes> made{"a", "aa", "aaa", "aaaa", base::bytes(max_block, 'x'), base::bytes(max_block, '\0')};
    for (const std::size_t size : {1U, 2U, 17U, 300U, 4'000U, 65'535U, 65'536U}) {
        base::bytes noise, skewed, far;
        for (std::size_t i = 0; i < size; ++i) {
            noise += static_cast<char>(random());
            skewed += static_cast<char>(std::countl_zero(random() | 1U) * 3 + static_cast<int>(random() % 2));
        }
        far = noise.substr(0, size / 2) + noise.substr(0, size - size / 2);
        made.insert(made.end(), {noise, skewed, far});
    }
    base::bytes xml;
    for (int i = 0; xml.size() < max_block - 100; ++i)
        xml += "<Obj RefId=\"" + std::to_string(i) + "\"><I32 N=\"Id\">" + std::to_string(random() % 10'000) +
               "</I32></Obj>";
    made.push_back(xml);
    return made;
}

TEST(xpress, there_and_back)
{
    for (const auto& data : samples()) {
        base::bytes out;
        const auto done = decompress(compress(data), data.size(), out);
        ASSERT_TRUE(done) << done.error().message();
        EXPECT_EQ(out, data);
    }
}

TEST(xpress, xml_becomes_small)
{
    const auto xml = samples().back();
    EXPECT_LT(compress(xml).size(), xml.size() / 6);
}

TEST(xpress, every_end_and_every_changed_octet_is_bounded)
{
    const auto data = abc_times(40) + "and something else, which is not the same as before" + abc_times(7);
    const auto packed = compress(data);
    for (std::size_t i = 0; i < packed.size(); ++i) {
        base::bytes out;
        const bool read = decompress(packed.substr(0, i), data.size(), out).has_value();
        EXPECT_TRUE(!read || out == data) << i;
        for (const int bit : {0, 3, 7}) {
            auto changed = packed;
            changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
            out.clear();
            (void)decompress(changed, data.size(), out);
            EXPECT_LE(out.size(), data.size());
        }
    }
}

} // namespace
} // namespace winrm::xpress
