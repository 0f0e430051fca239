// Sessions whose connections log in by NTLM in Negotiate, sealed, against a host on loopback (issue 10, parts 2, 3, 6).
#include "../net/certificates.h"
#include "../net/loopback_port.h"
#include "client/session.h"
#include "crypto/server_end_point.h"
#include "ntlm_host.h"
#include "wsman/config_resource.h"

#include <gtest/gtest.h>

namespace {

using namespace winrm;
using test::http_reply;
using test::http_request;
using reply = std::optional<result<wsman::incoming_reply>>;

/// A session with a host of its own, on one loop.
struct pair
{
    explicit pair(const net::tls_context* tls = nullptr)
        : shared(loop), service([](const http_request& r) {
              return test::soap_answer(r, [](xml::writer& w) { wsman::write_config(w, {}); });
          }),
          host(
              loop, [this](const http_request& r) { return service.answer(r); }, tls)
    {
        options.host = host.target();
        options.login = credentials("ada", "secret");
        options.trusted_for_ntlm = true;
    }
    void ask_later(bool repeatable = false)
    {
        wsman::outgoing_request r;
        r.header.action = wsman::action::get;
        r.header.resource_uri = wsman::resource_uri::config;
        if (!session) session.emplace(shared, options);
        session->ask(std::move(r), {repeatable, false}, [this](result<wsman::incoming_reply> got) {
            got ? ++answered : ++failed;
            last.emplace(std::move(got));
        });
    }
    reply ask(bool repeatable = false)
    {
        last.reset();
        ask_later(repeatable);
        EXPECT_TRUE(test::run_until(loop, [this] { return last.has_value(); })) << "hangs";
        return last ? std::move(last) : reply(error(errc::internal, "no answer"));
    }
    [[nodiscard]] long count(const char* text) const
    {
        return std::count_if(host.requests().begin(), host.requests().end(),
                             [&](const auto& r) { return r.head.find(text) != std::string::npos; });
    }

    io::loop loop;
    remote::context shared;
    test::ntlm_host service;
    test::fake_host host;
    remote::session_options options;
    std::optional<remote::session> session;
    reply last;
    int answered = 0, failed = 0;
};

base::bytes binding_of(const test::certificate& shown)
{
    const std::string pem = shown.pem();
    const auto begin = pem.find('\n') + 1;
    std::string text = pem.substr(begin, pem.find("-----END") - begin);
    text.erase(std::remove(text.begin(), text.end(), '\n'), text.end());
    base::bytes der;
    EXPECT_TRUE(base::base64_decode(text, der));
    return crypto::server_end_point(der);
}

http_reply closes_with_401()
{
    return {test::http_answer(401, "", "WWW-Authenticate: Negotiate\r\nConnection: close\r\n"), true};
}

TEST(session_logins, each_connection_logs_in_once_and_all_is_sealed)
{
    pair p;
    for (int i = 0; i < 3; ++i) {
        const auto got = p.ask();
        ASSERT_TRUE(*got) << got->error();
    }
    EXPECT_EQ(p.service.logins, 1);
    EXPECT_EQ(p.host.requests().size(), 5u) << "two more than with Basic";
    for (const auto& r : p.host.requests())
        EXPECT_EQ(r.body.find("Envelope"), std::string::npos) << "never in the clear";
    EXPECT_EQ(p.service.opened.size(), 3u);
    EXPECT_EQ(p.session->login().scheme, "Negotiate");
    EXPECT_EQ(p.session->login().mechanism, "NTLM");
    EXPECT_EQ(p.session->login().cipher, "RC4");
    EXPECT_TRUE(p.session->login().sealed);
    EXPECT_EQ(p.session->login().port, p.options.host.port);
    for (int i = 0; i < 3; ++i) p.ask_later();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.answered == 6; }));
    EXPECT_EQ(p.host.connections(), 2);
    EXPECT_EQ(p.service.logins, 2);
}

