#include "cli/explain.h"

#include "wsman/fault_code.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

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

TEST(Explain, s23_WhatAnHresultCarriesIsExplained)
{
    EXPECT_EQ(explain(0xC0070005), explain(5));
    EXPECT_EQ(explain(0x80072EE2), explain(12002));
    EXPECT_EQ(explain(0x80190191), explain(401)) << "HTTP_E_STATUS_DENIED";
    EXPECT_EQ(explain(0xD0000064), explain(0xC0000064)) << "HRESULT_FROM_NT";
    EXPECT_EQ(explain(0x80070191), nullptr) << "Windows' 401 is not HTTP's";
    EXPECT_EQ(explain(0x80190005), nullptr) << "and HTTP has no 5";
    EXPECT_EQ(unwrap(0x80070407)->code, 1031U);
    EXPECT_EQ(unwrap(0x80070407)->family, "Windows");
    EXPECT_FALSE(unwrap(0x8033805B));
    EXPECT_FALSE(unwrap(5));
}

TEST(Explain, s23_EightHexadecimalDigitsWithout0x)
{
    EXPECT_EQ(meant_as_hex("80070005"), 0x80070005U);
    EXPECT_EQ(meant_as_hex("8009030C"), 0x8009030CU);
    EXPECT_EQ(meant_as_hex("c0000005"), 0xC0000005U);
    for (const char* text : {"", "5", "2150858843", "12345678", "0x800700", "-8007000", "8007000G"})
        EXPECT_FALSE(meant_as_hex(text)) << text;
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

TEST(Explain, EveryFaultOfOursHasARow)
{
    ASSERT_FALSE(winrm::wsman::fault_table().empty());
    for (const auto& fault : winrm::wsman::fault_table()) {
        const auto code = static_cast<std::uint32_t>(fault.code);
        EXPECT_NE(explain(code), nullptr) << hex_code(code) << ' ' << fault.name;
    }
}

TEST(Explain, AdviceFitsEveryConditionThatSharesACode)
{
    const auto says = [](std::uint32_t code, winrm::base::bytes_view word) {
        const auto* e = explain(code);
        ASSERT_NE(e, nullptr) << hex_code(code);
        EXPECT_NE((std::string(e->meaning) + std::string(e->advice)).find(word), std::string::npos)
            << hex_code(code) << " without " << word;
    };
    for (const auto* word : {"program", "working directory", "home", "PATH", "--cwd"}) says(0x80070002, word);
    for (const auto* word : {"program", "account", "run"}) says(5, word);
}
