// A login with legs over both ends, and the service's end of it against odd clients.
#include "carry.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using namespace test;

server_options with_schemes()
{
    server_options o = safe_options();
    o.token_schemes = {"Negotiate", "Kerberos", "NTLM"};
    return o;
}

struct both
{
    explicit both(fake_shape shape, server_options o = with_schemes())
        : login(std::make_shared<fake_login>(shape)), server(std::move(o))
    {
        server.shape = shape;
        client_options c;
        c.host = "h";
        c.login = login;
        client.emplace(std::move(c), base::limits{});
    }
    result<response> ask(const std::string& body, std::size_t piece = std::string::npos)
    {
        client->start(body, soap);
        auto got = carry(*client, server, piece);
        if (!got) return error(errc::internal, "no answer");
        return std::move(*got);
    }

    std::shared_ptr<fake_login> login;
    server_driver server;
    std::optional<client_connection> client;
};

/// A leg by hand: token c<number>.
std::string leg(int number, std::string_view scheme = "Negotiate")
{
    return "Authorization: " + std::string{scheme} + ' ' + base::base64_encode(fake_token('c', number)) + "\r\n";
}
/// Without a body, as most clients send it.
std::string bare(const std::string& fields, const std::string& path = "/wsman")
{
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + fields + "\r\n";
}
std::string says(int number, std::string_view scheme = "Negotiate")
{
    return "WWW-Authenticate: " + std::string{scheme} + ' ' + base::base64_encode(fake_token('s', number)) + "\r\n";
}

using strings = std::vector<std::string>;

