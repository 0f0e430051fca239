#include "client/session.h"

#include "../net/certificates.h"
#include "base/text.h"
#include "fake_host.h"
#include "shell/messages.h"
#include "wsman/config_resource.h"
#include "wsman/identify.h"

#include <gtest/gtest.h>

namespace {

using namespace winrm;
using test::fake_host;
using test::http_request;

wsman::outgoing_request get_config()
{
    wsman::outgoing_request r;
    r.header.action = wsman::action::get;
    r.header.resource_uri = wsman::resource_uri::config;
    return r;
}

remote::session_options options_for(const fake_host& host)
{
    remote::session_options o;
    o.host = host.target();
    o.login = credentials("ada", "secret");
    o.scheme = login_scheme::basic;
    o.allow_unencrypted = true;
    return o;
}

test::http_reply config_reply(const http_request& r)
{
    return {test::soap_answer(r, [](xml::writer& w) { wsman::write_config(w, {}); })};
}

using reply = std::optional<result<wsman::incoming_reply>>;

reply ask(io::loop& loop, remote::session& s, bool repeatable = false)
{
    reply got;
    s.ask(get_config(), {repeatable, false}, [&](result<wsman::incoming_reply> r) {
        EXPECT_FALSE(got) << "answered twice";
        got.emplace(std::move(r));
    });
    EXPECT_FALSE(got) << "never from within";
    EXPECT_TRUE(test::run_until(loop, [&] { return got.has_value(); }));
    return got;
}

TEST(session, requests_go_one_after_the_other_on_one_connection_with_the_login_up_front)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply);
    remote::session s(shared, options_for(host));
    for (int i = 0; i < 3; ++i) {
        const auto got = ask(loop, s);
        ASSERT_TRUE(got && *got) << got->error();
    }
    EXPECT_EQ(host.connections(), 1);
    EXPECT_EQ(s.requests(), 3u);
    EXPECT_EQ(s.connections(), 1u);
    EXPECT_GT(s.bytes_received(), s.requests());
    for (const auto& r : host.requests()) {
        EXPECT_NE(r.head.find("Authorization: Basic YWRhOnNlY3JldA==\r\n"), std::string::npos) << r.head;
        const auto e = r.envelope();
        EXPECT_EQ(e.header().to, s.options().host.url());
        EXPECT_FALSE(e.header().session_id.empty());
        EXPECT_NE(e.header().max_envelope_size, 0u);
    }
    EXPECT_NE(host.requests()[0].envelope().header().message_id, host.requests()[1].envelope().header().message_id);
}

TEST(session, the_zone_of_an_address_is_not_told_to_the_host)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply);
    auto o = options_for(host);
    o.host.host = "::ffff:127.0.0.1%1";
    remote::session s(shared, o);
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && *got) << got->error();
    const auto& r = host.requests().front();
    const std::string shown = "[::ffff:127.0.0.1]:" + std::to_string(o.host.port);
    EXPECT_NE(r.head.find("Host: " + shown + "\r\n"), std::string::npos) << r.head;
    EXPECT_EQ(r.envelope().header().to, "http://" + shown + "/wsman");
}

TEST(session, C1_works_over_tls_and_refuses_a_certificate_of_nobody)
{
    const test::certificate shown({}), other({"somebody", "", -60, 3600, true});
    const test::temporary_file good(shown.pem()), bad(other.pem());
    auto server = net::tls_context::server(shown.pem(), shown.key_pem());
    ASSERT_TRUE(server);
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply, &*server);
    auto o = options_for(host);
    o.allow_unencrypted = false;
    o.ca_file = good.path();
    {
        remote::session s(shared, o);
        const auto got = ask(loop, s);
        ASSERT_TRUE(got && *got) << got->error();
    }
    o.ca_file = bad.path();
    remote::session s(shared, o);
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::certificate) << got->error();
    EXPECT_EQ(host.requests().size(), 1u) << "no request and no password reached it";
}

TEST(session, C2_basic_over_plain_http_is_refused_before_anything_is_sent)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply);
    auto o = options_for(host);
    o.allow_unencrypted = false;
    remote::session s(shared, o);
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::unencrypted_refused);
    EXPECT_EQ(s.connections(), 0u);
    EXPECT_EQ(host.connections(), 0);
}

TEST(session, a_user_name_with_a_colon_is_refused_before_anything_is_sent)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply);
    auto o = options_for(host);
    o.login = credentials("a:b", "secret");
    remote::session s(shared, o);
    const auto got = ask(loop, s);
    ASSERT_FALSE(*got);
    EXPECT_EQ(got->error().code(), errc::bad_argument);
    EXPECT_EQ(host.connections(), 0);
}

