// The client's pool with hosts that do what they should not.
#include "psrp/client_pool.h"
#include "clixml/writer.h"
#include "psrp/content.h"

#include <gtest/gtest.h>

namespace winrm::psrp {
namespace {

const base::uuid pool_id = *base::uuid::parse("11111111-1111-1111-1111-111111111111");
const base::uuid pid = *base::uuid::parse("22222222-2222-4222-8222-222222222222");

class odd_host : public testing::Test
{
protected:
    odd_host()
    {
        client_pool_options o;
        o.id = pool_id;
        pool.emplace(std::move(o), base::system_random());
    }
    void says(message_type type, const message_content& content, const std::optional<base::uuid>& stream = {})
    {
        fragmenter f;
        f.push(++object, write_message({destination::client, type, pool_id, stream, write_content(content)}));
        pool->received(stream, f.take(100'000));
        settle();
    }
    void settle(const std::optional<winrm::error>& failing = {})
    {
        for (bool moved = true; moved;) {
            moved = false;
            while (auto order = pool->poll_carry({})) {
                moved = true;
                last = order->what.index();
                if (failing) pool->handle_failure(order->id, *failing);
                else pool->handle_done(order->id);
            }
            while (auto e = pool->poll_event()) {
                moved = true;
                if (auto* x = std::get_if<pool_broken>(&*e)) broke = x->error.message();
                if (std::holds_alternative<pool_closed>(*e)) closed = true;
                if (auto* x = std::get_if<pipeline_state_changed>(&*e)) ended = x->state;
            }
        }
    }
    void open()
    {
        pool->open();
        settle();
        says(message_type::session_capability, session_capability{});
        says(message_type::runspacepool_state, runspacepool_state_message{});
        ASSERT_EQ(pool->state(), runspacepool_state::opened) << broke;
    }
    std::optional<client_pool> pool;
    std::uint64_t object = 0;
    std::size_t last = 0;
    std::string broke;
    bool closed = false;
    std::optional<invocation_state> ended;
};

TEST_F(odd_host, another_version)
{
    pool->open();
    settle();
    session_capability c;
    c.protocol_version = "3.0";
    says(message_type::session_capability, c);
    EXPECT_EQ(broke, "the host speaks another version of PSRP");
}

TEST_F(odd_host, opened_before_it_said_what_it_can)
{
    pool->open();
    settle();
    says(message_type::runspacepool_state, runspacepool_state_message{});
    EXPECT_NE(broke, "");
}

TEST_F(odd_host, capability_twice)
{
    open();
    says(message_type::session_capability, session_capability{});
    EXPECT_EQ(broke, "SESSION_CAPABILITY came at the wrong time");
}

TEST_F(odd_host, answers_what_was_not_asked)
{
    open();
    says(message_type::runspace_availability, runspace_availability{5, true});
    EXPECT_EQ(broke, "RUNSPACE_AVAILABILITY answers a call that was not made");
}

TEST_F(odd_host, a_session_key_without_a_public_key)
{
    open();
    says(message_type::encrypted_session_key, encrypted_session_key{"AAAA"});
    EXPECT_NE(broke, "");
}

TEST_F(odd_host, a_pipeline_that_there_is_not)
{
    open();
    says(message_type::pipeline_output, pipeline_output_object{clixml::value{1}}, pid);
    EXPECT_EQ(broke, "") << "what a pipeline that has ended still says is ignored";
    pool->received({}, "");
    EXPECT_FALSE(pool->finished());
}

TEST_F(odd_host, a_pipelines_message_in_the_stream_of_the_pool)
{
    open();
    fragmenter f;
    f.push(++object, write_message({destination::client, message_type::pipeline_output, pool_id, pid, "<Nil/>"}));
    pool->received({}, f.take(1000));
    settle();
    EXPECT_EQ(broke, "a PSRP message about a pipeline came in the stream of the pool");
}

TEST_F(odd_host, junk_instead_of_clixml_ends_pipelines_too)
{
    open();
    pool->run(pipeline::script("x"), pid);
    settle();
    fragmenter f;
    f.push(++object, write_message({destination::client, message_type::pipeline_output, pool_id, pid, "<Obj>"}));
    pool->received(pid, f.take(1000));
    settle();
    EXPECT_NE(broke, "");
    EXPECT_EQ(ended, invocation_state::failed);
    EXPECT_EQ(last, decltype(carry::what){carry_close{}}.index()) << "the carrier tidies up on the host";
}

TEST_F(odd_host, closes_or_breaks_by_itself)
{
    for (const auto state : {runspacepool_state::closed, runspacepool_state::broken}) {
        client_pool_options o;
        o.id = pool_id;
        pool.emplace(std::move(o), base::system_random());
        broke.clear();
        open();
        says(message_type::runspacepool_state,
             runspacepool_state_message{state, error_record::make("why", "Id", error_category::read_error)});
        EXPECT_NE(broke, "");
        EXPECT_EQ(pool->state(), runspacepool_state::broken);
    }
}

TEST_F(odd_host, does_not_take_what_is_carried)
{
    pool->open();
    settle(winrm::error{errc::connect, "no way"});
    EXPECT_EQ(broke, "no way");

    client_pool_options o;
    o.id = pool_id;
    pool.emplace(std::move(o), base::system_random());
    open();
    pool->run(pipeline::script("x"), pid);
    settle(winrm::error{errc::fault, "no more commands"});
    EXPECT_EQ(ended, invocation_state::failed);
    EXPECT_EQ(pool->state(), runspacepool_state::opened) << "the pool goes on";
    ended.reset();
    pool->run(pipeline::script("x"), pid);
    settle();
    says(message_type::pipeline_state, pipeline_state_message{}, pid);
    EXPECT_EQ(ended, invocation_state::completed);
    pool->close();
    settle(winrm::error{errc::connection_lost, "lost"});
    EXPECT_TRUE(closed) << "closed all the same";
}

TEST_F(odd_host, is_lost)
{
    open();
    pool->run(pipeline::script("x"), pid);
    settle();
    pool->handle_lost({errc::connection_lost, "gone"});
    settle();
    EXPECT_EQ(broke, "gone");
    EXPECT_EQ(ended, invocation_state::failed);
    EXPECT_FALSE(pool->poll_carry({}));
    pool->close();
    pool->run(pipeline::script("x"));
    settle();
    EXPECT_TRUE(pool->finished());
}

TEST_F(odd_host, closed_before_anything)
{
    pool->run(pipeline::script("x"), pid);
    pool->close();
    settle();
    EXPECT_TRUE(closed);
    EXPECT_EQ(ended, invocation_state::stopped);
}

} // namespace
} // namespace winrm::psrp
