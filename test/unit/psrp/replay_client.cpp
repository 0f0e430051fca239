// The client's pool against what Windows hosts said: recorded conversations, with the application's part done again.
#include "base/base64.h"
#include "clixml/reader.h"
#include "psrp/client_pool.h"
#include "psrp/content.h"
#include "unit/psrp/recordings.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>

namespace winrm::psrp {
namespace {

std::vector<message> messages_of(const std::vector<test::carried>& all, std::map<std::string, defragmenter>& readers,
                                 const std::optional<base::uuid>& shell)
{
    std::vector<message> out;
    for (const auto& c : all) {
        defragmenter& d = readers[(shell ? shell->text() : "") + (c.command ? c.command->text() : "") +
                                  (c.stream == "pr" ? "pr" : "")];
        EXPECT_TRUE(d.push(c.fragments));
        while (auto bytes = d.poll()) out.push_back(*read_message(std::move(*bytes)));
    }
    return out;
}

class replay
{
public:
    void run(const test::psrp_recording& r)
    {
        SCOPED_TRACE(r.name);
        std::map<std::string, defragmenter> of_client;
        for (std::size_t i = 0; i < r.exchanges.size(); ++i) {
            const auto& x = r.exchanges[i];
            SCOPED_TRACE(std::to_string(i) + " " + x.action);
            if (x.action == "Create" && x.request.empty()) others.insert(x.shell);
            if (others.contains(x.shell)) continue; // a cmd shell
            const bool lost = x.answer_action.empty() || x.answer_action.find("ault") != std::string::npos;
            if (x.action == "Create" || (x.action == "Connect" && !x.command)) {
                std::erase_if(of_client,
                              [&](const auto& e) { return x.shell && e.first.starts_with(x.shell->text()); });
                make(x);
            }
            if (!pools.contains(x.shell)) continue;
            client_pool& pool = *pools[x.shell];
            for (message& m : messages_of(x.request, of_client, x.shell)) application(pool, m, x);
            if (x.action == "Disconnect") pool.disconnect();
            if (x.action == "Reconnect") pool.reconnect();
            if (x.action == "Connect" && x.command) pool.connect_pipeline(*x.command);
            if (x.action == "Delete") pool.close();
            if (lost && x.action != "Receive" && x.action != "Signal" && x.action != "Delete") break;
            if (x.action == "Connect" && !x.command) host_says(pool, x);
            drain(pool);
            if (x.action != "Connect" || x.command) host_says(pool, x);
            drain(pool);
        }
    }

    std::map<std::string, std::size_t> events;
    std::string broke;

private:
    void make(const test::psrp_exchange& x)
    {
        client_pool_options o;
        // The host of protocol 2.1 gives the shell an id of its own; the messages have the client's.
        o.id = x.shell.value_or(base::uuid{});
        std::map<std::string, defragmenter> first;
        for (const message& m : messages_of(x.request, first, {})) o.id = m.pool;
        pools[x.shell] = std::make_unique<client_pool>(o, base::system_random());
        if (x.action == "Create") pools[x.shell]->open();
        else pools[x.shell]->connect();
    }

    void application(client_pool& pool, const message& m, const test::psrp_exchange& x)
    {
        if (m.pipeline && x.command) pids[*x.command] = *m.pipeline;
        const auto content = read_content(m);
        ASSERT_TRUE(content);
        switch (m.type) {
        case message_type::create_pipeline: {
            pool.run(std::get<pipeline>(*content), m.pipeline);
            return;
        }
        case message_type::get_command_metadata:
            pool.get_commands(std::get<get_command_metadata>(*content), m.pipeline);
            return;
        case message_type::pipeline_input:
            pool.send_input(*m.pipeline, std::get<pipeline_input_object>(*content).value);
            return;
        case message_type::end_of_pipeline_input: pool.end_input(*m.pipeline); return;
        case message_type::pipeline_host_response:
        case message_type::runspacepool_host_response: {
            const auto& said = std::get<host_response>(*content);
            const auto call = calls.find(said.id);
            ASSERT_NE(call, calls.end());
            EXPECT_EQ(call->second.call.method, said.method);
            pool.respond(call->second, said.returned.value_or(clixml::value{}));
            return;
        }
        case message_type::set_max_runspaces:
            pool.set_max_runspaces(std::get<set_max_runspaces>(*content).max_runspaces);
            return;
        case message_type::set_min_runspaces:
            pool.set_min_runspaces(std::get<set_min_runspaces>(*content).min_runspaces);
            return;
        case message_type::get_available_runspaces: pool.available_runspaces(); return;
        case message_type::reset_runspace_state:
            renumber = {std::get<reset_runspace_state>(*content).call, pool.reset_runspace_state()};
            return;
        case message_type::public_key: pool.exchange_keys(); return;
        default: EXPECT_TRUE(x.action == "Create" || x.action == "Connect") << name(m.type);
        }
    }

