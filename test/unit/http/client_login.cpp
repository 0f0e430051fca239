// A login with legs, the client's end of it: what goes out, and what odd hosts come to.
#include "base/base64.h"
#include "fake_login.h"
#include "http/client_connection.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using namespace test;

constexpr std::string_view soap = "application/soap+xml;charset=UTF-8";

struct conversation
{
    explicit conversation(fake_shape shape) : login(std::make_shared<fake_login>(shape)), connection(make(login)) {}

    static client_connection make(std::shared_ptr<auth::client_login> login)
    {
        client_options o;
        o.host = "h";
        o.login = std::move(login);
        return client_connection{std::move(o), {}};
    }

    void ask(const std::string& body) { connection.start(body, soap); }
    /// All that wants to leave, in short: the decoded token (or "-"), then the body.
    std::string sent()
    {
        std::string all;
        while (!connection.output().empty()) {
            all.append(connection.output());
            connection.written(connection.output().size());
        }
        if (all.empty()) return {};
        const auto end = all.find("\r\n\r\n");
        const std::string field = "Authorization: " + std::string{login->scheme()} + " ";
        const auto at = all.find(field);
        std::string token = "-";
        if (at != std::string::npos) {
            const auto from = at + field.size();
            token.clear();
            EXPECT_TRUE(base::base64_decode(all.substr(from, all.find("\r\n", from) - from), token));
            token = token.substr(1, 2);
        }
        const std::string body = all.substr(end + 4);
        EXPECT_NE(all.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), std::string::npos);
        return token + ' ' + body;
    }
    /// @param fields  whole lines
    void hear(int status, const std::string& fields, const std::string& body = {}, std::string_view type = soap)
    {
        connection.received("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + std::string{type} +
                            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body);
    }
    static std::string token(const base::bytes& raw, const std::string& scheme = "Negotiate")
    {
        return "WWW-Authenticate: " + scheme + ' ' + base::base64_encode(raw) + "\r\n";
    }
    static std::string token(int number) { return token(fake_token('s', number)); }

    result<response> outcome()
    {
        auto got = connection.poll();
        if (!got) return error(errc::internal, "nothing yet");
        return std::move(*got);
    }
    /// The login, to the point where requests go by themselves.
    void log_in()
    {
        ask("first");
        EXPECT_EQ(sent(), "c1 ");
        hear(200, token(1));
        EXPECT_EQ(sent(), "- first");
        hear(200, {}, "re first");
        EXPECT_EQ(outcome()->body, "re first");
    }

    std::shared_ptr<fake_login> login;
    client_connection connection;
};

TEST(client_login, a_request_waits_until_the_last_leg_and_then_needs_no_more_authorization)
{
    conversation c{two_legs};
    c.ask("one");
    EXPECT_TRUE(c.connection.request_held_back());
    EXPECT_EQ(c.sent(), "c1 ");
    c.hear(200, c.token(1));
    EXPECT_FALSE(c.connection.poll());
    EXPECT_FALSE(c.connection.request_held_back());
    EXPECT_EQ(c.sent(), "- one");
    c.hear(200, {}, "re one");
    EXPECT_EQ(c.outcome()->body, "re one");
    c.ask("two");
    EXPECT_EQ(c.sent(), "- two");
    c.hear(500, {}, "fault");
    EXPECT_EQ(c.outcome()->status, 500);
    EXPECT_EQ(c.login->begun, 1);
}

TEST(client_login, the_last_token_of_the_client_carries_the_request)
{
    conversation c{three_legs};
    c.ask("one");
    EXPECT_EQ(c.sent(), "c1 ");
    c.hear(401, c.token(1) + "WWW-Authenticate: Basic realm=\"x\"\r\n", "<html>", "text/html");
    EXPECT_EQ(c.sent(), "c2 one");
    c.hear(200, {}, "re one");
    EXPECT_EQ(c.outcome()->body, "re one");

    conversation one{one_leg};
    one.ask("one");
    EXPECT_EQ(one.sent(), "c1 one");
    one.hear(200, {}, "re one");
    EXPECT_EQ(one.outcome()->body, "re one");
}

TEST(client_login, a_token_that_may_be_the_last_carries_the_request_and_the_proof_comes_with_the_answer)
{
    conversation c{two_legs_early};
    c.ask("one");
    EXPECT_EQ(c.sent(), "c1 one");
    c.hear(200, c.token(1), "re one");
    EXPECT_EQ(c.outcome()->body, "re one");
    EXPECT_TRUE(c.connection.idle());

    // Nobody is believed who has not proved who he is.
    for (const std::string& fields : {std::string{}, c.token(2), c.token(fake_token('x', 1))}) {
        conversation liar{two_legs_early};
        liar.ask("one");
        (void)liar.sent();
        liar.hear(200, fields, "re one");
        const auto got = liar.outcome();
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), errc::login_denied);
        EXPECT_EQ(got.error().delivery(), delivery::unknown);
    }
}