TEST(session, two_requests_at_once_use_two_connections_and_a_third_waits)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply);
    remote::session s(shared, options_for(host));
    int answered = 0;
    for (int i = 0; i < 3; ++i)
        s.ask(get_config(), {}, [&](result<wsman::incoming_reply> r) {
            EXPECT_TRUE(r) << r.error();
            ++answered;
        });
    EXPECT_TRUE(test::run_until(loop, [&] { return answered == 3; }));
    EXPECT_EQ(host.connections(), 2);
}

TEST(session, an_urgent_request_waits_for_nobody)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request& r) {
        return r.envelope().header().action == wsman::action::get ? test::http_reply{"", false, true}
                                                                  : test::http_reply{test::soap_answer(r, {})};
    });
    remote::session s(shared, options_for(host));
    for (int i = 0; i < 3; ++i) s.ask(get_config(), {}, [](result<wsman::incoming_reply>) {});
    ASSERT_TRUE(test::run_until(loop, [&] { return host.requests().size() == 2; })) << "both connections are busy";
    reply got;
    s.ask(shell::make_delete("urn:x", "1"), {false, true},
          [&](result<wsman::incoming_reply> r) { got.emplace(std::move(r)); });
    ASSERT_TRUE(test::run_until(loop, [&] { return got.has_value(); }));
    EXPECT_TRUE(*got) << got->error();
    EXPECT_EQ(host.requests()[2].connection, 3);
}

TEST(session, a_host_that_allows_no_more_connections_is_not_besieged)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request&) { return test::http_reply{"", false, true}; });
    remote::session s(shared, options_for(host));
    int answered = 0;
    const auto done = [&](result<wsman::incoming_reply> r) { answered += r ? 1 : 0; };
    s.ask(get_config(), {}, done);
    ASSERT_TRUE(test::run_until(loop, [&] { return host.requests().size() == 1; }));
    host.stop_listening();
    s.ask(get_config(), {}, done);
    ASSERT_TRUE(test::run_until(loop, [&] { return s.connections() == 3; })) << "it tries again, after a pause";
    test::turn(loop, 500);
    EXPECT_LE(s.connections(), 4u);
    // The one that works serves both in the end.
    host.write(1, config_reply(host.requests()[0]).bytes);
    ASSERT_TRUE(test::run_until(loop, [&] { return host.requests().size() == 2; }));
    EXPECT_EQ(host.requests()[1].connection, 1);
    host.write(1, config_reply(host.requests()[1]).bytes);
    ASSERT_TRUE(test::run_until(loop, [&] { return answered == 2; }));
}

TEST(session, close_fails_what_is_under_way_and_what_waits)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request&) { return test::http_reply{"", false, true}; });
    remote::session s(shared, options_for(host));
    int cancelled = 0;
    for (int i = 0; i < 4; ++i)
        s.ask(get_config(), {}, [&](result<wsman::incoming_reply> r) {
            ASSERT_FALSE(r);
            EXPECT_EQ(r.error().code(), errc::cancelled);
            ++cancelled;
        });
    ASSERT_TRUE(test::run_until(loop, [&] { return host.requests().size() == 2; }));
    s.close();
    EXPECT_EQ(cancelled, 0) << "never from within";
    EXPECT_TRUE(test::run_until(loop, [&] { return cancelled == 4; }));
}

TEST(session, a_connection_closed_between_requests_is_replaced_silently)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply);
    remote::session s(shared, options_for(host));
    ASSERT_TRUE(*ask(loop, s));
    host.hang_up(); // the client's loop has not seen it when the next request starts
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && *got) << got->error();
    EXPECT_EQ(host.connections(), 2);
    EXPECT_EQ(host.requests().size(), 2u) << "nothing was sent twice";
}

TEST(session, a_request_lost_on_a_kept_connection_is_repeated_only_if_it_may_be)
{
    for (const bool repeatable : {false, true}) {
        io::loop loop;
        remote::context shared(loop);
        fake_host host(loop, [&](const http_request& r) {
            return r.number == 2 ? test::http_reply{"", true} : config_reply(r);
        });
        remote::session s(shared, options_for(host));
        ASSERT_TRUE(*ask(loop, s));
        const auto got = ask(loop, s, repeatable);
        ASSERT_TRUE(got);
        EXPECT_EQ(got->has_value(), repeatable);
        if (!repeatable) {
            EXPECT_EQ(got->error().code(), errc::connection_lost) << got->error();
        }
        EXPECT_EQ(host.requests().size(), repeatable ? 3u : 2u);
    }
}

