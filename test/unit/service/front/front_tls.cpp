#include "front_fixture.h"
#include "throwaway_certificate.h"

#include <fstream>
#include <unistd.h>

namespace winrm::service::front {
namespace {

net::tls_context server_context()
{
    throwaway_certificate c = make_throwaway_certificate();
    return net::tls_context::server(c.certificate_pem, base::secret{std::move(c.key_pem)}).value();
}

struct front_tls_test : front_fixture
{
    static wire::front_setup setup()
    {
        wire::front_setup s = plain_setup();
        s.listeners = {{"127.0.0.1:0", true}};
        s.allow_unencrypted = false;
        s.max_connections = 4000;
        return s;
    }
    front_tls_test() : front_fixture(setup(), server_context()) {}
    net::tls_context trusting = net::tls_context::client({"", false}).value();
};

TEST_F(front_tls_test, carries_a_login_and_an_exchange)
{
    const auto c = connect(&trusting);
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    EXPECT_TRUE(logins[0].tls);
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    const std::string body(300 * 1024, 'x');
    user->reply(1, body);
    ASSERT_TRUE(until([&] { return c->got.ends_with(body); }));
    c->stream->shutdown();
    EXPECT_TRUE(until([&] { return user->closed && server->size() == 0; }));
}

struct small_tls_test : front_fixture
{
    static wire::front_setup setup()
    {
        wire::front_setup s = plain_setup();
        s.listeners = {{"127.0.0.1:0", true}};
        s.max_connections = 1;
        return s;
    }
    small_tls_test() : front_fixture(setup(), server_context()) {}
    net::tls_context trusting = net::tls_context::client({"", false}).value();
};

// Item 2: the 503 for which there is no slot comes over TLS as well, for some at a time.
TEST_F(small_tls_test, one_too_many_is_told_so_within_tls)
{
    const auto first = connect(&trusting);
    first->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    std::vector<std::unique_ptr<raw_client>> silent;
    for (std::size_t i = 0; i < turned_away::most; ++i) silent.push_back(connect(&trusting));
    const auto next = connect(&trusting);
    next->send(post(std::string(100'000, 'x')));
    EXPECT_TRUE(until([&] { return next->closed; }));
    EXPECT_EQ(next->got.substr(0, 12), "HTTP/1.1 503");
    EXPECT_TRUE(until([&] { return silent[0]->closed; }));
    EXPECT_FALSE(first->closed);
    EXPECT_EQ(server->size(), 1U);
}

TEST_F(front_tls_test, a_client_that_has_closed_its_side_gets_its_answer)
{
    const auto c = connect(&trusting);
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    c->stream->shutdown(); // close_notify and FIN
    ASSERT_TRUE(until([&] { return c->has("100 Continue"); }));
    user->reply(1, "<answer/>");
    EXPECT_TRUE(until([&] { return c->has("<answer/>") && c->closed; }));
    EXPECT_TRUE(until([&] { return server->size() == 0; }));
}

TEST_F(front_tls_test, the_client_going_ends_the_exchange_at_once)
{
    for (const bool politely : {true, false}) {
        auto c = connect(&trusting);
        const std::size_t before = logins.size();
        c->send(post("<one/>"));
        ASSERT_TRUE(login_asked(before + 1));
        const auto user = accept();
        ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
        if (politely) {
            c->stream->shutdown();
            ASSERT_TRUE(until([&] { return c->has("100 Continue"); }));
        }
        c.reset();
        if (politely) user->reply(1, "<answer/>"); // then nothing but the answer itself can find out
        EXPECT_TRUE(until([&] { return user->closed && server->size() == 0; })) << politely;
    }
}

TEST_F(front_tls_test, clear_text_on_a_tls_port_is_cut_off)
{
    const auto c = connect();
    c->send(post("<one/>"));
    EXPECT_TRUE(until([&] { return c->closed; }));
    EXPECT_TRUE(logins.empty());
}

#ifndef OPENWINRM_SANITIZED
std::size_t resident_bytes()
{
    std::ifstream statm{"/proc/self/statm"};
    std::size_t total = 0, resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Both ends live in this process: a pair must cost less than two idle connections may.
TEST_F(front_tls_test, idle_connections_are_small)
{
    constexpr std::size_t count = 300;
    std::vector<std::unique_ptr<raw_client>> clients;
    const auto open_one = [&] {
        clients.push_back(connect(&trusting));
        raw_client* c = clients.back().get();
        c->send("POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: 13\r\n"
                "WSMANIDENTIFY: unauthenticated\r\n\r\n<s:Envelope/>");
        ASSERT_TRUE(until([&] { return c->has("</s:Envelope>"); }));
        std::string{}.swap(c->got);
    };
    for (int i = 0; i < 10; ++i) open_one();
    const std::size_t before = resident_bytes();
    for (std::size_t i = 0; i < count; ++i) open_one();
    EXPECT_LT((resident_bytes() - before) / count, 2 * 64 * 1024U);
}
#endif

} // namespace
} // namespace winrm::service::front
