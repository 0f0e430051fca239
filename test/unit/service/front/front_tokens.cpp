// Issue 10 at the front: tokens go to the monitor as they come, keys seal the bodies of one connection, and what is not
// sealed with them ends it.
#include "front_fixture.h"

#include "auth/login/sealing.h"
#include "base/base64.h"
#include "http/sealing.h"

namespace winrm::service::front {
namespace {

wire::front_setup strict_setup()
{
    wire::front_setup s;
    s.listeners = {{"127.0.0.1:0", false}};
    s.token_schemes = {"Negotiate", "NTLM"};
    return s;
}

auth::ntlm::session_keys keys()
{
    auth::ntlm::session_keys out;
    out.session_key = auth::ntlm::secret_128("0123456789abcdef");
    out.agreed = auth::ntlm::protection::sealing;
    out.key_exchange = true;
    return out;
}

class front_tokens : public front_fixture
{
protected:
    front_tokens() : front_fixture(strict_setup()) {}

    static std::string leg(base::bytes_view token, const std::string& scheme = "Negotiate")
    {
        return "POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nAuthorization: " + scheme + ' ' +
               base::base64_encode(token) + "\r\n\r\n";
    }
    void go_on(base::bytes_view token)
    {
        server->login_answered({logins.back().connection, wire::login_verdict::go_on, 0, base::bytes(token)}, {});
    }
    /// Accepts the latest login with keys.
    std::unique_ptr<user_end> accept_sealed(base::bytes_view token = {})
    {
        auto [front, user] = io::make_socket_pair();
        auto u = std::make_unique<user_end>();
        u->socket = std::make_unique<io::message_socket>(loop, std::move(user), wire::max_data_frame(500), 0);
        user_end* raw = u.get();
        u->socket->start(
            [raw](io::message_socket::message m) {
                auto frame = wire::decode(std::move(m.payload));
                if (frame && std::holds_alternative<wire::request>(*frame))
                    raw->requests.push_back(std::get<wire::request>(std::move(*frame)));
            },
            [raw] { raw->closed = true; });
        std::vector<io::unique_fd> fds;
        fds.push_back(std::move(front));
        server->login_answered({logins.back().connection, wire::login_verdict::accepted, 1, base::bytes(token),
                                auth::pack(keys(), auth::ntlm::role::server)},
                               std::move(fds));
        return u;
    }
    static http::sealing client_keys()
    {
        return {auth::make_sealer(auth::pack(keys(), auth::ntlm::role::client), {}), http::sealed_protocol::spnego,
                500 * 1024};
    }
    static std::string sealed(http::sealing& by, base::bytes_view envelope)
    {
        auth::message m{base::bytes(envelope), "application/soap+xml;charset=UTF-8"};
        EXPECT_TRUE(by.seal(m));
        return post(m.body, {}, m.type);
    }
    /// A client logged in with keys.
    std::unique_ptr<raw_client> logged_in(std::unique_ptr<user_end>& user)
    {
        auto c = connect();
        c->send(leg("one"));
        EXPECT_TRUE(login_asked(logins.size() + 1));
        user = accept_sealed("last");
        EXPECT_TRUE(until([&] { return c->has("HTTP/1.1 200"); }));
        c->got.clear();
        return c;
    }
};

TEST_F(front_tokens, legs_go_to_the_monitor_and_back)
{
    auto c = connect();
    c->send(post("<hello/>", {}));
    ASSERT_TRUE(until([&] { return c->has("401"); }));
    EXPECT_TRUE(c->has("WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"));
    EXPECT_FALSE(c->has("Basic")) << "not without TLS";
    c->got.clear();
    c->send(leg("one"));
    ASSERT_TRUE(login_asked());
    EXPECT_EQ(logins[0].scheme, "Negotiate");
    EXPECT_EQ(logins[0].token, "one");
    EXPECT_TRUE(logins[0].first);
    EXPECT_TRUE(logins[0].user.empty() && logins[0].password.empty());
    go_on("two");
    ASSERT_TRUE(until([&] { return c->has("\r\n\r\n"); }));
    EXPECT_TRUE(c->has("401") && c->has("WWW-Authenticate: Negotiate dHdv\r\n"));
    c->got.clear();
    c->send(leg("three"));
    ASSERT_TRUE(login_asked(2));
    EXPECT_FALSE(logins[1].first);
    EXPECT_EQ(logins[1].connection, logins[0].connection);
    auto user = accept_sealed("four");
    ASSERT_TRUE(until([&] { return c->has("\r\n\r\n"); }));
    EXPECT_TRUE(c->has("200 OK") && c->has("WWW-Authenticate: Negotiate Zm91cg==\r\n"));
}

/// Windows' MaxTokenSize passes; what a frame, or the parser of heads, could not take never gets so far.
TEST_F(front_tokens, a_large_ticket_passes_and_one_that_is_too_large_is_refused_here)
{
    auto c = connect();
    c->send(leg(std::string(48'000, 't')));
    ASSERT_TRUE(login_asked());
    EXPECT_EQ(logins[0].token.size(), 48'000u);
    answer(wire::login_verdict::denied);
    ASSERT_TRUE(until([&] { return c->has("401"); }));
    for (const std::size_t size : {std::size_t{49'000}, std::size_t{50'000}, wire::max_token, 2 * wire::max_token}) {
        auto other = connect();
        other->send(leg(std::string(size, 't')));
        ASSERT_TRUE(until([&] { return other->has("431"); })) << size;
    }
    EXPECT_EQ(logins.size(), 1u);
}

TEST_F(front_tokens, a_login_that_ends_in_the_middle_is_withdrawn)
{
    auto c = connect();
    c->send(leg("one"));
    ASSERT_TRUE(login_asked());
    go_on("two");
    ASSERT_TRUE(until([&] { return c->has("401"); }));
    c.reset();
    ASSERT_TRUE(until([&] { return !withdrawn.empty(); })) << "its row in the token process is of no more use";
    EXPECT_EQ(withdrawn[0], logins[0].connection);
}

TEST_F(front_tokens, S19_bodies_are_opened_and_sealed_with_the_keys)
{
    std::unique_ptr<user_end> user;
    auto c = logged_in(user);
    http::sealing mine = client_keys();
    for (int i = 1; i <= 3; ++i) {
        const auto count = static_cast<std::size_t>(i);
        c->send(sealed(mine, "<ask number='" + std::to_string(i) + "'/>"));
        ASSERT_TRUE(until([&] { return user->requests.size() == count; }));
        EXPECT_EQ(user->requests.back().envelope, "<ask number='" + std::to_string(i) + "'/>");
        EXPECT_EQ(user->requests.back().charset, "UTF-8");
        user->reply(user->requests.back().number, "<secret/>", i == 2);
        ASSERT_TRUE(until([&] { return c->has("--Encrypted Boundary--\r\n"); }));
        EXPECT_TRUE(c->has(i == 2 ? "HTTP/1.1 500" : "HTTP/1.1 200"));
        EXPECT_FALSE(c->has("<secret/>"));
        auth::message m{c->got.substr(c->got.find("\r\n\r\n") + 4),
                        http::sealed_content_type(http::sealed_protocol::spnego)};
        ASSERT_TRUE(mine.unseal(m));
        EXPECT_EQ(m.body, "<secret/>");
        c->got.clear();
    }
}

TEST_F(front_tokens, S5_a_clear_body_is_a_400_and_the_end)
{
    std::unique_ptr<user_end> user;
    auto c = logged_in(user);
    c->send(post("<clear/>", {}));
    ASSERT_TRUE(until([&] { return c->closed; }));
    EXPECT_TRUE(c->has("HTTP/1.1 400"));
    EXPECT_TRUE(until([&] { return user->closed; }));
    EXPECT_TRUE(user->requests.empty());
}

/// A gap, a replay, a cut and a flipped bit: closed without a word, and nothing reaches the user's process.
TEST_F(front_tokens, S18_what_does_not_open_is_closed_without_a_word)
{
    for (int kind = 0; kind < 4; ++kind) {
        std::unique_ptr<user_end> user;
        auto c = logged_in(user);
        http::sealing mine = client_keys();
        std::string message = sealed(mine, "<one/>");
        std::size_t expected = 0;
        if (kind == 0) message = sealed(mine, "<two/>"); // without the first
        if (kind == 1) {
            c->send(message);
            ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
            user->reply(user->requests.back().number, "<re/>");
            ASSERT_TRUE(until([&] { return c->has("--Encrypted Boundary--\r\n"); }));
            c->got.clear();
            expected = 1;
        }
        if (kind == 2) message.replace(message.rfind("--Encrypted"), 2, "xx");
        if (kind == 3) message[message.rfind("--Encrypted") - 1] ^= 1;
        c->send(message);
        ASSERT_TRUE(until([&] { return c->closed; })) << kind;
        EXPECT_EQ(c->got, "") << kind;
        EXPECT_TRUE(until([&] { return user->closed; }));
        EXPECT_EQ(user->requests.size(), expected) << kind;
    }
}

/// S3: keys and identity are of one connection, and gone with the next Authorization.
TEST_F(front_tokens, S3_another_login_drops_the_first_and_its_keys)
{
    std::unique_ptr<user_end> user;
    auto c = logged_in(user);
    http::sealing mine = client_keys();
    auto other = connect();
    other->send(sealed(mine, "<one/>"));
    ASSERT_TRUE(until([&] { return other->has("401"); })) << "a second connection inherits nothing";
    c->send(leg("again"));
    ASSERT_TRUE(login_asked(2));
    EXPECT_TRUE(logins.back().first);
    EXPECT_TRUE(until([&] { return user->closed; })) << "before the new token is looked at";
    answer(wire::login_verdict::denied);
    ASSERT_TRUE(until([&] { return c->has("401"); }));
    c->got.clear();
    http::sealing fresh = client_keys();
    c->send(sealed(fresh, "<one/>"));
    ASSERT_TRUE(until([&] { return c->has("401"); }));
}

TEST_F(front_tokens, keys_that_make_no_cipher_and_none_where_bodies_must_be_sealed_are_no_login)
{
    auto c = connect();
    c->send(leg("one"));
    ASSERT_TRUE(login_asked());
    auto bare = accept(); // without keys
    ASSERT_TRUE(until([&] { return c->has("503"); }));
    c = connect();
    c->send(leg("one"));
    ASSERT_TRUE(login_asked(2));
    auto [front, user] = io::make_socket_pair();
    std::vector<io::unique_fd> fds;
    fds.push_back(std::move(front));
    server->login_answered({logins.back().connection,
                            wire::login_verdict::accepted,
                            1,
                            {},
                            {auth::sealing_keys::kind::kerberos, base::secret{std::string{"short"}}}},
                           std::move(fds));
    ASSERT_TRUE(until([&] { return c->has("503"); }));
}

} // namespace
} // namespace winrm::service::front
