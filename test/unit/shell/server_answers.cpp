// Output in answers that were lost: a client that counts gets it again, any other is taken to have it.
#include "unit/shell/table_fixture.h"

namespace winrm::shell {
namespace {

using wsman::fault_code;

class answers_test : public table_test
{
protected:
    std::uint32_t code_with(base::bytes_view count)
    {
        auto r = make_receive(cmd, shell, id, {"stdout", "stderr"});
        r.header.options.add(std::string(received_option), std::string(count));
        return code_of(std::move(r));
    }

    struct got
    {
        std::string out, err;
        bool done = false;
    };
    got receive_counted(std::optional<std::uint64_t> count,
                        const std::vector<std::string>& streams = {"stdout", "stderr"})
    {
        ask(make_receive(cmd, shell, id, streams, count));
        table.handle_timeout(now += options().coalesce);
        got g;
        const auto a = reply();
        if (!a || a->code != 0) {
            ADD_FAILURE() << (a ? a->envelope : "no answer");
            return g;
        }
        const auto read = read_receive_reply(*wsman::read_reply(a->envelope, base::limits{}, "uuid:m"));
        for (const auto& b : read->blocks) (b.stream == "stderr" ? g.err : g.out) += b.data;
        g.done = read->state == command_state::done;
        return g;
    }
    void end(int status)
    {
        table.process_output_end(process, 0, now);
        table.process_output_end(process, 1, now);
        table.process_exited(process, status, now);
    }

    const std::string shell = create();
    const process_ref process = start(shell);
};

TEST_F(answers_test, a_lost_answer_is_given_again_with_what_came_since)
{
    table.process_output(process, 0, "one ", now);
    table.process_output(process, 1, "err", now);
    EXPECT_EQ(receive_counted(0).out, "one ");
    table.process_output(process, 0, "two ", now);
    for (int i = 0; i < 3; ++i) { // lost again and again
        const auto again = receive_counted(0);
        EXPECT_EQ(again.out, "one two ");
        EXPECT_EQ(again.err, "err");
    }
    table.process_output(process, 0, "three", now);
    EXPECT_EQ(receive_counted(1).out, "three");
    EXPECT_EQ(receive_counted(1).out, "three");
}

TEST_F(answers_test, the_end_is_given_again_with_the_output_before_it)
{
    table.process_output(process, 0, "last", now);
    end(7);
    for (int i = 0; i < 3; ++i) {
        const auto again = receive_counted(0);
        EXPECT_EQ(again.out, "last");
        EXPECT_TRUE(again.done);
    }
    const auto known = receive_counted(1);
    EXPECT_EQ(known.out, "");
    EXPECT_TRUE(known.done);
}

TEST_F(answers_test, without_a_count_everything_counts_as_received)
{
    table.process_output(process, 0, "one", now);
    EXPECT_EQ(receive_counted({}).out, "one");
    table.process_output(process, 0, "two", now);
    EXPECT_EQ(receive_counted({}).out, "two");
    end(0);
    EXPECT_EQ(receive_counted({}).out, "");
}

TEST_F(answers_test, an_impossible_count_is_refused_and_changes_nothing)
{
    table.process_output(process, 0, "one", now);
    EXPECT_EQ(receive_counted(0).out, "one");
    for (const char* count : {"2", "18446744073709551615", "-1", "", "x", "1.0"})
        EXPECT_EQ(code_with(count), number(fault_code::wsman_invalid_parameter)) << count;
    EXPECT_EQ(receive_counted(0).out, "one");
    table.process_output(process, 0, "two", now);
    EXPECT_EQ(receive_counted(1).out, "two");
    EXPECT_EQ(code_with("0"), number(fault_code::wsman_invalid_parameter)) << "two less";
}

TEST_F(answers_test, faults_are_not_counted)
{
    for (int i = 0; i < 3; ++i) {
        ask(make_receive(cmd, shell, id, {"stdout", "stderr"}, 0));
        now += options().max_timeout;
        table.handle_timeout(now);
        EXPECT_EQ(reply()->code, number(fault_code::operation_timed_out));
    }
    table.process_output(process, 0, "one", now);
    EXPECT_EQ(receive_counted(0).out, "one");
}

TEST_F(answers_test, streams_asked_for_one_by_one_are_each_given_again)
{
    table.process_output(process, 0, "out", now);
    table.process_output(process, 1, "err", now);
    EXPECT_EQ(receive_counted(0, {"stdout"}).out, "out");
    const auto other = receive_counted(0, {"stderr"}); // the first was lost, and now the other one is wanted
    EXPECT_EQ(other.out, "");
    EXPECT_EQ(other.err, "err");
    EXPECT_EQ(receive_counted(1, {"stdout"}).out, "out") << "it has never arrived";
}

TEST_F(answers_test, pipes_are_read_on_while_an_answer_is_under_way)
{
    for (int i = 0; i < 16; ++i) table.process_output(process, 0, std::string(65536, 'x'), now);
    EXPECT_FALSE(std::get<read_output>(*table.poll_order()).wanted);
    EXPECT_GT(receive_counted(0).out.size(), 300'000U);
    EXPECT_FALSE(table.poll_order());
    EXPECT_GT(receive_counted(1).out.size(), 300'000U);
    EXPECT_TRUE(std::get<read_output>(*table.poll_order()).wanted) << "as for a client that does not count";
    for (int i = 0; i < 16; ++i) table.process_output(process, 0, std::string(65536, 'y'), now);
    EXPECT_FALSE(std::get<read_output>(*table.poll_order()).wanted);
    EXPECT_EQ(receive_counted(1).out.substr(0, 1), "x") << "it was lost";
    EXPECT_FALSE(table.poll_order()) << "what comes back counts again";
}

/// Whoever ends the command wants no more of it.
TEST_F(answers_test, terminate_and_delete_leave_nothing_to_confirm)
{
    for (const bool whole_shell : {false, true}) {
        const auto s = create();
        const auto p = start(s);
        table.process_output(p, 0, "one", now);
        ask(make_receive(cmd, s, id, {"stdout"}, 0));
        table.handle_timeout(now += options().coalesce);
        EXPECT_EQ(reply()->code, 0U);
        EXPECT_EQ(code_of(whole_shell ? make_delete(cmd, s) : make_signal(cmd, s, id, signal_code::terminate)), 0U);
        EXPECT_EQ(code_of(make_receive(cmd, s, id, {"stdout"}, 0)), number(fault_code::unexpected_selectors));
        if (!whole_shell) {
            EXPECT_EQ(code_of(make_delete(cmd, s)), 0U);
        }
    }
    EXPECT_EQ(code_of(make_delete(cmd, shell)), 0U);
    while (table.poll_order()) {}
    EXPECT_EQ(table.objects(), 0U);
}

} // namespace
} // namespace winrm::shell
