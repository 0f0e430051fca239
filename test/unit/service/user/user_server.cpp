// The whole user process but for its main: frames of a front in, real shells and processes, frames out.
#include "service/user/user_server.h"

#include "shell/messages.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sys/wait.h>

namespace winrm::service::user {
namespace {

class user_server_test : public testing::Test
{
protected:
    /// The front's end of one logged-in connection.
    struct client
    {
        std::unique_ptr<io::message_socket> socket;
        std::vector<wire::reply> replies;
        bool closed = false;
        std::uint64_t last = 0;
    };

    user_server_test() : server(loop, setup(), log, [this](wire::user_status s) { statuses.push_back(s); }) {}

    static wire::user_setup setup()
    {
        wire::user_setup s;
        s.user = "ada";
        s.home = "/tmp";
        s.shell = "/bin/sh";
        s.machine = "unit";
        s.limits.max_timeout_ms = 20'000;
        return s;
    }
    std::unique_ptr<client> connect()
    {
        auto [mine, theirs] = io::make_socket_pair();
        server.add_connection("192.0.2.7", std::move(theirs));
        auto c = std::make_unique<client>();
        c->socket = std::make_unique<io::message_socket>(loop, std::move(mine), wire::max_data_frame(500), 0);
        client* raw = c.get();
        c->socket->start(
            [raw](io::message_socket::message m) {
                auto frame = wire::decode(std::move(m.payload));
                ASSERT_TRUE(frame && std::holds_alternative<wire::reply>(*frame));
                raw->replies.push_back(std::get<wire::reply>(std::move(*frame)));
            },
            [raw] { raw->closed = true; });
        return c;
    }
    bool until(const std::function<bool()>& holds)
    {
        bool late = false;
        io::timer watchdog{loop};
        watchdog.set_after(base::milliseconds{30'000}, [&] { late = true; });
        while (!late && !holds()) loop.run_one();
        return !late;
    }
    static void post(client& c, std::string envelope, std::string charset = "UTF-8")
    {
        const wire::request r{++c.last, std::move(charset), false, std::move(envelope)};
        c.socket->send(wire::encode_head(r), r.envelope);
    }
    std::string write(wsman::outgoing_request r)
    {
        r.header.to = "http://unit/wsman";
        r.header.message_id = base::uuid::random(base::system_random()).urn();
        r.header.operation_timeout = base::milliseconds{10'000};
        return wsman::write_request(r);
    }
    /// Sends and waits for the reply's envelope in UTF-8.
    std::string ask(client& c, wsman::outgoing_request r)
    {
        const std::size_t before = c.replies.size();
        post(c, write(std::move(r)));
        EXPECT_TRUE(until([&] { return c.replies.size() > before || c.closed; }));
        return c.replies.size() > before ? c.replies.back().envelope : std::string{};
    }
    wsman::incoming_reply read(const std::string& envelope)
    {
        return wsman::read_reply(envelope, base::limits{}, "").value();
    }
    std::string create(client& c)
    {
        shell::create_shell s;
        s.no_profile = true;
        return shell::read_create_reply(read(ask(c, shell::make_create(s)))).value().shell_id;
    }
    std::string command(client& c, const std::string& shell, std::string line)
    {
        shell::start_command s;
        s.command = std::move(line);
        return shell::read_command_reply(read(ask(c, shell::make_command(cmd, shell, s)))).value();
    }

    const std::string cmd{wsman::resource_uri::cmd};
    io::loop loop;
    base::null_log log;
    std::vector<wire::user_status> statuses;
    user_server server;
};

TEST_F(user_server_test, runs_a_command_and_tells_its_end)
{
    const auto c = connect();
    const std::string shell = create(*c);
    const std::string id = command(*c, shell, "echo out; echo err >&2; exit 3");
    std::string out, err;
    std::optional<std::int64_t> code;
    while (!code) {
        const std::string envelope = ask(*c, shell::make_receive(cmd, shell, id, {"stdout", "stderr"}));
        ASSERT_FALSE(envelope.empty());
        const auto part = shell::read_receive_reply(read(envelope)).value();
        for (const auto& block : part.blocks) (block.stream == "stdout" ? out : err) += block.data;
        code = part.exit_code;
    }
    EXPECT_EQ(out, "out\n");
    EXPECT_EQ(err, "err\n");
    EXPECT_EQ(code, 3);
    EXPECT_FALSE(c->replies.back().is_fault);
    EXPECT_EQ(c->replies.back().media_type, "application/soap+xml;charset=UTF-8");
    EXPECT_EQ(statuses.back().shells, 1U);
    ask(*c, shell::make_delete(cmd, shell));
    EXPECT_EQ(statuses.back().shells, 0U);
}

TEST_F(user_server_test, answers_in_the_charset_of_the_request)
{
    const auto c = connect();
    post(*c, soap::encode(write(shell::make_get(cmd, "5E110000-0000-4000-8000-000000000001")), soap::charset::utf16_le),
         "UTF-16");
    ASSERT_TRUE(until([&] { return !c->replies.empty(); }));
    EXPECT_TRUE(c->replies[0].is_fault);
    EXPECT_EQ(c->replies[0].media_type, "application/soap+xml;charset=UTF-16");
    EXPECT_EQ(c->replies[0].envelope.substr(0, 4), std::string("\xFF\xFE<\0", 4));
}

TEST_F(user_server_test, what_cannot_be_read_gets_a_fault_and_the_connection_lives)
{
    const auto c = connect();
    post(*c, "+ADw-x+AD4-", "UTF-7");
    ASSERT_TRUE(until([&] { return c->replies.size() == 1; }));
    EXPECT_TRUE(c->replies[0].is_fault);
    post(*c, "no xml at all");
    ASSERT_TRUE(until([&] { return c->replies.size() == 2; }));
    EXPECT_TRUE(c->replies[1].is_fault);
    EXPECT_EQ(c->replies[1].number, 2U);
    EXPECT_FALSE(c->closed);
    EXPECT_FALSE(create(*c).empty());
}

TEST_F(user_server_test, shells_outlive_connections_and_waiting_receives_do_not)
{
    auto first = connect();
    const std::string shell = create(*first);
    const std::string id = command(*first, shell, "read line; echo got $line");
    post(*first, write(shell::make_receive(cmd, shell, id, {"stdout", "stderr"})));
    first.reset(); // in the middle of a Receive
    ASSERT_TRUE(until([&] { return server.status().connections == 0; }));
    EXPECT_EQ(server.status().shells, 1U);

    const auto second = connect();
    ask(*second, shell::make_send(cmd, shell, id, "x\n", true));
    const auto part =
        shell::read_receive_reply(read(ask(*second, shell::make_receive(cmd, shell, id, {"stdout", "stderr"}))))
            .value();
    ASSERT_FALSE(part.blocks.empty());
    EXPECT_EQ(part.blocks[0].data, "got x\n");
}

TEST_F(user_server_test, one_waiting_connection_holds_up_no_other)
{
    const auto waiting = connect(), other = connect();
    const std::string shell = create(*waiting);
    const std::string id = command(*waiting, shell, "read line");
    post(*waiting, write(shell::make_receive(cmd, shell, id, {"stdout", "stderr"})));
    const std::string theirs = create(*other);
    EXPECT_NE(theirs, shell);
    EXPECT_EQ(waiting->replies.size(), 2U);
    ask(*other, shell::make_signal(cmd, shell, id, shell::signal_code::terminate));
    EXPECT_TRUE(until([&] { return waiting->replies.size() == 3; }));
}

// Item 2: a connection whose slot is needed gets its answer early.
TEST_F(user_server_test, a_waiting_receive_is_answered_at_once_when_the_front_asks_for_it)
{
    const auto c = connect();
    const std::string shell = create(*c);
    const std::string id = command(*c, shell, "read line");
    const auto receive = shell::make_receive(cmd, shell, id, {"stdout", "stderr"});
    post(*c, write(receive));
    c->socket->send(wire::encode(wire::frame{wire::answer_now{c->last}}));
    const std::size_t before = c->replies.size();
    ASSERT_TRUE(until([&] { return c->replies.size() > before || c->closed; }));
    ASSERT_FALSE(c->closed);
    EXPECT_TRUE(c->replies.back().is_fault);
    EXPECT_NE(c->replies.back().envelope.find("w:TimedOut"), std::string::npos);
    c->socket->send(wire::encode(wire::frame{wire::answer_now{c->last}})); // has crossed the answer
    post(*c, write(receive));
    c->socket->send(wire::encode(wire::frame{wire::answer_now{c->last - 1}}));
    const auto other = connect();
    ask(*other, shell::make_get(cmd, shell));
    EXPECT_FALSE(c->closed);
    EXPECT_EQ(c->replies.size(), before + 1) << "the second Receive goes on waiting";
}

TEST_F(user_server_test, a_front_that_breaks_the_rules_loses_the_connection)
{
    const auto twice = connect();
    const std::string shell = create(*twice);
    const std::string id = command(*twice, shell, "read line");
    post(*twice, write(shell::make_receive(cmd, shell, id, {"stdout", "stderr"})));
    post(*twice, write(shell::make_get(cmd, shell)));
    EXPECT_TRUE(until([&] { return twice->closed; }));

    const auto wrong = connect();
    wrong->socket->send(wire::encode(wire::frame{wire::stop{}}));
    EXPECT_TRUE(until([&] { return wrong->closed; }));
    const auto noise = connect();
    noise->socket->send("noise");
    EXPECT_TRUE(until([&] { return noise->closed; }));
    EXPECT_EQ(server.status().shells, 1U);
}

TEST_F(user_server_test, close_all_ends_every_process)
{
    const auto c = connect();
    const std::string shell = create(*c);
    command(*c, shell, "(setsid sleep 300 &); sleep 300");
    server.close_all();
    EXPECT_EQ(server.status().shells, 0U);
    siginfo_t info{};
    EXPECT_TRUE(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD);
}

} // namespace
} // namespace winrm::service::user
