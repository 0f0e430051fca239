#include "http/client_connection.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::http {
namespace {

client_options options()
{
    client_options o;
    o.host = "h:5985";
    o.max_body = 1000;
    return o;
}

client_connection asked(const base::limits& limits = {})
{
    client_connection c{options(), limits};
    c.start("<ask/>", "application/soap+xml;charset=UTF-8");
    c.written(c.output().size());
    return c;
}

/// What comes of these bytes, then the end of the stream if `ends`.
std::optional<result<response>> outcome(const std::string& text, bool ends, std::size_t piece)
{
    client_connection c = asked();
    for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at)) {
        c.received(std::string_view{text}.substr(at, piece));
    }
    if (ends) c.end_of_stream();
    return c.poll();
}

struct good
{
    std::string name, text;
    bool ends;
    int status;
    std::string body;
    bool keep;
};

TEST(client_connection, answers_whole_and_bytewise)
{
    const std::string soap = "Content-Type: application/soap+xml; charset=\"UTF-8\"\r\n";
    const good rows[] = {
        {"length", "HTTP/1.1 200 OK\r\n" + soap + "Content-Length: 3\r\n\r\nyes", false, 200, "yes", true},
        {"no body", "HTTP/1.1 200 OK\r\n" + soap + "Content-Length: 0\r\n\r\n", false, 200, "", true},
        {"close", "HTTP/1.1 200 OK\r\n" + soap + "Connection: close\r\nContent-Length: 3\r\n\r\nyes", false, 200, "yes",
         false},
        {"fault", "HTTP/1.1 500 \r\n" + soap + "Content-Length: 3\r\n\r\nyes", false, 500, "yes", true},
        {"chunked",
         "HTTP/1.1 200 OK\r\n" + soap + "Transfer-Encoding: chunked\r\n\r\n1\r\ny\r\n2;x\r\nes\r\n0\r\nT: u\r\n\r\n",
         false, 200, "yes", true},
        {"until close", "HTTP/1.1 200 OK\r\n" + soap + "\r\nyes", true, 200, "yes", false},
        {"HTTP/1.0", "HTTP/1.0 200 OK\r\n" + soap + "Content-Length: 3\r\n\r\nyes", false, 200, "yes", false},
        {"interim",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n" + soap +
             "Content-Length: 3\r\n\r\nyes",
         false, 200, "yes", true},
        {"204", "HTTP/1.1 204 No Content\r\n" + soap + "\r\n", false, 204, "", true},
        {"s23 no blank after the status", "HTTP/1.1 500\r\n" + soap + "Content-Length: 3\r\n\r\nyes", false, 500, "yes",
         true},
        {"s23 nor of HTTP/1.0", "HTTP/1.0 200\r\n" + soap + "\r\nyes", true, 200, "yes", false},
        {"s23 nor of an interim answer", "HTTP/1.1 100\r\n\r\nHTTP/1.1 200\r\n" + soap + "Content-Length: 3\r\n\r\nyes",
         false, 200, "yes", true},
        {"ends afterwards", "HTTP/1.1 200 OK\r\n" + soap + "Content-Length: 3\r\n\r\nyes", true, 200, "yes", false},
    };
    for (const good& r : rows) {
        for (const std::size_t piece : {std::string::npos, std::size_t{1}}) {
            const auto got = outcome(r.text, r.ends, piece);
            ASSERT_TRUE(got) << r.name;
            ASSERT_TRUE(*got) << r.name << ": " << got->error();
            EXPECT_EQ((*got)->status, r.status) << r.name;
            EXPECT_EQ((*got)->body, r.body) << r.name;
            EXPECT_EQ((*got)->keep_alive, r.keep) << r.name;
            EXPECT_EQ((*got)->media_type, "application/soap+xml") << r.name;
            EXPECT_EQ((*got)->charset, "UTF-8") << r.name;
        }
    }
}

struct bad
{
    std::string name, text;
    bool ends;
    errc code;
};

