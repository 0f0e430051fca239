#include "base/secret.h"

#include <winrm/credentials.h>

#include <gtest/gtest.h>

#include <type_traits>

using namespace winrm::base;

static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
static_assert(std::is_nothrow_move_constructible_v<secret>);

TEST(secret, taking_the_text_leaves_nothing_behind)
{
    for (const std::string& clear : {std::string("short"), std::string(100, 'k')}) {
        std::string text = clear;
        char* const place = text.data();
        const secret s(std::move(text));
        EXPECT_EQ(s.reveal(), clear);
        if (clear.size() >= 16) continue; // the heap block was taken over
        EXPECT_EQ(std::string(place, clear.size()), std::string(clear.size(), '\0'));
    }
}

TEST(secret, moving_leaves_nothing_behind)
{
    secret a(std::string("short"));
    const char* const place = a.reveal().data();
    const secret b(std::move(a));
    EXPECT_EQ(b.reveal(), "short");
    EXPECT_EQ(std::string(place, 5), std::string(5, '\0'));

    secret c(std::string("other"));
    secret d(std::string("gone"));
    const char* const second = c.reveal().data();
    d = std::move(c);
    EXPECT_EQ(d.reveal(), "other");
    EXPECT_EQ(std::string(second, 5), std::string(5, '\0'));
    EXPECT_EQ(d.clone().reveal(), "other");
    EXPECT_FALSE(d.empty());
}

TEST(secret, compares_by_content)
{
    const auto of = [](const char* text) { return secret(std::string(text)); };
    EXPECT_EQ(of("key"), of("key"));
    EXPECT_EQ(of(""), secret());
    for (const char* other : {"", "ke", "kex", "Key", "keyy"}) EXPECT_NE(of("key"), of(other)) << other;
}

TEST(secret, wipe_overwrites)
{
    char memory[] = "password";
    wipe(memory, 8);
    EXPECT_EQ(std::string(memory, 8), std::string(8, '\0'));
    wipe(nullptr, 0);
}

TEST(credentials, copies_share_one_password)
{
    winrm::credentials none;
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.user(), "");
    EXPECT_EQ(none.password(), "");
    const winrm::credentials c("ada", "lovelace");
    const winrm::credentials copy = c;
    EXPECT_EQ(copy.user(), "ada");
    EXPECT_EQ(copy.password(), "lovelace");
    EXPECT_EQ(copy.password().data(), c.password().data());
}
