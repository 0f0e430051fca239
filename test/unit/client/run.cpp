#include "client/run.h"

#include "fake_host.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace winrm;
using test::fake_host;
using test::http_reply;
using test::http_request;
namespace action = wsman::action;

/// A shell service with one shell and one command whose output is a script of Receive answers.
struct fake_shell
{
    struct step
    {
        std::string out;
        bool done = false;
        std::int32_t code = 0;
        bool timed_out = false;
    };
    std::vector<step> script{{"hello", false}, {" world", true, 3}};
    std::size_t next = 0;
    std::vector<std::string> actions; ///< last part of each request's action
    std::string input;
    bool input_ended = false;

    http_reply answer(const http_request& r)
    {
        const auto request = r.envelope();
        const std::string& a = request.header().action;
        actions.push_back(a.substr(a.rfind('/') + 1));
        if (a == action::create) {
            shell::shell_info info;
            info.shell_id = "11111111-1111-1111-1111-111111111111";
            info.resource_uri = wsman::resource_uri::cmd;
            info.input_streams = {"stdin"};
            info.output_streams = {"stdout", "stderr"};
            return {test::soap_answer(
                r, [&](xml::writer& w) { shell::write_create_reply(w, info, "http://localhost/wsman"); })};
        }
        if (a == action::command)
            return {test::soap_answer(r, [](xml::writer& w) { shell::write_command_reply(w, command_id); })};
        if (a == action::send) {
            auto read = shell::read_send(request);
            for (const auto& b : std::get<std::vector<shell::stream_block>>(read)) {
                input += b.data;
                input_ended = input_ended || b.end;
            }
            return {test::soap_answer(r, {})};
        }
        if (a == action::receive) return receive(r);
        return {test::soap_answer(r, {})}; // Signal, Delete
    }

    http_reply receive(const http_request& r)
    {
        if (next == script.size())
            return {test::fault_answer(r, wsman::fault_code::invalid_selectors)}; // nothing loops for ever here
        const step s = script[next++];
        if (s.timed_out) return {test::fault_answer(r, wsman::fault_code::operation_timed_out)};
        return {test::soap_answer(r, [&](xml::writer& w) {
            std::vector<shell::outgoing_block> blocks;
            if (!s.out.empty()) blocks.push_back({"stdout", s.out, false});
            shell::write_receive_reply(w, command_id, blocks,
                                       s.done ? shell::command_state::done : shell::command_state::running,
                                       s.done ? std::optional<std::int32_t>(s.code) : std::nullopt);
        })};
    }

    static constexpr const char* command_id = "22222222-2222-2222-2222-222222222222";
};

