#include "auth/spnego/der.h"

#include "support/vector_file.h"

#include <gtest/gtest.h>

namespace winrm::auth::spnego {
namespace {

TEST(der, written_and_read_again)
{
    for (const std::size_t size : {0, 1, 127, 128, 255, 256, 65535, 65536}) {
        const std::string content(size, 'c');
        const std::string one = der(0x04, content);
        const std::string two = one + der(0xa1, "x");
        der_reader reader(two);
        EXPECT_EQ(reader.take(0x04), content);
        EXPECT_FALSE(reader.at_end());
        const auto last = reader.next();
        ASSERT_TRUE(last);
        EXPECT_EQ(last->tag, 0xa1);
        EXPECT_EQ(last->content, "x");
        EXPECT_EQ(last->whole, der(0xa1, "x"));
        EXPECT_TRUE(reader.at_end());
        for (std::size_t cut = 1; cut < one.size(); cut += 1 + cut / 7)
            EXPECT_FALSE(der_reader(std::string_view(one).substr(0, cut)).next()) << size << " cut to " << cut;
    }
    EXPECT_EQ(test::hex(der(0x30, std::string(200, 0)).substr(0, 4)), "3081c800");
}

TEST(der, lies_are_refused)
{
    for (const std::string_view bytes : {
             "04",                 // no length
             "0405 61",            // longer than what is there
             "0480 6161 0000",     // indefinite
             "0481",               // length of the length cut
             "0481 05 6161616161", // not the shortest form
             "0482 0005 6161616161", "0484 ffffffff 61",
             "0485 0000000001 61", // more digits than any token needs
             "0488 ffffffffffffffff 61", "04ff 61",
             "1f81 01 61", // tag of several bytes
         }) {
        const std::string text = test::unhex(bytes);
        der_reader reader(text);
        EXPECT_FALSE(reader.next()) << bytes;
        EXPECT_FALSE(reader.at_end()) << bytes;
        EXPECT_FALSE(reader.next()) << "it stays failed: " << bytes;
    }
    const std::string two = der(0x04, "a") + der(0x04, "b");
    der_reader reader(two);
    EXPECT_FALSE(reader.take(0x30));
    EXPECT_FALSE(reader.take(0x04)) << "it stays failed";
    EXPECT_TRUE(der_reader("").at_end());
}

} // namespace
} // namespace winrm::auth::spnego
