#include "service/monitor/login_desk.h"

#include "service/monitor/account.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unistd.h>

using namespace winrm;
using namespace winrm::service;
using namespace winrm::service::monitor;

namespace {

/// Every question goes to a real child, which knows one right password.
class LoginDesk : public testing::Test
{
protected:
    void SetUp() override
    {
        const auto found = find_account(::geteuid());
        if (!found) GTEST_SKIP() << "SKIPPED: this uid has no account";
        me = found->name;
    }
    login_policy policy() const
    {
        login_policy p;
        p.how = backend::throw_away;
        p.permit_root = true;
        p.throw_away_user = me;
        p.throw_away_password = base::secret{std::string{"right"}};
        return p;
    }
    /// @param then  called with the answer
    /// @return index in `answers`
    std::size_t ask(const std::string& peer, const std::string& user, const char* password, std::uint64_t front = 1,
                    std::function<void()> then = {})
    {
        const std::size_t index = answers.size();
        answers.emplace_back();
        wire::login_request q;
        q.connection = index;
        q.peer = peer;
        q.user = user;
        q.password = base::secret{std::string{password}};
        desk->ask(front, std::move(q), [this, index, then](const wire::login_request&, login_result r) {
            order.push_back(index);
            answers[index] = std::move(r);
            if (then) then();
        });
        return index;
    }
    /// The end of a login by tokens.
    std::size_t ask_token(const std::string& peer, const std::string& account, bool proved,
                          std::function<void()> then = {})
    {
        const std::size_t index = answers.size();
        answers.emplace_back();
        wire::login_request q;
        q.connection = index;
        q.peer = peer;
        q.scheme = "Negotiate";
        token_outcome outcome;
        outcome.proved = proved;
        outcome.reason = proved ? "" : "wrong_password";
        outcome.facts.account = account;
        outcome.came = loop.now();
        desk->ask(1, std::move(q), std::move(outcome), [this, index, then](const wire::login_request&, login_result r) {
            order.push_back(index);
            answers[index] = std::move(r);
            if (then) then();
        });
        return index;
    }
    bool answered(std::size_t index)
    {
        while (!answers[index] && loop.run_one()) {}
        return answers[index].has_value();
    }
    void make(std::size_t parallel, base::milliseconds longest_stay = login_desk::usual_stay)
    {
        desk = std::make_unique<login_desk>(
            loop, family, how ? std::move(*how) : policy(), parallel, log,
            [this](std::uint64_t, std::uint64_t connection) { begun.push_back(connection); }, longest_stay);
    }
    /// Somebody who asks again as soon as he is answered, from where `source` says for the number of the question.
    void crowd(const std::string& user, const char* password, const std::function<std::string(int)>& source)
    {
        ask(source(asked++), user, password, 1, [this, user, password, source] {
            if (asked < 50'000) loop.post([this, user, password, source] { crowd(user, password, source); });
        });
    }
    /// How many were answered before. Not the size of `order`: more than one check may end within a turn of the loop.
    [[nodiscard]] std::size_t turn_of(std::size_t index) const
    {
        return static_cast<std::size_t>(std::find(order.begin(), order.end(), index) - order.begin());
    }

    io::loop loop;
    children family{loop};
    base::null_log log;
    std::string me;
    std::optional<login_policy> how; ///< instead of policy()
    std::vector<std::optional<login_result>> answers;
    std::vector<std::size_t> order;
    std::vector<std::uint64_t> begun;
    int asked = 0;
    std::unique_ptr<login_desk> desk;
};

TEST_F(LoginDesk, SourcesTakeTurns)
{
    make(1);
    std::vector<std::size_t> crowd;
    for (int i = 0; i < 8; ++i) crowd.push_back(ask("10.0.0.1", "user" + std::to_string(i), "wrong"));
    const std::size_t guest = ask("10.0.0.2", me, "right");
    ASSERT_TRUE(answered(guest));
    EXPECT_TRUE(answers[guest]->who);
    EXPECT_EQ(turn_of(crowd[0]), 0u);
    EXPECT_EQ(turn_of(guest), 1u);
    ASSERT_TRUE(answered(crowd.back()));
    EXPECT_EQ(answers[crowd.back()]->reason, "wrong_password_or_user");
}

TEST_F(LoginDesk, WhoIsKnownGoesAheadOfNewFaces)
{
    make(1);
    const std::size_t before = ask("10.0.0.9", me, "right");
    ASSERT_TRUE(answered(before));
    for (int i = 0; i < 8; ++i) ask("10.0.1." + std::to_string(i), "user", "wrong");
    const std::size_t known = ask("10.0.0.9", me, "right");
    ASSERT_TRUE(answered(known));
    EXPECT_EQ(turn_of(before), 0u);
    EXPECT_EQ(turn_of(before + 1), 1u);
    EXPECT_EQ(turn_of(known), 2u);
}

TEST_F(LoginDesk, OneAccountFromOneSourceLeavesPlacesToOthers)
{
    make(4);
    ASSERT_TRUE(answered(ask("10.0.0.1", me, "right"))); // so that it may ask more than three times at once
    for (int i = 0; i < 8; ++i) ask("10.0.0.1", me, "right");
    EXPECT_EQ(desk->running(), 3u);
    ask("10.0.0.1", "other", "wrong");
    EXPECT_EQ(desk->running(), 4u);
    EXPECT_EQ(begun.size(), 5u);
}

TEST_F(LoginDesk, NewSourcesDoNotGoAheadOfWhoWaits)
{
    make(2);
    const auto fresh = [](int number) {
        return "10.1." + std::to_string(number / 250) + '.' + std::to_string(number % 250);
    };
    for (int i = 0; i < 6; ++i) crowd("user", "wrong", fresh);
    std::vector<std::size_t> mine;
    for (int i = 0; i < 5; ++i) mine.push_back(ask("10.0.0.1", me, "right"));
    for (const std::size_t one : mine) ASSERT_TRUE(answered(one));
    EXPECT_LE(turn_of(mine.back()), 100u);
}

TEST_F(LoginDesk, KnownAccountsDoNotKeepNewOnesOfTheirSourceOut)
{
    for (const int failures : {0, 10}) {
        asked = 0;
        make(4);
        ASSERT_TRUE(answered(ask("10.0.0.1", me, "right")));
        for (int i = 0; i < failures; ++i) ASSERT_TRUE(answered(ask("10.0.0.1", "user" + std::to_string(i), "wrong")));
        const auto same = [](int) { return std::string{"10.0.0.1"}; };
        for (int i = 0; i < 8; ++i) crowd(me, "right", same);
        const std::size_t before = order.size(), fresh = ask("10.0.0.1", "fresh", "wrong");
        ASSERT_TRUE(answered(fresh));
        // After ten failures the gate lets it wait half a second, in which the others go on.
        if (failures == 0) {
            EXPECT_LE(turn_of(fresh) - before, 100u);
        }
        EXPECT_LT(asked, 50'000) << failures;
        desk.reset();
    }
}

TEST_F(LoginDesk, WhoHasWaitedTooLongIsToldSo)
{
    make(0, base::milliseconds{0}); // no slot ever becomes free
    const std::size_t late = ask("10.0.0.1", "user", "wrong");
    ASSERT_TRUE(answered(late));
    EXPECT_EQ(answers[late]->reason, "waited_too_long");
    EXPECT_TRUE(answers[late]->unavailable);
}

TEST_F(LoginDesk, ARowFullOfKnownOnesGivesWayToo)
{
    make(1);
    for (const char* source : {"10.0.0.1", "10.0.0.2"}) ASSERT_TRUE(answered(ask(source, me, "right")));
    for (std::size_t i = 0; i <= login_desk::max_waiting; ++i) ask("10.0.0.1", me, "right"); // one of them runs
    EXPECT_EQ(desk->waiting(), login_desk::max_waiting);
    const std::size_t known = ask("10.0.0.2", me, "right"), stranger = ask("10.0.0.3", "user", "wrong");
    EXPECT_FALSE(answers[known] || answers[stranger]);
    const std::size_t own = ask("10.0.0.1", me, "right");
    ASSERT_TRUE(answers[own]) << "takes no slot from others";
}

TEST_F(LoginDesk, GuessesThatRunCountAsFailuresUntilTheyAreNot)
{
    make(16);
    const base::time_point begin = loop.now();
    for (int i = 0; i < 12; ++i) ask("10.0.0.1", me, "wrong");
    EXPECT_EQ(desk->running(), 3u);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(answered(static_cast<std::size_t>(i)));
    while (begun.size() == 3) {
        EXPECT_EQ(desk->running(), 0u) << "the others wait for the gate";
        EXPECT_EQ(desk->waiting(), 9u);
        loop.run_one();
    }
    EXPECT_GE(loop.now() - begin, login_gate::first_delay);
}

TEST_F(LoginDesk, WhatNobodyWaitsForTakesNoPlace)
{
    make(2);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(answered(ask("10.0.0.1", me, "wrong")));
    std::vector<std::size_t> late;
    for (int i = 0; i < 4; ++i) late.push_back(ask("10.0.0.1", me, "wrong", i < 2 ? 1 : 2));
    EXPECT_EQ(desk->waiting(), 4u);
    desk->drop(1, late[0]);
    EXPECT_EQ(desk->waiting(), 3u);
    desk->drop(2, late[0]); // another front's number
    EXPECT_EQ(desk->waiting(), 3u);
    desk->drop(2);
    EXPECT_EQ(desk->waiting(), 1u);
    ASSERT_TRUE(answered(late[1]));
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, late[1]}));
}

