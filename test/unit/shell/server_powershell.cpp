// A shell with one process: PowerShell's, in the table. What its bytes mean nobody here knows.
#include "unit/shell/table_fixture.h"
#include "xpress/chain.h"

#include <chrono>
#include <stdexcept>

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;
using wsman::fault_code;

class powershell_test : public table_test
{
protected:
    static create_shell wanted()
    {
        create_shell c;
        c.resource_uri = std::string(wsman::resource_uri::powershell) + "Microsoft.PowerShell";
        c.input_streams = {"stdin", "pr"};
        c.output_streams = {"stdout"};
        c.protocol_version = "2.3";
        c.creation_xml = "fragments";
        return c;
    }
    template <class Order> Order order()
    {
        auto o = table.poll_order();
        return o && std::holds_alternative<Order>(*o) ? std::get<Order>(std::move(*o))
                                                      : throw std::runtime_error("order");
    }
    void open()
    {
        ask(make_create(wanted()));
        EXPECT_FALSE(table.poll_reply()) << "not before the process has read what came";
        const auto start = order<start_shell_process>();
        EXPECT_EQ(start.first, "fragments");
        EXPECT_EQ(start.resource_uri, uri);
        host = start.process;
        table.process_started(host, 77, now);
        const auto r = table.poll_reply();
        ASSERT_TRUE(r);
        EXPECT_NE(r->envelope.find("<rsp:ProcessId>77<"), std::string::npos);
        shell = read_create_reply(*wsman::read_reply(r->envelope, base::limits{}, "uuid:m"))->shell_id;
    }
    process_ref pipeline(const std::string& of)
    {
        ask(make_command(uri, shell, {"", {"Zmlyc3Q="}, of, {}, {}}));
        const auto o = order<start_pipeline>();
        EXPECT_EQ(o.first, "first");
        EXPECT_EQ(o.host, host);
        EXPECT_EQ(o.command_id, of);
        EXPECT_FALSE(table.poll_reply());
        table.process_started(o.process, 0, now);
        EXPECT_EQ(reply()->code, 0U);
        return o.process;
    }
    receive_answer received()
    {
        now += 10ms;
        table.handle_timeout(now);
        const auto r = table.poll_reply();
        if (!r) throw std::runtime_error("no reply");
        return *read_receive_reply(*wsman::read_reply(r->envelope, base::limits{}, "uuid:m"));
    }
    void ask_output(const std::string& of = {}) { ask(make_receive(uri, shell, of, {"stdout"})); }
    static std::string bytes_of(const receive_answer& a)
    {
        std::string all;
        for (const auto& b : a.blocks) all += b.data;
        return all;
    }

    const std::string uri = wanted().resource_uri, one = "11111111-1111-1111-1111-111111111111",
                      two = "22222222-2222-2222-2222-222222222222";
    std::string shell;
    process_ref host{};
};

TEST_F(powershell_test, a_process_that_does_not_start_refuses_create_and_leaves_nothing)
{
    ask(make_create(wanted()));
    table.process_not_started(order<start_shell_process>().process, start_failure::not_found, now, "get it there");
    const auto r = reply();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->code, number(fault_code::file_not_found));
    EXPECT_NE(r->envelope.find("get it there"), std::string::npos);
    while (table.poll_order()) {}
    EXPECT_EQ(table.objects(), 0U);
}

TEST_F(powershell_test, pipelines_are_told_apart_and_have_an_end_of_their_own)
{
    open();
    const auto a = pipeline(one), b = pipeline(two);
    ask_output(one);
    ask_output(two);
    ask_output();
    table.process_output(b, 0, "of b", now);
    table.process_output(a, 0, "of a", now);
    table.process_output(host, 0, "of the pool", now);
    EXPECT_FALSE(table.poll_reply()) << "more may follow";
    now += 10ms;
    table.handle_timeout(now);
    std::string all;
    for (auto r = table.poll_reply(); r; r = table.poll_reply())
        all += bytes_of(*read_receive_reply(*wsman::read_reply(r->envelope, base::limits{}, "uuid:m"))) + '.';
    EXPECT_NE(all.find("of a."), std::string::npos);
    EXPECT_NE(all.find("of b."), std::string::npos);
    EXPECT_NE(all.find("of the pool."), std::string::npos);
    table.process_output(a, 0, "last", now);
    table.process_output_end(a, 0, now);
    table.process_exited(a, 0, now);
    EXPECT_EQ(order<forget_process>().process, a) << "the pipeline is closed as soon as it has ended";
    ask_output(one);
    const auto last = received();
    EXPECT_EQ(bytes_of(last), "last");
    EXPECT_EQ(last.state, command_state::done);
    EXPECT_EQ(last.exit_code, 0);
    EXPECT_EQ(last.blocks.size(), 1U) << "PowerShell's streams have no End";
}

