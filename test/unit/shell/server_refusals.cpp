// What a request brings that does not belong, or cannot be read, and what is said of it.
#include "unit/shell/table_fixture.h"

#include "wsman/enumeration.h"

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;
using wsman::fault_code;

wsman::outgoing_request enumerate(base::bytes_view resource, const wsman::enumerate_request& e)
{
    wsman::outgoing_request r;
    r.header.action = wsman::action::enumerate;
    r.header.resource_uri = resource;
    r.body = wsman::enumerate_body(e);
    return r;
}

wsman::outgoing_request enumerate_commands(std::initializer_list<wsman::selector> filter)
{
    wsman::enumerate_request e;
    e.optimize = true;
    e.filter_dialect = wsman::selector_filter_dialect;
    for (const wsman::selector& s : filter) e.filter_selectors.add(s.name, s.value);
    return enumerate(wsman::resource_uri::shell_command, e);
}

using refusals_test = table_test;

// Item 14: no word of shells that are gone, which clients believe; nothing happens to the shell.
TEST_F(refusals_test, i14_a_selector_that_does_not_belong)
{
    const auto s = create();
    const auto p = start(s);
    auto connect = make_get(cmd, s), disconnect = connect, reconnect = connect;
    connect.header.action = wsman::action::connect;
    disconnect.header.action = wsman::action::disconnect;
    reconnect.header.action = wsman::action::reconnect;
    for (auto r : {make_get(cmd, s), make_delete(cmd, s), make_delete(cmd, "nowhere"), make_delete(cmd, ""),
                   make_command(cmd, s, {"x", {}, {}, {}, {}}), make_send(cmd, s, id, "x", false),
                   make_receive(cmd, s, id, {"stdout"}), make_signal(cmd, s, id, signal_code::terminate), connect,
                   disconnect, reconnect, make_create({}), enumerate_commands({{"ShellId", s}}),
                   enumerate(wsman::resource_uri::shell, {})}) {
        SCOPED_TRACE(r.header.action + " " + r.header.resource_uri);
        r.header.selectors.add("Other", "x");
        ask(r);
        const auto a = reply();
        ASSERT_TRUE(a);
        EXPECT_EQ(a->code, number(fault_code::invalid_selectors));
        EXPECT_NE(a->envelope.find("w:InvalidSelectors"), std::string::npos) << a->envelope;
        EXPECT_NE(a->envelope.find("faultDetail/UnexpectedSelectors"), std::string::npos) << a->envelope;
        EXPECT_NE(a->envelope.find("Other"), std::string::npos) << "it says which";
        EXPECT_FALSE(table.poll_order());
    }
    EXPECT_EQ(table.shells(), 1U);
    table.process_output(p, 0, "x", now); // still there
    for (auto r : {make_create({}), enumerate(wsman::resource_uri::shell, {})}) {
        r.header.selectors.add("ShellId", s);
        EXPECT_EQ(code_of(r), number(fault_code::invalid_selectors)) << "there is no shell to name";
    }
    auto commands = enumerate_commands({{"ShellId", s}});
    commands.header.selectors.add("ShellID", s);
    EXPECT_EQ(code_of(commands), 0U) << "MS-WSMV 3.1.4.8.2";
    EXPECT_EQ(code_of(make_delete(cmd, s)), 0U);
}

TEST_F(refusals_test, i14_commands_are_filtered_by_their_shell_alone)
{
    const auto s = create();
    EXPECT_EQ(code_of(enumerate_commands({{"ShellID", s}})), 0U);
    EXPECT_EQ(code_of(enumerate_commands({{"ShellId", "nowhere"}})), number(fault_code::unexpected_selectors));
    EXPECT_EQ(code_of(enumerate_commands({})), number(fault_code::enumerate_commands_filter_expected));
    EXPECT_EQ(code_of(enumerate_commands({{"Other", s}})), number(fault_code::enumerate_commands_filter_expected));
    EXPECT_EQ(code_of(enumerate_commands({{"ShellId", s}, {"Other", "x"}})), number(fault_code::cannot_process_filter));
}

TEST_F(refusals_test, i13_times_of_a_shell)
{
    struct row
    {
        const char* time;
        std::uint32_t idle, lifetime;
    };
    const auto malformed = number(fault_code::schema_validation_error); // as Windows, doc/PROTOCOL.md
    const auto above = number(fault_code::idle_timeout_out_of_bounds);
    for (const row& r : {row{"PT60S", 0, 0}, row{"P0Y0M0DT0H1M0S", 0, 0}, row{"P0MT60S", 0, 0}, row{" -PT0.0S\n", 0, 0},
                         row{"P10675199DT2H48M5.4775807S", above, 0}, row{"P1M", malformed, malformed},
                         row{"P0Y1MT60S", malformed, malformed}, row{"-PT60S", malformed, malformed},
                         row{"3600000", malformed, malformed}}) {
        SCOPED_TRACE(r.time);
        create_shell c;
        c.idle_timeout = 77s;
        c.lifetime = 99s;
        for (const auto& [old, code] : {std::pair{"PT77.000S", r.idle}, std::pair{"PT99.000S", r.lifetime}}) {
            auto request = make_create(c);
            request.header.message_id = "uuid:m";
            std::string text = wsman::write_request(request);
            const auto at = text.find(old);
            ASSERT_NE(at, std::string::npos) << text;
            text.replace(at, std::string(old).size(), r.time);
            table.handle_request(request_token{next++}, text, "192.0.2.1", now);
            EXPECT_EQ(reply()->code, code) << old;
        }
    }
}

} // namespace
} // namespace winrm::shell
