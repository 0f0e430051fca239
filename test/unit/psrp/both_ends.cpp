// A client's pool and a server's, joined in memory.
#include "unit/psrp/joined.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace winrm::psrp {
namespace {

using test::accident;
using test::joined;

pipeline words(const char* text, bool takes_input = false)
{
    pipeline p = pipeline::script(text);
    p.takes_input = takes_input;
    return p;
}

TEST(both_ends, open_run_close)
{
    joined j;
    const auto early = j.client.run([] {
        pipeline p = words("echo");
        p.commands.front().with("a", "x").with(clixml::value{"y"});
        return p;
    }());
    EXPECT_EQ(j.client.state(), runspacepool_state::before_open);
    j.client.open();
    j.settle();
    EXPECT_EQ(j.client.state(), runspacepool_state::opened);
    EXPECT_EQ(j.server.state(), runspacepool_state::opened);
    EXPECT_EQ(j.all<pool_opened>().size(), 1u);
    EXPECT_EQ(j.outputs(early), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(j.end_of(early), invocation_state::completed);
    EXPECT_EQ(j.client.pipeline_state(early), std::nullopt);
    j.client.close();
    j.settle();
    EXPECT_TRUE(j.client.finished());
    EXPECT_EQ(j.all<pool_closed>().size(), 1u);
    EXPECT_EQ(j.server.state(), runspacepool_state::closed);
    EXPECT_TRUE(j.server_errors.empty());
}

TEST(both_ends, each_stream)
{
    joined j;
    j.client.open();
    const auto id = j.client.run(words("streams"));
    j.settle();
    EXPECT_EQ(j.outputs(id), (std::vector<std::string>{"out"}));
    ASSERT_EQ(j.all<pipeline_error>().size(), 1u);
    EXPECT_EQ(j.all<pipeline_error>()[0].record.category, error_category::open_error);
    std::set<informational_kind> kinds;
    for (const auto& r : j.all<pipeline_informational>()) kinds.insert(r.record.kind);
    EXPECT_EQ(kinds.size(), 3u);
    ASSERT_EQ(j.all<pipeline_information>().size(), 1u);
    EXPECT_EQ(j.all<pipeline_information>()[0].record.message, "info");
    ASSERT_EQ(j.all<pipeline_progress>().size(), 1u);
    EXPECT_EQ(j.all<pipeline_progress>()[0].record.percent_complete, 50);
    const auto failing = j.client.run(words("throw"));
    j.settle();
    EXPECT_EQ(j.end_of(failing), invocation_state::failed);
}

TEST(both_ends, input_and_stop)
{
    joined j;
    j.client.open();
    const auto id = j.client.run(words("input", true));
    j.client.send_input(id, clixml::value{"early"});
    j.settle();
    EXPECT_EQ(j.all<input_wanted>().size(), 1u);
    j.client.send_input(id, clixml::value{std::string(200'000, 'x')});
    j.client.end_input(id);
    j.client.send_input(id, clixml::value{"too late"});
    j.settle();
    ASSERT_EQ(j.outputs(id).size(), 2u);
    EXPECT_EQ(j.outputs(id)[0], "early");
    EXPECT_EQ(j.outputs(id)[1].size(), 200'000u);
    EXPECT_EQ(j.end_of(id), invocation_state::completed);

    const auto waits = j.client.run(words("wait"));
    j.settle();
    j.client.stop(waits);
    j.settle();
    EXPECT_EQ(j.end_of(waits), invocation_state::stopped);
    const auto at_once = j.client.run(words("wait"));
    j.client.stop(at_once);
    j.settle();
    EXPECT_EQ(j.end_of(at_once), invocation_state::stopped);
}

TEST(both_ends, as_many_pipelines_as_runspaces)
{
    joined j;
    j.client.open();
    const auto first = j.client.run(words("wait"));
    const auto second = j.client.run(words("echo"));
    j.settle();
    EXPECT_EQ(j.server.available(), 0);
    EXPECT_EQ(j.end_of(second), std::nullopt) << "waits for a runspace";
    const auto call = j.client.set_max_runspaces(2);
    j.settle();
    EXPECT_EQ(j.end_of(second), invocation_state::completed);
    const auto refused = j.client.set_max_runspaces(1000);
    const auto least = j.client.set_min_runspaces(2);
    const auto count = j.client.available_runspaces();
    const auto reset = j.client.reset_runspace_state();
    j.settle();
    std::map<std::int64_t, std::variant<bool, std::int64_t>> answers;
    for (const auto& a : j.all<pool_answer>()) answers[a.call] = a.answer;
    EXPECT_EQ(std::get<bool>(answers[call]), true);
    EXPECT_EQ(std::get<bool>(answers[refused]), false);
    EXPECT_EQ(std::get<bool>(answers[least]), true);
    EXPECT_EQ(std::get<std::int64_t>(answers[count]), 1);
    EXPECT_EQ(std::get<bool>(answers[reset]), true);
    j.client.stop(first);
    j.settle();
    EXPECT_EQ(j.end_of(first), invocation_state::stopped);
}

TEST(both_ends, command_metadata_and_events)
{
    joined j;
    j.client.open();
    const auto id = j.client.get_commands({});
    j.settle();
    const auto all = j.all<pipeline_output>();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(command_metadata_count::from_value(all[0].value)->count, 1);
    const auto one = command_metadata::from_value(all[1].value);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->name, "Get-It");
    EXPECT_EQ(one->parameters.at(0).aliases, (std::vector<std::string>{"n"}));
    EXPECT_EQ(j.end_of(id), invocation_state::completed);
    j.server.tell_event({7, "source", {}, {}, {}, clixml::value{"data"}, {}, {}});
    j.settle();
    ASSERT_EQ(j.all<pool_user_event>().size(), 1u);
    EXPECT_EQ(j.all<pool_user_event>()[0].event.event_id, 7);
}

TEST(both_ends, secure_strings_and_host_calls)
{
    for (const char* version : {"2.3", "2.4"}) {
        SCOPED_TRACE(version);
        client_pool_options o;
        o.protocol_version = version;
        server_pool_options so;
        so.protocol_version = version;
        joined j{std::move(o), std::move(so)};
        j.on_call = [&](host_call_made& c) { j.client.respond(c, base::secret{"s3cret"}); };
        j.client.open();
        const auto id = j.client.run(words("secret"));
        j.settle();
        EXPECT_EQ(j.outputs(id), (std::vector<std::string>{"s3cret"}));
        EXPECT_TRUE(j.client.has_keys());
        auto there = j.client.protect("hidden");
        ASSERT_TRUE(there);
        EXPECT_EQ(there->words().find("hidden"), std::string_view::npos);
        EXPECT_EQ(j.server.reveal(*there)->reveal(), "hidden");
        EXPECT_EQ(j.client.reveal(*j.server.protect("back"))->reveal(), "back");
        EXPECT_FALSE(j.client.reveal(clixml::value{"no secure string"}));
        EXPECT_FALSE(j.client.reveal(clixml::value{clixml::secure_string{"QUJD"}}));
    }
    joined refusing;
    refusing.on_call = [&](host_call_made& c) { refusing.client.fail(c, "nobody is here"); };
    refusing.client.open();
    const auto id = refusing.client.run(words("secret"));
    refusing.settle();
    EXPECT_EQ(refusing.end_of(id), invocation_state::failed);
    EXPECT_EQ(refusing.all<pipeline_state_changed>().back().reason->text(), "nobody is here");
}

TEST(both_ends, disconnect_reconnect_and_another_client)
{
    joined j;
    j.client.open();
    const auto id = j.client.run(words("input", true));
    j.settle();
    j.client.disconnect();
    j.settle();
    EXPECT_EQ(j.all<pool_disconnected>().size(), 1u);
    EXPECT_EQ(j.client.state(), runspacepool_state::disconnected);
    EXPECT_FALSE(j.client.wants_output({}));
    j.server.output(id, clixml::value{"while away"});
    j.settle();
    EXPECT_TRUE(j.outputs(id).empty());
    j.client.reconnect();
    j.settle();
    EXPECT_EQ(j.all<pool_reconnected>().size(), 1u);
    EXPECT_EQ(j.outputs(id), (std::vector<std::string>{"while away"}));
    j.client.disconnect();
    j.settle();

    client_pool_options o;
    o.id = j.client.id();
    o.piece_size = 64; // Connect has its messages whole all the same
    joined other{std::move(o)};
    other.server = std::move(j.server);
    other.client.connect();
    other.settle();
    EXPECT_EQ(other.all<pool_opened>().size(), 1u);
    EXPECT_EQ(other.all<pool_private_data>().size(), 1u);
    other.client.connect_pipeline(id, true);
    other.settle();
    other.client.send_input(id, clixml::value{"from the other"});
    other.client.end_input(id);
    other.settle();
    EXPECT_EQ(other.outputs(id), (std::vector<std::string>{"from the other"}));
    EXPECT_EQ(other.end_of(id), invocation_state::completed);
}

TEST(both_ends, small_pieces)
{
    client_pool_options o;
    o.piece_size = 64;
    server_pool_options s;
    s.piece_size = 64;
    joined j{std::move(o), std::move(s)};
    j.client.open();
    const auto id = j.client.run(words("input", true));
    j.client.send_input(id, clixml::value{"abc"});
    j.client.end_input(id);
    j.settle();
    EXPECT_EQ(j.outputs(id), (std::vector<std::string>{"abc"}));
}

TEST(both_ends, a_pipeline_is_stopped_only_when_the_host_has_all_of_it)
{
    client_pool_options o;
    o.piece_size = 200;
    joined j{std::move(o)};
    j.client.open();
    j.settle();
    pipeline p = words("wait");
    p.commands.front().with("large", std::string(5'000, 'x'));
    const auto id = j.client.run(std::move(p));
    std::vector<std::size_t> kinds;
    while (auto order = j.client.poll_carry({})) { // the order of orders, with nobody at the other end
        j.client.stop(id);
        kinds.push_back(order->what.index());
        j.client.handle_done(order->id);
    }
    const auto index = [](auto what) { return decltype(carry::what){std::move(what)}.index(); };
    ASSERT_GT(kinds.size(), 20u);
    EXPECT_EQ(kinds.front(), index(carry_pipeline{}));
    EXPECT_EQ(kinds.back(), index(carry_stop{}));
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), index(carry_stop{})), 1);
}

TEST(both_ends, refused_and_key_exchange_in_time)
{
    client_pool_options o;
    o.application_arguments = clixml::value{"refuse me"};
    joined j{std::move(o)};
    j.client.open();
    j.settle();
    ASSERT_EQ(j.all<pool_broken>().size(), 1u);
    EXPECT_EQ(j.all<pool_broken>()[0].reason->text(), "no");

    joined late;
    late.client.open();
    late.settle();
    late.client.exchange_keys();
    while (late.client.poll_carry(late.now)) continue; // carried, never answered
    ASSERT_LT(late.client.deadline(), base::time_point::max());
    late.client.handle_timeout(late.client.deadline() - std::chrono::seconds{1});
    EXPECT_FALSE(late.client.finished());
    late.client.handle_timeout(late.client.deadline());
    late.settle();
    ASSERT_EQ(late.all<pool_broken>().size(), 1u);
    EXPECT_EQ(late.all<pool_broken>()[0].error.code(), errc::timeout);
}

// A conversation with everything in it; @return what the client got in the end
std::string converse(joined& j)
{
    j.on_call = [&](host_call_made& c) { j.client.respond(c, base::secret{"s3cret"}); };
    std::size_t steps = 0;
    j.client.open();
    const auto streams = j.client.run(words("streams"));
    steps += j.settle();
    const auto input = j.client.run(words("input", true));
    j.client.send_input(input, clixml::value{"one"});
    j.client.send_input(input, clixml::value{std::string(1000, 'y')});
    j.client.end_input(input);
    steps += j.settle();
    const auto secret = j.client.run(words("secret"));
    j.client.set_max_runspaces(3);
    steps += j.settle();
    const auto waits = j.client.run(words("wait"));
    steps += j.settle();
    j.client.stop(waits);
    steps += j.settle();
    j.client.disconnect();
    steps += j.settle();
    j.client.reconnect();
    steps += j.settle();
    j.client.close();
    steps += j.settle();
    EXPECT_LT(steps, 2000u);
    EXPECT_TRUE(j.client.finished());
    std::string got;
    for (const auto& id : {streams, input, secret, waits}) {
        for (const auto& o : j.outputs(id)) got += o + ',';
        EXPECT_LE(j.all<pipeline_state_changed>().size(), 12u);
        got += j.end_of(id) ? std::string{name(*j.end_of(id))} + ';' : "none;";
    }
    return got;
}

TEST(both_ends, each_piece_lost_cut_or_doubled)
{
    // 2.4: no key exchange, whose RSA keys would take most of the time; the next test has it.
    client_pool_options o;
    o.protocol_version = "2.4";
    o.piece_size = 500;
    server_pool_options so;
    so.protocol_version = "2.4";
    joined whole{o, so};
    const std::string expected = converse(whole);
    const std::size_t pieces = whole.pieces;
    EXPECT_GT(pieces, 30u);
    std::size_t told = 0;
    for (const accident what : {accident::lost, accident::cut, accident::doubled})
        for (std::size_t at = 0; at < pieces; ++at) {
            SCOPED_TRACE(std::to_string(static_cast<int>(what)) + " " + std::to_string(at));
            joined j{o, so};
            j.what_happens = what;
            j.happens_to = at;
            const std::string got = converse(j);
            // Whatever the client was told as whole is what it would have been told; else somebody names an error, or
            // the application's close() ends what waits for ever.
            const bool named = !j.all<pool_broken>().empty() || !j.server_errors.empty();
            told += named ? 1 : 0;
            for (const auto& b : j.all<pool_broken>()) EXPECT_FALSE(b.error.message().empty());
            if (what == accident::doubled) {
                EXPECT_TRUE(named || got == expected) << got;
            }
            EXPECT_EQ(j.all<pool_closed>().size() + j.all<pool_broken>().size(), 1u);
        }
    EXPECT_GT(told, pieces);
}

TEST(both_ends, the_exchange_of_keys_lost_cut_or_doubled)
{
    const auto converse_with_keys = [](joined& j) {
        j.client.open();
        j.settle();
        const std::size_t before = j.pieces;
        j.client.exchange_keys();
        j.settle();
        return before;
    };
    joined whole;
    const std::size_t from = converse_with_keys(whole);
    EXPECT_TRUE(whole.client.has_keys());
    ASSERT_EQ(whole.pieces - from, 2u);
    for (const accident what : {accident::lost, accident::cut, accident::doubled})
        for (std::size_t at = from; at < whole.pieces; ++at) {
            joined j;
            j.what_happens = what;
            j.happens_to = at;
            converse_with_keys(j);
            if (j.client.has_keys()) continue;
            j.client.handle_timeout(j.client.deadline());
            j.settle();
            EXPECT_EQ(j.all<pool_broken>().size(), 1u);
        }
}

} // namespace
} // namespace winrm::psrp