TEST(client_login, a_login_that_blocks_is_asked_elsewhere)
{
    fake_shape shape = four_legs;
    shape.blocks = true;
    conversation c{shape};
    const auto step = [&c] {
        const auto wanted = c.connection.token_wanted();
        ASSERT_TRUE(wanted);
        EXPECT_FALSE(c.connection.token_wanted());
        EXPECT_TRUE(c.connection.output().empty());
        EXPECT_FALSE(c.connection.idle());
        c.connection.token(c.login->step(*wanted));
    };
    c.ask("one");
    step();
    EXPECT_EQ(c.sent(), "c1 ");
    c.hear(401, c.token(1));
    step();
    EXPECT_EQ(c.sent(), "c2 ");
    c.hear(200, c.token(2));
    step();
    EXPECT_EQ(c.sent(), "- one");
    c.connection.token({auth::leg_state::failed, {}, auth::login_failure::other}); // nobody waits for it
    c.hear(200, {}, "re one");
    EXPECT_EQ(c.outcome()->body, "re one");

    conversation gone{shape};
    gone.ask("one");
    (void)gone.connection.token_wanted();
    gone.connection.end_of_stream();
    const auto got = gone.outcome();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::connection_lost);
    EXPECT_EQ(got.error().delivery(), delivery::not_sent);
    gone.connection.token(gone.login->step({}));
    EXPECT_EQ(gone.sent(), "");
}

TEST(client_login, C4_a_401_in_mid_session_is_answered_by_one_new_login_and_the_same_request)
{
    conversation c{two_legs};
    c.log_in();
    c.ask("two");
    EXPECT_EQ(c.sent(), "- two");
    c.hear(401, "WWW-Authenticate: Negotiate\r\n");
    EXPECT_EQ(c.sent(), "c1 ");
    c.hear(200, c.token(1));
    EXPECT_EQ(c.sent(), "- two");
    c.hear(200, {}, "re two");
    EXPECT_EQ(c.outcome()->body, "re two");
    EXPECT_EQ(c.login->begun, 2);

    c.ask("three");
    (void)c.sent();
    c.hear(401, "WWW-Authenticate: Negotiate\r\n");
    (void)c.sent();
    c.hear(200, c.token(1));
    EXPECT_EQ(c.sent(), "- three");
    c.hear(401, "WWW-Authenticate: Negotiate\r\n"); // again: enough
    EXPECT_EQ(c.outcome()->status, 401);
    EXPECT_EQ(c.login->begun, 3);
}

TEST(client_login, a_refusal_is_the_answer_and_the_next_request_begins_anew)
{
    const std::string refusals[] = {"WWW-Authenticate: Negotiate\r\n", "WWW-Authenticate: NTLM\r\n",
                                    "WWW-Authenticate: Basic realm=\"x\"\r\n", "",
                                    conversation::token(fake_token('s', 1), "Kerberos")};
    for (const std::string& fields : refusals) {
        for (const fake_shape shape : {two_legs, three_legs, one_leg, two_legs_early}) {
            conversation c{shape};
            c.ask("one");
            (void)c.sent();
            c.hear(401, fields);
            EXPECT_EQ(c.outcome()->status, 401) << fields;
            c.ask("two");
            EXPECT_EQ(c.sent().substr(0, 2), "c1");
            EXPECT_EQ(c.login->begun, 2);
        }
    }
    conversation c{three_legs};
    c.ask("one");
    (void)c.sent();
    c.hear(401, c.token(1));
    EXPECT_EQ(c.sent(), "c2 one");
    c.hear(401, c.token(2)); // after the client's last word this is a refusal, too
    EXPECT_EQ(c.outcome()->status, 401);
    c.ask("two");
    (void)c.sent();
    c.hear(503, {}, "busy");
    EXPECT_EQ(c.outcome()->status, 503);
}

