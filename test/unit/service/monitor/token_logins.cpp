// Tokens between fronts and the process that reads them, under a clock of its own.
#include "service/monitor/token_logins.h"

#include <gtest/gtest.h>

namespace winrm::service::monitor {
namespace {

using base::milliseconds;

struct fixture
{
    void ask(std::uint64_t front, std::uint64_t connection, const std::string& token,
             milliseconds later = milliseconds{0})
    {
        wire::login_request r;
        r.connection = connection;
        r.scheme = "NTLM";
        r.token = token;
        r.tls = connection == 5;
        all.ask(front, std::move(r), "tls-server-end-point:x", now, now + later);
    }
    static wire::token_answer answer(std::uint64_t step, wire::login_verdict verdict = wire::login_verdict::go_on)
    {
        wire::token_answer a;
        a.step = step;
        a.verdict = verdict;
        return a;
    }
    token_logins all;
    base::time_point now{};
};

TEST(token_logins, a_step_is_sent_once_and_its_answer_finds_its_way)
{
    fixture f;
    f.ask(1, 5, "one");
    const auto step = f.all.poll_step(f.now);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->token, "one");
    EXPECT_EQ(step->front, 1u);
    EXPECT_EQ(step->end_point, "tls-server-end-point:x") << "as the monitor knows it";
    EXPECT_EQ(step->connection, 5u);
    EXPECT_FALSE(f.all.poll_step(f.now));
    EXPECT_FALSE(f.all.answered(fixture::answer(step->step + 1))) << "nobody asked that";
    const auto q = f.all.answered(fixture::answer(step->step));
    ASSERT_TRUE(q);
    EXPECT_EQ(q->request.connection, 5u);
    EXPECT_TRUE(q->request.token.empty());
    EXPECT_FALSE(f.all.answered(fixture::answer(step->step))) << "twice";
    EXPECT_TRUE(f.all.drop(1, 5)) << "it may hold a row";
    EXPECT_FALSE(f.all.drop(1, 5));
}

/// The row stays while a domain is asked; its answer goes where the question came from.
TEST(token_logins, a_login_goes_on_with_what_a_domain_says)
{
    fixture f;
    f.ask(1, 5, "one");
    const auto step = f.all.poll_step(f.now);
    auto q = f.all.answered(fixture::answer(step->step, wire::login_verdict::ask_account));
    ASSERT_TRUE(q);
    q->counted = "ada";
    f.all.resume(std::move(*q), "CORP\\ada", base::secret{std::string(16, 'k')}, f.now);
    const auto next = f.all.poll_step(f.now);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->connection, 5u);
    EXPECT_EQ(next->token, "");
    EXPECT_EQ(next->account, "CORP\\ada");
    EXPECT_EQ(next->session_key.reveal(), std::string(16, 'k'));
    const auto end = f.all.answered(fixture::answer(next->step, wire::login_verdict::accepted));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->counted, "ada");
    EXPECT_FALSE(f.all.drop(1, 5));
}

TEST(token_logins, a_step_that_the_gate_holds_waits_for_its_time)
{
    fixture f;
    f.ask(1, 5, "one", milliseconds{500});
    f.ask(1, 6, "two");
    const auto clear = f.all.poll_step(f.now);
    EXPECT_EQ(clear->connection, 6u);
    EXPECT_EQ(clear->end_point, "") << "without TLS there is none";
    EXPECT_FALSE(f.all.poll_step(f.now));
    EXPECT_EQ(f.all.deadline(), f.now + milliseconds{500});
    f.now += milliseconds{500};
    EXPECT_EQ(f.all.poll_step(f.now)->connection, 5u);
}

TEST(token_logins, who_gets_no_answer_is_told_so)
{
    fixture f;
    f.ask(1, 5, "one");
    const auto step = f.all.poll_step(f.now);
    f.now += token_logins::longest_step - milliseconds{1};
    EXPECT_TRUE(f.all.handle_timeout(f.now).empty());
    f.now += milliseconds{1};
    EXPECT_EQ(f.all.deadline(), f.now);
    const auto late = f.all.handle_timeout(f.now);
    ASSERT_EQ(late.size(), 1u);
    EXPECT_EQ(late[0].request.connection, 5u);
    EXPECT_FALSE(f.all.answered(fixture::answer(step->step))) << "too late, and of no later login";
    EXPECT_TRUE(f.all.drop(1, 5));
    EXPECT_EQ(f.all.deadline(), base::time_point::max());
}

TEST(token_logins, what_ends_takes_its_steps_with_it)
{
    fixture f;
    for (std::uint64_t front = 1; front <= 2; ++front)
        for (std::uint64_t connection = 0; connection < 3; ++connection) f.ask(front, connection, "t");
    while (f.all.poll_step(f.now)) {}
    EXPECT_TRUE(f.all.drop(1, 0));
    EXPECT_EQ(f.all.size(), 5u);
    f.all.drop(1);
    EXPECT_EQ(f.all.size(), 3u);
    EXPECT_FALSE(f.all.drop(1, 1));
    EXPECT_EQ(f.all.lost().size(), 3u);
    EXPECT_EQ(f.all.size(), 0u);
    EXPECT_FALSE(f.all.drop(2, 0)) << "the process that knew it has gone";
}

} // namespace
} // namespace winrm::service::monitor