TEST(session_logins, over_tls_it_is_bound_to_the_certificate_and_sealed_only_when_asked)
{
    const test::certificate shown({}), other({});
    const test::temporary_file authorities(shown.pem());
    const auto tls = net::tls_context::server(shown.pem(), shown.key_pem());
    ASSERT_TRUE(tls);
    for (const bool always : {false, true}) {
        for (const bool right : {true, false}) {
            pair p(&*tls);
            p.service.binding = binding_of(right ? shown : other);
            p.service.seals = always;
            p.options.trusted_for_ntlm = false;
            p.options.always_encrypt = always;
            p.options.ca_file = authorities.path();
            const auto got = p.ask();
            EXPECT_EQ(got->has_value(), right) << got->error();
            if (!right) {
                EXPECT_EQ(got->error().code(), errc::login_denied);
                continue;
            }
            EXPECT_TRUE(p.session->login().bound && p.session->login().tls);
            EXPECT_EQ(p.session->login().sealed, always);
        }
    }
}

TEST(session_logins, C2_an_untrusted_host_gets_no_ntlm_over_http)
{
    pair p;
    p.options.trusted_for_ntlm = false;
    const auto got = p.ask();
    ASSERT_FALSE(*got);
    EXPECT_EQ(got->error().code(), errc::unencrypted_refused) << got->error();
    EXPECT_EQ(p.host.connections(), 0);
}

TEST(session_logins, a_401_in_mid_session_is_one_new_login_and_the_same_request)
{
    pair p;
    ASSERT_TRUE(*p.ask());
    p.service.forget();
    const auto got = p.ask();
    ASSERT_TRUE(*got) << got->error();
    EXPECT_EQ(p.host.connections(), 1);
    EXPECT_EQ(p.service.logins, 2);
    EXPECT_EQ(p.service.opened.size(), 2u);
    EXPECT_EQ(p.service.clear, 0);
}

TEST(session_logins, a_401_that_closes_in_mid_session_is_one_new_login_on_a_new_connection)
{
    for (const bool again : {false, true}) {
        pair p;
        ASSERT_TRUE(*p.ask());
        p.service.odd = [&](const http_request& r) -> std::optional<http_reply> {
            if (r.connection == 1 || again) return closes_with_401();
            return std::nullopt;
        };
        const auto got = p.ask();
        EXPECT_EQ(got->has_value(), !again);
        EXPECT_EQ(p.host.connections(), 2) << "a second refusal is one";
        if (!again) continue;
        EXPECT_EQ(got->error().code(), errc::login_denied) << got->error();
        EXPECT_EQ(got->error().delivery(), delivery::refused);
    }
}

TEST(session_logins, every_kept_connection_may_have_been_forgotten)
{
    pair p;
    ASSERT_TRUE(*p.ask());
    std::optional<http_request> held; // so that the next one needs a connection of its own
    p.service.odd = [&](const http_request& r) -> std::optional<http_reply> {
        if (r.connection != 1) return std::nullopt;
        held = r;
        return http_reply{"", false, true};
    };
    p.ask_later();
    p.ask_later();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.answered == 2; }));
    p.service.odd = nullptr;
    p.host.write(1, p.service.answer(*held).bytes);
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.answered == 3; }));
    ASSERT_EQ(p.host.connections(), 2);
    p.service.odd = [&](const http_request& r) -> std::optional<http_reply> {
        if (r.connection <= 2) return closes_with_401();
        return std::nullopt;
    };
    const auto got = p.ask();
    ASSERT_TRUE(*got) << got->error();
    EXPECT_EQ(p.host.connections(), 3);
}

TEST(session_logins, a_400_to_the_first_request_after_a_pause_means_a_forgotten_login)
{
    for (const bool close : {true, false}) {
        pair p;
        ASSERT_TRUE(*p.ask());
        p.service.odd = [&](const http_request& r) -> std::optional<http_reply> {
            if (r.connection == 1) return http_reply{test::http_answer(400, "", ""), close};
            return std::nullopt;
        };
        const auto got = p.ask();
        ASSERT_TRUE(*got) << got->error();
        EXPECT_EQ(p.host.connections(), 2);
        EXPECT_EQ(p.service.logins, 2);
        EXPECT_EQ(p.service.clear, 0) << "nothing sealed with the old keys";
    }
}

