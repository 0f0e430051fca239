// powershell::script_run against a host in memory: what it asks, what it reports, and every request lost at every step.
#include "powershell/script_run.h"

#include "unit/powershell/fake_host.h"

#include <gtest/gtest.h>

namespace winrm::powershell {
namespace {

using namespace std::chrono_literals;

class script_test : public testing::Test
{
protected:
    enum class fate { answered, not_sent, lost }; // lost: the host has seen it, its answer did not come

    static script_request request()
    {
        script_request r;
        auto& create = r.carrier.shell.create;
        create.resource_uri = std::string(wsman::resource_uri::powershell) + "Microsoft.PowerShell";
        create.shell_id = "11111111-2222-3333-4444-555555555555";
        create.protocol_version = "2.3";
        r.pool.id = *base::uuid::parse(create.shell_id);
        r.what = psrp::pipeline::script("1; 'two'");
        return r;
    }

    void start(script_request r = request()) { run.emplace(std::move(r), base::system_random(), now); }

    /// Requests to the host, answers back, time on where nothing moves; until the end or `until`.
    void play(const std::function<bool()>& until = {})
    {
        for (int rounds = 0; rounds < 10'000 && !finished; ++rounds) {
            bool moved = false;
            while (auto out = run->poll_request(now)) {
                moved = true;
                waiting.push_back(std::move(*out));
            }
            while (auto e = run->poll_event(now)) {
                moved = true;
                take(std::move(*e));
            }
            if (until && until()) return;
            if (moved) continue;
            if (answer_one()) continue;
            const auto next = run->deadline();
            if (next == base::time_point::max()) break;
            now = std::max(now, next);
            run->handle_timeout(now);
        }
    }

    bool answer_one()
    {
        for (auto at = waiting.begin(); at != waiting.end(); ++at) {
            const auto what = faults.count(asked) != 0 ? faults[asked] : fate::answered;
            if (what == fate::not_sent) {
                ++asked;
                const auto id = at->id;
                waiting.erase(at);
                run->handle_failure(id, error(errc::connection_lost, "lost").with_delivery(delivery::not_sent), now);
                return true;
            }
            auto reply = host.answer(at->request);
            if (!reply) continue; // a Receive that waits
            ++asked;
            const auto id = at->id;
            waiting.erase(at);
            if (what == fate::lost)
                run->handle_failure(id, error(errc::connection_lost, "lost").with_delivery(delivery::unknown), now);
            else run->handle_reply(id, *reply, now);
            return true;
        }
        return false;
    }

    void take(script_event&& e)
    {
        EXPECT_FALSE(finished) << "nothing follows the end";
        if (auto* o = std::get_if<psrp::pipeline_output>(&e)) outputs.push_back(std::move(o->value));
        if (std::holds_alternative<script_input_possible>(e)) ++input_wanted;
        if (auto* d = std::get_if<script_ended>(&e)) {
            EXPECT_FALSE(ended) << "told once";
            ended.emplace(std::move(d->how));
        }
        if (std::holds_alternative<script_finished>(e)) finished = true;
    }

    test::fake_host host;
    std::optional<script_run> run;
    base::time_point now{1h};
    std::vector<shell::run_exchange> waiting;
    std::map<int, fate> faults; ///< by number of the answer
    int asked = 0, input_wanted = 0;
    std::vector<clixml::value> outputs;
    std::optional<result<script_result>> ended;
    bool finished = false;
};

TEST_F(script_test, runs_with_few_requests)
{
    start();
    play();
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ((**ended).state, psrp::invocation_state::completed);
    ASSERT_EQ(outputs.size(), 2U);
    EXPECT_EQ(outputs[0].as<int>(), 1);
    EXPECT_EQ(outputs[1].as<std::string>(), "two");
    EXPECT_TRUE(finished);
    // Login apart: Create, the pool's Receive, Command, its Receive, one closing.
    std::vector<std::string> wanted{"Create", "Receive", "Command", "Receive", "Delete"};
    std::erase(host.actions, ""); // none
    EXPECT_EQ(host.actions, wanted);
    EXPECT_FALSE(host.create.empty()) << "SESSION_CAPABILITY and INIT_RUNSPACEPOOL go with Create";
}

TEST_F(script_test, input_goes_when_it_is_wanted)
{
    auto r = request();
    r.what.takes_input = true;
    host.hangs = true;
    start(std::move(r));
    play([&] { return input_wanted > 0; });
    EXPECT_TRUE(host.input.empty());
    run->send_input(clixml::value("line"));
    run->end_input();
    play([&] { return host.input["stdin"].find("line") != std::string::npos; });
    EXPECT_NE(host.input["stdin"].find("<S>line</S>"), std::string::npos);
    run->stop();
    play();
    EXPECT_TRUE(finished);
}

TEST_F(script_test, stop_waits_for_the_pipelines_end)
{
    host.hangs = true;
    start();
    play([&] { return !host.command_id.empty() && run->deadline() > now; });
    run->stop();
    play();
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ((**ended).state, psrp::invocation_state::stopped);
    EXPECT_TRUE(finished);
    EXPECT_EQ(host.actions.back(), "Delete");
}

TEST_F(script_test, time_limit_deletes_the_shell)
{
    auto r = request();
    r.timeout = 90s;
    host.hangs = true;
    start(std::move(r));
    const auto begun = now;
    play();
    ASSERT_TRUE(ended && !*ended);
    EXPECT_EQ(ended->error().code(), errc::timeout);
    EXPECT_NE(ended->error().message().find("within the time limit of 90 s and was terminated"), std::string::npos)
        << ended->error().message();
    EXPECT_GE(now - begun, 90s);
    EXPECT_EQ(host.actions.back(), "Delete");
    EXPECT_TRUE(finished);
}

TEST_F(script_test, a_cancelled_script_leaves_no_shell)
{
    host.hangs = true;
    start();
    play([&] { return !host.command_id.empty(); });
    run->cancel(now);
    play();
    EXPECT_TRUE(finished);
    EXPECT_EQ(host.actions.back(), "Delete");
}

/// Every request lost, before the host saw it or after: it ends, once, with everything or a named error.
TEST_F(script_test, every_request_lost_at_every_step)
{
    for (const fate how : {fate::not_sent, fate::lost}) {
        for (int step = 0; step < 6; ++step) {
            SCOPED_TRACE(testing::Message() << "step " << step << (how == fate::lost ? " lost" : " not sent"));
            host = {};
            waiting.clear();
            outputs.clear();
            ended.reset();
            finished = false;
            asked = 0;
            faults = {{step, how}};
            start();
            play();
            EXPECT_TRUE(finished);
            ASSERT_TRUE(ended);
            if (*ended) {
                EXPECT_TRUE(outputs.size() == 2 || (**ended).output_uncertain);
            } else {
                EXPECT_FALSE(ended->error().message().empty());
            }
        }
    }
}

} // namespace
} // namespace winrm::powershell
