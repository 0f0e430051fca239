// client_connection and server_connection tied together in memory.
#include "carry.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using namespace test;

/// @param who  "user:password", "" = nobody
client_connection client_for(const std::string& who, std::vector<std::pair<std::string, std::string>> fields = {})
{
    client_options o;
    o.host = "h";
    const auto colon = who.find(':');
    if (!who.empty()) o.login = std::make_shared<auth::basic_login>(who.substr(0, colon), who.substr(colon + 1));
    o.extra_fields = std::move(fields);
    return client_connection{std::move(o), {}};
}

TEST(both_ends, many_exchanges_on_one_connection)
{
    for (const std::size_t piece : pieces) {
        client_connection client = client_for("ada:pw");
        server_driver server;
        for (const std::string& body :
             {std::string{"one"}, std::string{}, std::string(50'000, 'x'), std::string{"last"}}) {
            client.start(body, soap);
            const auto got = carry(client, server, piece);
            ASSERT_TRUE(got && *got);
            EXPECT_EQ((*got)->status, 200);
            EXPECT_EQ((*got)->body, "<re:" + body + ">");
            EXPECT_EQ((*got)->media_type, "application/soap+xml");
            EXPECT_TRUE((*got)->keep_alive);
        }
        EXPECT_EQ(server.logins.size(), 1u);
    }
}

TEST(both_ends, a_refused_login_then_a_good_one)
{
    for (const std::size_t piece : pieces) {
        server_driver server;
        for (const std::string who : {"", "ada:no", "ada:pw"}) {
            client_connection client = client_for(who);
            client.start("<a/>", soap);
            const auto got = carry(client, server, piece);
            ASSERT_TRUE(got && *got);
            EXPECT_EQ((*got)->status, who == "ada:pw" ? 200 : 401);
            EXPECT_EQ((*got)->challenges.size(), who == "ada:pw" ? 0u : 1u);
        }
    }
}

TEST(both_ends, expect_100_continue_is_skipped_by_the_client)
{
    for (const std::size_t piece : pieces) {
        client_connection client = client_for("ada:pw", {{"Expect", "100-continue"}});
        server_driver server;
        client.start("<a/>", soap);
        const auto got = carry(client, server, piece);
        ASSERT_TRUE(got && *got);
        EXPECT_EQ((*got)->status, 200);
        EXPECT_EQ(server.statuses(), "100 200");
    }
}

TEST(both_ends, S10_an_early_413_arrives_and_the_body_stays)
{
    for (const std::size_t piece : {std::size_t{7}, std::size_t{4096}, std::string::npos}) {
        client_connection client = client_for("ada:pw");
        server_driver server;
        client.start(std::string(600 * 1024, 'x'), soap);
        const auto got = carry(client, server, piece);
        ASSERT_TRUE(got && *got);
        EXPECT_EQ((*got)->status, 413);
        EXPECT_FALSE((*got)->keep_alive);
        EXPECT_TRUE(server.logins.empty() && server.requests.empty());
    }
}

TEST(both_ends, connection_close_is_kept_by_both)
{
    client_connection client = client_for("ada:pw", {{"Connection", "close"}});
    server_driver server;
    client.start("<a/>", soap);
    const auto got = carry(client, server, 7);
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->status, 200);
    EXPECT_FALSE((*got)->keep_alive);
    EXPECT_TRUE(server.closed);
    EXPECT_FALSE(client.idle());
}

TEST(both_ends, a_service_that_wants_to_be_rid_of_a_connection_says_so_and_the_client_moves)
{
    for (const std::size_t piece : pieces) {
        client_connection client = client_for("ada:pw");
        server_driver server;
        for (const bool last : {false, true}) {
            if (last) server.connection.close_after_next();
            client.start("<a/>", soap);
            const auto got = carry(client, server, piece);
            ASSERT_TRUE(got && *got);
            EXPECT_EQ((*got)->status, 200);
            EXPECT_EQ((*got)->keep_alive, !last);
            EXPECT_EQ(client.idle(), !last);
        }
        EXPECT_TRUE(server.closed);
    }
}

TEST(both_ends, the_100_ahead_of_an_answer_to_a_half_closed_client_is_read_over)
{
    for (const std::size_t piece : pieces) {
        client_connection client = client_for("ada:pw");
        server_driver server;
        server.answering = false;
        client.start("<a/>", soap);
        EXPECT_FALSE(carry(client, server, piece));
        server.connection.login_answered(auth::login_verdict::accepted, {}, server.now);
        server.settle();
        EXPECT_FALSE(carry(client, server, piece)); // the body
        server.connection.end_of_stream(server.now);
        server.settle();
        server.connection.respond(200, "<b/>", soap, server.now);
        server.settle();
        const auto got = carry_from(client, server, 0, piece);
        ASSERT_TRUE(got && *got);
        EXPECT_EQ((*got)->status, 200);
        EXPECT_EQ((*got)->body, "<b/>");
    }
}

TEST(both_ends, a_connection_cut_anywhere_ends_in_a_named_error)
{
    server_driver whole;
    whole.feed(post("one"));
    for (std::size_t n = 0; n < whole.said.size(); ++n) {
        client_connection client = client_for("ada:pw");
        client.start("one", soap);
        client.written(client.output().size());
        client.received(std::string_view{whole.said}.substr(0, n));
        EXPECT_FALSE(client.poll()) << n;
        client.end_of_stream();
        const auto got = client.poll();
        ASSERT_TRUE(got && !*got) << n;
        EXPECT_EQ(got->error().code(), errc::connection_lost) << n;
    }
}

} // namespace
} // namespace winrm::http