TEST_F(LoginDesk, ADroppedLoginIsNoAnswerToTheNextOneOfItsConnection)
{
    make(4);
    for (const bool whole_front : {false, true}) {
        const std::size_t old = ask("10.0.0.1", me, "right");
        ASSERT_EQ(begun.back(), old); // its check runs
        if (whole_front) desk->drop(1);
        else desk->drop(1, old);
        std::optional<login_result> next;
        wire::login_request q;
        q.connection = old;
        q.peer = "10.0.0.2";
        q.user = me;
        q.password = base::secret{std::string{"wrong"}};
        desk->ask(1, std::move(q), [&](const wire::login_request&, login_result r) { next = std::move(r); });
        while ((!next || desk->running() != 0) && loop.run_one()) {}
        ASSERT_TRUE(next);
        EXPECT_FALSE(next->who);
        EXPECT_FALSE(answers[old]);
    }
}

TEST_F(LoginDesk, WhenItIsFullTheBusiestSourceGivesWay)
{
    make(1);
    ASSERT_TRUE(answered(ask("10.0.0.9", me, "right")));
    ask("10.0.0.8", "slow", "wrong"); // runs as long as this test does not turn the loop
    const std::size_t small = ask("10.0.0.2", "user", "wrong");
    std::size_t last = 0;
    for (std::size_t i = 0; i + 1 < login_desk::max_waiting; ++i)
        last = ask("10.0.0.1", "user" + std::to_string(i), "wrong");
    EXPECT_EQ(desk->waiting(), login_desk::max_waiting);

    const std::size_t own = ask("10.0.0.1", "one more", "wrong");
    ASSERT_TRUE(answers[own]);
    EXPECT_EQ(answers[own]->reason, "too_many_logins");
    EXPECT_TRUE(answers[own]->unavailable);
    EXPECT_FALSE(answers[last]);

    const std::size_t stranger = ask("10.0.0.3", me, "right");
    EXPECT_FALSE(answers[stranger]);
    ASSERT_TRUE(answers[last]);
    EXPECT_EQ(answers[last]->reason, "too_many_logins");
    EXPECT_EQ(desk->waiting(), login_desk::max_waiting);

    const std::size_t known = ask("10.0.0.9", me, "right");
    ASSERT_TRUE(answered(known));
    EXPECT_TRUE(answers[known]->who);
    ASSERT_TRUE(answered(stranger));
    EXPECT_TRUE(answers[stranger]->who);
    ASSERT_TRUE(answered(small));
    for (const std::size_t one : {known, stranger, small}) EXPECT_LE(turn_of(one), 8u) << "waited for the crowd";
}

