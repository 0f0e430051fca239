#include "crypto/digest.h"

#include <gtest/gtest.h>

namespace winrm::crypto {
namespace {

TEST(keyed_digest, the_same_text_gives_the_same_value_under_one_key)
{
    const keyed_digest digest;
    for (const base::bytes_view text : {"", "a", "Basic YWRhOnB3"}) {
        EXPECT_TRUE(keyed_digest::equal(digest.of(text), digest.of(std::string{text}))) << text;
    }
}

TEST(keyed_digest, another_text_or_another_key_gives_another_value)
{
    const keyed_digest one, other;
    EXPECT_FALSE(keyed_digest::equal(one.of("Basic YWRhOnB3"), one.of("Basic YWRhOnB4")));
    EXPECT_FALSE(keyed_digest::equal(one.of(""), one.of(base::bytes_view{"\0", 1})));
    EXPECT_FALSE(keyed_digest::equal(one.of("a"), other.of("a")));
    EXPECT_FALSE(keyed_digest::equal(one.of("a"), keyed_digest::value{}));
}

TEST(equal_secret, compares_whole_texts)
{
    struct row
    {
        base::bytes_view a, b;
        bool equal;
    };
    const row rows[] = {{"", "", true},
                        {"a", "a", true},
                        {"a", "b", false},
                        {"a", "", false},
                        {"ab", "a", false},
                        {"pass", "pasS", false},
                        {{"a\0b", 3}, {"a\0c", 3}, false}};
    for (const row& r : rows) EXPECT_EQ(equal_secret(r.a, r.b), r.equal) << r.a << '/' << r.b;
}

} // namespace
} // namespace winrm::crypto
