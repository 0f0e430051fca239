// Streams that a client has asked to be compressed (MS-WSMV 3.1.4.1.31.6): what is packed, what is read, and what a bad
// one costs.
#include "base/base64.h"
#include "shell/compression.h"
#include "unit/shell/table_fixture.h"

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;
using wsman::fault_code;

constexpr std::uint32_t unanswered = 1;

base::bytes text_of(std::size_t size)
{
    base::bytes text;
    while (text.size() < size) text += "<S>" + std::to_string(text.size()) + "</S>";
    text.resize(size);
    return text;
}

base::bytes noise(std::size_t size)
{
    base::bytes out;
    for (std::uint32_t x = 1; out.size() < size; x = x * 1664525U + 1013904223U)
        out.push_back(static_cast<char>(x >> 24U));
    return out;
}

class compression_test : public table_test
{
protected:
    compression_test() : compression_test(options()) {}
    explicit compression_test(table_options o) : table_test(std::move(o))
    {
        create_shell c;
        c.compression = xpress_type;
        shell = create(c);
        process = start(shell);
    }

    std::uint32_t send(base::bytes data, bool end = false)
    {
        return code_of(make_send(cmd, shell, id, std::move(data), end));
    }

    /// What the child has read.
    base::bytes input()
    {
        base::bytes all;
        while (auto o = table.poll_order()) {
            auto* w = std::get_if<write_input>(&*o);
            if (w == nullptr) continue;
            all += w->data;
            ended = ended || w->end;
            table.process_input_taken(process, now);
        }
        return all;
    }

    /// The blocks of the answer to a Receive, as they are in it.
    std::vector<stream_block> output(std::optional<std::uint64_t> count = {})
    {
        ask(make_receive(cmd, shell, id, {"stdout", "stderr"}, count));
        now += 1s;
        table.handle_timeout(now);
        const auto r = table.poll_reply();
        if (!r) return {};
        size = r->envelope.size();
        const auto read = wsman::read_reply(r->envelope, base::limits{}, "uuid:m");
        return read_receive_reply(*read)->blocks;
    }

    static base::bytes unpacked(const base::bytes& data)
    {
        xpress::unpacker u;
        base::bytes out;
        EXPECT_TRUE(u.received(data, 64 * 1024 * 1024, out));
        EXPECT_TRUE(u.at_border()) << "each Stream element has whole blocks";
        return out;
    }

    std::string shell;
    process_ref process{};
    bool ended = false;
    std::size_t size = 0; ///< of the last answer
};

TEST_F(table_test, none_is_compressed_unless_asked_for)
{
    const auto s = create();
    const auto p = start(s);
    ask(make_get(cmd, s));
    EXPECT_NE(reply()->envelope.find("<rsp:CompressionMode>NoCompression<"), std::string::npos);
    table.process_output(p, 0, std::string(1000, 'o'), now);
    receive(s);
    now += 1s;
    table.handle_timeout(now);
    EXPECT_NE(reply()->envelope.find(base::base64_encode(std::string(1000, 'o'))), std::string::npos);
}

TEST_F(table_test, an_unknown_compression_is_refused_by_name)
{
    for (const bool must : {true, false}) {
        auto r = make_create({});
        r.header.message_id = "uuid:m";
        r.header.compression = "lzx<";
        auto text = wsman::write_request(r);
        if (!must) {
            const std::string on = "<rsp:CompressionType s:mustUnderstand=\"true\"";
            ASSERT_NE(text.find(on), std::string::npos) << text;
            text.replace(text.find(on), on.size(), "<rsp:CompressionType s:mustUnderstand=\"false\"");
        }
        table.handle_request(request_token{next++}, text, "192.0.2.1", now);
        const auto a = reply();
        EXPECT_EQ(a->code, number(fault_code::unsupported_feature));
        EXPECT_NE(a->envelope.find("lzx&lt;"), std::string::npos) << a->envelope;
        EXPECT_EQ(table.shells(), 0U);
    }
}