TEST_F(LoginDesk, AnAccountThatIsKnownFindsAPlaceEvenInItsOwnCrowd)
{
    make(1);
    ASSERT_TRUE(answered(ask("10.0.0.1", me, "right")));
    for (std::size_t i = 0; i <= login_desk::max_waiting; ++i) ask("10.0.0.1", "user" + std::to_string(i), "wrong");
    EXPECT_EQ(desk->waiting(), login_desk::max_waiting);
    const std::size_t known = ask("10.0.0.1", me, "right");
    EXPECT_FALSE(answers[known]);
    EXPECT_EQ(desk->waiting(), login_desk::max_waiting);
}

TEST_F(LoginDesk, s8_1_RefusalsAreHeldAndSuccessesAreNot)
{
    make(2);
    desk->hold_refusals(base::milliseconds{300});
    const base::time_point begin = loop.now();
    const std::size_t unknown = ask("10.0.0.1", "nobody-of-that-name", "wrong"), wrong = ask("10.0.0.2", me, "wrong"),
                      right = ask("10.0.0.3", me, "right");
    ASSERT_TRUE(answered(right));
    EXPECT_FALSE(answers[unknown] || answers[wrong]);
    while (desk->held() < 2 && !answers[unknown] && !answers[wrong] && loop.run_one()) {} // their checks end later
    EXPECT_EQ(desk->held(), 2u);
    for (const std::size_t one : {unknown, wrong}) {
        ASSERT_TRUE(answered(one));
        EXPECT_GE(loop.now() - begin, base::milliseconds{300});
        EXPECT_EQ(answers[one]->reason, "wrong_password_or_user");
    }
    EXPECT_EQ(desk->held(), 0u);
}

