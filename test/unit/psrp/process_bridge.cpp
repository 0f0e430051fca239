// The bridge against a scripted process, in memory, under a clock that the test moves.
#include "psrp/process_bridge.h"

#include "unit/psrp/fragments.h"

#include <gtest/gtest.h>

#include <vector>

namespace winrm::psrp {
namespace {

using namespace std::chrono_literals;

const base::uuid pool{};
const base::uuid one = *base::uuid::parse("11111111-2222-3333-4444-555555555555");
const base::uuid two = *base::uuid::parse("AAAAAAAA-2222-3333-4444-555555555555");
const std::string hello = test::fragments(1, test::message(0x10002, "hello"), 32768);

class bridge_test : public testing::Test
{
protected:
    explicit bridge_test(bridge_options o = {}) : bridge(o) {}

    /// What the process gets, each line once.
    std::vector<packet> sent()
    {
        reader.received(bridge.output());
        bridge.written(bridge.output().size());
        std::vector<packet> all;
        while (auto p = reader.poll()) all.push_back(std::get<packet>(*p));
        return all;
    }
    std::vector<packet_kind> kinds()
    {
        std::vector<packet_kind> all;
        for (const packet& p : sent()) all.push_back(p.kind);
        return all;
    }
    void says(packet_kind k, const base::uuid& g, std::string bytes = {})
    {
        bridge.received(write(packet{k, g, packet_stream::normal, std::move(bytes)}), now);
    }
    template <class T> bool told()
    {
        auto e = bridge.poll_event();
        return e && std::holds_alternative<T>(*e);
    }
    std::optional<bridge_end> ended()
    {
        while (auto e = bridge.poll_event())
            if (auto* end = std::get_if<bridge_ended>(&*e)) return end->why;
        return {};
    }
    void open_pool()
    {
        ASSERT_TRUE(bridge.open(pool, hello, now));
        EXPECT_EQ(sent().size(), 1U);
        says(packet_kind::data_ack, pool);
        EXPECT_TRUE(told<bridge_opened>());
    }
    void open_pipeline(const base::uuid& g)
    {
        ASSERT_TRUE(bridge.open(g, hello, now));
        EXPECT_EQ(kinds(), std::vector{packet_kind::command});
        says(packet_kind::command_ack, g);
        EXPECT_EQ(kinds(), std::vector{packet_kind::data});
        says(packet_kind::data_ack, g);
        EXPECT_TRUE(told<bridge_opened>());
    }

    time_point now{};
    process_bridge bridge;
    out_of_proc_reader reader;
};

TEST_F(bridge_test, nothing_goes_ahead_of_an_acknowledgement)
{
    ASSERT_TRUE(bridge.open(pool, hello, now));
    ASSERT_TRUE(bridge.open(one, hello, now));
    const auto first = sent();
    ASSERT_EQ(first.size(), 2U) << "pool and pipeline do not wait for each other";
    EXPECT_EQ(first[0], (packet{packet_kind::data, pool, packet_stream::normal, hello}));
    EXPECT_EQ(first[1], (packet{packet_kind::command, one}));
    bridge.send(pool, packet_stream::prompt_response, "answer", now);
    EXPECT_TRUE(sent().empty());
    says(packet_kind::data_ack, pool);
    EXPECT_EQ(sent(), (std::vector{packet{packet_kind::data, pool, packet_stream::prompt_response, "answer"}}));
    EXPECT_FALSE(bridge.poll_event()) << "its first bytes go on until there are none waiting";
    says(packet_kind::data_ack, pool);
    EXPECT_TRUE(told<bridge_opened>());
}

TEST_F(bridge_test, a_pipeline_under_the_guid_of_one_that_closes_waits_for_its_end)
{
    open_pool();
    open_pipeline(one);
    bridge.close(one, now);
    EXPECT_EQ(kinds(), std::vector{packet_kind::close});
    ASSERT_TRUE(bridge.open(one, hello, now)) << "PowerShell's own client does not wait";
    EXPECT_FALSE(bridge.open(one, hello, now)) << "one at a time";
    bridge.send(one, packet_stream::normal, hello, now);
    EXPECT_TRUE(sent().empty());
    says(packet_kind::data, one, hello);
    EXPECT_FALSE(bridge.poll_event()) << "of the one before";
    says(packet_kind::close_ack, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::command});
    says(packet_kind::command_ack, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::data});
    says(packet_kind::data_ack, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::data});
    says(packet_kind::data_ack, one);
    EXPECT_TRUE(told<bridge_opened>());
    bridge.close(one, now);
    EXPECT_EQ(kinds(), std::vector{packet_kind::close});
    ASSERT_TRUE(bridge.open(one, hello, now));
    bridge.close(one, now);
    says(packet_kind::close_ack, one);
    EXPECT_TRUE(sent().empty()) << "closed before it began";
    EXPECT_EQ(bridge.conversations(), 1U);
}

