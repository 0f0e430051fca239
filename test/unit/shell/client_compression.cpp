// Compression from the client's side (MS-WSMV 3.2.4.1.19): when it is used, what is packed, what a bad host may do.
#include "shell/compression.h"
#include "unit/shell/client_fixture.h"

namespace winrm::shell {
namespace {

base::bytes text_of(std::size_t size)
{
    base::bytes text;
    while (text.size() < size) text += "<S>" + std::to_string(text.size()) + "</S>";
    text.resize(size);
    return text;
}

class compressing_client : public client_test
{
protected:
    compressing_client() { begin(); }

    void begin(client_options o = {})
    {
        anew();
        o.create.compression = xpress_type;
        machine = client_shell(std::move(o));
    }

    wsman::incoming_reply created_as(const std::string& mode) const
    {
        shell_info s;
        s.shell_id = "S";
        s.compression_mode = mode;
        auto text = wsman::write_reply({"uuid:2", ""}, wsman::action::response_of(wsman::action::create),
                                       [&](xml::writer& w) { write_create_reply(w, s, "http://host"); });
        const std::string none = "<rsp:CompressionMode>NoCompression</rsp:CompressionMode>";
        if (mode.empty()) text.replace(text.find(none), none.size(), "");
        return read(text);
    }

    /// Of the Send under way.
    static base::bytes sent(const outgoing& o)
    {
        auto r = o.request;
        r.header.message_id = "uuid:1";
        const auto request = wsman::read_request(wsman::write_request(r), base::limits{});
        const auto blocks = read_send(std::get<wsman::incoming_request>(request));
        return std::get<std::vector<stream_block>>(blocks).front().data;
    }

    /// One command runs; its Receive is returned.
    outgoing run_one(const std::string& mode)
    {
        machine.open();
        answer(take(wsman::action::create), created_as(mode));
        command = machine.run({"x", {}, {}, {}, {}});
        answer(take(wsman::action::command), started());
        return take(wsman::action::receive);
    }

