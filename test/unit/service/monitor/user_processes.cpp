#include "service/monitor/user_processes.h"

#include "service/monitor/account.h"
#include "service/monitor/authenticator.h"
#include "unit/service/monitor/temp_file.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

class keeping_log final : public base::log_sink
{
public:
    void write(base::log_level, base::bytes_view event, std::initializer_list<base::log_field> fields) override
    {
        said += std::string{event};
        for (const base::log_field& f : fields) said += ' ' + std::string{f.key} + '=' + f.value;
        said += '\n';
    }
    [[nodiscard]] bool has(base::bytes_view text) const { return said.find(text) != std::string::npos; }
    std::string said;
};

/// A program that takes no connection stands for a process that its owner has stopped.
class UserProcesses : public testing::Test
{
protected:
    void SetUp() override
    {
        const auto me = find_account(::geteuid());
        if (!me) GTEST_SKIP() << "SKIPPED: this uid has no account";
        who = identity_of(me->name);
        ASSERT_TRUE(who);
    }
    std::optional<identity> identity_of(const std::string& name)
    {
        login_policy policy;
        policy.how = backend::throw_away;
        policy.permit_root = true;
        policy.throw_away_user = name;
        policy.throw_away_password = base::secret{std::string{"right"}};
        authenticator a{loop, family, std::move(policy)};
        std::optional<login_result> got;
        a.check(name, base::secret{std::string{"right"}}, "127.0.0.1", [&](login_result r) { got = std::move(r); });
        while (!got && loop.run_one()) {}
        return got ? std::move(got->who) : std::nullopt;
    }
    void TearDown() override { family.kill_all(); }
    user_process_options options(base::milliseconds longest_start) const
    {
        user_process_options o;
        o.program = deaf.path();
        o.longest_start = longest_start;
        return o;
    }

    temp_file deaf{"#!/bin/sh\nexec sleep 1000\n", 0700};
    io::loop loop;
    children family{loop};
    keeping_log log;
    std::optional<identity> who;
};

TEST_F(UserProcesses, OneThatTakesNoConnectionIsEnded)
{
    user_processes all{loop, family, options(base::milliseconds{50}), cgroup_root{}, log};
    const io::unique_fd way = all.connect(*who, "127.0.0.1");
    ASSERT_TRUE(way);
    while (!all.empty() && loop.run_one()) {}
    EXPECT_TRUE(log.has("reason=takes no connections")) << log.said;
    EXPECT_TRUE(log.has("status=signal 9")) << log.said;
    EXPECT_TRUE(all.connect(*who, "127.0.0.1")) << "the next login has a process of its own";
}

TEST_F(UserProcesses, OneThatTakesNoMoreIsEndedSooner)
{
    // A status frame, then silence.
    const temp_file talker{"#!/bin/sh\nprintf '\\015\\0\\0\\0\\0\\0\\0\\0\\010\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' "
                           ">&3\nexec sleep 1000\n",
                           0700};
    user_process_options o = options(base::milliseconds{3'600'000});
    o.program = talker.path();
    o.longest_untaken = base::milliseconds{50};
    user_processes all{loop, family, std::move(o), cgroup_root{}, log};
    const io::unique_fd way = all.connect(*who, "127.0.0.1");
    while (!all.empty() && loop.run_one()) {}
    EXPECT_TRUE(log.has("reason=takes no connections")) << log.said;
}

/// Item 9 of the issue on attacks. It has taken its connection, so that nobody waits for it.
TEST_F(UserProcesses, OneThatGivesNoSignOfLifeIsEnded)
{
    const temp_file talker{"#!/bin/sh\nprintf '\\015\\0\\0\\0\\0\\0\\0\\0\\010\\0\\0\\0\\0\\0\\0\\0\\0\\001\\0\\0\\0' "
                           ">&3\nexec sleep 1000\n",
                           0700};
    user_process_options o = options(base::milliseconds{3'600'000});
    o.program = talker.path();
    o.heartbeat = base::milliseconds{20};
    user_processes all{loop, family, std::move(o), cgroup_root{}, log};
    const io::unique_fd way = all.connect(*who, "127.0.0.1");
    while (!all.empty() && loop.run_one()) {}
    EXPECT_TRUE(log.has("reason=gives no sign of life")) << log.said;
    EXPECT_TRUE(log.has("status=signal 9")) << log.said;
}