TEST_F(LoginDesk, s8_1_WhatIsHeldTakesNoPlaceFromOtherSources)
{
    make(1);
    desk->hold_refusals(base::milliseconds{3'600'000}); // the highest floor
    std::vector<std::size_t> wrong;
    for (int i = 0; i < 8; ++i) wrong.push_back(ask("10.0.1." + std::to_string(i), "user", "wrong"));
    const std::size_t right = ask("10.0.0.1", me, "right");
    ASSERT_TRUE(answered(right));
    EXPECT_TRUE(answers[right]->who);
    EXPECT_EQ(desk->held(), wrong.size());
    EXPECT_EQ(desk->running(), 0u);
    EXPECT_EQ(order, std::vector<std::size_t>{right});
}

/// Else the second check of a source would begin when the first has ended, and its answer would tell when that was.
TEST_F(LoginDesk, s8_1_WhatIsHeldStillCountsForItsSourceAndAccount)
{
    make(2);
    desk->hold_refusals(base::milliseconds{3'600'000});
    for (int i = 0; i < 4; ++i) ask("10.0.0.1", "user" + std::to_string(i), "wrong");
    while (desk->held() < 2) loop.run_one();
    EXPECT_EQ(begun.size(), 2u);
    EXPECT_EQ(desk->waiting(), 2u);
    EXPECT_EQ(desk->running(), 0u);
    ASSERT_TRUE(answered(ask("10.0.0.2", me, "right"))) << "others go on";
    EXPECT_EQ(begun.size(), 3u);
}

