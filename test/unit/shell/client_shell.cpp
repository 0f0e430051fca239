#include "client_fixture.h"

#include <functional>

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;
TEST_F(client_test, a_busy_host_is_asked_again_after_growing_pauses)
{
    const auto receive = start();
    machine.send_input(command, "in", false);
    milliseconds last{0};
    for (int i = 0; i < 1000; ++i) { // longer than a user would wait
        const auto send = take(wsman::action::send);
        EXPECT_EQ(send.delay, i == 0 ? milliseconds{0} : longer_pause(last));
        last = send.delay;
        answer(send, no(fault_code::busy));
        ASSERT_TRUE(events.empty() || event<input_wanted>() != nullptr);
        ASSERT_EQ(event<command_failed>(), nullptr);
    }
    const auto send = take(wsman::action::send);
    answer(send, ok(wsman::action::send));
    machine.send_input(command, "more", false);
    EXPECT_EQ(take(wsman::action::send).delay.count(), 0) << "a taken Send starts anew";
    answer(receive, received(command_state::done, 0));
    EXPECT_NE(event<command_done>(), nullptr);
}

TEST_F(client_test, a_send_that_has_not_left_is_asked_again_after_the_pause_it_is_given)
{
    const auto receive = start();
    machine.send_input(command, "in", false);
    const auto first = take(wsman::action::send);
    machine.handle_failure(first.id, error(errc::connect, "nothing listens there"), true, 1000ms);
    collect();
    ASSERT_EQ(event<command_failed>(), nullptr);
    const auto second = take(wsman::action::send);
    EXPECT_EQ(second.delay, 1000ms);
    EXPECT_EQ(wsman::write_request(second.request), wsman::write_request(first.request));
    answer(second, ok(wsman::action::send));
    machine.send_input(command, "more", false);
    const auto third = take(wsman::action::send);
    EXPECT_EQ(third.delay.count(), 0);
    machine.handle_failure(third.id, error(errc::connection_lost, "lost"), false);
    collect();
    EXPECT_NE(event<command_failed>(), nullptr) << "this one may have been taken";
}

TEST_F(client_test, what_ends_the_waiting_for_a_busy_host)
{
    struct row
    {
        const char* what;
        std::function<void(const outgoing& receive)> happen;
        base::bytes_view next; ///< asked then
        bool failed;
    };
    for (const row& r :
         {row{"the command ends", [&](const outgoing& receive) { answer(receive, received(command_state::done, 4)); },
              wsman::action::signal, false},
          row{"its Receive fails", [&](const outgoing& receive) { answer(receive, no(fault_code::access_denied)); },
              wsman::action::signal, true},
          row{"the connection is lost",
              [&](const outgoing& receive) {
                  machine.handle_failure(receive.id, error(errc::connection_lost, "lost"), false);
              },
              wsman::action::signal, true},
          row{"the user interrupts", [&](const outgoing&) { machine.signal(command, signal_code::ctrl_c); },
              wsman::action::signal, false},
          row{"the user gives up", [&](const outgoing&) { machine.close(); }, wsman::action::signal, true}}) {
        for (const bool polled : {false, true}) {
            SCOPED_TRACE(std::string(r.what) + (polled ? ", Send held by the driver" : ", Send not polled yet"));
            machine = client_shell(client_options{});
            asked.clear();
            events.clear();
            const auto receive = start();
            machine.send_input(command, "in", false);
            answer(take(wsman::action::send), no(fault_code::busy));
            const auto held = take(wsman::action::send);
            if (polled) r.happen(receive);
            else {
                machine.handle_reply(held.id, no(fault_code::busy)); // asks again, nobody has polled
                r.happen(receive);
            }
            collect();
            EXPECT_EQ(event<command_failed>() != nullptr, r.failed);
            const bool ended = event<command_failed>() != nullptr || event<command_done>() != nullptr;
            if (!polled && !ended) take(wsman::action::send);
            take(r.next);
            EXPECT_TRUE(asked.empty()) << "a Send of a command that ended is not asked any more";
        }
    }
}