TEST(client_connection, bad_answers_are_named_whole_and_bytewise)
{
    std::string interim;
    for (int i = 0; i < 9; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    const bad rows[] = {
        {"nothing", "", true, errc::connection_lost},
        {"half a head", "HTTP/1.1 200 O", true, errc::connection_lost},
        {"half a word", "HT", true, errc::connection_lost},
        {"half a body", ok + "Content-Length: 3\r\n\r\nye", true, errc::connection_lost},
        {"half a chunk", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nye", true, errc::connection_lost},
        {"ssh", "SSH-2.0-OpenSSH_9.2p1\r\n", false, errc::not_wsman},
        {"mail", "220 mail.example ESMTP\r\n", false, errc::not_wsman},
        {"TLS alert", std::string{"\x15\x03\x01\x00\x02\x02\x46", 7}, true, errc::not_wsman},
        {"endless nonsense", std::string(5000, 'x'), false, errc::not_wsman},
        {"HTTP/2", "HTTP/2 200\r\n\r\n", false, errc::not_wsman},
        {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", false, errc::protocol},
        {"status of two digits", "HTTP/1.1 20\r\n\r\n", false, errc::protocol},
        {"status of four digits", "HTTP/1.1 2000\r\n\r\n", false, errc::protocol},
        {"no status", "HTTP/1.1\r\n\r\n", false, errc::protocol},
        {"status is no number", "HTTP/1.1 OK\r\n\r\n", false, errc::protocol},
        {"folding", ok + "A: b\r\n c\r\n\r\n", false, errc::protocol},
        {"two lengths", ok + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nyes", false, errc::protocol},
        {"length no number", ok + "Content-Length: x\r\n\r\nyes", false, errc::protocol},
        {"length and chunks", ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false, errc::protocol},
        {"gzip coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", false, errc::protocol},
        {"compressed", ok + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nyes", false, errc::protocol},
        {"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, errc::protocol},
        {"bad chunk", ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", false, errc::protocol},
        {"switching", "HTTP/1.1 101 Switching Protocols\r\n\r\n", false, errc::protocol},
        {"interim without end", interim, false, errc::protocol},
        {"more than the answer", ok + "Content-Length: 3\r\n\r\nyes!", false, errc::protocol},
        {"large head", ok + "A: " + std::string(40'000, 'x') + "\r\n\r\n", false, errc::too_large},
        {"large body", ok + "Content-Length: 1001\r\n\r\n", false, errc::too_large},
        {"huge body", ok + "Content-Length: 999999999999999999\r\n\r\n", false, errc::too_large},
        {"large chunk", ok + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", false, errc::too_large},
        {"endless body", ok + "\r\n" + std::string(1001, 'x'), false, errc::too_large},
    };
    for (const bad& r : rows) {
        for (const std::size_t piece : {std::string::npos, std::size_t{1}}) {
            const auto got = outcome(r.text, r.ends, piece);
            ASSERT_TRUE(got) << r.name;
            ASSERT_FALSE(*got) << r.name;
            EXPECT_EQ(got->error().code(), r.code) << r.name << ": " << got->error();
        }
    }
}

TEST(client_connection, what_is_no_http_is_shown)
{
    for (const std::size_t piece : {std::string::npos, std::size_t{1}}) {
        const auto got = outcome("SSH-2.0-OpenSSH_9.2p1\r\nmore", false, piece);
        ASSERT_TRUE(got && !*got);
        EXPECT_EQ(got->error().peer_text(), "SSH-2.0-OpenSSH_9.2p1");
    }
    const auto large = outcome("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", false, std::string::npos);
    ASSERT_TRUE(large && !*large);
    EXPECT_NE(large->error().message().find("1000"), std::string::npos);
}

TEST(client_connection, the_request_is_exact)
{
    client_options o = options();
    o.path = "/wsman?x=y";
    o.login = std::make_shared<auth::basic_login>("ada", "pw");
    o.extra_fields = {{"WSMANIDENTIFY", "unauthenticated"}};
    client_connection c{std::move(o), {}};
    EXPECT_TRUE(c.idle());
    c.start("<ask/>", "application/soap+xml;charset=UTF-8");
    EXPECT_FALSE(c.idle());
    EXPECT_EQ(c.output(),
              "POST /wsman?x=y HTTP/1.1\r\nHost: h:5985\r\nUser-Agent: OpenWinRM\r\nAuthorization: Basic YWRhOnB3\r\n"
              "WSMANIDENTIFY: unauthenticated\r\nAccept-Encoding: identity\r\n"
              "Content-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: 6\r\n\r\n<ask/>");
}

TEST(client_connection, challenges_and_names_of_the_peer_are_kept)
{
    const auto got =
        outcome("HTTP/1.1 401 Go away\r\nWWW-Authenticate: Negotiate\r\nwww-authenticate: Basic realm=\"WSMAN\"\r\n"
                "Server: Microsoft-HTTPAPI/2.0\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
                false, std::string::npos);
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->challenges, (std::vector<std::string>{"Negotiate", "Basic realm=\"WSMAN\""}));
    EXPECT_EQ((*got)->server, "Microsoft-HTTPAPI/2.0");
    EXPECT_EQ((*got)->location, "/elsewhere");
    EXPECT_EQ((*got)->reason, "Go away");
}

TEST(client_connection, an_answer_before_the_whole_request_has_left_ends_the_connection)
{
    client_connection c{options(), {}};
    c.start(std::string(100'000, 'x'), "application/soap+xml");
    c.written(c.output().size()); // the head
    c.received("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    const auto got = c.poll();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->status, 413);
    EXPECT_FALSE((*got)->keep_alive);
    EXPECT_TRUE(c.output().empty());
    EXPECT_FALSE(c.idle());
}

TEST(client_connection, a_second_exchange_follows_where_it_may)
{
    client_connection c = asked();
    c.received("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    EXPECT_FALSE(c.idle());
    ASSERT_EQ((*c.poll())->body, "1");
    EXPECT_TRUE(c.idle());
    EXPECT_FALSE(c.poll());
    c.start("again", "application/soap+xml");
    c.written(c.output().size());
    c.received("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    ASSERT_EQ((*c.poll())->body, "2");
    c.received("HTTP/1.1 408 Too late\r\n"); // unasked
    const auto late = c.poll();
    ASSERT_TRUE(late && !*late);
    EXPECT_EQ(late->error().code(), errc::protocol);
    EXPECT_FALSE(c.idle());
}

TEST(client_connection, a_line_end_in_a_field_is_refused)
{
    std::vector<client_options> all(5);
    for (auto& o : all) o = options();
    all[0].host = "h\r\nX: y";
    all[1].path = "/wsman HTTP/1.1\r\nX:";
    all[2].user_agent = "a\nb";
    all[3].extra_fields = {{"A", "b\r\nC: d"}};
    all[4].extra_fields = {{"A: b", "c"}};
    for (auto& o : all) {
        client_connection c{std::move(o), {}};
        c.start("x", "application/soap+xml");
        EXPECT_TRUE(c.output().empty());
        const auto got = c.poll();
        ASSERT_TRUE(got && !*got);
        EXPECT_EQ(got->error().code(), errc::bad_argument);
    }
}

} // namespace
} // namespace winrm::http
