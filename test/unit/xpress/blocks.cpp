// The chain of blocks of a compressed Stream (MS-WSMV 3.2.4.1.19, the note on what Windows does).
#include "xpress/xpress.h"

#include <gtest/gtest.h>

#include <string>

namespace winrm::xpress {
namespace {

using std::literals::operator""s;

base::bytes text(std::size_t size)
{
    base::bytes made;
    for (int i = 0; made.size() < size; ++i) made += "line " + std::to_string(i * i % 997) + "\n";
    made.resize(size);
    return made;
}

TEST(xpress_blocks, MS_WSMV_134_small_data_is_stored_as_it_is)
{
    EXPECT_EQ(pack(""), "");
    EXPECT_EQ(pack("x"), "\0\0\0\0x"s);
    const auto below = base::bytes(265, 'x'), enough = base::bytes(266, 'x');
    EXPECT_EQ(pack(below), "\x08\x01\x08\x01"s + below);
    const auto packed = pack(enough);
    EXPECT_EQ(packed.substr(0, 2), "\x09\x01"s);
    EXPECT_EQ(packed.size(),
              4 + static_cast<unsigned char>(packed[2]) + 256U * static_cast<unsigned char>(packed[3]) + 1);
    // With 266 equal octets the packed form is about as long as its table; what is no shorter stays as it is.
    base::bytes noise;
    for (int i = 0; i < 400; ++i) noise += static_cast<char>(i * i * 31 % 251);
    EXPECT_EQ(pack(noise), "\x8f\x01\x8f\x01"s + noise);
}

TEST(xpress_blocks, MS_WSMV_134_a_block_holds_64_KiB)
{
    const auto data = text(100 * 1024);
    const auto packed = pack(data);
    EXPECT_EQ(packed.substr(0, 2), "\xff\xff"s);
    unpacker reader;
    base::bytes out;
    ASSERT_TRUE(reader.received(packed, data.size(), out));
    EXPECT_EQ(out, data);
    EXPECT_TRUE(reader.at_border());
}

TEST(xpress_blocks, they_come_in_any_pieces)
{
    const auto data = text(150'000);
    const auto packed = pack(data);
    for (const std::size_t size : {1U, 3U, 5U, 1'000U, 70'000U}) {
        unpacker reader;
        base::bytes out;
        for (std::size_t at = 0; at < packed.size(); at += size)
            ASSERT_TRUE(reader.received(base::bytes_view(packed).substr(at, size), data.size(), out));
        EXPECT_EQ(out, data);
        EXPECT_TRUE(reader.at_border());
    }
    unpacker reader;
    base::bytes out;
    ASSERT_TRUE(reader.received(base::bytes_view(packed).substr(0, packed.size() - 1), data.size(), out));
    EXPECT_FALSE(reader.at_border());
}

TEST(xpress_blocks, s20_more_than_there_is_room_for_is_refused_before_it_is_unpacked)
{
    const auto packed = pack(base::bytes(max_block, 'x')); // some 300 octets
    EXPECT_LT(packed.size(), 400U);
    unpacker reader;
    base::bytes out;
    const auto got = reader.received(packed + packed, max_block + 100, out);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::too_large);
    EXPECT_EQ(out.size(), max_block);
    EXPECT_LT(out.capacity(), 2 * max_block);
}

TEST(xpress_blocks, s20_a_block_that_is_longer_than_what_it_holds_is_refused)
{
    unpacker reader;
    base::bytes out;
    const auto got = reader.received("\x08\x01\x09\x01"s + base::bytes(266, 'x'), 1'000, out);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::protocol);
}

} // namespace
} // namespace winrm::xpress