TEST(session_logins, a_400_on_a_new_connection_is_an_error)
{
    pair p;
    p.service.odd = [&](const http_request& r) -> std::optional<http_reply> {
        if (r.body.empty()) return std::nullopt;
        return http_reply{test::http_answer(400, "", "")};
    };
    const auto got = p.ask();
    ASSERT_FALSE(*got);
    EXPECT_EQ(p.host.connections(), 1);
    EXPECT_EQ(got->error().http_status(), 400) << got->error();
}

TEST(session_logins, a_connection_closed_instead_of_an_answer_keeps_its_own_rule)
{
    for (const bool repeatable : {false, true}) {
        pair p;
        ASSERT_TRUE(*p.ask());
        p.service.odd = [&](const http_request& r) -> std::optional<http_reply> {
            if (r.connection == 1) return http_reply{"", true};
            return std::nullopt;
        };
        const auto got = p.ask(repeatable);
        EXPECT_EQ(got->has_value(), repeatable);
        if (!repeatable) {
            EXPECT_EQ(got->error().code(), errc::connection_lost) << got->error();
        }
    }
}

TEST(session_logins, C3_a_clear_answer_to_a_sealed_request_is_an_error)
{
    for (const int status : {200, 500, 503}) {
        pair p;
        ASSERT_TRUE(*p.ask());
        p.service.odd = [&](const http_request&) -> std::optional<http_reply> {
            return http_reply{test::http_answer(status, "<s:Envelope/>")};
        };
        const auto got = p.ask(true);
        ASSERT_FALSE(*got) << status;
        EXPECT_EQ(got->error().code(), errc::protocol) << got->error();
        EXPECT_EQ(got->error().http_status(), status);
    }
}

TEST(session_logins, a_wrong_password_is_one_try_and_is_explained)
{
    pair p;
    p.options.login = credentials("ada", "wrong");
    const auto got = p.ask(true);
    ASSERT_FALSE(*got);
    const error& e = got->error();
    EXPECT_EQ(e.code(), errc::login_denied) << e;
    EXPECT_EQ(p.service.refused, 1);
    EXPECT_EQ(p.count("Authorization: "), 2) << "its two tokens";
    ASSERT_EQ(e.tried().size(), 1u);
    EXPECT_EQ(e.tried()[0].mechanism, "NTLM");
    EXPECT_EQ(e.tried()[0].cause, "refused");
    EXPECT_EQ(e.offered(), std::vector<std::string>{"Negotiate"});
    EXPECT_EQ(e.delivery(), delivery::refused);
}

TEST(session_logins, a_wrong_password_is_one_try_however_many_requests_wait)
{
    pair p;
    p.options.login = credentials("ada", "wrong");
    for (int i = 0; i < 5; ++i) p.ask_later(true);
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.failed == 5; }));
    EXPECT_EQ(p.last->error().code(), errc::login_denied) << p.last->error();
    EXPECT_FALSE(p.last->error().tried().empty());
    EXPECT_EQ(p.service.refused, 1);
    EXPECT_EQ(p.host.connections(), 1);
}

