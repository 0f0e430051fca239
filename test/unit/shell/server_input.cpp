// Input of commands: what is taken at once, what waits, what is refused, and how it reaches the child.
#include "unit/shell/table_fixture.h"

#include <functional>

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;
using wsman::fault_code;

constexpr std::uint32_t unanswered = 1;
constexpr std::size_t budget = 1000;

class input_test : public table_test
{
protected:
    input_test() : table_test(small())
    {
        shell = create();
        process = start(shell);
    }

    static table_options small()
    {
        auto o = options();
        o.output_budget = budget;
        return o;
    }

    /// The same command anew.
    void restart()
    {
        ask(make_signal(cmd, shell, id, signal_code::terminate));
        while (reply()) {}
        while (table.poll_order()) {}
        process = start(shell, id);
        read.clear();
        ended = false;
    }

    std::uint32_t send(base::bytes data, bool end = false, std::optional<base::milliseconds> timeout = {})
    {
        auto r = make_send(cmd, shell, id, std::move(data), end);
        r.header.operation_timeout = timeout;
        return code_of(std::move(r));
    }

    /// What the child reads now; one write is under way at a time.
    bool child_reads()
    {
        auto o = table.poll_order();
        if (!o) return false;
        const auto& w = std::get<write_input>(*o);
        EXPECT_EQ(w.process, process);
        EXPECT_FALSE(table.poll_order()) << "one write at a time";
        EXPECT_FALSE(ended) << "nothing follows the end";
        read += w.data;
        ended = w.end;
        table.process_input_taken(process, now);
        return true;
    }

    void pass(base::milliseconds time)
    {
        now += time;
        table.handle_timeout(now);
    }

    std::uint32_t answered()
    {
        const auto a = reply();
        return a ? a->code : unanswered;
    }

    static constexpr std::uint32_t ok = 0;
    const std::uint32_t busy = number(fault_code::busy), timed_out = number(fault_code::operation_timed_out);
    std::string shell, read;
    process_ref process{};
    bool ended = false;
};

TEST_F(input_test, sends_are_taken_while_there_is_room)
{
    struct row
    {
        const char* what;
        std::vector<std::size_t> before; ///< held, none of it read
        std::size_t size;
        std::uint32_t answer;
    };
    const std::vector<row> rows{
        {"an empty queue takes any one envelope", {}, 50 * budget, ok},
        {"up to the bound", {400, 300}, 300, ok},
        {"one byte more", {400, 300}, 301, unanswered},
        {"after one that was larger than the bound", {50 * budget}, 1, unanswered},
        {"no bytes need no room", {50 * budget}, 0, ok},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.what);
        restart();
        for (const std::size_t size : r.before) EXPECT_EQ(send(std::string(size, 'b')), ok);
        EXPECT_EQ(send(std::string(r.size, 'x')), r.answer);
    }
}

TEST_F(input_test, everything_comes_in_order_and_the_end_last)
{
    struct row
    {
        const char* what;
        std::vector<std::string> sent;
        bool end_alone, read_between;
    };
    for (const row& r : {row{"end with the last", {"a", "b", std::string(500, 'c')}, false, false},
                         row{"end alone", {"a", "b"}, true, false}, row{"all read", {"a", "b"}, false, true},
                         row{"all read, end alone", {"a", std::string(3000, 'b')}, true, true},
                         row{"nothing but the end", {}, true, true}}) {
        SCOPED_TRACE(r.what);
        restart();
        std::string all;
        for (std::size_t i = 0; i < r.sent.size(); ++i) {
            all += r.sent[i];
            EXPECT_EQ(send(r.sent[i], !r.end_alone && i + 1 == r.sent.size()), ok);
            EXPECT_EQ(ended, false);
            while (r.read_between && child_reads()) {}
        }
        if (r.end_alone) {
            EXPECT_EQ(send("", true), ok);
        }
        EXPECT_EQ(send("c"), number(fault_code::invalid_parameter)) << "after the end";
        while (child_reads()) {}
        EXPECT_EQ(read, all);
        EXPECT_TRUE(ended);
        table.process_exited(process, 0, now);
        EXPECT_EQ(send("late"), ok) << "discarded";
    }
}

TEST_F(input_test, small_sends_join)
{
    EXPECT_EQ(send("first"), ok);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(send("x"), ok);
    ASSERT_TRUE(child_reads());
    EXPECT_EQ(read, "first");
    ASSERT_TRUE(child_reads());
    EXPECT_EQ(read, "first" + std::string(500, 'x'));
    EXPECT_FALSE(child_reads());
}

TEST_F(input_test, one_waits_for_room_and_a_second_is_busy)
{
    EXPECT_EQ(send(std::string(900, 'a')), ok);
    EXPECT_EQ(send(std::string(200, 'b'), true), unanswered);
    EXPECT_EQ(send("c"), busy) << "although it would fit: it must not overtake";
    EXPECT_EQ(send("", true), busy);
    ASSERT_TRUE(child_reads());
    EXPECT_EQ(answered(), ok);
    EXPECT_EQ(send("d"), number(fault_code::invalid_parameter)) << "the one that waited had the end";
    ASSERT_TRUE(child_reads());
    EXPECT_EQ(read, std::string(900, 'a') + std::string(200, 'b'));
    EXPECT_TRUE(ended);
}

