// S8: every wait of a server_connection ends, shown with a clock of our own.
#include "server_driver.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using namespace test;
using base::milliseconds;

/// Rings exactly when asked to, as a loop would, until the connection has nothing more to wait for.
milliseconds ring_until_closed(server_driver& d)
{
    const auto begin = d.now;
    for (int i = 0; i < 10 && !d.closed && d.connection.deadline() != base::time_point::max(); ++i) {
        d.now = std::max(d.now, d.connection.deadline());
        d.ring();
    }
    EXPECT_TRUE(d.closed);
    return std::chrono::duration_cast<milliseconds>(d.now - begin);
}

TEST(server_time, S8_silence_before_a_login_ends_early_and_after_one_late)
{
    server_driver d;
    d.advance(milliseconds{59'999});
    d.ring();
    EXPECT_FALSE(d.closed);
    d.advance(milliseconds{1});
    d.ring();
    EXPECT_TRUE(d.closed);
    EXPECT_EQ(d.said, "");

    server_driver known;
    known.feed(post("one"));
    const milliseconds waited = ring_until_closed(known);
    EXPECT_EQ(waited, milliseconds{600'000});
    EXPECT_EQ(known.statuses(), "200");
}

TEST(server_time, S8_a_head_must_be_whole_in_its_time_however_it_drips)
{
    server_driver d;
    const std::string text = post("one");
    for (std::size_t i = 0; i < 19; ++i) {
        d.feed(text.substr(i, 1));
        d.advance(milliseconds{1000});
        d.ring();
    }
    EXPECT_EQ(d.said, "");
    d.advance(milliseconds{1000});
    d.ring();
    EXPECT_EQ(d.statuses(), "408");
    EXPECT_TRUE(d.closed);
}

TEST(server_time, S8_a_body_must_be_whole_in_its_time)
{
    server_driver d;
    const std::string text = post("hello");
    d.feed(text.substr(0, text.size() - 1));
    const milliseconds waited = ring_until_closed(d);
    EXPECT_EQ(waited, milliseconds{120'000});
    EXPECT_EQ(d.statuses(), "408");
    EXPECT_TRUE(d.requests.empty());
}

TEST(server_time, S8_a_refused_body_must_come_in_its_time_too)
{
    server_driver d;
    const std::string text = post("hello", "");
    d.feed(text.substr(0, text.size() - 1));
    EXPECT_EQ(d.statuses(), "401");
    EXPECT_EQ(ring_until_closed(d), milliseconds{120'000});
    EXPECT_EQ(d.statuses(), "401");
}

TEST(server_time, logins_and_answers_take_as_long_as_they_take)
{
    server_driver d;
    d.answering = false;
    const std::string text = post("hello");
    d.feed(text.substr(0, text.size() - 5));
    EXPECT_EQ(d.connection.deadline(), base::time_point::max());
    d.advance(milliseconds{3'600'000}); // the login takes an hour: the body's time begins afterwards
    d.connection.login_answered(auth::login_verdict::accepted, {}, d.now);
    d.settle();
    d.ring();
    EXPECT_FALSE(d.closed);
    EXPECT_EQ(d.connection.deadline(), d.now + milliseconds{120'000});
    d.feed("hello");
    EXPECT_EQ(d.requests.size(), 1u);
    EXPECT_EQ(d.connection.deadline(), base::time_point::max());
    d.connection.respond(200, "x", "application/soap+xml", d.now);
    d.settle();
    EXPECT_EQ(d.connection.deadline(), d.now + milliseconds{600'000});
}

TEST(server_time, an_answer_that_never_comes_is_503_and_frees_the_place)
{
    server_options o = safe_options();
    o.answer_time = milliseconds{90'000};
    server_driver d{o};
    d.answering = false;
    d.feed(post("hello"));
    d.connection.login_answered(auth::login_verdict::accepted, {}, d.now);
    d.settle();
    ASSERT_EQ(d.requests.size(), 1u);
    const milliseconds waited = ring_until_closed(d);
    EXPECT_EQ(waited, milliseconds{90'000});
    EXPECT_EQ(d.statuses(), "503");
    d.connection.respond(200, "late", "application/soap+xml", d.now);
    d.settle();
    EXPECT_EQ(d.statuses(), "503");
}

TEST(server_time, a_ring_too_early_changes_nothing)
{
    server_driver d;
    const auto due = d.connection.deadline();
    d.ring();
    EXPECT_EQ(d.connection.deadline(), due);
    EXPECT_FALSE(d.closed);
}

} // namespace
} // namespace winrm::http