TEST(session_logins, a_wrong_password_of_a_domain_is_one_try_for_a_host_and_two_for_all)
{
    using winrm::login_scheme;
    struct row
    {
        const char* user;
        login_scheme scheme;
        bool of_domain;
    };
    for (const row& r :
         {row{"CORP\\ada", login_scheme::negotiate, true}, row{"ada", login_scheme::negotiate, false},
          row{".\\ada", login_scheme::negotiate, false}, row{"127.0.0.1\\ada", login_scheme::ntlm, false},
          row{"ada@corp.example", login_scheme::negotiate, true}, row{"ada@corp.example", login_scheme::ntlm, true},
          row{"ada@127.0.0.1", login_scheme::ntlm, false}, row{"CORP\\ada", login_scheme::basic, true},
          row{"ada@corp.example", login_scheme::basic, true}, row{"ada", login_scheme::basic, false}}) {
        pair p;
        p.options.login = credentials(r.user, "wrong");
        p.options.scheme = r.scheme;
        p.options.allow_unencrypted = true;
        if (r.scheme == login_scheme::basic) p.service.offers = "Basic";
        const std::string what = std::string(r.user) + " by scheme " + std::to_string(static_cast<int>(r.scheme));
        const auto sends = [&](const char* host) {
            const auto before = p.host.requests().size();
            p.session.reset();
            p.options.host.host = host;
            const auto got = p.ask();
            EXPECT_FALSE(*got) << what;
            if (*got) return true;
            EXPECT_EQ(got->error().code(), errc::login_denied) << what << ": " << got->error();
            const bool sent = p.host.requests().size() != before;
            if (!sent) {
                EXPECT_EQ(got->error().delivery(), delivery::not_sent) << what;
                EXPECT_EQ(got->error().tried().size(), 1U) << what;
                EXPECT_EQ(got->error().tried().back().cause, "wrong_password") << what;
                EXPECT_EQ(got->error().tried().back().mechanism == "Basic", r.scheme == login_scheme::basic) << what;
            }
            return sent;
        };
        EXPECT_TRUE(sends("127.0.0.1")) << what;
        EXPECT_EQ(sends("127.0.0.1"), !r.of_domain) << what;
        if (!r.of_domain) continue;
        if (r.scheme != login_scheme::negotiate || r.user[0] == 'C') {
            EXPECT_TRUE(sends("localhost")) << what << ": one host's word is not the domain's";
            EXPECT_FALSE(sends("127.0.0.2")) << what;
        }
    }
}

TEST(session_logins, one_host_that_refuses_keeps_nobody_from_others)
{
    pair p;
    p.options.login = credentials("CORP\\ada", "secret");
    p.service.password = "other";
    EXPECT_FALSE(*p.ask());
    p.session.reset();
    p.options.host.host = "localhost";
    p.service.password = "secret";
    const auto got = p.ask();
    EXPECT_TRUE(*got) << got->error();
    p.service.password = "other"; // where one took it lately, others have reasons of their own
    for (const char* host : {"127.0.0.1", "localhost"}) {
        p.session.reset();
        p.options.host.host = host;
        EXPECT_FALSE(*p.ask());
    }
    p.service.password = "secret";
    p.session.reset();
    EXPECT_TRUE(*p.ask());
}

TEST(session_logins, a_host_that_saw_no_proof_has_said_nothing_of_the_password)
{
    pair p;
    p.options.login = credentials("CORP\\ada", "secret");
    p.service.odd = [](const http_request&) -> std::optional<http_reply> {
        return http_reply{test::http_answer(401, "", "WWW-Authenticate: Negotiate\r\n")};
    };
    EXPECT_FALSE(*p.ask());
    p.service.odd = {};
    p.session.reset();
    EXPECT_TRUE(*p.ask());
}

TEST(session_logins, the_password_that_changed_meanwhile_is_one_try_too)
{
    pair p;
    for (int i = 0; i < 2; ++i) p.ask_later();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.answered == 2; }));
    p.service.forget();
    p.service.password = "other";
    for (int i = 0; i < 5; ++i) p.ask_later(true);
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.failed == 5; }));
    EXPECT_LE(p.service.refused, 4) << "two kept connections had lost their login: 401, then one try each";
}

TEST(session_logins, a_host_without_negotiate_says_what_it_has)
{
    pair p;
    p.service.odd = [](const http_request&) -> std::optional<http_reply> {
        return http_reply{test::http_answer(401, "", "WWW-Authenticate: Basic realm=\"WSMAN\"\r\n")};
    };
    const auto got = p.ask();
    ASSERT_FALSE(*got);
    EXPECT_EQ(got->error().code(), errc::login_not_offered) << got->error();
    EXPECT_EQ(got->error().offered(), std::vector<std::string>{"Basic"});
    EXPECT_EQ(p.host.requests().size(), 1u);
    EXPECT_EQ(p.service.clear, 0);
}

