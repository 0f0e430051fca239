#include "psrp/message.h"

#include <gtest/gtest.h>

#include <set>

namespace winrm::psrp {
namespace {

const base::uuid pool = *base::uuid::parse("2D6534D0-6B12-40E3-B773-CBA26459CFA8");
const base::uuid pid = *base::uuid::parse("00112233-4455-6677-8899-AABBCCDDEEFF");

TEST(message, guids_lie_as_dotnet_keeps_them)
{
    base::bytes out;
    write_guid(pid, out);
    EXPECT_EQ(out, (std::string{"\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF", 16}));
    EXPECT_EQ(read_guid(out), pid);
}

TEST(message, each_of_the_31_types_there_and_back)
{
    ASSERT_EQ(message_rows().size(), 31u);
    std::set<base::bytes_view> names;
    for (const message_row& row : message_rows()) {
        SCOPED_TRACE(row.name);
        names.insert(row.name);
        const auto to = row.direction == message_direction::to_client ? destination::client : destination::server;
        message m{to, row.type, pool, pid, "<S>x</S>"};
        auto read = read_message(write_message(m));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->destination, to);
        EXPECT_EQ(read->type, row.type);
        EXPECT_EQ(read->pool, pool);
        EXPECT_EQ(read->pipeline, pid);
        EXPECT_EQ(read->data, "<S>x</S>");

        m.destination = to == destination::client ? destination::server : destination::client;
        EXPECT_EQ(static_cast<bool>(read_message(write_message(m))), row.direction == message_direction::both);
        m.destination = to;
        m.pipeline.reset();
        EXPECT_EQ(static_cast<bool>(read_message(write_message(m))),
                  row.target == message_target::pool || row.type == message_type::pipeline_state);
    }
    EXPECT_EQ(names.size(), 31u);
}

TEST(message, the_mark_before_the_data_is_dropped)
{
    message m{destination::client, message_type::pipeline_output, pool, pid, "\xEF\xBB\xBF<Nil/>"};
    EXPECT_EQ(read_message(write_message(m))->data, "<Nil/>");
}

TEST(message, refused)
{
    const base::bytes good = write_message({destination::client, message_type::pipeline_output, pool, pid, "<Nil/>"});
    for (std::size_t n = 0; n < message_header_size; ++n) EXPECT_FALSE(read_message(good.substr(0, n))) << n;
    EXPECT_TRUE(read_message(good.substr(0, message_header_size)));
    for (const char bad : {'\x00', '\x03', '\xFF'}) {
        base::bytes other = good;
        other[0] = bad;
        EXPECT_FALSE(read_message(other));
    }
    base::bytes other = good;
    other[4] = '\x77';
    EXPECT_FALSE(read_message(other));
}

} // namespace
} // namespace winrm::psrp
