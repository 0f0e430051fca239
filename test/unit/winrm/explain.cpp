#include "winrm/explain.h"

#include "wsman/fault_code.h"

#include <gtest/gtest.h>

#include <set>

using namespace winrm::cli;

TEST(Explain, AllSpellingsOfACode)
{
    for (const char* text : {"2150858843", "0x8033805B", "0X8033805b", "-2144108453"})
        EXPECT_EQ(parse_code(text), 0x8033805BU) << text;
    EXPECT_EQ(parse_code("5"), 5U);
    EXPECT_EQ(parse_code("-1"), 0xFFFFFFFFU);
    EXPECT_EQ(parse_code("-2147483648"), 0x80000000U);
    EXPECT_EQ(parse_code("4294967295"), 0xFFFFFFFFU);
}

TEST(Explain, WhatIsNoCode)
{
    for (const char* text : {"", "-", "0x", "x5", "0x123456789", "-0x5", "4294967296", "-2147483649", "5 ",
                             "0x8033805G", "12a", "99999999999999999999"}) {
        EXPECT_FALSE(parse_code(text)) << text;
    }
}

TEST(Explain, KnownWrappedAndUnknown)
{
    ASSERT_NE(explain(0x8033805B), nullptr);
    EXPECT_NE(explain(0x8033805B)->meaning.find("shell"), winrm::base::bytes_view::npos);
    ASSERT_NE(explain(0x80070005), nullptr); // HRESULT of a Win32 code
    EXPECT_EQ(explain(0x80070005), explain(5));
    EXPECT_EQ(explain(0x800703FA), explain(1018));
    EXPECT_EQ(explain(0x12345678), nullptr);
    EXPECT_EQ(explain(0), nullptr);
}

TEST(Explain, TableIsSound)
{
    std::set<std::uint32_t> seen;
    for (const auto& e : explanation_table()) {
        EXPECT_TRUE(seen.insert(e.code).second) << hex_code(e.code) << " stands twice";
        EXPECT_FALSE(e.meaning.empty() || e.advice.empty() || e.family.empty()) << hex_code(e.code);
        EXPECT_NE(e.meaning.back(), '.') << hex_code(e.code);
        EXPECT_NE(e.advice.back(), '.') << hex_code(e.code);
        EXPECT_EQ((e.meaning.find('\n') & e.advice.find('\n')), winrm::base::bytes_view::npos) << hex_code(e.code);
    }
}

TEST(Explain, SharesItsNumbersWithTheFaultsWeSend)
{
    for (const auto code :
         {winrm::wsman::fault_code::unexpected_selectors, winrm::wsman::fault_code::operation_timed_out,
          winrm::wsman::fault_code::quota_shells_per_user, winrm::wsman::fault_code::access_denied}) {
        EXPECT_NE(explain(static_cast<std::uint32_t>(code)), nullptr) << hex_code(static_cast<std::uint32_t>(code));
    }
}