TEST_F(bridge_test, a_pipeline_from_its_command_to_its_close)
{
    open_pool();
    open_pipeline(one);
    bridge.send(one, packet_stream::normal, hello, now);
    EXPECT_EQ(kinds(), std::vector{packet_kind::data});
    says(packet_kind::data_ack, one);
    EXPECT_TRUE(told<bridge_taken>());
    const std::string state = test::pipeline_state(4);
    says(packet_kind::data, one, state.substr(0, 50));
    EXPECT_TRUE(told<bridge_output>());
    EXPECT_FALSE(bridge.poll_event());
    says(packet_kind::data, one, state.substr(50));
    EXPECT_TRUE(told<bridge_output>());
    EXPECT_TRUE(told<bridge_finished>());
    bridge.close(one, now);
    bridge.close(one, now);
    EXPECT_EQ(kinds(), std::vector{packet_kind::close}) << "exactly one";
    says(packet_kind::close_ack, one);
    EXPECT_EQ(bridge.conversations(), 1U);
    EXPECT_FALSE(bridge.poll_event());
}

TEST_F(bridge_test, a_stop_goes_ahead_of_input_and_a_close_drops_it)
{
    open_pool();
    open_pipeline(one);
    bridge.send(one, packet_stream::normal, hello, now);
    EXPECT_EQ(kinds(), std::vector{packet_kind::data});
    bridge.send(one, packet_stream::normal, hello, now);
    bridge.signal(one, now);
    bridge.signal(one, now);
    says(packet_kind::data_ack, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::signal});
    bridge.close(one, now);
    says(packet_kind::signal_ack, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::close});
}

TEST_F(bridge_test, a_command_that_was_never_sent_needs_no_close)
{
    open_pool();
    bridge.signal(one, now);
    bridge.close(one, now);
    EXPECT_TRUE(sent().empty());
    ASSERT_TRUE(bridge.open(one, hello, now));
    bridge.close(one, now);
    EXPECT_EQ(kinds(), (std::vector{packet_kind::command})) << "it is on its way";
    says(packet_kind::command_ack, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::close});
}

TEST_F(bridge_test, an_orderly_end_closes_pipelines_and_then_the_pool)
{
    open_pool();
    open_pipeline(one);
    open_pipeline(two);
    bridge.shut_down(now);
    EXPECT_EQ(kinds(), (std::vector{packet_kind::close, packet_kind::close}));
    says(packet_kind::close_ack, two);
    EXPECT_TRUE(sent().empty());
    says(packet_kind::close_ack, one);
    EXPECT_EQ(sent(), (std::vector{packet{packet_kind::close, pool}}));
    EXPECT_FALSE(bridge.finished());
    says(packet_kind::close_ack, pool);
    EXPECT_TRUE(bridge.finished());
    EXPECT_EQ(ended(), bridge_end::closed);
}

TEST_F(bridge_test, an_end_that_does_not_come_is_not_waited_for)
{
    open_pool();
    open_pipeline(one);
    bridge.shut_down(now);
    EXPECT_EQ(bridge.deadline(), now + 5s);
    now += 5s;
    bridge.handle_timeout(now);
    EXPECT_TRUE(bridge.finished());
}

TEST_F(bridge_test, whoever_does_not_acknowledge_is_silent)
{
    ASSERT_TRUE(bridge.open(pool, hello, now));
    EXPECT_EQ(bridge.deadline(), now + 60s);
    now += 60s;
    bridge.handle_timeout(now);
    EXPECT_EQ(ended(), bridge_end::silent);
    EXPECT_EQ(bridge.deadline(), time_point::max());
}

TEST_F(bridge_test, stopping_may_take_long_and_no_time_runs_while_nothing_is_read)
{
    open_pool();
    open_pipeline(one);
    bridge.signal(one, now);
    EXPECT_EQ(kinds(), std::vector{packet_kind::signal});
    EXPECT_EQ(bridge.deadline(), time_point::max());
    open_pipeline(two);
    bridge.send(two, packet_stream::normal, hello, now);
    EXPECT_EQ(bridge.deadline(), now + 60s);
    bridge.reading(false, now);
    EXPECT_EQ(bridge.deadline(), time_point::max());
    now += 1h;
    bridge.handle_timeout(now);
    bridge.reading(true, now);
    EXPECT_EQ(bridge.deadline(), now + 60s);
    EXPECT_EQ(ended(), std::nullopt);
}

