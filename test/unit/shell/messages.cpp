#include "shell/messages.h"

#include <gtest/gtest.h>

namespace winrm::shell {
namespace {

wsman::incoming_request carried(wsman::outgoing_request r)
{
    r.header.message_id = "uuid:1";
    auto read = wsman::read_request(wsman::write_request(r), base::limits{});
    return std::get<wsman::incoming_request>(std::move(read));
}

wsman::incoming_reply receive_reply(const std::string& body)
{
    const std::string envelope = wsman::write_reply(
        {"uuid:2", "uuid:1"}, "r", [&](xml::writer& w) { w.open("rsp:ReceiveResponse").raw(body).close(); });
    return std::move(*wsman::read_reply(envelope, base::limits{}, "uuid:1"));
}

result<receive_answer> received(const std::string& body) { return read_receive_reply(receive_reply(body)); }

std::string done(const std::string& exit_code)
{
    return "<rsp:CommandState CommandId=\"1\" "
           "State=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done\"><rsp:ExitCode>" +
           exit_code + "</rsp:ExitCode></rsp:CommandState>";
}

TEST(messages, create_comes_over_as_it_was)
{
    create_shell c;
    c.name = "n<&>";
    c.working_directory = "/tmp";
    c.environment = {{"A", "1 \" 2"}, {"B", ""}};
    c.idle_timeout = milliseconds{90'500};
    c.no_profile = true;
    c.code_page = 65001;
    const auto r = carried(make_create(c));
    const auto read = read_create(r);
    const auto& got = std::get<create_shell>(read);
    EXPECT_EQ(got.name, c.name);
    EXPECT_EQ(got.working_directory, "/tmp");
    ASSERT_EQ(got.environment.size(), 2U);
    EXPECT_EQ(got.environment[0].value, "1 \" 2");
    EXPECT_EQ(got.idle_timeout, c.idle_timeout);
    EXPECT_EQ(got.no_profile, true);
    EXPECT_EQ(got.code_page, 65001U);
    EXPECT_EQ(got.output_streams, c.output_streams);
}

TEST(messages, command_send_signal_come_over_as_they_were)
{
    start_command c{"dir \"a b\"", {"&", "x"}, "11111111-1111-1111-1111-111111111111", true, false};
    const auto r = carried(make_command(std::string(wsman::resource_uri::cmd), "S", c));
    const auto line = read_command(r);
    EXPECT_EQ(std::get<start_command>(line).command, c.command);
    EXPECT_EQ(std::get<start_command>(line).arguments, c.arguments);
    EXPECT_EQ(std::get<start_command>(line).command_id, c.command_id);
    EXPECT_EQ(std::get<start_command>(line).skip_cmd_shell, true);

    const std::string raw("\0\xFFx", 3);
    const auto s = carried(make_send("r", "S", "C", raw, true));
    const auto blocks = read_send(s);
    EXPECT_EQ(std::get<0>(blocks).at(0).data, raw);
    EXPECT_TRUE(std::get<0>(blocks).at(0).end);

    const auto g = carried(make_signal("r", "S", "C", signal_code::ctrl_break));
    const auto signal = read_signal(g);
    EXPECT_EQ(std::get<signal_request>(signal).code, signal_code::ctrl_break);
}

TEST(messages, exit_codes_of_32_bits)
{
    // s19: the number that the host wrote.
    for (const std::int64_t code :
         {0LL, 1LL, 3LL, 255LL, 256LL, 2147943401LL, 3221225786LL, 4294967295LL, -1LL, -1073741510LL, -2147483648LL})
        EXPECT_EQ(received(done(std::to_string(code)))->exit_code, code);
    EXPECT_EQ(received(done(" +7\n"))->exit_code, 7) << "xs:integer";
    EXPECT_EQ(received(done("007"))->exit_code, 7);
    EXPECT_FALSE(received(done("+-7")));
    EXPECT_FALSE(received(done("4294967296")));
    EXPECT_FALSE(received(done("-2147483649")));
    EXPECT_FALSE(received(done("x")));
}

TEST(messages, broken_answers_are_errors)
{
    EXPECT_FALSE(received("<rsp:Stream Name=\"stdout\">!!!</rsp:Stream>"));
    EXPECT_FALSE(received("<rsp:Stream>QQ==</rsp:Stream>"));
    EXPECT_FALSE(received("<rsp:CommandState State=\"http://x/Gone\"/>"));
    EXPECT_TRUE(received(""));
}

TEST(messages, answers_to_receive_that_bring_nothing)
{
    const std::string running = "<rsp:CommandState CommandId=\"1\" State=\"http://x/CommandState/Running\"/>";
    const struct
    {
        const char* what;
        std::string body;
        bool empty;
    } rows[] = {
        {"nothing at all", "", true},
        {"a state", running, true},
        {"streams without data", "<rsp:Stream Name=\"stdout\"/><rsp:Stream Name=\"stderr\"> </rsp:Stream>" + running,
         true},
        {"an end that is none", "<rsp:Stream Name=\"stdout\" End=\"false\"/>" + running, true},
        {"output", "<rsp:Stream Name=\"stdout\">QQ==</rsp:Stream>" + running, false},
        {"the end of a stream", "<rsp:Stream Name=\"stdout\" End=\"true\"/>" + running, false},
        {"the end of the command", done("0"), false},
    };
    for (const auto& r : rows) EXPECT_EQ(is_empty_receive_reply(receive_reply(r.body)), r.empty) << r.what;
    const auto other = wsman::write_reply({"uuid:2", "uuid:1"}, "r", [](xml::writer& w) { w.open("rsp:x").close(); });
    EXPECT_FALSE(is_empty_receive_reply(*wsman::read_reply(other, base::limits{}, "uuid:1")));
}

TEST(messages, the_operation_timeout_is_known_by_code_or_subcode)
{
    struct row
    {
        const char* what;
        std::uint32_t code;
        const char* subcode;
        bool timeout;
    };
    for (const row& r : {row{"Windows", 2150858793U, "w:TimedOut", true}, row{"code alone", 2150858793U, "", true},
                         row{"a host without codes", 0, "w:TimedOut", true},
                         row{"another code", 170, "w:TimedOut", false}, row{"nothing", 0, "", false}}) {
        SCOPED_TRACE(r.what);
        fault_info f;
        f.code = r.code;
        f.subcode = r.subcode;
        EXPECT_EQ(is_timeout(f), r.timeout);
    }
}

} // namespace
} // namespace winrm::shell