// Item 12: as Windows does. The first waits for its OperationTimeout, what it brought is taken, only a second is busy.
TEST_F(input_test, i12_a_waiting_send_times_out_and_is_taken)
{
    struct row
    {
        const char* what;
        std::optional<base::milliseconds> asked;
        base::milliseconds until;
    };
    for (const row& r : {row{"asked for", 1s, 1s}, row{"longer than allowed", 3h, 60s}, row{"not said", {}, 60s}}) {
        SCOPED_TRACE(r.what);
        restart();
        EXPECT_EQ(send(std::string(900, 'a')), ok);
        EXPECT_EQ(send(std::string(200, 'b'), false, r.asked), unanswered);
        EXPECT_EQ(table.deadline(), now + r.until);
        pass(r.until - 1ms);
        EXPECT_EQ(send("x"), busy);
        EXPECT_EQ(answered(), unanswered);
        pass(1ms);
        EXPECT_EQ(answered(), timed_out);
        EXPECT_GT(table.deadline(), now);
        for (int i = 0; i < 3; ++i) { // however often it is tried, nothing piles up
            EXPECT_EQ(send("x"), busy);
            pass(r.until);
            EXPECT_EQ(answered(), unanswered) << "answered once";
        }
        ASSERT_TRUE(child_reads());
        EXPECT_EQ(answered(), unanswered) << "answered once";
        EXPECT_EQ(send("c", true), ok);
        while (child_reads()) {}
        EXPECT_EQ(read, std::string(900, 'a') + std::string(200, 'b') + "c") << "each byte once";
        EXPECT_TRUE(ended);
    }
}

TEST_F(input_test, i12_the_end_of_a_send_that_timed_out_counts)
{
    EXPECT_EQ(send(std::string(900, 'a')), ok);
    EXPECT_EQ(send(std::string(200, 'b'), true, 1s), unanswered);
    pass(1s);
    EXPECT_EQ(answered(), timed_out);
    EXPECT_EQ(send("c"), busy);
    while (child_reads()) {}
    EXPECT_TRUE(ended);
    EXPECT_EQ(send("c"), number(fault_code::invalid_parameter));
    EXPECT_EQ(read, std::string(900, 'a') + std::string(200, 'b'));
}

TEST_F(input_test, i12_a_send_that_timed_out_holds_nothing_up)
{
    const auto later = [&] {
        restart();
        while (table.poll_order()) {}
        EXPECT_EQ(send(std::string(900, 'a')), ok);
        const auto token = ask(make_send(cmd, shell, id, std::string(200, 'b'), true));
        pass(60s);
        EXPECT_EQ(answered(), timed_out);
        return token;
    };
    table.handle_gone(later(), now);
    while (child_reads()) {}
    EXPECT_EQ(read, std::string(900, 'a') + std::string(200, 'b')) << "its connection may go";
    for (const auto& end : std::vector<std::function<void()>>{
             [&] { table.process_exited(process, 0, now); },
             [&] { ask(make_signal(cmd, shell, id, signal_code::terminate)); },
         }) {
        later();
        end();
        while (const auto a = reply()) EXPECT_EQ(a->code, ok);
    }
    table.close_all(now);
    while (reply()) {}
    while (table.poll_order()) {}
    EXPECT_EQ(table.objects(), 0U);
}

TEST_F(input_test, what_ends_the_command_ends_the_waiting)
{
    struct row
    {
        const char* what;
        std::function<void()> happen;
        std::uint32_t answer;
    };
    const std::uint32_t aborted = number(fault_code::operation_aborted);
    for (const row& r : {row{"exit", [&] { table.process_exited(process, 0, now); }, ok},
                         row{"terminate", [&] { ask(make_signal(cmd, shell, id, signal_code::terminate)); }, aborted},
                         row{"Delete", [&] { ask(make_delete(cmd, shell)); }, aborted},
                         row{"service stops", [&] { table.close_all(now); }, aborted}}) {
        SCOPED_TRACE(r.what);
        shell = create();
        process = start(shell, id);
        EXPECT_EQ(send(std::string(900, 'a')), ok);
        EXPECT_EQ(send(std::string(200, 'b'), true), unanswered);
        r.happen();
        EXPECT_EQ(answered(), r.answer);
        table.process_input_taken(process, now); // late news
        table.close_all(now);
        while (reply()) {}
        while (table.poll_order()) {}
        EXPECT_EQ(table.objects(), 0U);
    }
}

TEST_F(input_test, a_waiting_send_whose_connection_is_gone_was_not_taken)
{
    EXPECT_EQ(send(std::string(900, 'a')), ok);
    const auto objects = table.objects();
    const auto token = ask(make_send(cmd, shell, id, std::string(200, 'b'), true));
    table.handle_gone(token, now);
    EXPECT_EQ(table.objects(), objects);
    EXPECT_EQ(send(std::string(200, 'c'), true), unanswered) << "the place is free again";
    ASSERT_TRUE(child_reads());
    EXPECT_EQ(answered(), ok);
    ASSERT_TRUE(child_reads());
    EXPECT_EQ(read, std::string(900, 'a') + std::string(200, 'c'));
}

TEST_F(input_test, a_waiting_send_keeps_the_shell)
{
    create_shell c;
    c.idle_timeout = 60s;
    shell = create(c);
    process = start(shell, id);
    EXPECT_EQ(send(std::string(900, 'a')), ok);
    now += 30s;
    EXPECT_EQ(send(std::string(200, 'b'), false, 60s), unanswered);
    pass(60s);
    EXPECT_EQ(answered(), timed_out);
    EXPECT_EQ(table.deadline(), now + 60s) << "idle from now on";
}

TEST_F(input_test, a_command_that_has_not_started_is_busy)
{
    const std::string other = "22222222-2222-2222-2222-222222222222";
    ask(make_command(cmd, shell, {"x", {}, other, {}, {}}));
    EXPECT_EQ(code_of(make_send(cmd, shell, other, "a", false)), busy);
}

} // namespace
} // namespace winrm::shell
