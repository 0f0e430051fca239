// Many clients at one table at once: each gets its own output and nothing is left.
#include "shell/client_shell.h"
#include "shell/server_table.h"

#include <gtest/gtest.h>

#include <map>

namespace winrm::sim {
namespace {

constexpr std::size_t clients = 500;
constexpr int commands = 3; // of each client, one after the other

class crowd
{
public:
    crowd() { machines_.reserve(clients); }

    void run()
    {
        for (std::size_t i = 0; i < clients; ++i) {
            machines_.emplace_back(shell::client_options{});
            machines_.back().open();
            next_command(i);
        }
        std::size_t finished = 0;
        for (std::size_t round = 0; finished < clients; ++round) {
            ASSERT_LT(round, 100U) << "a hang";
            for (std::size_t i = 0; i < clients; ++i) deliver(i);
            most_shells_ = std::max(most_shells_, table_.shells());
            carry_out();
            if (table_.deadline() != base::time_point::max()) {
                now_ = std::max(now_, std::min(table_.deadline(), now_ + base::milliseconds(50)));
                table_.handle_timeout(now_);
            }
            finished = 0;
            for (std::size_t i = 0; i < clients; ++i) finished += take(i) ? 1 : 0;
        }
        EXPECT_EQ(most_shells_, clients);
        EXPECT_EQ(done_, clients * commands);
        while (table_.poll_order()) {}
        EXPECT_EQ(table_.objects(), 0U);
    }

private:
    static shell::table_options options()
    {
        shell::table_options o;
        o.home = "/home/test";
        o.max_shells_per_user = clients;
        return o;
    }

    void next_command(std::size_t i) { machines_[i].run({"client " + std::to_string(i), {}, {}, {}, {}}); }

    void deliver(std::size_t i)
    {
        while (auto o = machines_[i].poll_request()) {
            const shell::request_token token{next_++};
            o->request.header.message_id = "uuid:" + std::to_string(next_);
            asked_[token] = {i, o->id, o->request.header.message_id};
            table_.handle_request(token, wsman::write_request(o->request), "192.0.2.7", now_);
        }
    }

    /// Every process says its own line and ends; the newest first, so that nothing depends on the order of the start.
    void carry_out()
    {
        std::vector<shell::start_process> started;
        while (auto o = table_.poll_order()) {
            if (auto* s = std::get_if<shell::start_process>(&*o)) started.push_back(*s);
        }
        for (auto s = started.rbegin(); s != started.rend(); ++s) {
            table_.process_started(s->process, 1, now_);
            table_.process_output(s->process, 0, s->command_line, now_);
            table_.process_output_end(s->process, 0, now_);
            table_.process_output_end(s->process, 1, now_);
            table_.process_exited(s->process, 5, now_);
        }
        while (auto r = table_.poll_reply()) {
            const auto at = asked_.find(r->token);
            ASSERT_NE(at, asked_.end()) << "answered twice";
            const auto reply = wsman::read_reply(r->envelope, base::limits{}, at->second.message_id);
            ASSERT_TRUE(reply) << reply.error();
            machines_[at->second.client].handle_reply(at->second.id, *reply);
            asked_.erase(at);
        }
    }

    /// True once the client is finished.
    bool take(std::size_t i)
    {
        while (auto e = machines_[i].poll_event()) {
            if (auto* o = std::get_if<shell::command_output>(&*e)) out_[i] += o->data;
            if (auto* f = std::get_if<shell::command_failed>(&*e)) ADD_FAILURE() << f->error;
            const auto* d = std::get_if<shell::command_done>(&*e);
            if (d == nullptr) continue;
            ++done_;
            EXPECT_EQ(d->exit_code, 5);
            EXPECT_EQ(out_[i], "client " + std::to_string(i));
            out_[i].clear();
            if (++ran_[i] < commands) next_command(i);
            else machines_[i].close();
        }
        return machines_[i].finished();
    }

    struct asked
    {
        std::size_t client;
        shell::exchange_id id;
        std::string message_id;
    };
    base::null_log log_;
    base::time_point now_{};
    shell::server_table table_{options(), base::system_random(), log_, now_};
    std::vector<shell::client_shell> machines_;
    std::map<shell::request_token, asked> asked_;
    std::map<std::size_t, std::string> out_;
    std::map<std::size_t, int> ran_;
    std::uint64_t next_ = 1;
    std::size_t done_ = 0, most_shells_ = 0;
};

TEST(many, five_hundred_shells_with_commands_at_once) { crowd().run(); }

} // namespace
} // namespace winrm::sim
