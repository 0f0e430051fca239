#include "psrp/out_of_proc.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace {

using namespace winrm;
using psrp::other_line;
using psrp::packet;
using psrp::packet_kind;
using psrp::packet_stream;

const std::string guid_text = "3a5dbb43-e8f1-4b5e-8e37-d2b0cbd3ea10";
const base::uuid guid = *base::uuid::parse(guid_text);
const std::string zero_text = "00000000-0000-0000-0000-000000000000";

TEST(out_of_proc, writes_what_pwsh_reads)
{
    EXPECT_EQ(psrp::write({packet_kind::data, {}, packet_stream::normal, "abc"}),
              "<Data Stream='Default' PSGuid='" + zero_text + "'>YWJj</Data>\n");
    EXPECT_EQ(psrp::write({packet_kind::data, guid, packet_stream::prompt_response, "a"}),
              "<Data Stream='PromptResponse' PSGuid='" + guid_text + "'>YQ==</Data>\n");
    EXPECT_EQ(psrp::write({packet_kind::command, guid}), "<Command PSGuid='" + guid_text + "' />\n");
    EXPECT_EQ(psrp::write({packet_kind::signal_ack, guid}), "<SignalAck PSGuid='" + guid_text + "' />\n");
}

TEST(out_of_proc, reads_every_packet_that_it_writes_in_pieces_of_any_size)
{
    std::vector<packet> all;
    for (const auto kind : {packet_kind::data_ack, packet_kind::command, packet_kind::command_ack, packet_kind::close,
                            packet_kind::close_ack, packet_kind::signal, packet_kind::signal_ack})
        all.push_back({kind, guid});
    all.push_back({packet_kind::data, guid, packet_stream::normal, std::string("\0\1\2\xff", 4)});
    all.push_back({packet_kind::data, {}, packet_stream::prompt_response, std::string(100'000, 'x')});
    std::string text;
    for (const packet& p : all) psrp::write(p, text);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, text.size()}) {
        psrp::out_of_proc_reader r;
        std::vector<packet> got;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            r.received(base::bytes_view(text).substr(at, piece));
            while (auto one = r.poll()) {
                ASSERT_TRUE(std::holds_alternative<packet>(*one));
                got.push_back(std::get<packet>(std::move(*one)));
            }
        }
        EXPECT_EQ(got, all);
        EXPECT_EQ(r.held(), 0U);
    }
}

TEST(out_of_proc, other_spellings_of_the_same_xml_are_read)
{
    const packet data{packet_kind::data, guid, packet_stream::normal, "abc"};
    for (const std::string& line :
         std::vector<std::string>{"<Data Stream=\"Default\" PSGuid=\"" + guid_text + "\">YWJj</Data>",
                                  "<Data  PSGuid='" + guid_text + "' Stream='Default' >YWJj</Data>",
                                  "<Data Stream='Default' PSGuid='3A5DBB43-E8F1-4B5E-8E37-D2B0CBD3EA10'>YWJj</Data>"}) {
        const auto one = psrp::read_line(line);
        ASSERT_TRUE(std::holds_alternative<packet>(one)) << line;
        EXPECT_EQ(std::get<packet>(one), data);
    }
    EXPECT_EQ(std::get<packet>(psrp::read_line("<Close PSGuid='" + guid_text + "'/>")),
              (packet{packet_kind::close, guid}));
    psrp::out_of_proc_reader r;
    r.received("<Close PSGuid='" + guid_text + "' />\r\n");
    EXPECT_EQ(std::get<packet>(r.poll().value()), (packet{packet_kind::close, guid}));
}

TEST(out_of_proc, what_is_no_packet_is_told_apart)
{
    const auto kind_of = [](base::bytes_view line) {
        const auto one = psrp::read_line(line);
        return std::holds_alternative<other_line>(one) ? std::get<other_line>(one).what
                                                       : throw std::runtime_error("packet");
    };
    EXPECT_EQ(kind_of(""), other_line::kind::empty);
    const auto error = psrp::read_line("__NamedPipeError__:it broke");
    EXPECT_EQ(std::get<other_line>(error).what, other_line::kind::error);
    EXPECT_EQ(std::get<other_line>(error).text, "it broke");
    const std::string at = " PSGuid='" + guid_text + "'";
    for (const std::string& line : std::vector<std::string>{
             std::string("hello"), "<Data Stream='Default'" + at + "></Data>", "<Data" + at + ">YWJj</Data>",
             "<Data Stream='Other'" + at + ">YWJj</Data>", "<Data Stream='Default'" + at + ">YWJ</Data>",
             "<Data Stream='Default'" + at + ">YWJj</Data>x", "<Data Stream='Default'" + at + " />",
             "<Command Stream='Default'" + at + " />", "<Command" + at + at + " />", "<Command />",
             std::string("<Command PSGuid='1' />"), "<Other" + at + " />", "<Command" + at + ">", "<Command" + at,
             std::string("<Command PSGuid='{3a5dbb43-e8f1-4b5e-8e37-d2b0cbd3ea}' />"), std::string("<"),
             std::string("<Data Stream='")})
        EXPECT_EQ(kind_of(line), other_line::kind::malformed) << line;
    EXPECT_EQ(std::get<other_line>(psrp::read_line(std::string(5000, 'x'))).text.size(), 512U);
}

TEST(out_of_proc, a_line_without_end_costs_no_more_than_its_bound)
{
    psrp::out_of_proc_reader r(1000);
    r.received("<Command PSGuid='" + guid_text + "' />\n" + std::string(900, 'x'));
    EXPECT_TRUE(std::holds_alternative<packet>(r.poll().value()));
    EXPECT_FALSE(r.poll());
    r.received(std::string(101, 'x'));
    EXPECT_EQ(std::get<other_line>(r.poll().value()).what, other_line::kind::too_long);
    r.received("\n<Command PSGuid='" + guid_text + "' />\n");
    EXPECT_FALSE(r.poll());
    EXPECT_EQ(r.held(), 0U);
}

} // namespace