TEST(session_logins, a_host_without_negotiate_that_has_ntlm_bare_gets_that)
{
    pair p;
    p.service.scheme = p.service.offers = "NTLM";
    for (int i = 0; i < 3; ++i) p.ask_later();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.answered + p.failed == 3; }));
    EXPECT_EQ(p.failed, 0) << p.last->error();
    EXPECT_EQ(p.session->login().scheme, "NTLM");
    EXPECT_EQ(p.session->login().mechanism, "NTLM");
    EXPECT_TRUE(p.session->login().sealed);
    EXPECT_EQ(p.count("Authorization: Negotiate "), 1) << "it is remembered";
    EXPECT_EQ(p.service.clear, 0);
    pair wrong;
    wrong.service.scheme = wrong.service.offers = "NTLM";
    wrong.options.login = credentials("ada", "wrong");
    ASSERT_FALSE(*wrong.ask());
    EXPECT_EQ(wrong.count("Authorization: NTLM "), 2) << "its two tokens, once";
    pair turns; // refuses Negotiate's password and then speaks of NTLM alone: it would count twice
    turns.options.login = credentials("ada", "wrong");
    turns.service.offers = "NTLM";
    ASSERT_FALSE(*turns.ask());
    EXPECT_EQ(turns.count("Authorization: NTLM "), 0);
}

TEST(session_logins, a_host_that_loops_401_is_left)
{
    pair p;
    p.service.odd = [](const http_request&) -> std::optional<http_reply> {
        return http_reply{
            test::http_answer(401, "", "WWW-Authenticate: Negotiate oRQwEqADCgEBoQsGCSqGSIL3EgECAg==\r\n")};
    };
    const auto got = p.ask(true);
    ASSERT_FALSE(*got);
    EXPECT_EQ(got->error().code(), errc::login_denied) << got->error();
    EXPECT_LE(p.host.requests().size(), 9u);
}

TEST(session_logins, a_restarted_service_gets_a_new_login)
{
    pair p;
    ASSERT_TRUE(*p.ask());
    p.host.hang_up();
    p.service.forget();
    const auto got = p.ask();
    ASSERT_TRUE(*got) << got->error();
    EXPECT_EQ(p.service.logins, 2);
    EXPECT_EQ(p.host.connections(), 2);
}

/// Kerberos with nothing to log in with, on a worker: the library's answer, or that there is none.
TEST(session_logins, a_login_that_blocks_is_a_worker_s_and_may_outlive_its_session)
{
    ::setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    ::setenv("KRB5_CONFIG", "/dev/null", 1);
    pair p;
    p.options.login = credentials::ticket_cache();
    p.options.scheme = login_scheme::kerberos;
    for (int i = 0; i < 3; ++i) p.ask_later();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.failed == 3; }));
    ASSERT_EQ(p.last->error().tried().size(), 1u) << p.last->error();
    const auto& tried = p.last->error().tried()[0];
    EXPECT_EQ(tried.mechanism, "Kerberos");
    EXPECT_TRUE(tried.cause == "no_ticket" || tried.cause == "not_available") << tried.cause;
    EXPECT_EQ(p.last->error().delivery(), delivery::not_sent);
    EXPECT_TRUE(p.host.requests().empty());
    for (int i = 0; i < 20; ++i) { // in every state of the step
        p.ask_later();
        test::turn(p.loop, i);
        p.session.reset();
    }
}

// ---- part "Transport": 5986 and 5985 raced

/// A host with a plain port and a TLS port, on one loop; what is left out refuses.
struct raced_pair : pair
{
    explicit raced_pair(bool has_tls, bool has_plain = true)
        : authorities(shown.pem()), tls(net::tls_context::server(shown.pem(), shown.key_pem()).value()),
          encrypted(
              loop, [this](const http_request& r) { return over_tls.answer(r); }, &tls)
    {
        over_tls.seals = false;
        options.race_transport = true;
        options.ca_file = authorities.path();
        options.host.port = 1; // not looked at
        options.raced_tls_port = has_tls ? encrypted.target().port : closed.number;
        options.raced_plain_port = has_plain ? host.target().port : closed.number;
    }
    const test::certificate shown{test::certificate_wish{}};
    const test::temporary_file authorities;
    net::tls_context tls;
    const test::loopback_port closed{test::listens::no};
    test::ntlm_host over_tls{
        [](const http_request& r) { return test::soap_answer(r, [](xml::writer& w) { wsman::write_config(w, {}); }); }};
    test::fake_host encrypted;
};

