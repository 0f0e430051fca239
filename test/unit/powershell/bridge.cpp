// powershell::bridge: lines of PowerShell's transport in, WS-Man requests out, and back.
#include "powershell/bridge.h"

#include "unit/powershell/fake_host.h"
#include "unit/psrp/fragments.h"

#include <gtest/gtest.h>

namespace winrm::powershell {
namespace {

using psrp::packet_kind;

const base::uuid pool{};
const base::uuid one = *base::uuid::parse("11111111-2222-3333-4444-555555555555");

class bridge_test : public testing::Test
{
protected:
    bridge_test() : machine(options()) {}

    static carrier_options options()
    {
        carrier_options o;
        o.shell.create.resource_uri = std::string(wsman::resource_uri::powershell) + "Microsoft.PowerShell";
        o.shell.create.shell_id = "AAAAAAAA-2222-3333-4444-555555555555";
        o.shell.create.protocol_version = "2.3";
        return o;
    }

    void says(packet_kind k, const base::uuid& g, std::string bytes = {})
    {
        machine.received(psrp::write(psrp::packet{k, g, psrp::packet_stream::normal, std::move(bytes)}), false, now);
        play();
    }

    void play()
    {
        for (bool moved = true; moved;) {
            moved = false;
            while (auto out = machine.poll_request(now)) {
                waiting.push_back(std::move(*out));
                moved = true;
            }
            while (auto e = machine.poll_event(now)) {
                moved = true;
                if (auto* line = std::get_if<line_ready>(&*e)) {
                    reader.received(line->text);
                    while (auto p = reader.poll()) lines.push_back(std::get<psrp::packet>(*p));
                } else finished.emplace(std::get<bridge_finished>(std::move(*e)));
            }
            for (auto at = waiting.begin(); at != waiting.end(); ++at) {
                auto reply = host.answer(at->request);
                if (!reply) continue;
                const auto id = at->id;
                waiting.erase(at);
                machine.handle_reply(id, *reply, now);
                moved = true;
                break;
            }
        }
    }

    /// Kinds of the lines since the last call, with the pipeline's marked.
    std::vector<packet_kind> kinds()
    {
        std::vector<packet_kind> all;
        for (const auto& p : std::exchange(lines, {})) all.push_back(p.kind);
        return all;
    }

    void open()
    {
        says(packet_kind::data, pool, psrp::test::fragments(1, psrp::test::message(0x10002, "capability"), 32768));
        EXPECT_EQ(kinds(), std::vector{packet_kind::data_ack}) << "Create waits for INIT_RUNSPACEPOOL";
        EXPECT_TRUE(host.actions.empty());
        says(packet_kind::data, pool, psrp::test::fragments(2, psrp::test::message(0x10004, "init"), 32768));
        EXPECT_EQ(kinds(), (std::vector{packet_kind::data_ack, packet_kind::data})) << "what the pool says follows";
    }

    bridge machine;
    test::fake_host host;
    base::time_point now{std::chrono::hours{1}};
    std::vector<shell::run_exchange> waiting;
    psrp::out_of_proc_reader reader;
    std::vector<psrp::packet> lines;
    std::optional<bridge_finished> finished;
};

TEST_F(bridge_test, a_session_with_a_pipeline)
{
    open();
    EXPECT_NE(host.create.find("capability"), std::string::npos);
    EXPECT_NE(host.create.find("init"), std::string::npos);
    says(packet_kind::command, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::command_ack}) << "the host hears of it with its first fragments";
    says(packet_kind::data, one, "fragments");
    EXPECT_EQ(kinds(), (std::vector{packet_kind::data_ack, packet_kind::data}));
    EXPECT_EQ(host.command_id, one.text());
    says(packet_kind::close, one);
    EXPECT_EQ(kinds(), std::vector{packet_kind::close_ack});
    says(packet_kind::close, pool);
    EXPECT_EQ(kinds(), std::vector{packet_kind::close_ack});
    ASSERT_TRUE(finished);
    EXPECT_FALSE(finished->error);
    EXPECT_EQ(host.actions.back(), "Delete");
}

TEST_F(bridge_test, the_answer_to_a_stop_comes_after_the_last_state)
{
    open();
    host.hangs = true;
    says(packet_kind::command, one);
    says(packet_kind::data, one, "fragments");
    kinds();
    says(packet_kind::signal, one);
    EXPECT_EQ(kinds(), (std::vector{packet_kind::data, packet_kind::signal_ack}));
}

TEST_F(bridge_test, the_end_of_the_lines_deletes_the_shell)
{
    open();
    machine.received({}, true, now);
    play();
    ASSERT_TRUE(finished);
    EXPECT_FALSE(finished->error);
    EXPECT_EQ(host.actions.back(), "Delete");
}

TEST_F(bridge_test, lines_that_a_client_does_not_write)
{
    for (const char* line : {"hello\n", "<DataAck PSGuid='00000000-0000-0000-0000-000000000000' />\n"}) {
        SCOPED_TRACE(line);
        bridge fresh(options());
        fresh.received(line, false, now);
        auto e = fresh.poll_event(now);
        ASSERT_TRUE(e);
        const auto& end = std::get<bridge_finished>(*e);
        ASSERT_TRUE(end.error);
        EXPECT_EQ(end.error->code(), errc::protocol);
    }
}

} // namespace
} // namespace winrm::powershell
