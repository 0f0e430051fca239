#include "unit/shell/table_fixture.h"

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;
using wsman::fault_code;

TEST_F(table_test, create_refuses_what_it_cannot_keep)
{
    const auto with = [&](auto change) {
        create_shell c;
        change(c);
        return code_of(make_create(c));
    };
    const auto parameter = number(fault_code::wsman_invalid_parameter);
    EXPECT_EQ(with([](auto& c) { c.working_directory = "tmp"; }), parameter);
    EXPECT_EQ(with([](auto& c) { c.working_directory = "~"; }), parameter);
    EXPECT_EQ(with([](auto& c) { c.working_directory = "%USERPROFILE%/x"; }), 0U);
    EXPECT_EQ(with([](auto& c) { c.working_directory = "/" + std::string(4096, '>'); }), parameter);
    EXPECT_EQ(with([](auto& c) { c.environment = {{"LD_PRELOAD", "x"}}; }), parameter);
    EXPECT_EQ(with([](auto& c) { c.environment = {{"A=B", "x"}}; }), parameter);
    EXPECT_EQ(with([](auto& c) { c.code_page = 932; }), number(fault_code::code_page_not_supported));
    EXPECT_EQ(with([](auto& c) { c.shell_id = "../x"; }), number(fault_code::invalid_selectors));
    EXPECT_EQ(with([](auto& c) { c.idle_timeout = 3h; }), number(fault_code::idle_timeout_out_of_bounds));
    auto r = make_create({});
    r.header.compression = "xpress";
    EXPECT_EQ(code_of(r), number(fault_code::unsupported_feature));
    r = make_create({});
    r.header.options.add("protocolversion", "2.3", true);
    EXPECT_EQ(code_of(r), number(fault_code::invalid_options));
}

TEST_F(table_test, a_proposed_shell_id_is_echoed_and_taken_once)
{
    create_shell c;
    c.shell_id = "uuid:aaaaaaaa-1111-1111-1111-111111111111";
    EXPECT_EQ(create(c), c.shell_id);
    EXPECT_EQ(code_of(make_create(c)), number(fault_code::already_exists));
}

TEST_F(table_test, unknown_things_have_their_faults)
{
    EXPECT_EQ(code_of(make_get(cmd, "nowhere")), number(fault_code::unexpected_selectors));
    EXPECT_EQ(code_of(make_get("http://schemas.microsoft.com/powershell/", "x")),
              number(fault_code::invalid_resource_uri));
    const auto s = create();
    EXPECT_EQ(code_of(make_receive(cmd, s, id, {"stdout"})), number(fault_code::unexpected_selectors));
    auto r = make_get(cmd, s);
    r.header.action = "http://x/Other";
    EXPECT_EQ(code_of(r), number(fault_code::action_not_supported));
    r.header.action = wsman::action::disconnect;
    EXPECT_EQ(code_of(r), number(fault_code::disconnect_not_supported));
}

TEST_F(table_test, end_streams_done_and_exit_code_come_in_one_answer)
{
    const auto s = create();
    const auto p = start(s);
    receive(s);
    table.process_output(p, 0, "out", now);
    EXPECT_FALSE(reply()) << "the exit code rides with the output";
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    table.process_exited(p, 7, now);
    const auto a = reply();
    ASSERT_TRUE(a);
    for (const char* part : {"b3V0", "End=\"true\"", "CommandState/Done", "<rsp:ExitCode>7</rsp:ExitCode>"}) {
        EXPECT_NE(a->envelope.find(part), std::string::npos) << part;
    }
    for (int i = 0; i < 2; ++i) {
        receive(s);
        const auto again = reply();
        ASSERT_TRUE(again);
        EXPECT_EQ(again->envelope.find("b3V0"), std::string::npos) << "output is told once";
        EXPECT_NE(again->envelope.find("<rsp:ExitCode>7</rsp:ExitCode>"), std::string::npos)
            << "the end may have been lost on the way";
    }
    EXPECT_EQ(code_of(make_signal(cmd, s, id, signal_code::terminate)), 0U);
    receive(s);
    EXPECT_EQ(reply()->code, number(fault_code::unexpected_selectors));
}

TEST_F(table_test, silence_ends_at_the_operation_timeout)
{
    const auto s = create();
    start(s);
    receive(s);
    EXPECT_EQ(table.deadline(), now + 60s);
    now += 60s;
    table.handle_timeout(now);
    EXPECT_EQ(reply()->code, number(fault_code::operation_timed_out));
}

TEST_F(table_test, a_newer_receive_takes_the_place_of_the_older)
{
    const auto s = create();
    start(s);
    receive(s);
    receive(s);
    EXPECT_EQ(reply()->code, number(fault_code::operation_aborted));
    EXPECT_FALSE(reply());
}

TEST_F(table_test, pipes_held_by_grandchildren_are_waited_for_a_while)
{
    const auto s = create();
    const auto p = start(s);
    receive(s);
    table.process_exited(p, 0, now);
    EXPECT_FALSE(reply());
    EXPECT_EQ(table.deadline(), now + 2s);
    now += 2s;
    table.handle_timeout(now);
    EXPECT_EQ(reply()->code, 0U);
}