    /// All output so far.
    base::bytes output() const
    {
        base::bytes all;
        for (const auto& e : events) {
            if (const auto* o = std::get_if<command_output>(&e)) all += o->data;
        }
        return all;
    }
};

TEST_F(compressing_client, it_is_used_unless_the_host_says_that_it_is_not)
{
    for (const auto& [mode, packed] : {std::pair{"XpressCompression", true}, std::pair{"", true},
                                       std::pair{"xpress", true}, std::pair{"NoCompression", false}}) {
        SCOPED_TRACE(mode);
        begin();
        const auto receive = run_one(mode);
        EXPECT_EQ(event<shell_opened>()->info.compression_mode, packed ? "XpressCompression" : "NoCompression");
        const auto wire = packed ? xpress::pack(text_of(3000)) : text_of(3000);
        machine.send_input(command, text_of(3000), false);
        EXPECT_EQ(sent(take(wsman::action::send)), wire);
        answer(receive, received(command_state::done, 0, wire));
        EXPECT_EQ(output(), text_of(3000));
    }
}

TEST_F(compressing_client, a_host_without_it_is_asked_again_without)
{
    for (const auto code : {fault_code::must_understand, fault_code::unsupported_feature}) {
        begin();
        machine.open();
        const auto first = take(wsman::action::create);
        EXPECT_EQ(first.request.header.compression, xpress_type);
        answer(first, no(code));
        const auto second = take(wsman::action::create);
        EXPECT_EQ(second.request.header.compression, "");
        answer(second, no(code)); // it meant something else
        EXPECT_NE(event<shell_failed>(), nullptr);
        EXPECT_TRUE(asked.empty());
    }
    begin();
    machine.open();
    answer(take(wsman::action::create), no(fault_code::unsupported_feature));
    answer(take(wsman::action::create), created_as("NoCompression"));
    command = machine.run({"x", {}, {}, {}, {}});
    answer(take(wsman::action::command), started());
    answer(take(wsman::action::receive), received(command_state::done, 0, "plain"));
    EXPECT_EQ(output(), "plain");
}

TEST_F(client_test, nothing_is_asked_for_unless_told_to)
{
    machine.open();
    const auto create = take(wsman::action::create);
    EXPECT_EQ(create.request.header.compression, "");
    shell_info s;
    s.shell_id = "S";
    s.compression_mode = "XpressCompression"; // a host that says so unasked does not
    answer(create, ok(wsman::action::create, [&](xml::writer& w) { write_create_reply(w, s, "http://host"); }));
    command = machine.run({"x", {}, {}, {}, {}});
    answer(take(wsman::action::command), started());
    answer(take(wsman::action::receive), received(command_state::done, 0, "plain"));
    ASSERT_NE(event<command_output>(), nullptr);
    EXPECT_EQ(event<command_output>()->data, "plain");
}

TEST_F(client_test, a_shell_that_exists_says_itself)
{
    shell_info s;
    s.shell_id = "S";
    s.resource_uri = wsman::resource_uri::cmd;
    s.compression_mode = "XpressCompression";
    machine.attach(s);
    command = machine.run({"x", {}, {}, {}, {}});
    answer(take(wsman::action::command), started());
    answer(take(wsman::action::receive), received(command_state::done, 0, xpress::pack(text_of(900))));
    ASSERT_NE(event<command_output>(), nullptr);
    EXPECT_EQ(event<command_output>()->data, text_of(900));
}

TEST_F(compressing_client, a_block_may_go_on_in_the_next_answer)
{
    auto receive = run_one("");
    const auto packed = xpress::pack(text_of(70'000));
    for (std::size_t at = 0; at < packed.size(); at += 999) {
        answer(receive, received(command_state::running, {}, base::bytes_view(packed).substr(at, 999)));
        receive = take(wsman::action::receive);
    }
    EXPECT_EQ(output(), text_of(70'000));
    answer(receive, received(command_state::done, 3));
    EXPECT_EQ(event<command_done>()->exit_code, 3);
}

TEST_F(compressing_client, sends_fit_the_envelope_however_little_they_shrink)
{
    client_options o;
    o.send_envelope_size = 400'000;
    o.input_high_water = 0;
    begin(o);
    run_one("");
    base::bytes noise;
    for (std::uint32_t x = 1; noise.size() < 1'000'000; x = x * 1664525U + 1013904223U)
        noise.push_back(static_cast<char>(x >> 24U));
    machine.send_input(command, noise, true);
    xpress::unpacker host;
    base::bytes got;
    for (int i = 0; got.size() < noise.size() && i < 10; ++i) {
        const auto send = take(wsman::action::send);
        EXPECT_LE(size_of(send), o.send_envelope_size);
        ASSERT_TRUE(host.received(sent(send), noise.size(), got));
        EXPECT_TRUE(host.at_border());
        answer(send, ok(wsman::action::send, [](xml::writer& w) { w.open("rsp:SendResponse").close(); }));
    }
    EXPECT_TRUE(got == noise) << got.size();
}

TEST_F(compressing_client, bad_output_fails_its_command_and_no_other)
{
    const auto good = xpress::pack(text_of(5000));
    auto table = good;
    for (std::size_t i = 4; i < 260; ++i) table[i] = '\x11';
    base::bytes bomb;
    const auto zeros = xpress::pack(base::bytes(xpress::max_block, '\0'));
    while (bomb.size() < 200'000) bomb += zeros;
    for (const auto& [bad, state, code] : {std::tuple{table, command_state::running, errc::protocol},
                                           std::tuple{bomb, command_state::running, errc::too_large},
                                           std::tuple{good.substr(0, 400), command_state::done, errc::protocol}}) {
        begin();
        const auto receive = run_one("");
        const auto other = machine.run({"y", {}, {}, {}, {}});
        answer(take(wsman::action::command),
               ok(wsman::action::command, [](xml::writer& w) { write_command_reply(w, "D"); }));
        const auto second = take(wsman::action::receive);
        answer(receive, received(state, {}, bad));
        ASSERT_NE(event<command_failed>(), nullptr);
        EXPECT_EQ(event<command_failed>()->command, command);
        EXPECT_EQ(event<command_failed>()->error.code(), code);
        EXPECT_EQ(output(), "");
        answer(second, received(command_state::done, 0, good));
        ASSERT_NE(event<command_done>(), nullptr);
        EXPECT_EQ(event<command_done>()->command, other);
        EXPECT_EQ(output(), text_of(5000));
        EXPECT_EQ(event<shell_failed>(), nullptr);
    }
}

TEST_F(compressing_client, a_stream_that_was_not_asked_for_is_refused)
{
    const auto receive = run_one("");
    const std::vector<outgoing_block> blocks{{"other", "\x10", false}};
    answer(receive, ok(wsman::action::receive,
                       [&](xml::writer& w) { write_receive_reply(w, "C", blocks, command_state::running, {}); }));
    ASSERT_NE(event<command_failed>(), nullptr);
    EXPECT_EQ(event<command_failed>()->error.code(), errc::protocol);
}

} // namespace
} // namespace winrm::shell