TEST(client_login, odd_hosts_end_a_login_with_its_own_words_and_the_request_was_not_sent)
{
    struct row
    {
        std::string name;
        int status;
        std::string fields;
        errc code;
        delivery how;
    };
    const row rows[] = {
        {"wrong token", 401, conversation::token(7), errc::login_denied, delivery::not_sent},
        {"not base64", 401, "WWW-Authenticate: Negotiate ???\r\n", errc::protocol, delivery::not_sent},
        {"white space", 401, "WWW-Authenticate: Negotiate YWJj ZGVm\r\n", errc::protocol, delivery::not_sent},
        {"no proof", 200, "", errc::login_denied, delivery::not_sent},
        {"proof by another scheme", 200, conversation::token(fake_token('s', 1), "NTLM"), errc::login_denied,
         delivery::not_sent},
        {"closed", 401, conversation::token(1) + "Connection: close\r\n", errc::connection_lost, delivery::not_sent},
        {"success too early", 200, conversation::token(1), errc::login_denied, delivery::not_sent},
    };
    for (const row& r : rows) {
        conversation c{r.name == "success too early" ? four_legs : two_legs};
        c.ask("one");
        (void)c.sent();
        c.hear(r.status, r.fields);
        const auto got = c.outcome();
        ASSERT_FALSE(got) << r.name;
        EXPECT_EQ(got.error().code(), r.code) << r.name;
        EXPECT_EQ(got.error().delivery(), r.how) << r.name;
        EXPECT_EQ(c.sent(), "") << r.name;
    }
    // What comes behind a leg's answer in one piece cannot be the answer to the next leg.
    conversation c{two_legs};
    c.ask("one");
    (void)c.sent();
    c.connection.received("HTTP/1.1 200 X\r\nContent-Length: 0\r\n" + c.token(1) +
                          "\r\nHTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(c.outcome().error().code(), errc::protocol);
}

TEST(client_login, legs_without_end_are_ended)
{
    fake_shape shape;
    shape.client_tokens = 100;
    conversation c{shape};
    c.ask("one");
    int legs = 0;
    while (!c.sent().empty() && ++legs < 50) c.hear(401, c.token(legs));
    EXPECT_EQ(legs, 8);
    EXPECT_EQ(c.outcome().error().code(), errc::login_denied);
}

TEST(client_login, C3_sealed_both_ways_and_a_clear_answer_is_an_error)
{
    for (fake_shape shape : {two_legs, three_legs}) {
        shape.seals = true;
        conversation c{shape};
        fake_seal host;
        c.ask("one");
        (void)c.sent();
        c.hear(shape.client_tokens == 1 ? 200 : 401, c.token(1));
        auth::message got{c.sent(), std::string{fake_seal::type}};
        EXPECT_EQ(got.body.find("one"), std::string::npos);
        got.body.erase(0, got.body.find(' ') + 1);
        ASSERT_TRUE(host.unseal(got));
        EXPECT_EQ(got.body, "one");
        EXPECT_EQ(got.type, soap);
        auth::message reply{"re one", "application/soap+xml;charset=UTF-16"};
        ASSERT_TRUE(host.seal(reply));
        c.hear(200, {}, reply.body, reply.type);
        const auto answer = c.outcome();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body, "re one");
        EXPECT_EQ(answer->media_type, "application/soap+xml");
        EXPECT_EQ(answer->charset, "UTF-16");
        c.ask("two");
        (void)c.sent();
        c.hear(500, {}, "<clear/>");
        EXPECT_EQ(c.outcome().error().code(), errc::protocol);
    }
}

TEST(client_login, a_connection_cut_anywhere_in_a_login_ends_in_a_named_error)
{
    conversation whole{two_legs};
    const std::string leg = "HTTP/1.1 200 X\r\nContent-Length: 0\r\n" + whole.token(1) + "\r\n";
    for (std::size_t n = 0; n <= leg.size(); ++n) {
        conversation c{two_legs};
        c.ask("one");
        (void)c.sent();
        c.connection.received(leg.substr(0, n));
        (void)c.sent();
        EXPECT_EQ(c.connection.answer_begun(), n > 0 && n < leg.size()) << n;
        c.connection.end_of_stream();
        const auto got = c.outcome();
        ASSERT_FALSE(got) << n;
        EXPECT_EQ(got.error().code(), errc::connection_lost) << n;
        EXPECT_EQ(got.error().delivery(), n < leg.size() ? delivery::not_sent : delivery::unknown) << n;
    }
}

/// Issue 10, part 6: the 401 tells what the host offers, whatever the login made of its token.
TEST(client_login, a_host_that_says_no_by_a_token_is_heard_as_one_that_says_no_without)
{
    for (const bool blocks : {false, true}) {
        fake_shape shape = three_legs;
        shape.blocks = blocks;
        conversation c{shape};
        const auto step = [&] {
            while (auto token = c.connection.token_wanted()) c.connection.token(c.login->step(*token));
        };
        c.ask("one");
        step();
        EXPECT_EQ(c.sent(), "c1 ");
        c.hear(401, c.token(9) + "WWW-Authenticate: Basic realm=\"x\"\r\n");
        step();
        const auto got = c.outcome();
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(got->status, 401);
        EXPECT_EQ(got->challenges.size(), 2u);
        EXPECT_EQ(c.sent(), "") << "not tried again";
    }
    conversation bad{three_legs};
    bad.ask("one");
    EXPECT_EQ(bad.sent(), "c1 ");
    bad.hear(401, bad.token(7) + "WWW-Authenticate: Basic realm=\"x\"\r\n");
    const auto got = bad.outcome();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::login_denied);
    EXPECT_EQ(got.error().http_status(), 401);
    EXPECT_EQ(got.error().offered(), (std::vector<std::string>{"Negotiate", "Basic"}));
    EXPECT_EQ(got.error().delivery(), delivery::not_sent);
}

} // namespace
} // namespace winrm::http