    // The session key was made for another client's key pair: that one message is left out.
    void host_says(client_pool& pool, const test::psrp_exchange& x)
    {
        for (const auto& c : x.answer) {
            if (c.fragments.find("EncryptedSessionKey") != std::string::npos) {
                ++events["session key"];
                continue;
            }
            base::bytes fragments = c.fragments;
            const auto ci = [](std::int64_t n) { return "<I64 N=\"ci\">" + std::to_string(n) + "<"; };
            if (const auto at = fragments.find(ci(renumber.first)); !c.command && at != std::string::npos)
                fragments.replace(at, ci(renumber.first).size(), ci(renumber.second));
            const auto known = c.command ? pids.find(*c.command) : pids.end();
            if (c.command && known == pids.end()) {
                pool.received(c.command, fragments); // of no pipeline that there is: ignored
                ++events["informational"];           // it is a warning, put into client_copy_file_warning by hand
                continue;
            }
            pool.received(c.command ? std::optional{known->second} : std::nullopt, fragments);
        }
    }

    void drain(client_pool& pool)
    {
        const base::time_point now{};
        for (bool more = true; more;) {
            more = false;
            while (auto order = pool.poll_carry(now)) {
                more = true;
                pool.handle_done(order->id);
            }
            while (auto e = pool.poll_event()) {
                more = true;
                count(*e);
            }
        }
    }

    void count(pool_event& e)
    {
        if (auto* call = std::get_if<host_call_made>(&e)) {
            calls.insert_or_assign(call->call.id, *call);
            ++events["host call"];
        }
        if (auto* x = std::get_if<pool_broken>(&e)) broke = to_string(x->error);
        if (std::holds_alternative<pool_opened>(e)) ++events["opened"];
        if (std::holds_alternative<pool_answer>(e)) ++events["answer"];
        if (std::holds_alternative<pipeline_output>(e)) ++events["PIPELINE_OUTPUT"];
        if (std::holds_alternative<pipeline_error>(e)) ++events["ERROR_RECORD"];
        if (std::holds_alternative<pipeline_informational>(e)) ++events["informational"];
        if (std::holds_alternative<pipeline_information>(e)) ++events["INFORMATION_RECORD"];
        if (std::holds_alternative<pipeline_progress>(e)) ++events["PROGRESS_RECORD"];
        if (auto* x = std::get_if<pipeline_state_changed>(&e)) {
            ++events["state"];
            EXPECT_FALSE(x->error && x->error->code() != errc::cancelled) << to_string(*x->error);
        }
    }

    std::map<std::optional<base::uuid>, std::unique_ptr<client_pool>> pools;
    std::set<std::optional<base::uuid>> others;
    std::map<std::int64_t, host_call_made> calls;
    std::pair<std::int64_t, std::int64_t> renumber{-1, -1}; ///< call ids, theirs and ours
    std::map<base::uuid, base::uuid> pids; ///< of CommandIds: the recording client writes GUIDs the other way round
};

TEST(recorded_psrp, the_client_takes_what_windows_said)
{
    const auto all = test::psrp_recordings();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    for (const auto& r : all) {
        replay one;
        one.run(r);
        EXPECT_EQ(one.broke, "") << r.name;
        std::map<std::string, std::size_t> said;
        for (const auto& m : r.messages)
            if (!m.of_request) ++said[m.type];
        for (const char* type : {"PIPELINE_OUTPUT", "ERROR_RECORD", "INFORMATION_RECORD", "PROGRESS_RECORD"})
            EXPECT_EQ(one.events[type], said[type]) << r.name << ' ' << type;
        EXPECT_EQ(one.events["host call"], said["PIPELINE_HOST_CALL"] + said["RUNSPACEPOOL_HOST_CALL"]) << r.name;
        EXPECT_EQ(one.events["answer"], said["RUNSPACE_AVAILABILITY"]) << r.name;
        EXPECT_EQ(one.events["informational"], said["DEBUG_RECORD"] + said["VERBOSE_RECORD"] + said["WARNING_RECORD"])
            << r.name;
        EXPECT_GE(one.events["state"], said["PIPELINE_STATE"]) << r.name;
        EXPECT_GE(one.events["opened"], 1u) << r.name;
    }
}

} // namespace
} // namespace winrm::psrp
