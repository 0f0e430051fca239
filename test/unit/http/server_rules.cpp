// One request, one answer: every rule with rows that keep it and rows that break it, each fed whole and byte by byte.
#include "server_driver.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using namespace test;

const std::string login = "Authorization: " + ada + "\r\n";

std::string request(const std::string& line, const std::string& fields, const std::string& body = {})
{
    return line + "\r\n" + fields + "\r\n" + body;
}

const std::string line = "POST /wsman HTTP/1.1";
const std::string host = "Host: h\r\n";
const std::string soap = "Content-Type: application/soap+xml\r\n";
const std::string common = host + soap + login;
const std::string five = "Content-Length: 5\r\n";

struct row
{
    std::string name, text, status;
    bool closes;
};

void check(const std::vector<row>& rows)
{
    for (const row& r : rows) {
        server_driver whole, bytewise;
        whole.feed(r.text);
        bytewise.feed(r.text, 1);
        EXPECT_EQ(whole.statuses(), r.status) << r.name;
        EXPECT_EQ(whole.closed, r.closes) << r.name;
        EXPECT_EQ(bytewise.said, whole.said) << r.name;
        EXPECT_EQ(bytewise.closed, whole.closed) << r.name;
        EXPECT_EQ(bytewise.requests, whole.requests) << r.name;
        EXPECT_EQ(bytewise.logins, whole.logins) << r.name;
        EXPECT_EQ(whole.has("Connection: close\r\n"), r.closes) << r.name;
        EXPECT_EQ(whole.requests.size(), r.status == "200" || r.status == "100 200" ? 1u : 0u) << r.name;
    }
}