TEST(session, a_fault_is_a_reply)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request& r) {
        return test::http_reply{test::fault_answer(r, wsman::fault_code::access_denied)};
    });
    remote::session s(shared, options_for(host));
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && *got) << got->error();
    EXPECT_TRUE((*got)->is_fault(wsman::fault_code::access_denied));
}

TEST(session, C7_an_answer_to_another_request_is_a_breach)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request& r) {
        return test::http_reply{
            test::http_answer(200, wsman::write_reply({"uuid:1", "uuid:00000000-0000-4000-8000-000000000000"},
                                                      wsman::action::response_of(r.envelope().header().action), {}))};
    });
    remote::session s(shared, options_for(host));
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::protocol) << got->error();
}

TEST(session, an_answer_cut_anywhere_is_a_named_error)
{
    std::string whole;
    {
        io::loop loop;
        remote::context shared(loop);
        fake_host host(loop, config_reply);
        remote::session s(shared, options_for(host));
        ASSERT_TRUE(*ask(loop, s));
        whole = config_reply(host.requests().front()).bytes;
    }
    for (std::size_t cut = 0; cut < whole.size(); cut += 1 + cut / 8) {
        io::loop loop;
        remote::context shared(loop);
        fake_host host(loop, [&](const http_request& r) {
            return test::http_reply{config_reply(r).bytes.substr(0, cut), true};
        });
        remote::session s(shared, options_for(host));
        const auto got = ask(loop, s);
        ASSERT_TRUE(got && !*got) << cut;
        EXPECT_EQ(got->error().code(), cut == 0 ? errc::connection_lost : errc::answer_cut)
            << cut << ": " << got->error();
    }
}

TEST(session, C7_an_endless_answer_is_cut_off)
{
    io::loop loop;
    remote::context shared(loop);
    int pieces = 0;
    fake_host host(loop, [&](const http_request&) {
        ++pieces;
        return test::http_reply{
            "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 9999999999\r\n\r\n"};
    });
    remote::session s(shared, options_for(host));
    auto got = ask(loop, s);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::too_large) << got->error();

    fake_host chunked(loop, [&](const http_request&) {
        std::string body =
            "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (int i = 0; i < 40; ++i) body += "10000\r\n" + std::string(65536, 'x') + "\r\n";
        return test::http_reply{body};
    });
    remote::session t(shared, options_for(chunked));
    got = ask(loop, t);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::too_large) << got->error();
}

TEST(session, something_that_is_no_http_server)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request&) { return test::http_reply{"SSH-2.0-OpenSSH_9.2\r\n", true}; });
    remote::session s(shared, options_for(host));
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::not_wsman) << got->error();
}

TEST(session, no_answer_is_a_timeout)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request&) { return test::http_reply{"", false, true}; });
    auto o = options_for(host);
    o.answer_margin = std::chrono::milliseconds(5);
    remote::session s(shared, o);
    reply got;
    auto request = get_config();
    request.header.operation_timeout = std::chrono::milliseconds(10);
    s.ask(std::move(request), {}, [&](result<wsman::incoming_reply> r) { got.emplace(std::move(r)); });
    EXPECT_TRUE(test::run_until(loop, [&] { return got.has_value(); }));
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::timeout) << got->error();
    EXPECT_EQ(got->error().message(),
              "the host did not answer within the operation timeout of 0.01 s and 0.005 s more");
    EXPECT_EQ(got->error().remedy(), remedy::raise_operation_timeout);
}

TEST(session, a_handshake_without_end_names_its_limit)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request&) { return test::http_reply{"", false, true}; });
    auto o = options_for(host);
    o.host.tls = true; // and the host waits for HTTP
    o.connect_timeout = std::chrono::milliseconds(20);
    remote::session s(shared, o);
    const auto got = ask(loop, s);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::timeout) << got->error();
    EXPECT_TRUE(got->error().message().ends_with("; name, connection and TLS together may take 0.02 s"))
        << got->error();
    EXPECT_EQ(got->error().remedy(), remedy::raise_connect_timeout);
}

TEST(session, refused_port_and_unknown_name)
{
    io::loop loop;
    remote::context shared(loop);
    remote::session_options o;
    {
        fake_host gone(loop, config_reply);
        o = options_for(gone);
    }
    remote::session s(shared, o);
    auto got = ask(loop, s);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::connect) << got->error();
    EXPECT_EQ(got->error().delivery(), delivery::not_sent);
    o.host.host = "no-such-host.invalid";
    remote::session t(shared, o);
    got = ask(loop, t);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::unresolved) << got->error();
}