TEST_F(client_test, a_send_refused_for_its_size_is_halved)
{
    struct row
    {
        const char* what;
        std::optional<fault_code> code;
        int http;
    };
    for (const row& r :
         {row{"too large", fault_code::envelope_too_large, 0}, row{"limit", fault_code::encoding_limit, 0},
          row{"exceeded", fault_code::max_envelope_size_exceeded, 0},
          row{"server", fault_code::server_envelope_limit, 0}, row{"413", {}, 413}}) {
        SCOPED_TRACE(r.what);
        machine = client_shell(client_options{});
        asked.clear();
        events.clear();
        start();
        machine.send_input(command, std::string(500'000, 'i'), true);
        std::size_t last = 0;
        for (int i = 0; i < 6; ++i) { // 150, 75, 37.5, 18.75, 9.4, 8 KiB
            const auto send = take(wsman::action::send);
            if (i > 0) {
                EXPECT_LT(size_of(send), i < 5 ? last * 6 / 10 : last);
            }
            last = size_of(send);
            if (r.code) answer(send, no(*r.code));
            else machine.handle_failure(send.id, error(errc::http_status, "too large").with_http_status(r.http), false);
            collect();
        }
        // At 8192 octets no host may say no (MS-WSMV 3.1.4.1.7).
        EXPECT_LE(last, 8192U);
        EXPECT_NE(event<command_failed>(), nullptr);
    }
}

TEST_F(client_test, input_is_cut_to_the_envelope_and_comes_whole)
{
    for (const std::size_t size : {std::size_t{153'600}, std::size_t{512'000}, std::size_t{8192}}) {
        machine = client_shell(client_options{});
        asked.clear();
        events.clear();
        start();
        EXPECT_FALSE(machine.wants_envelope_size());
        std::string all;
        for (int i = 0; i < 100'000; ++i) all += std::to_string(i);
        machine.send_input(command, all, false);
        EXPECT_TRUE(machine.wants_envelope_size());
        machine.learn_envelope_size(size);
        EXPECT_FALSE(machine.wants_envelope_size());
        machine.send_input(command, "", true);
        std::string got;
        for (bool end = false; !end;) {
            auto send = take(wsman::action::send);
            ASSERT_FALSE(got.empty() ? false : size_of(send) > size); // the first left before the size was known
            send.request.header.message_id = "uuid:1";
            const auto request = wsman::read_request(wsman::write_request(send.request), base::limits{});
            const auto blocks = read_send(std::get<wsman::incoming_request>(request));
            for (const auto& b : std::get<std::vector<stream_block>>(blocks)) {
                got += b.data;
                end = b.end;
            }
            EXPECT_TRUE(asked.empty()) << "one at a time";
            answer(send, ok(wsman::action::send));
        }
        EXPECT_EQ(got, all);
        EXPECT_TRUE(asked.empty());
    }
}

TEST_F(client_test, no_host_makes_a_send_larger_than_4_mib)
{
    struct row
    {
        const char* what;
        std::size_t first, learnt, most; ///< 0 = nothing learnt; envelopes in octets
    };
    constexpr std::size_t mib = 1024 * 1024;
    for (const row& r :
         {row{"Windows' default", 153'600, 512'000, 512'000}, row{"just below", 153'600, 3 * mib, 3 * mib},
          row{"any number", 153'600, std::size_t{4'194'303} * 1024, 4 * mib - 64 * 1024},
          row{"the largest number", 153'600, static_cast<std::size_t>(-1), 4 * mib - 64 * 1024},
          row{"our own options", 100 * mib, 0, 4 * mib - 64 * 1024},
          row{"below what a host may take", 153'600, 100, 153'600}}) {
        SCOPED_TRACE(r.what);
        client_options o;
        o.send_envelope_size = r.first;
        machine = client_shell(o);
        asked.clear();
        events.clear();
        start();
        if (r.learnt != 0) machine.learn_envelope_size(r.learnt);
        machine.send_input(command, std::string(9 * mib, 'i'), true);
        const auto size = size_of(take(wsman::action::send));
        EXPECT_LE(size, r.most);
        EXPECT_GT(size + 8192, r.most);
    }
}

TEST_F(client_test, a_large_input_given_at_once_comes_whole)
{
    start();
    std::string all(16 * 1024 * 1024, 'i');
    for (std::size_t i = 0; i < all.size(); i += 4096) all[i] = static_cast<char>(i >> 12);
    machine.send_input(command, all, true);
    base::bytes got;
    for (bool end = false; !end;) {
        auto send = take(wsman::action::send);
        send.request.header.message_id = "uuid:1";
        const auto request = wsman::read_request(wsman::write_request(send.request), base::limits{});
        const auto blocks = read_send(std::get<wsman::incoming_request>(request));
        for (const auto& b : std::get<std::vector<stream_block>>(blocks)) {
            got += b.data;
            end = b.end;
        }
        answer(send, ok(wsman::action::send));
    }
    EXPECT_TRUE(got == all);
}

TEST_F(client_test, done_without_exit_code_is_no_error)
{
    answer(start(), received(command_state::done));
    ASSERT_NE(event<command_done>(), nullptr);
    EXPECT_FALSE(event<command_done>()->exit_code);
}

TEST_F(client_test, an_exit_code_told_before_done_is_kept)
{
    answer(start(), received(command_state::running, 7, "a"));
    answer(take(wsman::action::receive), received(command_state::done));
    ASSERT_NE(event<command_done>(), nullptr);
    EXPECT_EQ(event<command_done>()->exit_code, 7);
}

TEST_F(client_test, silence_is_asked_after_for_ever)
{
    auto receive = start();
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(receive.repeatable);
        answer(receive, no(fault_code::operation_timed_out));
        receive = take(wsman::action::receive);
    }
    EXPECT_TRUE(events.empty());
    answer(receive, received(command_state::done, 0));
    EXPECT_NE(event<command_done>(), nullptr);
    EXPECT_EQ(take(wsman::action::signal).background, true);
}

TEST_F(client_test, a_lost_receive_is_asked_again_if_the_driver_says_so)
{
    const auto receive = start();
    machine.handle_failure(receive.id, error(errc::connection_lost, "lost"), true);
    const auto again = take(wsman::action::receive);
    machine.handle_failure(again.id, error(errc::connection_lost, "lost"), false);
    collect();
    ASSERT_NE(event<command_failed>(), nullptr);
    EXPECT_EQ(event<command_failed>()->error.code(), errc::connection_lost);
    take(wsman::action::signal); // the host may hold it still
}

TEST_F(client_test, a_shell_that_is_gone_ends_everything)
{
    for (const fault_code gone : {fault_code::unexpected_selectors, fault_code::key_deleted}) {
        for (const bool at_command : {true, false}) {
            machine = client_shell(client_options{});
            asked.clear();
            events.clear();
            if (at_command) {
                open_shell();
                machine.run({"x", {}, {}, {}, {}});
                answer(take(wsman::action::command), no(gone));
            } else {
                answer(start(), no(gone));
            }
            EXPECT_NE(event<command_failed>(), nullptr);
            ASSERT_NE(event<shell_failed>(), nullptr);
            EXPECT_EQ(event<shell_failed>()->error.fault()->code, static_cast<std::uint32_t>(gone));
            answer(take(wsman::action::delete_), no(gone));
            EXPECT_NE(event<shell_closed>(), nullptr);
            EXPECT_TRUE(machine.finished());
        }
    }
}

TEST_F(client_test, input_for_a_command_that_ended_is_dropped)
{
    const auto receive = start();
    machine.send_input(command, "late", true);
    answer(take(wsman::action::send), no(fault_code::unexpected_selectors));
    EXPECT_TRUE(asked.empty() && events.empty());
    answer(receive, received(command_state::done, 3));
    ASSERT_NE(event<command_done>(), nullptr);
    EXPECT_EQ(event<command_done>()->exit_code, 3);
}

TEST_F(client_test, a_refused_create_is_told_once)
{
    machine.open();
    machine.run({"x", {}, {}, {}, {}});
    answer(take(wsman::action::create), no(fault_code::quota_shells_per_user));
    EXPECT_NE(event<command_failed>(), nullptr);
    EXPECT_NE(event<shell_failed>(), nullptr);
    EXPECT_NE(event<shell_closed>(), nullptr);
    EXPECT_TRUE(asked.empty());
    EXPECT_TRUE(machine.finished());
}

TEST_F(client_test, close_before_anything)
{
    machine.close();
    collect();
    EXPECT_NE(event<shell_closed>(), nullptr);
    EXPECT_TRUE(asked.empty() && machine.finished());
    machine.run({"x", {}, {}, {}, {}});
    collect();
    EXPECT_NE(event<command_failed>(), nullptr) << "nothing waits for ever";
}

TEST_F(client_test, close_before_create_left)
{
    machine.open();
    machine.run({"x", {}, {}, {}, {}});
    machine.close();
    collect();
    EXPECT_TRUE(asked.empty() && machine.finished());
    EXPECT_NE(event<command_failed>(), nullptr);
}

TEST_F(client_test, close_while_create_is_under_way)
{
    machine.open();
    machine.run({"x", {}, {}, {}, {}});
    const auto create = take(wsman::action::create);
    machine.close();
    collect();
    EXPECT_FALSE(machine.finished()) << "the id is needed for Delete";
    answer(create, created());
    answer(take(wsman::action::delete_), ok(wsman::action::delete_));
    EXPECT_TRUE(asked.empty() && machine.finished());
}

TEST_F(client_test, close_while_command_is_under_way)
{
    open_shell();
    machine.run({"x", {}, {}, {}, {}});
    const auto asked_command = take(wsman::action::command);
    machine.close();
    const auto del = take(wsman::action::delete_);
    answer(asked_command, started());
    EXPECT_TRUE(asked.empty()) << "nothing is asked of a closing shell";
    answer(del, ok(wsman::action::delete_));
    EXPECT_TRUE(machine.finished());
}

TEST_F(client_test, close_while_a_command_runs)
{
    const auto receive = start();
    machine.close();
    const auto signal = take(wsman::action::signal);
    EXPECT_TRUE(asked.empty()) << "Delete waits for the Signal";
    answer(receive, no(fault_code::operation_aborted));
    answer(signal, ok(wsman::action::signal));
    const auto del = take(wsman::action::delete_);
    machine.handle_failure(del.id, error(errc::connection_lost, "lost"), false);
    collect();
    ASSERT_NE(event<command_failed>(), nullptr);
    EXPECT_EQ(event<command_failed>()->error.code(), errc::cancelled);
    EXPECT_NE(event<shell_closed>(), nullptr);
    EXPECT_TRUE(machine.finished());
}

TEST_F(client_test, close_again_asks_nothing_again)
{
    start();
    machine.close();
    answer(take(wsman::action::signal), ok(wsman::action::signal));
    machine.close();
    take(wsman::action::delete_);
    machine.close();
    collect();
    EXPECT_TRUE(asked.empty());
}

TEST_F(client_test, close_now_waits_for_no_answer)
{
    struct row
    {
        const char* what;
        std::function<void()> before;
    };
    for (const row& r : {row{"a command runs", [&] { start(); }},
                         row{"a Signal is under way",
                             [&] {
                                 start();
                                 machine.signal(command, signal_code::ctrl_c);
                                 take(wsman::action::signal);
                             }},
                         row{"close() waits for its Signal",
                             [&] {
                                 start();
                                 machine.close();
                                 take(wsman::action::signal);
                             }},
                         row{"its Signal has not left",
                             [&] {
                                 start();
                                 machine.close();
                             }},
                         row{"a Send waits",
                             [&] {
                                 start();
                                 machine.send_input(command, "in", true);
                             }},
                         row{"Command is under way", [&] {
                                 open_shell();
                                 machine.run({"x", {}, {}, {}, {}});
                                 take(wsman::action::command);
                             }}}) {
        SCOPED_TRACE(r.what);
        machine = client_shell(client_options{});
        asked.clear();
        events.clear();
        r.before();
        EXPECT_TRUE(asked.empty());
        machine.close_now();
        const auto del = take(wsman::action::delete_);
        EXPECT_TRUE(del.background);
        machine.close_now();
        machine.close();
        collect();
        EXPECT_TRUE(asked.empty()) << "once";
        ASSERT_NE(event<command_failed>(), nullptr);
        EXPECT_EQ(event<command_failed>()->error.code(), errc::cancelled);
        answer(del, ok(wsman::action::delete_));
        EXPECT_NE(event<shell_closed>(), nullptr);
        EXPECT_TRUE(machine.finished());
    }
}

TEST_F(client_test, close_now_and_a_late_answer_to_the_signal)
{
    start();
    machine.close();
    const auto signal = take(wsman::action::signal);
    machine.close_now();
    const auto del = take(wsman::action::delete_);
    answer(signal, ok(wsman::action::signal));
    EXPECT_TRUE(asked.empty());
    answer(del, ok(wsman::action::delete_));
    EXPECT_TRUE(machine.finished());
}

TEST_F(client_test, close_now_around_create)
{
    machine.close_now();
    collect();
    EXPECT_TRUE(asked.empty() && machine.finished()) << "nothing was asked";

    machine = client_shell(client_options{});
    machine.open();
    machine.close_now();
    collect();
    EXPECT_TRUE(asked.empty() && machine.finished()) << "Create has not left";

    machine = client_shell(client_options{});
    machine.open();
    const auto create = take(wsman::action::create);
    machine.close_now();
    collect();
    EXPECT_FALSE(machine.finished()) << "the id is needed for Delete";
    answer(create, created());
    take(wsman::action::delete_);
}

TEST_F(client_test, a_signal_before_the_start_waits_for_the_id)
{
    open_shell();
    command = machine.run({"x", {}, {}, {}, {}});
    const auto asked_command = take(wsman::action::command);
    machine.signal(command, signal_code::ctrl_c);
    collect();
    EXPECT_TRUE(asked.empty());
    answer(asked_command, started());
    take(wsman::action::receive);
    take(wsman::action::signal);
}

TEST_F(client_test, a_lost_terminate_is_said_once_more)
{
    start();
    machine.signal(command, signal_code::terminate);
    const auto first = take(wsman::action::signal);
    machine.handle_failure(first.id, error(errc::connection_lost, "lost"), false);
    const auto second = take(wsman::action::signal);
    EXPECT_TRUE(second.background);
    ASSERT_NE(event<command_failed>(), nullptr);
    machine.handle_failure(second.id, error(errc::connection_lost, "lost"), false);
    collect();
    EXPECT_TRUE(asked.empty()) << "not for ever";
}

TEST_F(client_test, replies_to_nothing_are_ignored)
{
    start();
    machine.handle_reply(exchange_id{999}, started());
    machine.handle_failure(exchange_id{998}, error(errc::connection_lost, "lost"), true);
    collect();
    EXPECT_TRUE(asked.empty() && events.empty());
}

TEST_F(client_test, a_broken_answer_is_a_protocol_error)
{
    answer(start(), ok(wsman::action::receive, [](xml::writer& w) { w.open("rsp:Other").close(); }));
    ASSERT_NE(event<command_failed>(), nullptr);
    EXPECT_EQ(event<command_failed>()->error.code(), errc::protocol);
    take(wsman::action::signal);
}

} // namespace
} // namespace winrm::shell