TEST_F(powershell_test, bytes_that_look_like_half_a_character_are_not_held_back)
{
    open();
    const auto p = pipeline(one);
    ask_output(one);
    table.process_output(p, 0, "packet\xf0", now);
    EXPECT_EQ(bytes_of(received()), "packet\xf0");
}

TEST_F(powershell_test, packets_stay_whole_where_they_fit)
{
    open();
    const auto p = pipeline(one);
    for (int i = 0; i < 10; ++i) table.process_output(p, 0, std::string(32'000, static_cast<char>('a' + i)), now);
    auto r = make_receive(uri, shell, one, {"stdout"});
    r.header.max_envelope_size = 153'600;
    std::size_t got = 0;
    while (got < 320'000) {
        ask(r);
        const std::string bytes = bytes_of(received());
        ASSERT_EQ(bytes.size() % 32'000, 0U);
        ASSERT_GT(bytes.size(), 0U);
        got += bytes.size();
    }
}

TEST_F(powershell_test, input_keeps_its_stream_and_waits_for_what_went_before)
{
    open();
    const auto p = pipeline(one);
    const auto send = [&](const std::string& bytes, const std::string& stream) {
        ask(make_send(uri, shell, one, bytes, false, stream));
        EXPECT_EQ(reply()->code, 0U);
    };
    send("a", "stdin");
    send("b", "stdin");
    send("c", "pr");
    send("d", "stdin");
    std::string seen;
    for (auto o = table.poll_order(); o; o = table.poll_order()) {
        const auto& w = std::get<write_input>(*o);
        EXPECT_EQ(w.process, p);
        EXPECT_FALSE(w.end);
        seen += w.data + std::to_string(w.stream) + ' ';
        EXPECT_FALSE(table.poll_order());
        table.process_input_taken(p, now);
    }
    EXPECT_EQ(seen, "a0 b0 c1 d0 ");
}

TEST_F(powershell_test, a_lost_process_gives_what_it_had_said_and_then_its_reason)
{
    open();
    const auto p = pipeline(one);
    ask_output();
    ask(make_command(uri, shell, {"", {}, two, {}, {}}));
    (void)order<start_pipeline>();
    table.process_output(p, 0, "before", now);
    table.process_lost(host, "it broke", now);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(reply()->code, number(fault_code::service_stream_disconnected)) << i;
    EXPECT_EQ(order<forget_process>().process, host);
    ask_output(one);
    EXPECT_EQ(bytes_of(received()), "before");
    ask_output(one);
    const auto r = reply();
    EXPECT_EQ(r->code, number(fault_code::service_stream_disconnected));
    EXPECT_NE(r->envelope.find("it broke"), std::string::npos);
    EXPECT_EQ(code_of(make_command(uri, shell, {"", {}, {}, {}, {}})), number(fault_code::service_stream_disconnected));
    EXPECT_EQ(table.shells(), 1U);
    now += 61s;
    table.handle_timeout(now);
    EXPECT_EQ(table.shells(), 0U) << "whoever never comes back does not keep it";
}

TEST_F(powershell_test, delete_ends_everything_that_waits)
{
    open();
    (void)pipeline(one);
    ask_output();
    ask_output(one);
    ask(make_delete(uri, shell));
    EXPECT_EQ(reply()->code, number(fault_code::operation_aborted));
    EXPECT_EQ(reply()->code, number(fault_code::operation_aborted));
    EXPECT_EQ(reply()->code, 0U);
    while (table.poll_order()) {}
    EXPECT_EQ(table.objects(), 0U);
}

TEST_F(powershell_test, disconnected_it_waits_for_its_own_client_or_for_another)
{
    open();
    const auto p = pipeline(one);
    ask_output(one);
    disconnect_shell d;
    d.idle_timeout = 90s;
    EXPECT_EQ(code_of(make_disconnect(uri, shell, d)), number(fault_code::shell_disconnected)) << "of the Receive";
    EXPECT_EQ(reply()->code, 0U);
    table.process_output(p, 0, "kept", now);
    EXPECT_EQ(code_of(make_receive(uri, shell, one, {"stdout"})), number(fault_code::shell_disconnected));
    EXPECT_EQ(code_of(make_reconnect(uri, shell)), 0U);
    ask_output(one);
    EXPECT_EQ(bytes_of(received()), "kept");
    EXPECT_EQ(code_of(make_connect({uri, shell, {}, "x", "2.3"})), number(fault_code::connected_to_other_client));
    EXPECT_EQ(code_of(make_disconnect(uri, shell, {})), 0U);
    auto other = make_connect({uri, shell, {}, "connect", "2.3"});
    other.header.session_id = "uuid:BBBBBBBB-1111-1111-1111-111111111111";
    ask(other);
    const auto o = order<connect_shell_process>();
    EXPECT_EQ(o.request, "connect");
    table.process_connected(o.process, std::nullopt, now);
    EXPECT_EQ(reply()->code, number(fault_code::wsman_invalid_parameter));
    ask(other);
    (void)order<connect_shell_process>();
    table.process_connected(o.process, "answer", now);
    const auto r = table.poll_reply();
    const auto connected = read_connect_reply(*wsman::read_reply(r->envelope, base::limits{}, "uuid:m"));
    ASSERT_TRUE(connected);
    EXPECT_EQ(connected->response_xml, "answer");
    EXPECT_EQ(connected->output_streams, std::vector<std::string>{"stdout"});
    EXPECT_EQ(code_of(make_connect({uri, shell, one, {}, "2.3"})), 0U);
    EXPECT_EQ(code_of(make_connect({uri, shell, two, {}, "2.3"})), number(fault_code::unexpected_selectors));
    EXPECT_EQ(code_of(make_disconnect(uri, shell, {})), 0U);
    EXPECT_EQ(code_of(make_reconnect(uri, shell)), number(fault_code::client_session_mismatch))
        << "it is the other's now";
    now += 91s;
    table.handle_timeout(now);
    EXPECT_EQ(table.shells(), 0U) << "nobody came within the time that Disconnect gave";
}

TEST_F(powershell_test, compressed_streams_are_packed_and_unpacked_within_bounds)
{
    auto c = wanted();
    c.compression = "xpress";
    ask(make_create(c));
    host = order<start_shell_process>().process;
    table.process_started(host, 77, now);
    const auto r = table.poll_reply();
    EXPECT_NE(r->envelope.find("<rsp:CompressionMode>XpressCompression<"), std::string::npos);
    shell = read_create_reply(*wsman::read_reply(r->envelope, base::limits{}, "uuid:m"))->shell_id;
    const std::string plain(100'000, 'x');
    EXPECT_EQ(code_of(make_send(uri, shell, "", xpress::compress(plain), false, "stdin")), 0U);
    EXPECT_EQ(order<write_input>().data, plain);
    EXPECT_EQ(code_of(make_send(uri, shell, "", "not packed", false, "stdin")), number(fault_code::invalid_soap_body));
    const std::string bomb = xpress::compress(std::string(8 * 512'000 + 1, 'x'));
    ASSERT_LT(bomb.size(), 100'000U);
    EXPECT_EQ(code_of(make_send(uri, shell, "", bomb, false, "stdin")), number(fault_code::invalid_soap_body));
    ask_output();
    for (int i = 0; i < 3; ++i) table.process_output(host, 0, plain.substr(0, 30'000), now);
    std::string got;
    for (const auto& b : received().blocks) got += *xpress::decompress(b.data, 1'000'000);
    EXPECT_EQ(got, plain.substr(0, 90'000));
    c.resource_uri = cmd;
    c.input_streams = {"stdin"};
    c.creation_xml.clear();
    c.protocol_version.clear();
    EXPECT_EQ(code_of(make_create(c)), number(fault_code::unsupported_feature));
}

TEST_F(powershell_test, the_shells_process_is_no_command_of_a_client)
{
    open();
    EXPECT_EQ(code_of(make_signal(uri, shell, "", signal_code::terminate)), number(fault_code::unexpected_selectors));
    EXPECT_FALSE(table.poll_order());
    EXPECT_EQ(code_of(make_send(uri, shell, "", "to the pool", false, "stdin")), 0U);
    EXPECT_EQ(order<write_input>().process, host);
}

} // namespace
} // namespace winrm::shell
