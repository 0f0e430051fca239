#include <winrm/result.h>

#include <gtest/gtest.h>

#include <set>

using namespace winrm;

TEST(error, every_code_has_its_own_name)
{
    std::set<std::string_view> names;
    for (int c = 0; c <= static_cast<int>(errc::fault); ++c) {
        EXPECT_TRUE(names.insert(name(static_cast<errc>(c))).second) << c;
    }
    EXPECT_EQ(name(errc::login_denied), "login_denied");
    EXPECT_EQ(origin_of(errc::bad_target), error_origin::usage);
    EXPECT_EQ(origin_of(errc::timeout), error_origin::transport);
    EXPECT_EQ(origin_of(errc::login_denied), error_origin::protocol);
    EXPECT_EQ(origin_of(errc::fault), error_origin::fault);
}

TEST(error, the_peers_words_are_shown_harmless)
{
    const auto e = error{errc::not_wsman, "the host answered with a web page"}
                       .with_peer_text("\x1B[31mLogin\n")
                       .with_http_status(403);
    EXPECT_EQ(to_string(e), "the host answered with a web page: \\x1b[31mLogin\\x0a");
    EXPECT_EQ(e.http_status(), 403);
    EXPECT_EQ(e.fault(), nullptr);
    EXPECT_EQ(to_string(error{errc::connect, "the port refuses connections"}), "the port refuses connections");
}

TEST(error, a_fault_goes_along)
{
    fault_info info;
    info.code = 5;
    info.reason = "reason";
    const error plain{errc::fault, "the host refused", info};
    EXPECT_EQ(to_string(plain), "the host refused: reason");
    info.message = " message \n";
    const error both{errc::fault, "the host refused", info};
    EXPECT_EQ(to_string(both), "the host refused: message");
    const error copy = both;
    EXPECT_EQ(copy.fault(), both.fault());
}

TEST(error, every_remedy_has_its_own_name)
{
    std::set<std::string_view> names;
    for (int r = 0; r <= static_cast<int>(remedy::list_shells); ++r)
        EXPECT_TRUE(names.insert(name(static_cast<remedy>(r))).second) << r;
    EXPECT_EQ(name(remedy::raise_timeout), "raise_timeout");
    EXPECT_EQ(error(errc::connect, "x").remedy(), remedy::none);
}

/// An error that is passed on in other words keeps all that it knew.
TEST(error, other_words_lose_nothing)
{
    fault_info info;
    info.code = 5;
    const auto e = error{errc::fault, "it is late", info}
                       .with_remedy(remedy::raise_timeout)
                       .with_peer_text("words")
                       .with_http_status(500)
                       .with_offered({"Basic"})
                       .with_delivery(delivery::not_sent);
    const auto other = error(e).with_message(errc::timeout, "at last: ", ", and over").with_remedy(remedy::list_shells);
    EXPECT_EQ(other.code(), errc::timeout);
    EXPECT_EQ(other.message(), "at last: it is late, and over");
    EXPECT_EQ(other.peer_text(), "words");
    EXPECT_EQ(other.http_status(), 500);
    EXPECT_EQ(other.offered(), e.offered());
    EXPECT_EQ(other.delivery(), delivery::not_sent);
    EXPECT_EQ(other.fault(), e.fault());
    EXPECT_EQ(other.remedy(), remedy::raise_timeout) << "the first: what the failure came from";
    ASSERT_EQ(other.remedies().size(), 2U);
    EXPECT_EQ(other.message().substr(other.remedies()[0].at), ", and over");
    EXPECT_EQ(other.remedies()[1].at, other.message().size());
}

TEST(result, holds_one_or_the_other)
{
    const result<int> good = 7;
    EXPECT_TRUE(good);
    EXPECT_EQ(*good, 7);
    const result<int> bad = error{errc::timeout, "late"};
    EXPECT_FALSE(bad);
    EXPECT_EQ(bad.error().code(), errc::timeout);
    const result<void> done;
    EXPECT_TRUE(done);
}