TEST(login_legs, every_shape_logs_in_once_and_the_connection_stays)
{
    struct row
    {
        fake_shape shape;
        std::string statuses;
        strings logins;
    };
    const row rows[] = {
        {two_legs, "200 200 200 200 200", {"Negotiate:c1"}},
        {three_legs, "401 200 200 200 200", {"Negotiate:c1", "Negotiate:c2"}},
        {four_legs, "401 200 200 200 200 200", {"Negotiate:c1", "Negotiate:c2"}},
        {two_legs_early, "200 200 200 200", {"Negotiate:c1"}},
        {one_leg, "200 200 200 200", {"Negotiate:c1"}},
    };
    for (row r : rows) {
        for (const bool seals : {false, true}) {
            if (seals && r.shape.early) continue;
            for (const std::size_t piece : pieces) {
                r.shape.seals = seals;
                both b{r.shape};
                const strings bodies{"one", "<a/>", std::string(50'000, 'x'), "last"};
                for (const std::string& body : bodies) {
                    const auto got = b.ask(body, piece);
                    ASSERT_TRUE(got) << to_string(got.error());
                    EXPECT_EQ(got->status, 200);
                    EXPECT_EQ(got->body, "<re:" + body + ">");
                    EXPECT_EQ(got->media_type, "application/soap+xml");
                    EXPECT_TRUE(got->keep_alive);
                }
                EXPECT_EQ(b.server.statuses(), r.statuses);
                EXPECT_EQ(b.server.logins, r.logins);
                EXPECT_EQ(b.server.requests, bodies);
                EXPECT_EQ(b.server.charsets, strings(4, "UTF-8"));
                EXPECT_EQ(seals, !b.server.has("<re:"));
                EXPECT_EQ(b.login->begun, 1);
            }
        }
    }
}

TEST(login_legs, the_token_of_the_final_answer_goes_with_whatever_that_is)
{
    server_driver d{with_schemes()};
    d.feed(bare(leg(1)));
    EXPECT_EQ(d.said, "HTTP/1.1 200 OK\r\nServer: OpenWinRM\r\n" + says(1) + "Content-Length: 0\r\n\r\n");
    server_driver whole{with_schemes()};
    whole.feed(post("one", leg(1)));
    EXPECT_EQ(whole.statuses(), "200");
    EXPECT_TRUE(whole.has(says(1)) && whole.has("<re:one>"));
    whole.feed(post("two", ""));
    EXPECT_EQ(whole.said.find("WWW-Authenticate"), whole.said.rfind("WWW-Authenticate"));
    server_driver fault{with_schemes()};
    fault.answering = false;
    fault.feed(post("one", leg(1)));
    fault.connection.login_answered(auth::login_verdict::accepted, fake_token('s', 1), fault.now);
    fault.settle();
    fault.connection.respond(500, "<fault/>", soap, fault.now);
    fault.settle();
    EXPECT_EQ(fault.statuses(), "500");
    EXPECT_TRUE(fault.has(says(1)));
    server_driver nowhere{with_schemes()};
    nowhere.feed(bare(leg(1), "/elsewhere"));
    EXPECT_EQ(nowhere.statuses(), "404");
    EXPECT_TRUE(nowhere.has(says(1)));
}

TEST(login_legs, a_leg_names_only_its_scheme_and_a_refusal_names_all)
{
    const std::string all = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Kerberos\r\nWWW-Authenticate: NTLM\r\n"
                            "WWW-Authenticate: Basic realm=\"WSMAN\"\r\n";
    server_driver d{with_schemes()};
    d.shape = three_legs;
    d.feed(bare(""));
    EXPECT_TRUE(d.has(all));
    d.said.clear();
    d.feed(bare(leg(1, "ntlm")));
    EXPECT_EQ(d.said,
              "HTTP/1.1 401 Unauthorized\r\nServer: OpenWinRM\r\n" + says(1, "NTLM") + "Content-Length: 0\r\n\r\n");
    d.said.clear();
    d.feed(bare(leg(1, "NTLM"))); // out of order
    EXPECT_EQ(d.statuses(), "401");
    EXPECT_TRUE(d.has(all));
    EXPECT_FALSE(d.connection.authenticated());
    // A token that says no, in the words of its mechanism.
    d.said.clear();
    d.answering = false;
    d.feed(bare(leg(1)));
    d.connection.login_answered(auth::login_verdict::denied, fake_token('s', 9), d.now);
    d.settle();
    EXPECT_TRUE(d.has(says(9) + "WWW-Authenticate: Kerberos\r\n"));
}

TEST(login_legs, a_401_in_mid_session_is_one_new_login)
{
    for (const fake_shape shape : {two_legs, three_legs, four_legs, two_legs_early}) {
        both b{shape};
        ASSERT_TRUE(b.ask("one"));
        b.server.feed(post("", "WSMANIDENTIFY: unauthenticated\r\n")); // drops the login of this connection
        EXPECT_FALSE(b.server.connection.authenticated());
        const auto got = b.ask("two");
        ASSERT_TRUE(got) << to_string(got.error());
        EXPECT_EQ(got->body, "<re:two>");
        EXPECT_EQ(b.login->begun, 2);
        EXPECT_EQ(b.server.requests, (strings{"one", "two"}));
        EXPECT_EQ(b.client->idle(), true);
    }
}

TEST(login_legs, S3_a_new_authorization_drops_who_was_logged_in_before_its_token_is_read)
{
    const strings others{leg(1), leg(1, "NTLM"), "Authorization: Negotiate ???\r\n", "Authorization: Negotiate\r\n",
                         "Authorization: Basic " + base::base64_encode("ada:pw") + "\r\n"};
    for (const std::string& fields : others) {
        server_driver d{with_schemes()};
        d.feed(post("one", leg(1)));
        ASSERT_TRUE(d.connection.authenticated());
        d.answering = false;
        d.feed(post("two", fields));
        EXPECT_FALSE(d.connection.authenticated()) << fields;
        EXPECT_FALSE(d.was_logged_in) << fields;
        d.connection.login_answered(auth::login_verdict::denied, {}, d.now);
        d.settle();
        d.answering = true;
        d.feed(post("three", ""));
        EXPECT_EQ(d.statuses(), "200 401 401") << fields;
        EXPECT_EQ(d.requests, strings{"one"}) << fields;
    }
}

TEST(login_legs, S3_so_does_one_that_is_refused_unread)
{
    server_driver d{with_schemes()};
    d.feed(post("one", leg(1)));
    d.feed("POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nAuthorization: " + ada +
           "\r\n\r\nx");
    EXPECT_EQ(d.statuses(), "200 415");
    EXPECT_FALSE(d.connection.authenticated());
    d.feed(post("two", ""));
    EXPECT_EQ(d.statuses(), "200 415 401");
    EXPECT_EQ(d.logins.size(), 1u);
}

TEST(login_legs, S3_nothing_of_a_half_login_outlives_what_is_not_its_next_leg)
{
    const strings others{bare(""), bare(leg(1, "Kerberos")), bare("Authorization: Negotiate !\r\n"),
                         post("x", "WSMANIDENTIFY: unauthenticated\r\n"), bare("Authorization: Basic YTpi\r\n")};
    for (const std::string& between : others) {
        server_driver d{with_schemes()};
        d.shape = three_legs;
        d.feed(bare(leg(1)));
        EXPECT_EQ(d.statuses(), "401");
        d.feed(between);
        d.feed(bare(leg(2))); // now the first of a login
        EXPECT_FALSE(d.connection.authenticated()) << between;
        EXPECT_TRUE(d.requests.empty()) << between;
    }
}

TEST(login_legs, by_connection_needs_no_authorization_and_by_request_does)
{
    server_driver d{with_schemes()};
    d.feed(post("one", leg(1)) + post("two", "") + post("three", ""));
    EXPECT_EQ(d.statuses(), "200 200 200");
    EXPECT_EQ(d.logins.size(), 1u);
    server_driver basic_one{with_schemes()};
    basic_one.feed(post("one") + post("two", "") + post("three"));
    EXPECT_EQ(basic_one.statuses(), "200 401 200");
    EXPECT_EQ(basic_one.logins.size(), 2u);
    // The same token again is a new login, not a password seen before.
    server_driver again{with_schemes()};
    again.feed(post("one", leg(1)) + post("two", leg(1)));
    EXPECT_EQ(again.statuses(), "200 200");
    EXPECT_EQ(again.logins.size(), 2u);
}

TEST(login_legs, a_leg_may_bring_any_body_in_any_manner)
{
    const std::string start = "POST /wsman HTTP/1.1\r\nHost: h\r\n", big(400 * 1024, 'x');
    const strings legs{
        start + leg(1) + "\r\n",
        start + leg(1) + "Content-Length: 3\r\n\r\none",
        start + leg(1) + "Content-Type: text/html\r\nContent-Length: 3\r\n\r\none",
        start + leg(1) + "Content-Type: multipart/encrypted\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\none",
        start + leg(1) + "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n",
        start + leg(1) + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\none",
        start + leg(1) + "Content-Length: " + std::to_string(big.size()) + "\r\n\r\n" + big,
        "GET /elsewhere HTTP/1.1\r\nHost: h\r\n" + leg(1) + "\r\n",
    };
    for (const std::string& text : legs) {
        for (const std::size_t piece : {std::size_t{1000}, std::string::npos}) {
            server_driver d{with_schemes()};
            d.shape = three_legs;
            d.feed(text, piece);
            EXPECT_EQ(d.statuses(), text.find("Expect") == std::string::npos ? "401" : "100 401");
            EXPECT_TRUE(d.has(says(1)));
            d.said.clear();
            d.feed(post("one", leg(2)), piece);
            EXPECT_EQ(d.statuses(), "200") << text.substr(0, 200);
            EXPECT_EQ(d.requests, strings{"one"});
            EXPECT_FALSE(d.closed);
        }
    }
    // The answer comes behind the body.
    server_driver d{with_schemes()};
    d.shape = three_legs;
    d.feed(start + leg(1) + "Content-Length: 3\r\n\r\non");
    EXPECT_EQ(d.said, "");
    d.feed("e");
    EXPECT_EQ(d.statuses(), "401");
}

TEST(login_legs, a_legs_body_is_bounded_in_size_and_time)
{
    const std::string start = "POST /wsman HTTP/1.1\r\nHost: h\r\n";
    const std::string piece = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    server_driver length{with_schemes()}, chunks{with_schemes()}, bad{with_schemes()}, slow{with_schemes()};
    length.feed(start + leg(1) + "Content-Length: 512001\r\n\r\n");
    EXPECT_EQ(length.statuses(), "413");
    EXPECT_TRUE(length.closed && length.logins.empty());
    for (server_driver* d : {&chunks, &bad, &slow}) {
        d->shape = three_legs;
        d->feed(start + leg(1) + "Transfer-Encoding: chunked\r\n\r\n");
    }
    for (int i = 0; i < 8; ++i) chunks.feed(piece);
    EXPECT_EQ(chunks.statuses(), "413");
    EXPECT_TRUE(chunks.closed);
    bad.feed("nonsense\r\n");
    EXPECT_EQ(bad.statuses(), "400");
    EXPECT_TRUE(bad.closed);
    slow.advance(base::milliseconds{120'001});
    slow.ring();
    EXPECT_EQ(slow.statuses(), "408");
    EXPECT_TRUE(slow.closed);
}

TEST(login_legs, S8_legs_and_failures_are_bounded)
{
    server_driver d{with_schemes()};
    d.shape.client_tokens = 100;
    for (int n = 1; n <= 8; ++n) d.feed(bare(leg(n)));
    EXPECT_EQ(d.logins.size(), 8u);
    d.said.clear();
    d.feed(bare(leg(9)));
    EXPECT_EQ(d.logins.size(), 8u);
    EXPECT_TRUE(d.has("WWW-Authenticate: NTLM\r\n")); // refused
    EXPECT_FALSE(d.closed);

    server_driver wrong{with_schemes()};
    for (int n = 0; n < 6; ++n) wrong.feed(bare(leg(3)));
    EXPECT_EQ(wrong.logins.size(), 6u);
    EXPECT_TRUE(wrong.closed);
    server_driver garbage{with_schemes()};
    for (int n = 0; n < 6; ++n) garbage.feed(bare("Authorization: NTLM !\r\n"));
    EXPECT_TRUE(garbage.logins.empty());
    EXPECT_TRUE(garbage.closed);
}

TEST(login_legs, what_is_not_offered_is_not_read)
{
    for (const char* scheme : {"Negotiate", "NegotiateX", "CredSSP"}) {
        server_options o = with_schemes();
        o.token_schemes = {"NTLM"};
        server_driver d{o};
        d.feed(post("x", leg(1, scheme)));
        EXPECT_EQ(d.statuses(), "401") << scheme;
        EXPECT_TRUE(d.logins.empty()) << scheme;
        EXPECT_FALSE(d.has("WWW-Authenticate: Negotiate")) << scheme;
    }
    // And the client gets to hear what there is.
    fake_shape kerberos = two_legs;
    kerberos.scheme = "CredSSP";
    both b{kerberos};
    const auto got = b.ask("one");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 401);
    EXPECT_EQ(got->challenges.size(), 4u);
    EXPECT_TRUE(b.server.requests.empty());
}

TEST(login_legs, basic_has_no_second_leg)
{
    server_driver d{with_schemes()};
    d.answering = false;
    d.feed(post("one"));
    d.connection.login_answered(auth::login_verdict::go_on, "x", d.now);
    d.settle();
    EXPECT_EQ(d.statuses(), "401");
    EXPECT_FALSE(d.connection.authenticated());
}

TEST(login_legs, nobody_to_look_at_a_token_is_503_and_the_login_is_over)
{
    server_driver d{with_schemes()};
    d.answering = false;
    d.feed(post("one", leg(1)));
    d.connection.login_answered(auth::login_verdict::unavailable, {}, d.now);
    d.settle();
    EXPECT_EQ(d.statuses(), "503");
    EXPECT_FALSE(d.connection.authenticated() || d.closed);
}

TEST(login_legs, S18_what_is_not_sealed_or_out_of_order_is_closed_without_a_word)
{
    fake_shape shape = two_legs;
    shape.seals = true;
    const auto sealed = [](const std::string& body, const std::string& type) {
        return "POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: " + type +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    const std::string type{fake_seal::type};
    const std::pair<std::string, std::string> rows[] = {
        {"<clear/>", type},
        {"2:application/soap+xml|eno", type}, // a gap
        {"1:text/plain|eno", type},           // sealed, but no message
    };
    for (const auto& [body, kind] : rows) {
        server_driver d{with_schemes()};
        d.shape = shape;
        d.feed(bare(leg(1)));
        d.said.clear();
        d.feed(sealed(body, kind));
        EXPECT_EQ(d.said, "") << body;
        EXPECT_TRUE(d.closed) << body;
        EXPECT_TRUE(d.requests.empty()) << body;
        EXPECT_FALSE(d.connection.authenticated()) << body;
    }
    server_driver d{with_schemes()};
    d.shape = shape;
    d.feed(bare(leg(1)) + sealed("1:application/soap+xml;charset=UTF-16|eno", type));
    EXPECT_EQ(d.requests, strings{"one"});
    EXPECT_EQ(d.charsets, strings{"UTF-16"});
    EXPECT_TRUE(d.has("1:application/soap+xml;charset=UTF-8|>eno:er<"));
    d.feed(sealed("1:application/soap+xml|eno", type)); // replayed
    EXPECT_TRUE(d.closed);
}

/// S5: a clear body where the login seals, and nothing about it in the clear either.
TEST(login_legs, S5_a_clear_body_without_TLS_is_a_400_and_the_end)
{
    fake_shape shape = two_legs;
    shape.seals = true;
    server_options plain = with_schemes();
    plain.tls = false;
    const auto logged_in = [&] {
        auto d = std::make_unique<server_driver>(plain);
        d->shape = shape;
        d->feed(bare(leg(1)));
        d->said.clear();
        return d;
    };
    auto d = logged_in();
    d->feed(post("<clear/>", {}));
    EXPECT_EQ(d->said,
              "HTTP/1.1 400 Bad Request\r\nServer: OpenWinRM\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(d->closed && d->requests.empty());
    EXPECT_EQ(d->refused, "clear_body");
    EXPECT_FALSE(d->connection.authenticated());

    auto other = logged_in(); // what is wrong with a request is not said in the clear
    other->feed(bare({}, "/elsewhere"));
    EXPECT_EQ(other->statuses(), "404");
    EXPECT_TRUE(other->closed && other->has("Content-Length: 0\r\n"));

    server_driver first{plain}; // the login's last leg brings one
    first.shape = shape;
    first.feed(post("<clear/>", leg(1)));
    EXPECT_EQ(first.statuses(), "400");
    EXPECT_TRUE(first.closed && first.requests.empty());
}

/// S19: over TLS the client decides, for each request.
TEST(login_legs, S19_over_TLS_a_sealed_request_has_a_sealed_answer_and_a_clear_one_a_clear_answer)
{
    for (const bool tls : {true, false}) {
        server_options o = with_schemes();
        o.tls = tls;
        o.policy.allow_unencrypted = !tls;
        server_driver d{std::move(o)};
        d.shape = two_legs;
        d.shape.seals = true;
        d.feed(bare(leg(1)));
        d.feed(post("one", {}));
        EXPECT_TRUE(d.has("<re:one>"));
        const std::string body = "1:application/soap+xml|owt";
        d.feed("POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: " + std::string{fake_seal::type} +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        EXPECT_TRUE(d.has("1:application/soap+xml;charset=UTF-8|>owt:er<"));
        EXPECT_FALSE(d.has("<re:two>"));
        d.feed(post("three", {}));
        EXPECT_TRUE(d.has("<re:three>"));
        EXPECT_EQ(d.requests, (strings{"one", "two", "three"}));
        EXPECT_FALSE(d.closed);
    }
}

} // namespace
} // namespace winrm::http
