#include "net/stream.h"

#include "certificates.h"
#include "io/message_socket.h"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <optional>

namespace {

using namespace winrm;

/// Both ends of a socket pair as streams on one loop; TLS when asked for.
struct ends
{
    explicit ends(bool tls)
    {
        auto [x, y] = io::make_socket_pair();
        if (!tls) {
            a.emplace(loop, std::move(x), std::nullopt);
            b.emplace(loop, std::move(y), std::nullopt);
            return;
        }
        const test::certificate host({});
        const test::temporary_file ca(host.pem());
        auto client = net::tls_context::client({ca.path(), true});
        auto server = net::tls_context::server(host.pem(), host.key_pem());
        EXPECT_TRUE(client && server);
        a.emplace(loop, std::move(x), net::tls_session(*client, "web1.example"));
        b.emplace(loop, std::move(y), net::tls_session(*server, ""));
    }
    void listen()
    {
        b->on_data([this](result<base::bytes_view> r) {
            if (!r) failure = std::move(r).error();
            else if (r->empty()) ended = true;
            else got.append(*r);
        });
        b->resume_reading();
    }
    io::loop loop;
    std::optional<net::stream> a, b;
    base::bytes got;
    bool ended = false;
    std::optional<error> failure;
};

class stream : public testing::TestWithParam<bool>
{};
INSTANTIATE_TEST_SUITE_P(net, stream, testing::Bool(), [](const auto& p) { return p.param ? "tls" : "plain"; });

TEST_P(stream, large_writes_arrive_whole_then_the_end)
{
    ends e(GetParam());
    e.listen();
    e.a->on_data([](result<base::bytes_view>) {});
    e.a->resume_reading();
    base::bytes sent;
    for (int i = 0; i < 300; ++i) {
        const base::bytes piece(10007, static_cast<char>('a' + i % 26));
        sent += piece;
    }
    int done = 0;
    e.a->write(base::bytes_view(sent).substr(0, 5));
    e.a->write(base::bytes_view(sent).substr(5), [&] {
        ++done;
        e.a->shutdown();
    });
    if (!GetParam()) {
        EXPECT_EQ(done, 0) << "never from within";
    }
    while (!e.ended && !e.failure && e.loop.run_one()) {}
    EXPECT_FALSE(e.failure) << *e.failure;
    EXPECT_EQ(done, 1);
    EXPECT_TRUE(e.got == sent);
    EXPECT_EQ(e.a->pending(), 0u);
}

TEST_P(stream, paused_delivers_nothing_and_goes_on_where_it_was)
{
    ends e(GetParam());
    bool first = true;
    e.b->on_data([&](result<base::bytes_view> r) {
        ASSERT_TRUE(r);
        e.got.append(*r);
        if (std::exchange(first, false)) {
            e.b->pause_reading();
            e.loop.post([&] { e.b->resume_reading(); });
        }
    });
    e.a->on_data([](result<base::bytes_view>) {});
    e.a->write("hello");
    for (int i = 0; i < 8 && e.loop.run_one(); ++i) {} // handshake or not: b is paused from the start
    EXPECT_TRUE(e.got.empty());
    e.b->resume_reading();
    e.a->write(base::bytes(200000, 'x'));
    while (e.got.size() < 200005 && e.loop.run_one()) {}
    EXPECT_EQ(e.got.size(), 200005u);
}

TEST_P(stream, handler_may_destroy_the_stream)
{
    ends e(GetParam());
    int calls = 0;
    e.b->on_data([&](result<base::bytes_view>) {
        ++calls;
        e.b.reset();
    });
    e.b->resume_reading();
    bool closed = false;
    e.a->on_data([&](result<base::bytes_view> r) { closed = closed || !r || r->empty(); });
    e.a->resume_reading();
    e.a->write("one");
    while (!closed && e.loop.run_one()) {}
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(closed);
}

TEST_P(stream, writing_to_a_peer_that_is_gone_ends_in_an_error_or_the_end)
{
    ends e(GetParam());
    e.listen();
    e.a.reset();
    e.b->write(base::bytes(1000000, 'x'));
    e.loop.run();
    EXPECT_TRUE(e.ended || e.failure);
    if (e.failure) {
        EXPECT_EQ(e.failure->code(), errc::connection_lost) << *e.failure;
    }
}

TEST_P(stream, quiet_sees_the_end_before_the_loop_does)
{
    ends e(GetParam());
    e.listen();
    e.a->on_data([](result<base::bytes_view>) {});
    e.a->resume_reading();
    e.a->write("x");
    while (e.got.empty() && e.loop.run_one()) {}
    EXPECT_TRUE(e.b->quiet());
    e.a.reset();
    EXPECT_FALSE(e.b->quiet());
}

TEST_P(stream, what_the_kernel_takes_leaves_before_destruction)
{
    ends e(false);
    e.listen();
    e.a->write("last words");
    e.a.reset();
    e.loop.run();
    EXPECT_EQ(e.got, "last words");
    EXPECT_TRUE(e.ended);
}

TEST(stream_tls, a_cut_connection_is_no_end)
{
    ends e(true);
    e.listen();
    e.a->on_data([](result<base::bytes_view>) {});
    e.a->write("hello");
    while (e.got.empty() && e.loop.run_one()) {}
    EXPECT_EQ(e.got, "hello");
    e.a.reset(); // no close_notify
    e.loop.run();
    EXPECT_FALSE(e.ended);
    ASSERT_TRUE(e.failure);
    EXPECT_EQ(e.failure->code(), errc::connection_lost);
}

TEST(stream_tls, a_certificate_refused_reaches_the_handler_and_the_host_hears_why)
{
    io::loop loop;
    auto [x, y] = io::make_socket_pair();
    const test::certificate host({}), other({});
    const test::temporary_file ca(other.pem());
    auto client = net::tls_context::client({ca.path(), true});
    auto server = net::tls_context::server(host.pem(), host.key_pem());
    ASSERT_TRUE(client && server);
    net::stream a(loop, std::move(x), net::tls_session(*client, "web1.example"));
    net::stream b(loop, std::move(y), net::tls_session(*server, ""));
    std::optional<error> why_a, why_b;
    a.on_data([&](result<base::bytes_view> r) {
        if (!r) why_a = std::move(r).error();
    });
    b.on_data([&](result<base::bytes_view> r) {
        if (!r) why_b = std::move(r).error();
    });
    b.resume_reading();
    while (!(why_a && why_b) && loop.run_one()) {}
    ASSERT_TRUE(why_a && why_b);
    EXPECT_EQ(why_a->code(), errc::certificate) << *why_a;
    EXPECT_NE(why_b->message().find("alert"), std::string::npos) << *why_b;
}

} // namespace
