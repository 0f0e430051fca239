// A service's table, asked with the client's own requests; processes are news that the test tells.
#pragma once

#include "shell/server_table.h"

#include <gtest/gtest.h>

namespace winrm::shell {

class table_test : public testing::Test
{
protected:
    explicit table_test(table_options o = options()) : table(std::move(o), base::system_random(), log, now) {}

    struct answer
    {
        std::uint32_t code = 0;
        std::string envelope;
    };

    static table_options options()
    {
        table_options o;
        o.product_version = "1.0";
        o.home = "/home/ada";
        o.owner = "ada";
        return o;
    }

    request_token ask(wsman::outgoing_request r, request_form form = {})
    {
        const request_token token{next++};
        r.header.message_id = "uuid:m";
        table.handle_request(token, wsman::write_request(r), "192.0.2.1", now, form);
        return token;
    }

    std::optional<answer> reply()
    {
        auto r = table.poll_reply();
        if (!r) return {};
        const auto read = wsman::read_reply(r->envelope, base::limits{}, "uuid:m");
        EXPECT_TRUE(read.has_value());
        return answer{read->fault() ? read->fault()->code : 0, r->envelope};
    }

    std::uint32_t code_of(wsman::outgoing_request r, request_form form = {})
    {
        ask(std::move(r), form);
        const auto a = reply();
        return a ? a->code : 1;
    }

    std::string create(create_shell c = {})
    {
        ask(make_create(c));
        const auto r = table.poll_reply();
        const auto read = wsman::read_reply(r->envelope, base::limits{}, "uuid:m");
        return read_create_reply(*read)->shell_id;
    }

    process_ref start(const std::string& shell, const std::string& wanted = "11111111-1111-1111-1111-111111111111")
    {
        ask(make_command(cmd, shell, {"x", {}, wanted, {}, {}}));
        process_ref p{};
        while (auto o = table.poll_order()) {
            if (auto* s = std::get_if<start_process>(&*o)) p = s->process;
        }
        table.process_started(p, 1, now);
        EXPECT_EQ(reply()->code, 0U);
        return p;
    }

    void receive(const std::string& shell, const std::string& wanted = "11111111-1111-1111-1111-111111111111")
    {
        ask(make_receive(cmd, shell, wanted, {"stdout", "stderr"}));
    }

    static std::uint32_t number(wsman::fault_code c) { return static_cast<std::uint32_t>(c); }

    const std::string cmd{wsman::resource_uri::cmd};
    const std::string id = "11111111-1111-1111-1111-111111111111";
    base::null_log log;
    base::time_point now{};
    std::uint64_t next = 1;
    server_table table;
};

} // namespace winrm::shell
