// A server's pool with clients that do what they should not.
#include "psrp/server_pool.h"
#include "clixml/writer.h"
#include "psrp/content.h"

#include <gtest/gtest.h>

#include <map>

namespace winrm::psrp {
namespace {

const base::uuid pool_id = *base::uuid::parse("11111111-1111-1111-1111-111111111111");
const base::uuid first = *base::uuid::parse("22222222-2222-4222-8222-222222222222");
const base::uuid second = *base::uuid::parse("33333333-3333-4333-8333-333333333333");

class odd_client : public testing::Test
{
protected:
    odd_client() { begin({}); }
    void begin(server_pool_options o)
    {
        pool.emplace(std::move(o), base::system_random());
        from_server.clear();
        said.clear();
    }
    result<void> says(message_type type, const message_content& content, const std::optional<base::uuid>& pipeline = {},
                      carry_stream stream = carry_stream::normal)
    {
        return says_raw(write_message({destination::server, type, pool_id, pipeline, write_content(content)}), pipeline,
                        stream);
    }
    result<void> says_raw(base::bytes message, const std::optional<base::uuid>& pipeline = {},
                          carry_stream stream = carry_stream::normal)
    {
        fragmenter f;
        f.push(++object, std::move(message));
        base::bytes all;
        while (!f.empty()) all += f.take(100'000);
        auto done = pool->received(pipeline, stream, all);
        settle();
        return done;
    }
    void settle()
    {
        while (auto e = pool->poll_event()) {
            if (std::holds_alternative<opening_asked>(*e)) pool->opened();
            if (auto* x = std::get_if<pipeline_asked>(&*e)) ++asked[x->pipeline];
            if (auto* x = std::get_if<server_pool_closed>(&*e)) closed = x->error ? x->error->message() : "closed";
            if (std::holds_alternative<input_came>(*e)) ++input;
            if (auto* x = std::get_if<stop_asked>(&*e)) pool->end(x->pipeline, invocation_state::stopped);
        }
        while (auto out = pool->poll_output()) {
            auto& d = from_server[out->pipeline];
            ASSERT_TRUE(d.push(out->fragments));
            while (auto bytes = d.poll()) {
                const auto m = read_message(std::move(*bytes));
                ASSERT_TRUE(m);
                said.push_back(*m);
            }
        }
    }
    void open()
    {
        ASSERT_TRUE(says(message_type::session_capability, session_capability{}));
        ASSERT_TRUE(says(message_type::init_runspacepool, init_runspacepool{}));
        ASSERT_EQ(pool->state(), runspacepool_state::opened);
    }
    std::optional<invocation_state> end_of(const base::uuid& id)
    {
        for (const message& m : said)
            if (m.type == message_type::pipeline_state && m.pipeline == id)
                return std::get<pipeline_state_message>(*read_content(m)).state;
        return std::nullopt;
    }
    static pipeline words(bool takes_input = false)
    {
        pipeline p = pipeline::script("x");
        p.takes_input = takes_input;
        return p;
    }

    std::optional<server_pool> pool;
    std::uint64_t object = 0;
    std::map<base::uuid, int> asked;
    std::string closed;
    int input = 0;
    std::map<std::optional<base::uuid>, defragmenter> from_server;
    std::vector<message> said;
};

TEST_F(odd_client, in_the_wrong_order)
{
    EXPECT_FALSE(says(message_type::init_runspacepool, init_runspacepool{}));
    EXPECT_EQ(pool->state(), runspacepool_state::broken);
    begin({});
    EXPECT_TRUE(says(message_type::session_capability, session_capability{}));
    EXPECT_FALSE(says(message_type::session_capability, session_capability{}));
    begin({});
    EXPECT_TRUE(says(message_type::session_capability, session_capability{}));
    EXPECT_FALSE(says(message_type::set_max_runspaces, set_max_runspaces{1, 2}));
    begin({});
    EXPECT_TRUE(says(message_type::session_capability, session_capability{}));
    EXPECT_FALSE(says(message_type::create_pipeline, words(), first)) << "the pool is not open";
    EXPECT_EQ(pool->state(), runspacepool_state::negotiation_succeeded) << "and goes on";
}

TEST_F(odd_client, numbers_that_cannot_be)
{
    for (const auto& [least, most] : std::vector<std::pair<int, int>>{{0, 1}, {2, 1}, {1, 1'000'000}, {-1, -1}}) {
        begin({});
        EXPECT_TRUE(says(message_type::session_capability, session_capability{}));
        init_runspacepool init;
        init.min_runspaces = least;
        init.max_runspaces = most;
        EXPECT_FALSE(says(message_type::init_runspacepool, init));
    }
}

TEST_F(odd_client, an_older_version)
{
    session_capability old;
    old.protocol_version = "2.1";
    EXPECT_TRUE(says(message_type::session_capability, old));
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(std::get<session_capability>(*read_content(said[0])).protocol_version, "2.1");
    begin({});
    old.protocol_version = "1.0";
    EXPECT_FALSE(says(message_type::session_capability, old));
}

TEST_F(odd_client, a_broken_pipeline_harms_no_other)
{
    open();
    ASSERT_TRUE(says(message_type::set_max_runspaces, set_max_runspaces{1, 5}));
    ASSERT_TRUE(says(message_type::create_pipeline, words(true), first));
    EXPECT_EQ(asked[first], 1);
    EXPECT_FALSE(says_raw(write_message({destination::server, message_type::create_pipeline, pool_id, second, "<Obj>"}),
                          second));
    EXPECT_EQ(end_of(second), invocation_state::failed);
    EXPECT_TRUE(says(message_type::pipeline_input, pipeline_input_object{clixml::value{1}}, first));
    EXPECT_EQ(input, 1);
    EXPECT_TRUE(says(message_type::end_of_pipeline_input, end_of_pipeline_input{}, first));
    EXPECT_FALSE(says(message_type::pipeline_input, pipeline_input_object{clixml::value{1}}, first)) << "after its end";
    EXPECT_EQ(end_of(first), invocation_state::failed);
    EXPECT_EQ(pool->state(), runspacepool_state::opened);
    EXPECT_EQ(pool->available(), 5);
}

TEST_F(odd_client, a_pipeline_that_there_is_not)
{
    open();
    EXPECT_FALSE(says(message_type::pipeline_input, pipeline_input_object{clixml::value{1}}, first));
    EXPECT_FALSE(says(message_type::pipeline_host_response, host_response{1, host_method::read_line, {}, {}}, second,
                      carry_stream::prompt_response));
    pool->stop(second);
    pool->close_pipeline(second);
    EXPECT_EQ(pool->state(), runspacepool_state::opened);
    pipeline none;
    EXPECT_FALSE(says(message_type::create_pipeline, none, second)) << "without commands";
}

TEST_F(odd_client, of_another_pool_or_stream)
{
    open();
    EXPECT_FALSE(says_raw(
        write_message({destination::server, message_type::create_pipeline, second, first, write_content(words())}),
        first));
    EXPECT_FALSE(says_raw(
        write_message({destination::server, message_type::create_pipeline, pool_id, first, write_content(words())}),
        second));
    EXPECT_EQ(asked.size(), 0u);
    EXPECT_FALSE(says_raw(
        write_message({destination::server, message_type::create_pipeline, pool_id, first, write_content(words())})));
    EXPECT_EQ(pool->state(), runspacepool_state::broken);
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(std::get<runspacepool_state_message>(*read_content(said.back())).state, runspacepool_state::broken);
    EXPECT_NE(closed, "");
}

TEST_F(odd_client, more_pipelines_than_the_limit)
{
    server_pool_options o;
    o.most_pipelines = 2;
    begin(std::move(o));
    open();
    EXPECT_TRUE(says(message_type::create_pipeline, words(), first));
    EXPECT_TRUE(says(message_type::create_pipeline, words(), second)) << "waits for the runspace";
    EXPECT_EQ(asked.size(), 1u);
    const auto third = *base::uuid::parse("44444444-4444-4444-8444-444444444444");
    const auto refused = says(message_type::create_pipeline, words(), third);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::too_large);
    pool->stop(second);
    settle();
    EXPECT_EQ(end_of(second), invocation_state::stopped) << "it never ran";
    pool->close_pipeline(first);
    pool->close_pipeline(second);
    EXPECT_TRUE(says(message_type::create_pipeline, words(), third));
    EXPECT_EQ(asked[third], 1);
}

TEST_F(odd_client, connects_to_something_else)
{
    open();
    EXPECT_FALSE(pool->connect(""));
    EXPECT_FALSE(pool->connect("junk that is no fragment at all, but long enough"));
    fragmenter f;
    f.push(
        1,
        write_message(
            {destination::server, message_type::session_capability, pool_id, {}, write_content(session_capability{})}));
    EXPECT_FALSE(pool->connect(f.take(10'000))) << "CONNECT_RUNSPACEPOOL is missing";
    f.push(
        1,
        write_message(
            {destination::server, message_type::session_capability, pool_id, {}, write_content(session_capability{})}));
    f.push(2, write_message({destination::server,
                             message_type::connect_runspacepool,
                             pool_id,
                             {},
                             write_content(connect_runspacepool{3, 9})}));
    EXPECT_FALSE(pool->connect(f.take(10'000))) << "other numbers";
    EXPECT_EQ(pool->state(), runspacepool_state::opened);
}

} // namespace
} // namespace winrm::psrp