TEST_F(compression_test, the_mode_is_told_by_create_get_and_enumerate)
{
    const std::string mode = "<rsp:CompressionMode>XpressCompression</rsp:CompressionMode>";
    create_shell c;
    c.compression = xpress_type;
    ask(make_create(c));
    EXPECT_NE(reply()->envelope.find(mode), std::string::npos);
    ask(make_get(cmd, shell));
    EXPECT_NE(reply()->envelope.find(mode), std::string::npos);
    wsman::outgoing_request all;
    all.header.action = wsman::action::enumerate;
    all.header.resource_uri = wsman::resource_uri::shell;
    all.body = [](xml::writer& w) {
        w.open("n:Enumerate").open("w:OptimizeEnumeration").close().leaf("w:MaxElements", "20").close();
    };
    ask(all);
    EXPECT_NE(reply()->envelope.find(mode), std::string::npos);
}

TEST_F(compression_test, output_is_packed_in_whole_blocks_by_stream)
{
    const auto out = text_of(100'000), err = text_of(300);
    table.process_output(process, 0, out, now);
    table.process_output(process, 1, err, now);
    table.process_exited(process, 0, now);
    table.process_output_end(process, 0, now);
    table.process_output_end(process, 1, now);
    const auto blocks = output();
    ASSERT_EQ(blocks.size(), 4U);
    EXPECT_EQ(unpacked(blocks[0].data), out);
    EXPECT_LT(blocks[0].data.size(), out.size() / 2);
    EXPECT_EQ(unpacked(blocks[1].data), err);
    EXPECT_TRUE(blocks[2].end && blocks[2].data.empty()) << "the end of a stream is no block";
}

TEST_F(compression_test, what_does_not_shrink_fits_the_envelope_all_the_same)
{
    const auto all = noise(3'000'000);
    base::bytes got;
    for (std::size_t at = 0; at < all.size(); at += 65'000) {
        table.process_output(process, 0, base::bytes_view(all).substr(at, 65'000), now);
        if (at % 500'000 > 400'000) {
            for (const auto& b : output()) got += unpacked(b.data);
            EXPECT_LE(size, base::limits{}.envelope);
        }
    }
    for (auto blocks = output(); !blocks.empty() && !blocks[0].data.empty(); blocks = output()) {
        for (const auto& b : blocks) got += unpacked(b.data);
        EXPECT_LE(size, base::limits{}.envelope);
    }
    EXPECT_TRUE(got == all) << got.size();
}

TEST_F(compression_test, output_of_a_lost_answer_is_packed_again)
{
    table.process_output(process, 0, text_of(5000), now);
    EXPECT_EQ(unpacked(output(0).at(0).data), text_of(5000));
    EXPECT_EQ(unpacked(output(0).at(0).data), text_of(5000));
    table.process_output(process, 0, "more", now);
    EXPECT_EQ(unpacked(output(1).at(0).data), "more");
}

TEST_F(compression_test, input_counts_as_what_it_unpacks_to)
{
    const auto sent = text_of(200'000);
    EXPECT_EQ(send(xpress::pack(sent)), 0U);
    EXPECT_EQ(send(xpress::pack("short"), true), 0U);
    EXPECT_EQ(input(), sent + "short");
    EXPECT_TRUE(ended);
}

TEST_F(compression_test, a_block_may_go_on_in_the_next_send)
{
    const auto sent = text_of(70'000);
    const auto packed = xpress::pack(sent);
    base::bytes got;
    for (const char& octet : packed) {
        ASSERT_EQ(send({octet}), 0U);
        got += input();
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(send({}, true), 0U);
    EXPECT_EQ(input(), "");
    EXPECT_TRUE(ended);
}

TEST_F(compression_test, a_bad_stream_is_a_fault_and_costs_nothing_else)
{
    const auto good = xpress::pack(text_of(5000));
    auto offset = good; // a table of codes that is none
    for (std::size_t i = 4; i < 260; ++i) offset[i] = '\x11';
    const base::bytes longer("\x00\x00\x01\x00xx", 6); // stored octets: more than original ones
    for (const auto& bad : {offset, longer, xpress::pack("fine") + longer}) {
        EXPECT_EQ(send(bad), number(fault_code::invalid_soap_body));
        EXPECT_EQ(input(), "") << "nothing of that Send is taken";
    }
    EXPECT_EQ(send(good.substr(0, 100), true), number(fault_code::invalid_soap_body)) << "the end within a block";
    EXPECT_EQ(send(good), 0U);
    EXPECT_EQ(input(), text_of(5000));
    table.process_output(process, 0, "alive", now);
    EXPECT_EQ(unpacked(output().at(0).data), "alive");
}

/// 64 KiB of one octet take less than 300 octets: an envelope could hold 80 MB.
TEST_F(compression_test, a_bomb_is_refused_before_it_is_unpacked)
{
    const std::size_t most = send_expansion * base::limits{}.envelope;
    const auto zeros = xpress::pack(base::bytes(xpress::max_block, '\0'));
    base::bytes bomb;
    for (std::size_t i = 0; i < most / xpress::max_block; ++i) bomb += zeros;
    EXPECT_EQ(send(bomb), 0U) << "just what is allowed";
    EXPECT_EQ(input().size(), most / xpress::max_block * xpress::max_block);
    EXPECT_EQ(send(bomb + zeros), number(fault_code::encoding_limit));
    EXPECT_EQ(input(), "");
    EXPECT_EQ(send(xpress::pack("alive")), 0U);
    EXPECT_EQ(input(), "alive");
}

class small_budget_test : public compression_test
{
protected:
    static table_options small()
    {
        auto o = options();
        o.output_budget = 1000;
        return o;
    }
    small_budget_test() : compression_test(small()) {}
};

/// The half of a block that came before stays, whatever becomes of the Send after it.
TEST_F(small_budget_test, a_send_that_is_not_taken_leaves_its_stream_where_it_was)
{
    const auto packed = xpress::pack(text_of(5000));
    const auto half = packed.size() / 2;
    EXPECT_EQ(send(xpress::pack(text_of(900)) + packed.substr(0, half)), 0U); // fills the queue
    ask(make_send(cmd, shell, id, packed.substr(half), false));
    const request_token waits{next - 1};
    EXPECT_FALSE(reply());
    EXPECT_EQ(send(packed.substr(half)), number(fault_code::busy));
    table.handle_gone(waits, now);
    EXPECT_EQ(code_of(make_send(cmd, shell, id, packed.substr(half), false)), unanswered) << "the same again";
    EXPECT_EQ(input(), text_of(900) + text_of(5000));
    EXPECT_EQ(reply()->code, 0U);
}

TEST_F(table_test, powershell_shells_are_compressed_but_for_what_is_no_stream)
{
    const std::string uri = std::string(wsman::resource_uri::powershell) + "Microsoft.PowerShell";
    create_shell c;
    c.resource_uri = uri;
    c.protocol_version = "2.3";
    c.creation_xml = "as it is";
    c.input_streams = {"stdin", "pr"};
    c.output_streams = {"stdout"};
    c.compression = xpress_type;
    c.shell_id = "22222222-2222-2222-2222-222222222222";
    ask(make_create(c));
    process_ref pool{}, pipeline{};
    while (auto o = table.poll_order()) {
        if (auto* s = std::get_if<start_shell_process>(&*o)) {
            pool = s->process;
            EXPECT_EQ(s->first, "as it is");
        }
    }
    table.process_started(pool, 7, now);
    EXPECT_NE(reply()->envelope.find("XpressCompression"), std::string::npos);
    ask(make_command(uri, c.shell_id, {{}, {base::base64_encode("so is this")}, id, {}, {}}));
    while (auto o = table.poll_order()) {
        if (auto* s = std::get_if<start_pipeline>(&*o)) {
            pipeline = s->process;
            EXPECT_EQ(s->first, "so is this");
        }
    }
    table.process_started(pipeline, 0, now);
    EXPECT_EQ(reply()->code, 0U);
    for (const auto& [of, command, stream] :
         {std::tuple{pool, std::string(), "pr"}, std::tuple{pipeline, id, "stdin"}}) {
        EXPECT_EQ(code_of(make_send(uri, c.shell_id, command, xpress::pack(text_of(1000)), false, stream)), 0U);
        auto o = table.poll_order();
        ASSERT_TRUE(o);
        EXPECT_EQ(std::get<write_input>(*o).data, text_of(1000));
        EXPECT_EQ(std::get<write_input>(*o).process, of);
        table.process_input_taken(of, now);
        table.process_output(of, 0, text_of(2000), now);
        ask(make_receive(uri, c.shell_id, command, {"stdout"}));
        now += 1s;
        table.handle_timeout(now);
        const auto a = reply();
        ASSERT_TRUE(a);
        EXPECT_NE(a->envelope.find(base::base64_encode(xpress::pack(text_of(2000)))), std::string::npos);
    }
}

} // namespace
} // namespace winrm::shell
