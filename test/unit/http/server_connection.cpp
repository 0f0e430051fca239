#include "http/server_connection.h"
#include "server_driver.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using namespace test;

TEST(server_connection, the_second_of_two_requests_waits_until_the_first_answer_is_written)
{
    server_driver d;
    d.writing = false;
    d.feed(post("one") + post("two"));
    EXPECT_EQ(d.requests, std::vector<std::string>{"one"});
    EXPECT_FALSE(d.connection.wants_input());
    const auto whole = d.connection.output().size();
    d.connection.written(whole - 1, d.now);
    d.settle();
    EXPECT_EQ(d.requests.size(), 1u);
    d.connection.written(1, d.now);
    d.settle();
    EXPECT_EQ(d.requests, (std::vector<std::string>{"one", "two"}));
}

TEST(server_connection, a_small_refused_body_is_read_over_a_large_one_ends_the_connection)
{
    server_driver small;
    small.feed(post(std::string(60'000, 'x'), "") + post("two"), 1000);
    EXPECT_EQ(small.statuses(), "401 200");
    EXPECT_FALSE(small.closed);
    server_driver large;
    large.feed(post(std::string(70'000, 'x'), ""), 1000);
    EXPECT_EQ(large.statuses(), "401");
    EXPECT_TRUE(large.has("Connection: close\r\n"));
    EXPECT_TRUE(large.closed);
}

TEST(server_connection, the_answer_to_a_refused_request_leaves_before_its_body_is_there)
{
    server_driver d;
    const std::string text = post("hello", "");
    d.feed(std::string_view{text}.substr(0, text.size() - 5));
    EXPECT_EQ(d.statuses(), "401");
    EXPECT_TRUE(d.connection.wants_input());
    d.feed("hello" + post("two"));
    EXPECT_EQ(d.statuses(), "401 200");
}

TEST(server_connection, the_answer_is_exact)
{
    server_driver d;
    d.feed(post("one"));
    EXPECT_EQ(d.said, "HTTP/1.1 200 OK\r\nServer: OpenWinRM\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
                      "Content-Length: 8\r\n\r\n<re:one>");
    EXPECT_EQ(d.charsets, std::vector<std::string>{"UTF-8"});
}

/// Issue 10: Beast throws for a field that does not fit into 16 bits, and limits may allow one.
TEST(server_connection, a_field_longer_than_the_parser_takes_is_refused)
{
    base::limits wide;
    wide.http_head = 1'000'000;
    for (const std::size_t size : {64'000, 65'000, 65'533, 65'534, 65'536, 200'000}) {
        server_driver d{safe_options(), wide};
        d.feed("POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nX-Long: " + std::string(size, 'x') +
               "\r\n\r\n");
        EXPECT_EQ(d.statuses(), size == 64'000 ? "401" : "400") << size;
    }
}

TEST(server_connection, large_answers_leave_in_any_pieces)
{
    server_driver d;
    d.answering = d.writing = false;
    d.feed(post("one"));
    d.connection.login_answered(auth::login_verdict::accepted, {}, d.now);
    d.settle();
    const std::string body(500 * 1024, 'b');
    d.connection.respond(500, body, "application/soap+xml", d.now);
    while (!d.connection.output().empty()) {
        const auto piece = d.connection.output().substr(0, 4093);
        d.said.append(piece);
        d.connection.written(piece.size(), d.now);
    }
    EXPECT_EQ(d.statuses(), "500");
    EXPECT_EQ(d.said.substr(d.said.find("\r\n\r\n") + 4), body);
    EXPECT_TRUE(d.connection.wants_input());
}

TEST(server_connection, a_client_that_has_closed_its_side_still_gets_its_answer)
{
    server_driver d;
    d.answering = false;
    d.feed(post("one"));
    d.connection.login_answered(auth::login_verdict::accepted, {}, d.now);
    d.settle();
    d.connection.end_of_stream(d.now);
    d.settle();
    EXPECT_FALSE(d.closed);
    EXPECT_EQ(d.statuses(), "100"); // tells the owner's network whether anybody is still there
    d.connection.respond(200, "yes", "application/soap+xml", d.now);
    d.settle();
    EXPECT_EQ(d.statuses(), "100 200");
    EXPECT_TRUE(d.has("Connection: close\r\n"));
    EXPECT_TRUE(d.closed);
}

TEST(server_connection, a_client_that_has_closed_its_side_during_the_login_still_gets_its_answer)
{
    for (const char* who : {"ada:pw", "ada:no"}) {
        server_driver d;
        d.answering = false;
        d.feed(post("one", "Authorization: " + basic(who) + "\r\n"));
        d.connection.end_of_stream(d.now);
        d.settle();
        d.answering = true;
        d.handle(login_wanted{{"Basic", {"ada", base::secret{std::string{who}.substr(4)}}, {}}});
        d.settle();
        EXPECT_EQ(d.statuses(), who == std::string_view{"ada:pw"} ? "100 200" : "100 401");
        EXPECT_TRUE(d.closed);
    }
}

TEST(server_connection, a_client_that_has_closed_its_side_within_a_request_gets_nothing)
{
    for (const std::size_t missing : {1u, 10u, 60u}) {
        server_driver d;
        const std::string text = post("hello");
        d.feed(text.substr(0, text.size() - missing));
        d.connection.end_of_stream(d.now);
        d.settle();
        EXPECT_EQ(d.said, "") << missing;
        EXPECT_TRUE(d.closed) << missing;
    }
}

TEST(server_connection, told_to_close_it_says_so_in_its_next_answer)
{
    server_driver idle;
    idle.feed(post("one"));
    EXPECT_FALSE(idle.has("Connection: close"));
    idle.connection.close_after_next();
    idle.settle();
    EXPECT_FALSE(idle.closed);
    idle.feed(post("two") + post("three"));
    EXPECT_EQ(idle.statuses(), "200 200");
    EXPECT_TRUE(idle.has("Connection: close\r\n"));
    EXPECT_TRUE(idle.closed);

    server_driver busy;
    busy.answering = false;
    busy.feed(post("one"));
    busy.connection.login_answered(auth::login_verdict::accepted, {}, busy.now);
    busy.settle();
    busy.connection.close_after_next();
    busy.settle();
    EXPECT_FALSE(busy.closed);
    busy.connection.respond(200, "yes", "application/soap+xml", busy.now);
    busy.settle();
    EXPECT_TRUE(busy.has("Connection: close\r\n"));
    EXPECT_TRUE(busy.closed);

    server_driver stranger;
    stranger.connection.close_after_next();
    stranger.feed(post("one", ""));
    EXPECT_EQ(stranger.statuses(), "401");
    EXPECT_TRUE(stranger.has("Connection: close\r\n"));
    EXPECT_TRUE(stranger.closed);
}

TEST(server_connection, between_requests_is_after_an_answer_and_before_the_next_byte)
{
    server_driver d;
    EXPECT_FALSE(d.connection.between_requests());
    d.writing = false;
    d.feed(post("one"));
    EXPECT_FALSE(d.connection.between_requests());
    d.writing = true;
    d.settle();
    EXPECT_TRUE(d.connection.between_requests());
    d.feed("P");
    EXPECT_FALSE(d.connection.between_requests());
}

TEST(server_connection, many_share_one_set_of_options)
{
    const auto options = std::make_shared<const server_options>(safe_options());
    const crypto::keyed_digest digest;
    server_connection one{options, {}, digest, {}}, two{options, {}, digest, {}};
    EXPECT_EQ(options.use_count(), 3);
}

TEST(server_connection, fail_is_503_where_an_answer_is_owed_and_closes_everywhere)
{
    server_driver idle;
    idle.connection.fail(idle.now);
    idle.settle();
    EXPECT_TRUE(idle.closed);
    EXPECT_EQ(idle.said, "");

    server_driver busy;
    busy.answering = false;
    busy.feed(post("one"));
    busy.connection.login_answered(auth::login_verdict::accepted, {}, busy.now);
    busy.settle();
    busy.connection.fail(busy.now);
    busy.settle();
    EXPECT_EQ(busy.statuses(), "503");
    EXPECT_TRUE(busy.closed);
    EXPECT_FALSE(busy.connection.authenticated());

    server_driver answering;
    answering.writing = false;
    answering.feed(post("one"));
    answering.connection.fail(answering.now);
    answering.writing = true;
    answering.settle();
    EXPECT_EQ(answering.statuses(), "200");
    EXPECT_TRUE(answering.closed);
}

// Issue 9: bytes behind an open answer are kept here alone, in however many pieces they came.
TEST(server_connection, bytes_behind_an_open_answer_are_kept_and_read_after_it)
{
    server_driver d;
    d.feed(post("login"));
    d.answering = false;
    d.feed(post("one"));
    EXPECT_FALSE(d.connection.wants_input());
    EXPECT_FALSE(d.connection.holds_input());
    const std::string two = post("two");
    d.connection.received(two.substr(0, 3), d.now); // short enough to be kept inside of a string
    EXPECT_TRUE(d.connection.holds_input());
    d.connection.received(two.substr(3) + post("three").substr(0, 10), d.now);
    d.settle();
    EXPECT_EQ(d.statuses(), "200");
    EXPECT_FALSE(d.connection.between_requests());

    d.connection.respond(200, "done", "text/plain", d.now);
    d.settle();
    EXPECT_TRUE(d.connection.holds_input()) << "the third is behind the second";
    EXPECT_FALSE(d.connection.wants_input());
    d.answering = true;
    d.connection.respond(200, "done", "text/plain", d.now);
    d.settle();
    EXPECT_FALSE(d.connection.holds_input());
    EXPECT_TRUE(d.connection.wants_input());
    d.feed(post("three").substr(10));
    EXPECT_EQ(d.statuses(), "200 200 200 200");
}

TEST(server_connection, an_owner_that_does_not_mind_wants_input_gets_a_closed_connection_not_a_full_memory)
{
    server_driver d;
    d.answering = false;
    d.feed(post("one"));
    for (int i = 0; i < 100; ++i) d.connection.received(std::string(10'000, 'x'), d.now);
    d.settle();
    EXPECT_TRUE(d.closed);
}

} // namespace
} // namespace winrm::http
