#include "http/media_type.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

TEST(media_type, type_and_charset)
{
    struct row
    {
        std::string_view value, type, charset;
    };
    const row rows[] = {
        {"", "", ""},
        {"application/soap+xml", "application/soap+xml", ""},
        {"Application/SOAP+XML;charset=UTF-8", "application/soap+xml", "UTF-8"},
        {"application/soap+xml ; CHARSET = \"utf-16\" ", "application/soap+xml", "utf-16"},
        {"application/soap+xml;action=\"a;charset=x\";charset=UTF-16", "application/soap+xml", "UTF-16"},
        {"multipart/encrypted;protocol=\"p\";boundary=\"Encrypted Boundary\"", "multipart/encrypted", ""},
        {"a/b;charset", "a/b", ""},
        {"a/b;charset=\"", "a/b", "\""},
        {"a/b;x=\"never closed;charset=UTF-8", "a/b", ""},
        {";;;", "", ""},
    };
    for (const row& r : rows) {
        const media_type got = parse_media_type(r.value);
        EXPECT_EQ(got.type, r.type) << r.value;
        EXPECT_EQ(got.charset, r.charset) << r.value;
    }
}

TEST(list_has, finds_whole_words_in_any_case)
{
    EXPECT_TRUE(list_has("close", "close"));
    EXPECT_TRUE(list_has("Keep-Alive, Close", "close"));
    EXPECT_TRUE(list_has(" ,CLOSE ,", "close"));
    EXPECT_FALSE(list_has("", "close"));
    EXPECT_FALSE(list_has("closed, not-close", "close"));
}

} // namespace
} // namespace winrm::http