/// One run over a session with a fake host, everything it said kept.
struct conversation
{
    explicit conversation(fake_host::handler answer, base::milliseconds answer_margin = base::milliseconds{15'000})
        : host(loop, std::move(answer)), session(shared, options(answer_margin))
    {}

    remote::session_options options(base::milliseconds answer_margin)
    {
        remote::session_options o;
        o.answer_margin = answer_margin;
        o.host = host.target();
        o.login = credentials("ada", "secret");
        o.scheme = login_scheme::basic;
        o.allow_unencrypted = true;
        return o;
    }

    void start(remote::run_request request = {})
    {
        if (request.command.command.empty()) request.command.command = "dir";
        run.emplace(session, std::move(request),
                    remote::run::handlers{[this](base::bytes_view, base::bytes_view data) {
                                              out.append(data);
                                              if (on_output) on_output();
                                          },
                                          [this] {
                                              if (on_input) on_input();
                                          },
                                          [this](result<remote::run_result> r) {
                                              EXPECT_FALSE(done) << "reported twice";
                                              requests_at_done = host.requests().size();
                                              done.emplace(std::move(r));
                                          },
                                          [this] { ++finished; }});
        EXPECT_FALSE(done);
    }
    void to_the_end()
    {
        EXPECT_TRUE(test::run_until(loop, [&] { return finished > 0; })) << "hangs";
        EXPECT_EQ(finished, 1);
        EXPECT_TRUE(done.has_value());
    }

    io::loop loop;
    fake_host host;
    remote::context shared{loop};
    remote::session session;
    std::function<void()> on_output, on_input;
    std::string out;
    std::optional<result<remote::run_result>> done;
    std::size_t requests_at_done = 0;
    int finished = 0;
    std::optional<remote::run> run; // last: it calls the others
};

TEST(run, a_cold_run_is_five_requests_on_one_connection_and_done_comes_before_the_last_two)
{
    fake_shell shell;
    shell.script = {{"hello", true, 3}};
    conversation c([&](const http_request& r) { return shell.answer(r); });
    c.start();
    c.to_the_end();
    ASSERT_TRUE(*c.done) << c.done->error();
    EXPECT_EQ((*c.done)->exit_code, 3);
    EXPECT_EQ((*c.done)->bytes_out, 5u);
    EXPECT_EQ(c.out, "hello");
    EXPECT_EQ(shell.actions, (std::vector<std::string>{"Create", "Command", "Receive", "Signal", "Delete"}));
    EXPECT_EQ(c.requests_at_done, 3u) << "the user waits for neither Signal nor Delete";
    EXPECT_EQ(c.host.connections(), 1);
    EXPECT_EQ(c.session.requests(), 5u);
}

TEST(run, silence_is_asked_again)
{
    fake_shell shell;
    shell.script = {{"", false, 0, true}, {"", false, 0, true}, {"a"}, {"", false, 0, true}, {"b", true, 0}};
    conversation c([&](const http_request& r) { return shell.answer(r); });
    c.start();
    c.to_the_end();
    ASSERT_TRUE(*c.done) << c.done->error();
    EXPECT_EQ(c.out, "ab");
    EXPECT_EQ(std::count(shell.actions.begin(), shell.actions.end(), "Receive"), 5);
}

TEST(run, output_is_asked_for_at_once_and_a_single_empty_answer_does_not_delay_it)
{
    fake_shell shell;
    for (int i = 0; i < 100; ++i) {
        shell.script.push_back({"x"});
        shell.script.push_back({""});
    }
    shell.script.push_back({"", true, 0});
    conversation c([&](const http_request& r) { return shell.answer(r); });
    remote::run_request request;
    request.pace.first_rest = std::chrono::hours(1); // whoever rests at all does not end
    c.start(std::move(request));
    c.to_the_end();
    ASSERT_TRUE(*c.done) << c.done->error();
}

TEST(run, stdin_goes_beside_a_receive_that_waits)
{
    fake_shell shell;
    shell.script = {{"sorted", true, 0}};
    std::optional<http_request> held;
    conversation* the = nullptr;
    conversation c([&](const http_request& r) -> http_reply {
        const auto a = r.envelope().header().action;
        if (a == action::receive && !shell.input_ended) {
            held = r;
            return {"", false, true};
        }
        auto reply = shell.answer(r);
        if (a == action::send && shell.input_ended && held) {
            EXPECT_NE(held->connection, r.connection);
            the->host.write(held->connection, shell.receive(*held).bytes);
        }
        return reply;
    });
    the = &c;
    bool sent = false;
    c.on_input = [&] {
        if (!std::exchange(sent, true)) c.run->send_input("pear\napple\n", true);
    };
    remote::run_request request;
    request.has_input = true;
    c.start(std::move(request));
    c.to_the_end();
    ASSERT_TRUE(*c.done) << c.done->error();
    EXPECT_EQ(shell.input, "pear\napple\n");
    EXPECT_EQ(c.out, "sorted");
    EXPECT_EQ(c.host.connections(), 2);
}

TEST(run, a_connection_lost_at_any_step_ends_named_and_never_hangs)
{
    for (const bool half : {false, true}) {
        for (int step = 1; step <= 5; ++step) {
            SCOPED_TRACE(step);
            fake_shell shell;
            shell.script = {{"lost or not, "}, {"hello", true, 0}};
            bool hit = false;
            conversation c([&](const http_request& r) {
                auto reply = shell.answer(r);
                if (r.number == step) {
                    hit = true;
                    reply.bytes.resize(half ? reply.bytes.size() / 2 : 0);
                    reply.close = true;
                }
                return reply;
            });
            c.start();
            c.to_the_end();
            EXPECT_TRUE(hit);
            const auto asked = [&](const char* verb) {
                return std::count(shell.actions.begin(), shell.actions.end(), verb);
            };
            if (step < 3) {
                ASSERT_FALSE(*c.done) << "Create and Command are never sent twice";
                EXPECT_EQ(c.run->fate(), step == 1 ? remote::command_fate::not_started : remote::command_fate::unknown);
                EXPECT_EQ(c.done->error().message().find("may or may not have started") != std::string::npos, step == 2)
                    << c.done->error();
                EXPECT_EQ(c.run->shell_id().empty(), step == 1);
                EXPECT_EQ(c.done->error().code(), half ? errc::answer_cut : errc::connection_lost) << c.done->error();
                EXPECT_EQ(asked(step == 1 ? "Create" : "Command"), 1);
            } else if (step < 5 && half) { // what stood in the answer is lost for certain
                ASSERT_FALSE(*c.done);
                EXPECT_EQ(c.done->error().code(), errc::answer_cut) << c.done->error();
            } else if (step == 3) { // Receive is asked again, but what the host had taken off its queue is gone
                ASSERT_TRUE(*c.done) << c.done->error();
                EXPECT_EQ(c.out, "hello");
                EXPECT_TRUE((*c.done)->output_uncertain);
            } else if (step == 5) { // nobody waits for Signal and Delete
                ASSERT_TRUE(*c.done) << c.done->error();
                EXPECT_EQ(c.out, "lost or not, hello");
                EXPECT_FALSE((*c.done)->output_uncertain);
            }
            if (step > 1) {
                EXPECT_GE(asked("Delete"), 1) << "the shell is deleted on every path";
            }
        }
    }
}

TEST(run, what_became_of_the_command_is_known_where_it_was_refused_or_could_not_be_asked_for)
{
    for (const bool fault : {false, true}) {
        SCOPED_TRACE(fault);
        fake_shell shell;
        conversation* the = nullptr;
        conversation c([&](const http_request& r) -> http_reply {
            auto reply = shell.answer(r);
            if (shell.actions.back() == "Command") return {test::fault_answer(r, wsman::fault_code::access_denied)};
            if (!fault && shell.actions.back() == "Create") {
                the->host.stop_listening();
                reply.bytes.insert(reply.bytes.find("\r\n") + 2, "Connection: close\r\n");
                reply.close = true;
            }
            return reply;
        });
        the = &c;
        c.start();
        c.to_the_end();
        ASSERT_FALSE(*c.done);
        EXPECT_EQ(c.done->error().code(), fault ? errc::fault : errc::connect) << c.done->error();
        EXPECT_EQ(c.done->error().message().find("may or may not"), std::string::npos) << c.done->error();
        EXPECT_EQ(c.run->fate(), remote::command_fate::not_started);
        EXPECT_FALSE(c.run->shell_id().empty());
    }
}

TEST(run, a_known_host_that_closes_every_connection_is_no_https_port)
{
    fake_shell shell;
    conversation c([&](const http_request& r) -> http_reply {
        if (r.envelope().header().action == action::receive) return {"", true};
        return shell.answer(r);
    });
    remote::run_request request;
    request.pace.tries.fill(base::milliseconds{0});
    c.start(std::move(request));
    c.to_the_end();
    ASSERT_FALSE(*c.done);
    EXPECT_EQ(c.done->error().code(), errc::connection_lost);
    EXPECT_EQ(c.done->error().message().find("HTTPS"), std::string::npos) << c.done->error();
    EXPECT_NE(c.done->error().message().find("may be running there still"), std::string::npos) << c.done->error();
}

TEST(run, stdin_that_nobody_takes_does_not_keep_the_end_from_the_host)
{
    fake_shell shell;
    conversation c([&](const http_request& r) {
        const std::string a = r.envelope().header().action;
        return a == action::receive || a == action::send ? http_reply{"", false, true} : shell.answer(r);
    });
    bool sent = false;
    c.on_input = [&] {
        if (!std::exchange(sent, true)) c.run->send_input("x", false);
    };
    remote::run_request request;
    request.has_input = true;
    c.start(std::move(request));
    ASSERT_TRUE(test::run_until(c.loop, [&] { return c.host.requests().size() == 4; })) << "Send and Receive are out";
    c.run->cancel();
    c.to_the_end();
    EXPECT_EQ(std::count(shell.actions.begin(), shell.actions.end(), "Delete"), 1);
}

TEST(run, a_fault_at_create_is_the_hosts_no)
{
    conversation c(
        [&](const http_request& r) { return http_reply{test::fault_answer(r, wsman::fault_code::access_denied)}; });
    c.start();
    c.to_the_end();
    ASSERT_FALSE(*c.done);
    EXPECT_EQ(c.done->error().code(), errc::fault);
    ASSERT_NE(c.done->error().fault(), nullptr);
    EXPECT_EQ(c.done->error().fault()->code, 5u);
    EXPECT_EQ(c.host.requests().size(), 1u);
}

TEST(run, a_login_refused_says_so)
{
    conversation c([&](const http_request&) {
        return http_reply{test::http_answer(401, "", "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Kerberos\r\n")};
    });
    c.start();
    c.to_the_end();
    ASSERT_FALSE(*c.done);
    EXPECT_EQ(c.done->error().code(), errc::login_not_offered);
    EXPECT_NE(c.done->error().message().find("for ada with Basic (it offers Negotiate, Kerberos)"), std::string::npos)
        << c.done->error();
}

TEST(run, pause_stops_asking_and_resume_goes_on)
{
    fake_shell shell;
    shell.script = {{"a"}, {"b"}, {"c"}, {"d"}, {"e", true, 0}};
    conversation c([&](const http_request& r) { return shell.answer(r); });
    c.on_output = [&] { c.run->pause_output(); };
    c.start();
    for (int round = 1; round <= 5; ++round) {
        ASSERT_TRUE(test::run_until(c.loop, [&] { return c.out.size() == static_cast<std::size_t>(round); })) << round;
        // Everything that is under way may come in; nothing more is asked then.
        test::turn(c.loop, 20);
        EXPECT_EQ(c.out.size(), static_cast<std::size_t>(round)) << "nothing is handed out while paused";
        EXPECT_LE(shell.next, static_cast<std::size_t>(round) + 1) << "one answer ahead at most";
        c.run->resume_output();
    }
    c.to_the_end();
    EXPECT_EQ(c.out, "abcde");
    EXPECT_TRUE(*c.done);
}

TEST(run, cancel_ends_as_cancelled_and_deletes)
{
    fake_shell shell;
    conversation c([&](const http_request& r) { return shell.answer(r); });
    c.on_output = [&] { c.run->cancel(); };
    c.start();
    c.to_the_end();
    ASSERT_FALSE(*c.done);
    EXPECT_EQ(c.done->error().code(), errc::cancelled);
    EXPECT_EQ(std::count(shell.actions.begin(), shell.actions.end(), "Delete"), 1);
}

TEST(run, may_be_destroyed_at_any_moment)
{
    for (int at = 1; at <= 5; ++at) {
        fake_shell shell;
        std::unique_ptr<conversation> c;
        int seen = 0;
        c = std::make_unique<conversation>([&](const http_request& r) {
            ++seen;
            return shell.answer(r);
        });
        c->start();
        EXPECT_TRUE(test::run_until(c->loop, [&] { return seen >= at || c->finished > 0; }));
        c->run.reset();
    }
}

} // namespace
