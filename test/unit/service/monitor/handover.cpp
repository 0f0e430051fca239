#include "service/monitor/handover.h"

#include <gtest/gtest.h>

using namespace winrm::service::monitor;

namespace {

winrm::io::unique_fd some()
{
    handover h;
    h.add(42);
    h.add("");
    h.add(std::string_view{"a:b\0c\n", 6});
    h.add(std::string(5000, 'x'));
    return h.descriptor();
}

TEST(Handover, WordsComeInOrderWhateverIsInThem)
{
    auto fd = some();
    ASSERT_TRUE(fd);
    taken_over words{fd.release()};
    EXPECT_EQ(words.number(), 42u);
    EXPECT_EQ(words.word(), "");
    EXPECT_EQ(words.word(), (std::string{"a:b\0c\n", 6}));
    EXPECT_FALSE(words.complete());
    EXPECT_EQ(words.word().size(), 5000u);
    EXPECT_TRUE(words.complete());
    EXPECT_EQ(words.word(), "");
    EXPECT_FALSE(words.good());
}

TEST(Handover, WhatIsMissingOrNoNumberIsNotGood)
{
    auto fd = some();
    taken_over words{fd.release()};
    (void)words.word();
    (void)words.number();
    EXPECT_FALSE(words.good());
    EXPECT_FALSE(words.complete());
    taken_over nothing{-1};
    EXPECT_FALSE(nothing.complete());
}

} // namespace