/// S11: whether there is such an account is not told by time, in a login by tokens as little as with a password.
TEST_F(LoginDesk, s11_RefusalsOfTokensAreHeldAsLongAsThoseOfPasswords)
{
    make(2);
    desk->hold_refusals(base::milliseconds{300});
    const base::time_point begin = loop.now();
    const std::size_t wrong = ask_token("10.0.0.1", me, false), unknown = ask_token("10.0.0.2", "nobody-here", false),
                      nameless = ask_token("10.0.0.3", "", false), right = ask_token("10.0.0.4", me, true),
                      other = ask_token("10.0.0.5", "nobody-here", true);
    ASSERT_TRUE(answered(right));
    EXPECT_TRUE(answers[right]->who) << "proved, and the account may";
    EXPECT_FALSE(answers[wrong] || answers[unknown] || answers[nameless]);
    for (const std::size_t one : {wrong, unknown, nameless}) {
        ASSERT_TRUE(answered(one));
        EXPECT_GE(loop.now() - begin, base::milliseconds{300});
        EXPECT_EQ(answers[one]->reason, "wrong_password");
    }
    ASSERT_TRUE(answered(other));
    EXPECT_FALSE(answers[other]->who) << "proved, and the account may not";
    EXPECT_EQ(answers[other]->reason, "no_such_account");
}

/// Guesses by tokens wait in the same rows as guesses with passwords, and so does the right one behind them.
TEST_F(LoginDesk, GuessesByTokensAreSlowedDown)
{
    make(8);
    for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(answered(i % 2 == 0 ? ask_token("10.0.0.1", me, false) : ask("10.0.0.1", me, "wrong")));
    const base::time_point begin = loop.now();
    const std::size_t right = ask_token("10.0.0.1", me, true);
    EXPECT_EQ(desk->waiting(), 1u);
    ASSERT_TRUE(answered(right));
    EXPECT_TRUE(answers[right]->who);
    EXPECT_GE(loop.now() - begin, login_gate::first_delay);
    for (int i = 0; i < 12; ++i) ask_token("10.0.0.2", "", false); // nobody's: they count for their source
    while (desk->waiting() != 0 || desk->running() != 0) loop.run_one();
    EXPECT_GT(desk->admit("10.0.0.2"), loop.now());
    const base::time_point others = desk->admit("10.0.0.3");
    EXPECT_LE(others, loop.now());
}

/// S11: how often a name was tried, in whatever case, says nothing of whether it exists.
TEST_F(LoginDesk, s11_SpellingsOfANameCountTogether)
{
    make(8);
    for (const std::string& name : {me, std::string{"nobody-here"}}) {
        std::string large = name;
        for (char& c : large) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        const std::string source = name == me ? "10.0.0.1" : "10.0.0.2";
        for (int i = 0; i < 4; ++i) ASSERT_TRUE(answered(ask_token(source, i % 2 == 0 ? name : large, false)));
        ask_token(source, name, false);
        EXPECT_EQ(desk->waiting(), 1u) << name << " waits for the gate";
        while (desk->waiting() != 0) loop.run_one();
    }
}

/// The first refusal after the start waits for the measurement; afterwards all of them are held.
TEST_F(LoginDesk, s8_1_TheFirstRefusalWaitsUntilTheMachineIsMeasured)
{
    how.emplace(policy());
    how->how = backend::user_file;
    how->user_file = "/not/there"; // refused at once, without a hash
    make(1);
    const std::size_t first = ask("10.0.0.1", me, "wrong");
    while (desk->running() != 0) loop.run_one();
    EXPECT_FALSE(answers[first]);
    EXPECT_EQ(desk->held(), 1u);
    ASSERT_TRUE(answered(first));
    EXPECT_EQ(answers[first]->reason, "user_file_unusable");
}

} // namespace
