// Kinds of shell: the one that the service has, and another one that a test brings.
#include "shell/output_queue.h"
#include "unit/shell/table_fixture.h"

#include <array>
#include <set>

namespace winrm::shell {
namespace {

using wsman::fault_code;

constexpr base::bytes_view other_uri = "http://example.com/shell/Other";
constexpr std::array<base::bytes_view, 2> other_inputs{"stdin", "pr"};
constexpr std::array<base::bytes_view, 1> other_outputs{"stdout"};
constexpr std::array<kind_option, 1> other_options{{{"protocolversion", wsman::action::create}}};

std::optional<wsman::fault> check_other(const create_shell& c, const table_options&, shell_info&)
{
    if (c.name == "refused") return wsman::fault{fault_code::access_denied, {}, {}};
    return {};
}

const std::array<shell_kind, 2> two_kinds{{
    shell_kinds().front(),
    {other_uri, other_inputs, other_outputs, other_options, check_other, process_use::one_for_the_shell},
}};

class kinds_test : public table_test
{
protected:
    static table_options with_both()
    {
        auto o = options();
        o.kinds = two_kinds;
        return o;
    }
    kinds_test() : table_test(with_both()) {}

    /// Create of a kind with a process for the shell is answered when that is there.
    void start_process()
    {
        while (auto o = table.poll_order())
            if (auto* p = std::get_if<start_shell_process>(&*o)) table.process_started(host = p->process, 7, now);
    }
    std::uint32_t code_of_create(const wsman::outgoing_request& r)
    {
        ask(r);
        start_process();
        return reply()->code;
    }
    std::string create_other()
    {
        ask(make_create(other()));
        start_process();
        return read_create_reply(*wsman::read_reply(table.poll_reply()->envelope, base::limits{}, "uuid:m"))->shell_id;
    }
    process_ref host{};

    static create_shell other()
    {
        create_shell c;
        c.resource_uri = other_uri;
        c.output_streams = {"stdout"};
        return c;
    }
    const std::string uri{other_uri};
};

TEST(shell_kinds, every_uri_stands_once_and_has_what_the_queue_can_hold)
{
    std::set<base::bytes_view> uris;
    for (const shell_kind& k : shell_kinds()) {
        EXPECT_TRUE(uris.insert(k.resource_uri).second);
        EXPECT_FALSE(k.outputs.empty());
        EXPECT_LE(k.outputs.size(), max_streams);
        EXPECT_NE(k.check, nullptr);
    }
    EXPECT_TRUE(uris.contains(wsman::resource_uri::cmd));
}

TEST_F(kinds_test, each_has_its_own_streams_checks_and_options)
{
    auto c = other();
    c.input_streams = {"stdin", "pr"};
    EXPECT_EQ(code_of_create(make_create(c)), 0U);
    c.output_streams.clear();
    ask(make_create(c));
    start_process();
    EXPECT_NE(reply()->envelope.find("<rsp:OutputStreams>stdout</rsp:OutputStreams>"), std::string::npos)
        << "all that the kind has";
    c.output_streams = {"stdout", "stderr"};
    EXPECT_EQ(code_of(make_create(c)), number(fault_code::wsman_invalid_parameter));
    c.resource_uri = cmd;
    EXPECT_EQ(code_of(make_create(c)), number(fault_code::wsman_invalid_parameter)) << "cmd has no stream pr";
    c = other();
    c.working_directory = "not absolute";
    EXPECT_EQ(code_of_create(make_create(c)), 0U) << "what it is for cmd is not asked of others";
    c.name = "refused";
    EXPECT_EQ(code_of(make_create(c)), number(fault_code::access_denied));
    for (const auto& [resource, code] : {std::pair{uri, 0U}, std::pair{cmd, number(fault_code::invalid_options)}}) {
        create_shell plain;
        plain.resource_uri = resource;
        plain.output_streams = {"stdout"};
        auto r = make_create(plain);
        r.header.options.add("protocolversion", "2.3", true);
        EXPECT_EQ(code_of_create(r), code) << resource;
    }
}

TEST_F(kinds_test, a_shell_is_found_under_its_own_uri)
{
    const auto s = create(), o = create_other();
    EXPECT_EQ(code_of(make_get(cmd, s)), 0U);
    EXPECT_EQ(code_of(make_get(uri, o)), 0U);
    EXPECT_EQ(code_of(make_get(uri, s)), number(fault_code::unexpected_selectors));
    EXPECT_EQ(code_of(make_delete(cmd, o)), number(fault_code::unexpected_selectors));
    auto same = other();
    same.shell_id = s;
    EXPECT_EQ(code_of(make_create(same)), number(fault_code::already_exists)) << "ids are the account's";
    EXPECT_EQ(code_of(make_delete(uri, o)), 0U);
    EXPECT_EQ(table.shells(), 1U);
    EXPECT_EQ(code_of(make_get("http://example.com/shell/Third", s)), number(fault_code::invalid_resource_uri));
    EXPECT_EQ(code_of(make_get(uri, s), {1, true}), number(fault_code::not_supported)) << "nor takes it chunks";
}

/// What a Receive without CommandId means, and whether there are commands with processes, the kind says.
TEST_F(kinds_test, one_process_for_each_command_or_for_the_shell)
{
    const auto s = create(), o = create_other();
    EXPECT_EQ(code_of(make_receive(cmd, s, "", {"stdout"})), number(fault_code::invalid_parameter));
    EXPECT_EQ(code_of(make_receive(uri, o, "", {"stderr"})), number(fault_code::wsman_invalid_parameter));
    ask(make_receive(uri, o, "", {"stdout"}));
    table.process_output(host, 0, "of the shell", now);
    now += std::chrono::seconds{1};
    table.handle_timeout(now);
    const auto got = reply();
    ASSERT_TRUE(got);
    EXPECT_NE(got->envelope.find("b2YgdGhlIHNoZWxs"), std::string::npos);
    EXPECT_EQ(got->envelope.find("CommandState"), std::string::npos);
    ask(make_command(uri, o, {"x", {}, {}, {}, {}}));
    const auto order = table.poll_order();
    ASSERT_TRUE(order && std::holds_alternative<start_pipeline>(*order));
    EXPECT_EQ(std::get<start_pipeline>(*order).host, host);
}

TEST_F(kinds_test, a_stream_that_the_kind_has_not_brings_nothing)
{
    const auto s = create();
    const auto p = start(s);
    table.process_output(p, 2, "x", now);
    table.process_output_end(p, 2, now);
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    table.process_exited(p, 0, now);
    receive(s);
    const auto a = reply();
    ASSERT_TRUE(a);
    EXPECT_NE(a->envelope.find("CommandState/Done"), std::string::npos);
    EXPECT_EQ(a->envelope.find("eA=="), std::string::npos);
}

} // namespace
} // namespace winrm::shell
