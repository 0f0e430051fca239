// The pauses between the Receives of one command, in virtual time.
#include "shell/pace.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace winrm;
using shell::pace;
using answer = shell::pace::answer;
using ms = base::milliseconds;

/// How often a host is asked that answers each Receive with `what` after `took`, until `until` on a clock of its own.
int asked(pace& p, answer what, ms took, ms until)
{
    int times = 0;
    for (ms now{0}; now < until; ++times) now += took + p.answered(what, took);
    return times;
}

TEST(pace, a_host_that_does_not_wait_is_asked_ever_more_seldom)
{
    for (const auto what : {answer::timed_out, answer::empty}) {
        pace p{{}};
        std::vector<int> rests;
        for (int i = 0; i < 9; ++i) rests.push_back(static_cast<int>(p.answered(what, ms{3}).count()));
        if (what == answer::empty) {
            EXPECT_EQ(rests, (std::vector<int>{0, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000}));
        } else {
            EXPECT_EQ(rests, (std::vector<int>{250, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000}));
        }
        pace whole_hour{{}};
        EXPECT_LT(asked(whole_hour, what, ms{1}, std::chrono::hours(1)), 460);
    }
}

TEST(pace, output_and_answers_after_a_long_poll_are_never_kept_waiting)
{
    pace p{{}};
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(p.answered(answer::progress, ms{0}).count(), 0) << i;
    for (const auto what : {answer::timed_out, answer::empty}) {
        for (int i = 0; i < 1000; ++i) ASSERT_EQ(p.answered(what, ms{500}).count(), 0) << i;
    }
    for (int i = 0; i < 1000; ++i) { // a stream's end now and then between pieces of output
        ASSERT_EQ(p.answered(answer::empty, ms{1}).count(), 0) << i;
        ASSERT_EQ(p.answered(answer::progress, ms{1}).count(), 0) << i;
    }
}

TEST(pace, news_and_a_long_wait_begin_anew)
{
    const struct
    {
        answer what;
        ms took;
    } rows[] = {{answer::progress, ms{0}}, {answer::timed_out, ms{500}}, {answer::empty, ms{60'000}}};
    for (const auto& r : rows) {
        pace p{{}};
        for (int i = 0; i < 5; ++i) static_cast<void>(p.answered(answer::timed_out, ms{1}));
        EXPECT_EQ(p.answered(r.what, r.took).count(), 0);
        EXPECT_EQ(p.answered(answer::timed_out, ms{1}).count(), 250);
    }
}

TEST(pace, a_lost_connection_is_made_again_at_once_and_then_with_pauses_up_to_the_third_time)
{
    pace p{{}};
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(p.failed(errc::connection_lost), ms{0});
        EXPECT_EQ(p.failed(errc::connect), ms{1'000});
        EXPECT_EQ(p.failed(errc::unresolved), ms{3'000});
        EXPECT_EQ(p.failed(errc::connect), std::nullopt);
        EXPECT_EQ(p.failed(errc::connection_lost), std::nullopt);
        static_cast<void>(p.answered(answer::timed_out, ms{60'000})); // it works again
    }
}

TEST(pace, silence_is_tried_once_more_and_other_failures_never)
{
    pace p{{}};
    EXPECT_EQ(p.failed(errc::timeout), ms{0});
    EXPECT_EQ(p.failed(errc::timeout), std::nullopt);
    for (const errc why : {errc::answer_cut, errc::tls, errc::certificate, errc::login_denied, errc::protocol,
                           errc::http_status, errc::too_large, errc::not_wsman, errc::cancelled})
        EXPECT_EQ(pace{{}}.failed(why), std::nullopt) << name(why);
}

} // namespace