TEST(transport, tls_is_taken_where_both_ports_answer)
{
    raced_pair p(true);
    for (int i = 0; i < 3; ++i) p.ask_later();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.answered + p.failed == 3; }));
    EXPECT_EQ(p.failed, 0) << p.last->error();
    EXPECT_EQ(p.host.requests().size(), 0u);
    EXPECT_EQ(p.encrypted.connections(), 2) << "the connection of the race is used";
    EXPECT_TRUE(p.session->options().host.tls);
    EXPECT_EQ(p.session->options().host.port, p.options.raced_tls_port);
    EXPECT_EQ(p.session->login().port, p.options.raced_tls_port);
    for (const auto& text : p.over_tls.opened) EXPECT_NE(text.find(p.session->options().host.url()), std::string::npos);
}

TEST(transport, a_trusted_host_without_tls_gets_ntlm_sealed)
{
    raced_pair p(false);
    for (int i = 0; i < 2; ++i) {
        const auto got = p.ask();
        ASSERT_TRUE(*got) << got->error();
    }
    EXPECT_EQ(p.host.connections(), 1);
    EXPECT_FALSE(p.session->options().host.tls);
    EXPECT_EQ(p.session->login().port, p.options.raced_plain_port);
    EXPECT_TRUE(p.session->login().sealed);
    EXPECT_NE(p.service.opened[0].find(p.session->options().host.url()), std::string::npos);
}

TEST(transport, C2_whoever_keeps_the_tls_port_closed_gets_no_password)
{
    for (const auto scheme : {login_scheme::negotiate, login_scheme::ntlm, login_scheme::basic}) {
        raced_pair p(false);
        p.options.trusted_for_ntlm = false;
        p.options.allow_unencrypted = true;
        p.options.scheme = scheme;
        const auto got = p.ask();
        ASSERT_FALSE(*got);
        EXPECT_EQ(got->error().code(), errc::unencrypted_refused) << got->error();
        EXPECT_NE(got->error().message().find("did not answer"), std::string::npos) << got->error();
        EXPECT_EQ(got->error().delivery(), delivery::not_sent);
        EXPECT_TRUE(p.host.requests().empty());
    }
}

TEST(transport, both_ports_closed_is_one_error_and_the_next_request_races_again)
{
    raced_pair p(false, false);
    for (int i = 0; i < 3; ++i) p.ask_later();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.failed == 3; }));
    EXPECT_EQ(p.last->error().code(), errc::connect) << p.last->error();
    EXPECT_EQ(p.last->error().delivery(), delivery::not_sent);
    const auto again = p.ask();
    EXPECT_EQ(again->error().code(), errc::connect);
}

TEST(transport, a_session_that_is_closed_during_the_race_answers_everybody)
{
    raced_pair p(true);
    for (int i = 0; i < 3; ++i) p.ask_later();
    p.session->close();
    ASSERT_TRUE(test::run_until(p.loop, [&] { return p.failed == 3; }));
    EXPECT_EQ(p.last->error().code(), errc::cancelled);
    p.ask_later();
    p.session.reset(); // nobody is told, nothing is left open
    test::turn(p.loop, 50);
    EXPECT_EQ(p.answered, 0);
    EXPECT_TRUE(p.encrypted.requests().empty());
}

TEST(transport, an_anonymous_identify_goes_over_what_is_there)
{
    raced_pair p(false);
    p.options.trusted_for_ntlm = false;
    p.session.emplace(p.shared, p.options);
    p.service.odd = [](const http_request&) -> std::optional<http_reply> {
        return http_reply{test::http_answer(400, "")};
    };
    bool told = false;
    p.session->identify([&](const result<wsman::incoming_reply>&) { told = true; });
    ASSERT_TRUE(test::run_until(p.loop, [&] { return told; }));
    EXPECT_EQ(p.host.requests().size(), 1u);
}

} // namespace