TEST_F(table_test, pipes_that_are_not_quiet_are_read_on_after_the_exit)
{
    const auto s = create();
    const auto p = start(s);
    table.process_exited(p, 0, now);
    std::string got;
    int done = 0;
    const auto listen = [&] {
        while (auto a = reply()) {
            const auto read = wsman::read_reply(a->envelope, base::limits{}, "uuid:m");
            const auto got_now = read_receive_reply(*read);
            for (const auto& b : got_now->blocks) got += b.data;
            if (got_now->state == command_state::done) ++done;
            else receive(s);
        }
    };
    receive(s);
    for (int i = 0; i < 8; ++i) {
        now += 1s;
        table.process_output(p, 0, "x", now);
        table.handle_timeout(now += 50ms);
        listen();
        EXPECT_EQ(done, 0);
        EXPECT_EQ(got.size(), i < 1 ? 0U : static_cast<std::size_t>(i) + 1) << "not held back for ever";
    }
    table.handle_timeout(now += 2s);
    listen();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(got.size(), 8U);
}

TEST_F(table_test, what_an_exited_command_left_in_a_pipe_that_we_do_not_read_is_not_lost)
{
    const auto s = create();
    const auto p = start(s);
    const std::string block(65536, 'x');
    for (int i = 0; i < 16; ++i) table.process_output(p, 0, block, now);
    EXPECT_FALSE(std::get<read_output>(*table.poll_order()).wanted);
    table.process_exited(p, 0, now);
    now += 1h;
    table.handle_timeout(now);
    EXPECT_FALSE(table.poll_order()) << "the pipes stay open until they are read";
    for (int i = 0; i < 2; ++i) {
        receive(s);
        const auto a = reply();
        ASSERT_TRUE(a);
        EXPECT_EQ(a->envelope.find("CommandState/Done"), std::string::npos);
    }
    EXPECT_TRUE(std::get<read_output>(*table.poll_order()).wanted);
    EXPECT_EQ(table.deadline(), now + 2s) << "quiet counts from when they are read again";
    table.process_output(p, 1, "the rest", now);
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    receive(s);
    const auto last = reply();
    ASSERT_TRUE(last);
    EXPECT_NE(last->envelope.find("CommandState/Done"), std::string::npos);
    EXPECT_NE(last->envelope.find("dGhlIHJlc3Q="), std::string::npos);
}

TEST_F(table_test, a_stream_asked_for_later_has_kept_its_output)
{
    const auto s = create();
    const auto p = start(s);
    table.process_output(p, 1, "err", now);
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    table.process_exited(p, 7, now);
    ask(make_receive(cmd, s, id, {"stdout"}));
    EXPECT_EQ(reply()->envelope.find("ZXJy"), std::string::npos);
    ask(make_receive(cmd, s, id, {"stderr"}));
    const auto a = reply();
    EXPECT_NE(a->envelope.find("ZXJy"), std::string::npos);
    EXPECT_NE(a->envelope.find("<rsp:ExitCode>7</rsp:ExitCode>"), std::string::npos);
}

TEST_F(table_test, a_command_that_cannot_start_is_a_fault)
{
    const auto s = create();
    ask(make_command(cmd, s, {"x", {}, id, true, {}}));
    auto o = table.poll_order();
    ASSERT_TRUE(o);
    table.process_not_started(std::get<start_process>(*o).process, start_failure::not_found, now);
    EXPECT_EQ(reply()->code, number(fault_code::file_not_found));
    EXPECT_EQ(code_of(make_command(cmd, s, {std::string(9000, 'x'), {}, {}, {}, {}})),
              number(fault_code::command_line_too_long));
}

TEST_F(table_test, delete_ends_everything)
{
    const auto s = create();
    start(s);
    receive(s);
    ask(make_delete(cmd, s));
    EXPECT_EQ(reply()->code, number(fault_code::operation_aborted));
    EXPECT_EQ(reply()->code, 0U);
    EXPECT_TRUE(std::holds_alternative<kill_process>(*table.poll_order()));
    EXPECT_EQ(code_of(make_delete(cmd, s)), number(fault_code::unexpected_selectors));
    while (table.poll_order()) {}
    EXPECT_EQ(table.objects(), 0U);
}

TEST_F(table_test, a_full_queue_stops_the_reading)
{
    const auto s = create();
    const auto p = start(s);
    const std::string block(65536, 'x');
    for (int i = 0; i < 16; ++i) table.process_output(p, 0, block, now);
    const auto o = table.poll_order();
    ASSERT_TRUE(o);
    EXPECT_FALSE(std::get<read_output>(*o).wanted);
    for (int i = 0; i < 2; ++i) {
        receive(s);
        const auto a = reply();
        ASSERT_TRUE(a);
        EXPECT_LE(a->envelope.size(), base::limits{}.envelope);
    }
    EXPECT_TRUE(std::get<read_output>(*table.poll_order()).wanted);
}

} // namespace
} // namespace winrm::shell