TEST_F(UserProcesses, ConnectionsThatItDoesNotTakeAreBounded)
{
    for (const auto& [connections, most] : {std::pair{40u, 129u}, {200u, 201u}}) { // of a front, and left untaken
        user_process_options o = options(base::milliseconds{3'600'000});
        o.setup.limits.max_connections = connections;
        user_processes all{loop, family, std::move(o), cgroup_root{}, log};
        std::vector<io::unique_fd> ways;
        while (ways.size() < 1000) {
            io::unique_fd way = all.connect(*who, "127.0.0.1");
            if (!way) break;
            ways.push_back(std::move(way));
        }
        EXPECT_EQ(ways.size(), most);
        EXPECT_TRUE(log.has("reason=takes no connections")) << log.said;
        log.said.clear();
    }
}

/// A program that says once that it has taken its connection, which has ended, and whether a shell is left.
std::string talker(bool shell)
{
    return std::string{"#!/bin/sh\nprintf '\\015\\0\\0\\0\\0\\0\\0\\0\\010\\"} + (shell ? '1' : '0') +
           "\\0\\0\\0\\0\\0\\0\\0\\1\\0\\0\\0' >&3\nexec sleep 1000\n";
}

TEST_F(UserProcesses, s8_3_OneThatHasNothingGivesItsPlaceToWhoNeedsIt)
{
    const auto second = identity_of("daemon"), third = identity_of("bin");
    if (!second || !third || who->name() == "daemon") GTEST_SKIP() << "SKIPPED: there are no accounts daemon and bin";
    const temp_file idle{talker(false), 0700}, busy{talker(true), 0700};
    user_process_options o = options(base::milliseconds{3'600'000});
    o.grace = base::milliseconds{3'600'000};
    o.max_users = 2;
    o.program = busy.path();
    user_processes all{loop, family, o, cgroup_root{}, log};
    ASSERT_TRUE(all.connect(*who, "127.0.0.1"));
    o.program = idle.path();
    all.set_options(o);
    ASSERT_TRUE(all.connect(*second, "127.0.0.1"));
    io::unique_fd way;
    while (!(way = all.connect(*third, "127.0.0.1")) && loop.run_one()) {} // until it has said that it has nothing
    EXPECT_TRUE(log.has("user_process_stop user=daemon")) << log.said;
    EXPECT_TRUE(log.has("reason=another account needs its place")) << log.said;
    EXPECT_FALSE(log.has("user_process_stop user=" + who->name())) << "it has a shell";
}

TEST_F(UserProcesses, s8_3_TheLongestIdleOneLeaves)
{
    const auto second = identity_of("daemon"), third = identity_of("bin");
    if (!second || !third || who->name() == "daemon") GTEST_SKIP() << "SKIPPED: there are no accounts daemon and bin";
    const temp_file idle{talker(false), 0700};
    user_process_options o = options(base::milliseconds{3'600'000});
    o.program = idle.path();
    o.max_users = 2;
    o.grace = base::milliseconds{3'600'000};
    user_processes all{loop, family, o, cgroup_root{}, log};
    ASSERT_TRUE(all.connect(*second, "127.0.0.1"));
    while (!all.is_idle(*second)) loop.run_one();
    ASSERT_TRUE(all.connect(*who, "127.0.0.1"));
    while (!all.is_idle(*who)) loop.run_one();
    ASSERT_TRUE(all.connect(*third, "127.0.0.1"));
    EXPECT_TRUE(log.has("user_process_stop user=daemon")) << log.said;
    EXPECT_FALSE(log.has("user_process_stop user=" + who->name())) << log.said;
}

} // namespace