TEST(session, several_requests_to_a_refused_port_all_end)
{
    io::loop loop;
    remote::context shared(loop);
    remote::session_options o;
    {
        fake_host gone(loop, config_reply);
        o = options_for(gone);
    }
    remote::session s(shared, o);
    // Each asks again when it has failed, as a clean-up with Signal and Delete may: two connections that are being made
    // must not keep each other going for ever.
    int failed = 0;
    std::function<void(result<wsman::incoming_reply>)> done = [&](result<wsman::incoming_reply> r) {
        EXPECT_FALSE(r);
        if (++failed <= 5) s.ask(get_config(), {true, false}, done);
    };
    for (int i = 0; i < 4; ++i) s.ask(get_config(), {true, false}, done);
    EXPECT_TRUE(test::run_until(loop, [&] { return failed == 9; }));
    EXPECT_LE(s.connections(), 20u);
}

TEST(session, identify_is_anonymous_even_with_a_login_at_hand)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request&) {
        return test::http_reply{test::http_answer(
            200, wsman::write_identify_reply({"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd", "Fake", "1", {}}))};
    });
    auto o = options_for(host);
    o.allow_unencrypted = false; // no password leaves, so nothing is to be refused
    remote::session s(shared, o);
    reply got;
    s.identify([&](result<wsman::incoming_reply> r) { got.emplace(std::move(r)); });
    EXPECT_TRUE(test::run_until(loop, [&] { return got.has_value(); }));
    ASSERT_TRUE(got && *got) << got->error();
    const auto id = wsman::read_identify_reply((*got)->envelope());
    ASSERT_TRUE(id);
    EXPECT_EQ(id->product_vendor, "Fake");
    EXPECT_EQ(host.requests().front().head.find("Authorization"), std::string::npos);
    EXPECT_NE(base::lower(host.requests().front().head).find("wsmanidentify: unauthenticated"), std::string::npos);
}

TEST(session, a_handler_may_end_the_session)
{
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, config_reply);
    auto s = std::make_unique<remote::session>(shared, options_for(host));
    bool called = false;
    s->ask(get_config(), {}, [&](result<wsman::incoming_reply>) {
        called = true;
        s.reset();
    });
    EXPECT_TRUE(test::run_until(loop, [&] { return called; }));
    EXPECT_FALSE(s);
}

struct trace_text final : remote::trace_sink
{
    void message(char direction, int connection, base::bytes_view head, base::bytes_view body) override
    {
        text += direction + std::to_string(connection) + std::string(head) + std::string(body);
    }
    void note(int, base::bytes_view line) override { text += line; }
    std::string text;
};

TEST(session, C8_the_trace_has_the_conversation_without_secrets)
{
    trace_text trace;
    io::loop loop;
    remote::context shared(loop);
    fake_host host(loop, [](const http_request& r) {
        auto answer = config_reply(r);
        answer.bytes.insert(answer.bytes.find("\r\n") + 2, "Set-Cookie: chocolate\r\nX-Way: 7\r\n");
        return answer;
    });
    auto o = options_for(host);
    o.trace = &trace;
    remote::session s(shared, o);
    ASSERT_TRUE(*ask(loop, s));
    EXPECT_NE(trace.text.find(">1POST /wsman"), std::string::npos) << trace.text;
    EXPECT_NE(trace.text.find("<1HTTP/1.1 200 "), std::string::npos) << trace.text;
    EXPECT_NE(trace.text.find("\r\nX-Way: 7\r\n"), std::string::npos) << trace.text;
    EXPECT_NE(trace.text.find(host.requests().front().envelope().header().message_id), std::string::npos);
    EXPECT_EQ(trace.text.find("YWRhOnNlY3JldA"), std::string::npos);
    EXPECT_EQ(trace.text.find("chocolate"), std::string::npos);
}

TEST(session, the_trace_has_what_came_instead_of_an_answer)
{
    const struct
    {
        const char *bytes, *why;
    } rows[] = {
        {"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"},
        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "Content-Length"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<e:Envel", "closed"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "closed"},
    };
    for (const auto& r : rows) {
        trace_text trace;
        io::loop loop;
        remote::context shared(loop);
        fake_host host(loop, [&](const http_request&) { return test::http_reply{r.bytes, true}; });
        auto o = options_for(host);
        o.trace = &trace;
        remote::session s(shared, o);
        ASSERT_FALSE(*ask(loop, s));
        const auto at = trace.text.find("<1no whole answer (");
        ASSERT_NE(at, std::string::npos) << trace.text;
        EXPECT_NE(trace.text.find(r.why, at), std::string::npos) << trace.text;
        EXPECT_NE(trace.text.find(r.bytes, at), std::string::npos) << trace.text;
    }
}

} // namespace
