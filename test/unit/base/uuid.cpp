#include "base/uuid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

using namespace winrm::base;

TEST(uuid, random_has_version_and_variant_of_rfc9562)
{
    const auto ones = uuid::random([](char* p, std::size_t n) { std::fill_n(p, n, '\xFF'); });
    EXPECT_EQ(ones.text(), "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF");
    const auto zeros = uuid::random([](char* p, std::size_t n) { std::fill_n(p, n, '\0'); });
    EXPECT_EQ(zeros.text(), "00000000-0000-4000-8000-000000000000");
    EXPECT_EQ(zeros.urn(), "uuid:00000000-0000-4000-8000-000000000000");
}

TEST(uuid, system_random_does_not_repeat)
{
    std::set<std::string> seen;
    const auto source = system_random();
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(uuid::random(source).text()).second);
}

TEST(uuid, reads_every_form_in_use)
{
    const std::string canonical = "D00059E8-57D6-4035-AD8D-3EDC495DA163";
    for (const char* text :
         {"D00059E8-57D6-4035-AD8D-3EDC495DA163", "d00059e8-57d6-4035-ad8d-3edc495da163",
          "uuid:D00059E8-57D6-4035-AD8D-3EDC495DA163", "urn:uuid:d00059e8-57d6-4035-ad8d-3edc495da163",
          "{D00059E8-57D6-4035-AD8D-3EDC495DA163}", "UUID:D00059E8-57D6-4035-AD8D-3EDC495DA163"}) {
        const auto read = uuid::parse(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->text(), canonical);
    }
    for (const char* text :
         {"", "uuid:", "D00059E8-57D6-4035-AD8D-3EDC495DA16", "D00059E8-57D6-4035-AD8D-3EDC495DA1634",
          "D00059E8x57D6-4035-AD8D-3EDC495DA163", "G00059E8-57D6-4035-AD8D-3EDC495DA163",
          "D00059E857D64035AD8D3EDC495DA163", "{D00059E8-57D6-4035-AD8D-3EDC495DA163",
          " D00059E8-57D6-4035-AD8D-3EDC495DA163", "D00059E8-57D6-4035-AD8D3-EDC495DA163"}) {
        EXPECT_FALSE(uuid::parse(text)) << text;
    }
}