/// Every line that a server may not send, at any time: a named end, and nothing after it.
TEST_F(bridge_test, what_the_process_may_not_say_ends_it)
{
    const std::string guid = "11111111-2222-3333-4444-555555555555";
    const std::pair<std::string, bridge_end> rows[] = {
        {"hello\n", bridge_end::junk},
        {"\n", bridge_end::junk},
        {"__NamedPipeError__:broke\n", bridge_end::error},
        {"<CommandAck PSGuid='" + guid + "' />\n", bridge_end::junk},
        {"<SignalAck PSGuid='" + guid + "' />\n", bridge_end::junk},
        {"<DataAck PSGuid='AAAAAAAA-2222-3333-4444-555555555555' />\n", bridge_end::junk},
        {"<Command PSGuid='" + guid + "' />\n", bridge_end::junk},
        {write(packet{packet_kind::data, one, packet_stream::normal, "no fragment, and longer than the header of one"}),
         bridge_end::junk},
        {write(packet{packet_kind::data, pool, packet_stream::normal, test::pool_state(5)}), bridge_end::broken},
        {write(packet{packet_kind::data, pool, packet_stream::normal, test::pool_state(3)}), bridge_end::closed},
        {std::string(5 * 1024 * 1024, 'x'), bridge_end::junk},
    };
    for (const auto& [line, why] : rows) {
        bridge = process_bridge{};
        reader = out_of_proc_reader{};
        open_pool();
        open_pipeline(one);
        bridge.received(line, now);
        EXPECT_EQ(ended(), why) << line.substr(0, 100);
        bridge.received(write(packet{packet_kind::data, one, packet_stream::normal, hello}), now);
        bridge.send(one, packet_stream::normal, hello, now);
        EXPECT_FALSE(bridge.open(two, hello, now));
        EXPECT_FALSE(bridge.poll_event());
        EXPECT_TRUE(bridge.output().empty());
        EXPECT_EQ(bridge.conversations(), 0U);
    }
}

TEST_F(bridge_test, data_of_a_pipeline_that_is_gone_is_nobodys)
{
    open_pool();
    says(packet_kind::data, two, hello);
    EXPECT_FALSE(bridge.poll_event());
    bridge.end_of_stream("said", now);
    EXPECT_EQ(ended(), bridge_end::exited);
}

TEST_F(bridge_test, a_second_client_is_answered_from_what_passed_by)
{
    const std::string size = "<Obj><MS><I32 N=\"MinRunspaces\">2</I32><I32 N=\"MaxRunspaces\">5</I32></MS></Obj>";
    ASSERT_TRUE(bridge.open(pool, hello + test::fragments(2, test::message(0x10004, size), 50), now));
    const std::string request = hello + test::fragments(2, test::message(0x10008, "<S/>"), 32768);
    EXPECT_FALSE(bridge.connect(request)) << "the process has not said what it can";
    says(packet_kind::data, pool, test::fragments(1, test::message(0x10002, "can"), 30));
    says(packet_kind::data, pool, test::fragments(2, test::message(0x21009, "private"), 32768));
    while (bridge.poll_event()) {}
    const auto answer = bridge.connect(request);
    ASSERT_TRUE(answer);
    const auto messages = collect_messages(*answer);
    ASSERT_TRUE(messages);
    ASSERT_EQ(messages->size(), 2U);
    EXPECT_EQ((*messages)[0].type, 0x10002U);
    EXPECT_EQ((*messages)[0].data, "can");
    EXPECT_EQ((*messages)[1].type, 0x2100BU);
    EXPECT_NE((*messages)[1].data.find("<I32 N=\"MaxRunspaces\">5<"), std::string::npos);
    EXPECT_NE((*messages)[1].data.find("<I32 N=\"MinRunspaces\">2<"), std::string::npos);
    const auto later = bridge.poll_event();
    ASSERT_TRUE(later && std::holds_alternative<bridge_output>(*later));
    EXPECT_EQ(collect_messages(std::get<bridge_output>(*later).bytes)->at(0).data, "private");
    for (const std::string& bad :
         std::vector<std::string>{"", hello, request.substr(1), request + "x", request + request.substr(0, 30),
                                  test::fragments(2, test::message(0x10008, "<S/>"), 32768)})
        EXPECT_FALSE(bridge.connect(bad));
    auto other = request;
    other[21 + 8] = '\1'; // of another pool
    EXPECT_FALSE(bridge.connect(other));
}

class narrow_bridge_test : public bridge_test
{
protected:
    static bridge_options narrow()
    {
        bridge_options o;
        o.max_conversations = 2;
        o.max_message = 100;
        o.max_received = 150;
        return o;
    }
    narrow_bridge_test() : bridge_test(narrow()) {}
};

TEST_F(narrow_bridge_test, pipelines_messages_and_bytes_are_bounded)
{
    open_pool();
    open_pipeline(one);
    EXPECT_FALSE(bridge.open(two, hello, now));
    bridge.send(one, packet_stream::normal, hello, now); // 66 octets, twice
    EXPECT_EQ(kinds(), std::vector{packet_kind::data});
    says(packet_kind::data_ack, one);
    EXPECT_TRUE(told<bridge_taken>());
    bridge.send(one, packet_stream::normal, hello, now);
    EXPECT_EQ(ended(), bridge_end::over_quota);
    bridge = process_bridge{narrow()};
    ASSERT_TRUE(bridge.open(pool, test::fragments(1, test::message(0x10002, std::string(80, 'x')), 32768), now));
    EXPECT_EQ(ended(), bridge_end::over_quota);
}

} // namespace
} // namespace winrm::psrp