TEST(server_rules, good_requests)
{
    check({
        {"plain", request(line, common + five, "hello"), "200", false},
        {"empty body", request(line, common + "Content-Length: 0\r\n"), "200", false},
        {"slash", request("POST /wsman/ HTTP/1.1", common + five, "hello"), "200", false},
        {"query", request("POST /wsman?PSVersion=5.1 HTTP/1.1", common + five, "hello"), "200", false},
        {"chunked", request(line, common + "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), "200", false},
        {"Chunked", request(line, common + "transfer-encoding: Chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), "200", false},
        {"identity", request(line, common + five + "Content-Encoding: identity\r\n", "hello"), "200", false},
        {"expect", request(line, common + five + "Expect: 100-continue\r\n", "hello"), "100 200", false},
        {"expect without body", request(line, common + "Content-Length: 0\r\nExpect: 100-continue\r\n"), "200", false},
        {"close", request(line, common + five + "Connection: close\r\n", "hello"), "200", true},
        {"close in a list", request(line, common + five + "Connection: TE, Close\r\n", "hello"), "200", true},
        {"keep-alive", request(line, common + five + "Connection: keep-alive\r\n", "hello"), "200", false},
        {"other fields",
         request(line, common + five + "Accept-Encoding: gzip\r\nTE: trailers\r\nCookie: MS-WSMAN=x\r\n", "hello"),
         "200", false},
        {"v6 host", request(line, "Host: [::1]:5986\r\n" + soap + login + five, "hello"), "200", false},
    });
}

TEST(server_rules, S9_what_has_two_readings_is_refused_and_closed)
{
    std::string many;
    for (int i = 0; i < 100; ++i) many += "X" + std::to_string(i) + ": y\r\n";
    const std::string chunked = "Transfer-Encoding: chunked\r\n", chunks = "5\r\nhello\r\n0\r\n\r\n";
    check({
        {"two lengths", request(line, common + five + "Content-Length: 6\r\n", "hello"), "400", true},
        {"the same length twice", request(line, common + five + five, "hello"), "400", true},
        {"list of lengths", request(line, common + "Content-Length: 5, 5\r\n", "hello"), "400", true},
        {"signed length", request(line, common + "Content-Length: +5\r\n", "hello"), "400", true},
        {"negative length", request(line, common + "Content-Length: -5\r\n", "hello"), "400", true},
        {"hex length", request(line, common + "Content-Length: 0x5\r\n", "hello"), "400", true},
        {"empty length", request(line, common + "Content-Length:\r\n", "hello"), "400", true},
        {"length with words", request(line, common + "Content-Length: 5 x\r\n", "hello"), "400", true},
        {"length that overflows", request(line, common + "Content-Length: 18446744073709551621\r\n", "hello"), "400",
         true},
        {"length and chunks", request(line, common + five + chunked, chunks), "400", true},
        {"chunks and length", request(line, common + chunked + five, chunks), "400", true},
        {"chunked twice", request(line, common + chunked + chunked, chunks), "400", true},
        {"chunked, chunked", request(line, common + "Transfer-Encoding: chunked, chunked\r\n", chunks), "400", true},
        {"gzip, chunked", request(line, common + "Transfer-Encoding: gzip, chunked\r\n", chunks), "400", true},
        {"identity coding", request(line, common + "Transfer-Encoding: identity\r\n", chunks), "400", true},
        {"xchunked", request(line, common + "Transfer-Encoding: xchunked\r\n", chunks), "400", true},
        {"chunk extension", request(line, common + chunked, "5;x=y\r\nhello\r\n0\r\n\r\n"), "400", true},
        {"trailers", request(line, common + chunked, "5\r\nhello\r\n0\r\nX: y\r\n\r\n"), "400", true},
        {"bare LF", "POST /wsman HTTP/1.1\nHost: h\n\n", "400", true},
        {"NUL", request(line, common + five + std::string{"X: a\0b\r\n", 8}, "hello"), "400", true},
        {"folding", request(line, common + five + "X: a\r\n b\r\n", "hello"), "400", true},
        {"space before the colon", request(line, common + "Content-Length : 5\r\n", "hello"), "400", true},
        {"100 fields", request(line, common + five + many, "hello"), "431", true},
        {"64 KB field", request(line, common + five + "X: " + std::string(65536, 'y') + "\r\n", "hello"), "431", true},
        {"HTTP/0.9", "GET /wsman\r\n\r\n", "400", true},
        {"chunks in HTTP/1.0", request("POST /wsman HTTP/1.0", common + chunked, chunks), "400", true},
        {"HTTP/1.0, two hosts", request("POST /wsman HTTP/1.0", common + host + five, "hello"), "400", true},
        {"HTTP/1.2", request("POST /wsman HTTP/1.2", common + five, "hello"), "505", true},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", true},
        {"HTTP/11", request("POST /wsman HTTP/11", common + five, "hello"), "505", true},
        {"http/1.1", request("POST /wsman http/1.1", common + five, "hello"), "400", true},
        {"TLS", std::string{"\x16\x03\x01\x00\xa5\x01\x00", 7}, "400", true},
        {"absolute target", request("POST http://h/wsman HTTP/1.1", common + five, "hello"), "400", true},
        {"asterisk", request("OPTIONS * HTTP/1.1", common), "400", true},
        {"authority", request("CONNECT h:443 HTTP/1.1", common), "400", true},
        {"fragment", request("POST /wsman#x HTTP/1.1", common + five, "hello"), "400", true},
        {"two spaces", request("POST  /wsman HTTP/1.1", common + five, "hello"), "400", true},
        {"space in the target", request("POST /ws man HTTP/1.1", common + five, "hello"), "400", true},
        {"space behind the version", request(line + " ", common + five, "hello"), "400", true},
        {"high byte in the target", request("POST /wsm\xc3\xa4n HTTP/1.1", common + five, "hello"), "400", true},
        {"long target", request("POST /" + std::string(3000, 'x') + " HTTP/1.1", common + five, "hello"), "414", true},
        {"no host", request(line, soap + login + five, "hello"), "400", true},
        {"two hosts", request(line, common + host + five, "hello"), "400", true},
        {"empty host", request(line, "Host:\r\n" + soap + login + five, "hello"), "400", true},
        {"host with a path", request(line, "Host: h/x\r\n" + soap + login + five, "hello"), "400", true},
        {"two logins", request(line, common + login + five, "hello"), "400", true},
        {"two media types", request(line, common + soap + five, "hello"), "400", true},
        {"empty line first", "\r\n" + request(line, common + five, "hello"), "400", true},
    });
}

// Item 7 of what attack and bug reports found.
TEST(server_rules, HTTP_1_0_is_answered_and_closed)
{
    const std::string old = "POST /wsman HTTP/1.0";
    check({
        {"plain", request(old, common + five, "hello"), "200", true},
        {"no host", request(old, soap + login + five, "hello"), "200", true},
        {"keep-alive", request(old, common + five + "Connection: keep-alive\r\n", "hello"), "200", true},
        {"expect", request(old, common + five + "Expect: 100-continue\r\n", "hello"), "200", true},
        {"no length", request(old, common), "411", true},
        {"other method", request("GET /wsman HTTP/1.0", login), "405", true},
        {"no login", request("GET / HTTP/1.0", ""), "401", true},
    });
    server_driver half_closed;
    half_closed.answering = false;
    half_closed.feed(request(old, common + five, "hello"));
    half_closed.connection.end_of_stream(half_closed.now); // no 100, which 1.0 does not know (RFC 9110 15.2)
    half_closed.settle();
    EXPECT_EQ(half_closed.said, "");
}

TEST(server_rules, HEAD_never_has_a_body)
{
    const std::pair<std::string, std::string> rows[] = {
        {request("HEAD /wsman HTTP/1.1", host), "401"},
        {request("HEAD /wsman HTTP/1.1", host + login), "405"},
        {request("HEAD /elsewhere HTTP/1.1", host + login), "405"},
        {request("HEAD /wsman-anon/identify HTTP/1.1", host), "401"},
        {request("HEAD /wsman HTTP/1.1", login), "400"},
        {request("HEAD /wsman HTTP/2.0", host), "505"},
        {request("HEAD /wsman HTTP/1.1", host + five + "Content-Length: 6\r\n"), "400"},
        {request("HEAD /wsman HTTP/1.1", host + "X: " + std::string(65536, 'y') + "\r\n"), "431"},
        {request("HEAD /wsman HTTP/1.1", host + "X y\r\n"), "400"},
    };
    for (const auto& [text, status] : rows) {
        server_driver d;
        d.feed(text);
        EXPECT_EQ(d.statuses(), status) << text;
        EXPECT_TRUE(d.said.ends_with("\r\n\r\n")) << d.said;
    }
    server_driver two; // the second answer stands right behind the first
    const std::string twice = request("HEAD /wsman HTTP/1.1", host + login);
    two.feed(twice + request(line, common + five, "hello"));
    EXPECT_EQ(two.statuses(), "405 200");
    EXPECT_TRUE(two.has("\r\n\r\nHTTP/1.1 200 ")) << two.said;
    server_driver late;
    late.feed("HEAD /wsman HTTP/1.1\r\nHo");
    late.advance(base::milliseconds{20'000});
    late.ring();
    EXPECT_EQ(late.statuses(), "408");
    EXPECT_TRUE(late.said.ends_with("\r\n\r\n")) << late.said;
}

// Item 14: as Windows' http.sys.
TEST(server_rules, paths_are_matched_without_case)
{
    check({
        {"capitals", request("POST /WSMAN HTTP/1.1", common + five, "hello"), "200", false},
        {"mixed", request("POST /WsMan/?x=y HTTP/1.1", common + five, "hello"), "200", false},
        {"not the path", request("POST /WSMANX HTTP/1.1", common + five, "hello"), "404", false},
    });
    server_driver identify;
    identify.feed(request("POST /WSMAN-Anon/Identify HTTP/1.1", host + soap + five, "hello"));
    EXPECT_EQ(identify.statuses(), "200");
    EXPECT_TRUE(identify.logins.empty());
}

TEST(server_rules, S10_what_is_not_taken_is_said)
{
    check({
        {"method", request("GET /wsman HTTP/1.1", host + login), "405", false},
        {"other method with a body", request("PUT /wsman HTTP/1.1", common + five, "hello"), "405", false},
        {"path", request("POST /elsewhere HTTP/1.1", common + five, "hello"), "404", false},
        {"longer path", request("POST /wsmanx HTTP/1.1", common + five, "hello"), "404", false},
        {"media type", request(line, host + login + "Content-Type: text/plain\r\n" + five, "hello"), "415", false},
        {"no media type", request(line, host + login + five, "hello"), "415", false},
        {"gzip", request(line, common + five + "Content-Encoding: gzip\r\n", "hello"), "415", false},
        {"no length", request(line, common), "411", false},
        {"expect other", request(line, common + five + "Expect: a pony\r\n", "hello"), "417", false},
        {"large", request(line, common + "Content-Length: 99999999999\r\n"), "413", true},
        {"large and polite", request(line, common + "Content-Length: 99999999999\r\nExpect: 100-continue\r\n"), "413",
         true},
        {"large chunk", request(line, common + "Transfer-Encoding: chunked\r\n", "FFFFFF\r\n"), "413", true},
        {"refused while the client waits for 100", request(line, host + login + five + "Expect: 100-continue\r\n"),
         "415", true},
        {"refused with chunks", request(line, host + login + "Transfer-Encoding: chunked\r\n"), "415", true},
    });
    server_driver d;
    d.feed(request("GET /wsman HTTP/1.1", host + login));
    EXPECT_TRUE(d.has("\r\nAllow: POST\r\n"));
    server_driver sealed;
    sealed.feed(request(
        line,
        host + login + "Content-Type: multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\"\r\n" +
            five,
        "hello"));
    EXPECT_EQ(sealed.statuses(), "415");
    EXPECT_TRUE(sealed.has("sealed"));
}

TEST(server_rules, S10_the_limit_holds_to_the_byte_in_both_framings)
{
    base::limits limits;
    limits.envelope = 5;
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const std::pair<std::string, std::string> rows[] = {
        {request(line, common + five, "hello"), "200"},
        {request(line, common + "Content-Length: 6\r\n", "hello!"), "413"},
        {request(line, common + chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), "200"},
        {request(line, common + chunked, "2\r\nhe\r\n4\r\nllo!\r\n0\r\n\r\n"), "413"},
    };
    for (const auto& [text, status] : rows) {
        server_driver d{safe_options(), limits};
        d.feed(text);
        EXPECT_EQ(d.statuses(), status) << text;
        EXPECT_EQ(d.closed, status == "413") << text;
    }
}

TEST(server_rules, a_request_cut_anywhere_gives_no_answer)
{
    const std::string text = request(line, common + five, "hello");
    for (std::size_t n = 0; n < text.size(); ++n) {
        server_driver d;
        d.feed(std::string_view{text}.substr(0, n));
        EXPECT_EQ(d.said, "") << n;
        d.connection.end_of_stream(d.now);
        d.settle();
        EXPECT_TRUE(d.closed) << n;
        EXPECT_EQ(d.said, "") << n;
        EXPECT_TRUE(d.requests.empty()) << n;
    }
}

} // namespace
} // namespace winrm::http
