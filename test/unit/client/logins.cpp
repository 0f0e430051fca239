// Which login a connection gets, and one by NTLM in Negotiate from the first byte to sealed answers, both ends in
// memory: the client's as a session makes it, the service's HTTP with our acceptor behind it.
#include "client/logins.h"

#include "auth/clocks.h"
#include "auth/login/first_known_service.h"
#include "auth/login/kerberos_refusal.h"
#include "auth/login/mechanism_login.h"
#include "auth/spnego/der.h"
#include "auth/spnego/tokens.h"
#include "http/client_connection.h"
#include "http/server_connection.h"
#include "ntlm_host.h"

#include <gtest/gtest.h>

#include <functional>

namespace winrm::remote {
namespace {

login_plan plan_for(bool tls, bool trusted, credentials who = {"ada", "secret"},
                    login_scheme scheme = login_scheme::negotiate)
{
    login_plan plan;
    plan.who = std::move(who);
    plan.scheme = scheme;
    plan.host = "192.0.2.1"; // an address: a password goes by NTLM
    plan.tls = tls;
    plan.trusted_for_ntlm = trusted;
    plan.envelope_limit = 512'000;
    return plan;
}

base::random_source counter()
{
    return [n = std::make_shared<unsigned char>()](char* out, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((*n)++);
    };
}

TEST(logins, what_must_not_be_tried_is_said_before_a_byte_leaves)
{
    const auto tickets = credentials::ticket_cache();
    const credentials password{"ada", "secret"}, principal{"ada@CORP.EXAMPLE", "secret"};
    using enum login_scheme;
    struct row
    {
        credentials who;
        login_scheme scheme;
        bool tls, trusted, named;
        std::optional<errc> refused;
    };
    const row rows[] = {
        {{}, negotiate, false, false, false, {}},
        {password, basic, true, false, false, {}},
        {password, basic, false, false, false, errc::unencrypted_refused},
        {password, basic, false, true, false, errc::unencrypted_refused},
        {tickets, basic, true, false, false, errc::no_credentials},
        {tickets, ntlm, true, false, false, errc::no_credentials},
        {tickets, negotiate, false, false, true, {}},
        {tickets, negotiate, false, false, false, {}},
        {tickets, kerberos, false, false, true, {}},
        {password, ntlm, true, false, true, {}},
        {password, ntlm, false, true, true, {}},
        {password, ntlm, false, false, true, errc::unencrypted_refused},
        {password, negotiate, false, false, true, {}},                         // Kerberos proves the host
        {password, negotiate, false, false, false, errc::unencrypted_refused}, // an address: NTLM is left
        {principal, negotiate, false, false, true, {}},
        {password, kerberos, false, false, true, {}},
    };
    for (const row& r : rows) {
        login_plan plan = plan_for(r.tls, r.trusted, r.who, r.scheme);
        if (r.named) plan.host = "web1.corp.example";
        const auto why = forbidden(plan, false);
        const auto at = static_cast<std::size_t>(&r - rows);
        EXPECT_EQ(why.has_value(), r.refused.has_value()) << at;
        if (why && r.refused) {
            EXPECT_EQ(why->code(), *r.refused) << at << ' ' << *why;
        }
    }
    EXPECT_FALSE(forbidden(plan_for(false, false, {"ada", "x"}, basic), true));
    login_plan sealed = plan_for(true, false, password, basic);
    sealed.always_encrypt = true;
    EXPECT_EQ(forbidden(sealed, true)->code(), errc::bad_argument) << "Basic has no keys";
}

TEST(logins, without_negotiate_a_scheme_of_its_own_is_taken_if_it_may_be)
{
    login_plan named = plan_for(false, false);
    named.host = "web1.corp.example";
    login_plan trusted = named;
    trusted.trusted_for_ntlm = true;
    EXPECT_EQ(bare_scheme(named, {"Basic", "kerberos", "NTLM"}), "Kerberos");
    EXPECT_EQ(bare_scheme(named, {"NTLM"}), "") << "not trusted";
    EXPECT_EQ(bare_scheme(trusted, {"NTLM", "Basic"}), "NTLM");
    EXPECT_EQ(bare_scheme(trusted, {"Negotiate", "Kerberos", "NTLM"}), "");
    EXPECT_EQ(bare_scheme(trusted, {"Basic"}), "");
    trusted.bare = "NTLM";
    EXPECT_EQ(bare_scheme(trusted, {"Kerberos"}), "") << "once";
    EXPECT_EQ(bare_scheme(plan_for(true, true, {"ada", "x"}, login_scheme::basic), {"Kerberos", "NTLM"}), "");
}

TEST(logins, bodies_are_sealed_over_http_always_and_over_tls_when_asked)
{
    for (const bool tls : {false, true}) {
        for (const bool always : {false, true}) {
            auto plan = std::make_shared<login_plan>(plan_for(tls, true));
            plan->always_encrypt = always;
            const auto login = make_login(plan, counter());
            const auto* by = dynamic_cast<const auth::mechanism_login*>(login.get());
            ASSERT_NE(by, nullptr);
            EXPECT_FALSE(login->blocks()) << "no Kerberos in it";
            test::ntlm_end host;
            base::bytes token;
            for (int i = 0; i < 4 && !by->done(); ++i) {
                const auto got = login->step(token);
                ASSERT_NE(got.state, auth::leg_state::failed) << name(got.failed);
                if (by->done()) break;
                token = host.step(got.token).token;
            }
            EXPECT_TRUE(by->done());
            EXPECT_EQ(login->seals(), !tls || always);
            const auto facts = facts_of(*plan, *login, 5985);
            EXPECT_EQ(facts.scheme, "Negotiate");
            EXPECT_EQ(facts.mechanism, "NTLM");
            EXPECT_EQ(facts.sealed, !tls || always);
            EXPECT_EQ(facts.cipher, !tls || always ? "RC4" : "");
        }
    }
}

/// The service's HTTP with NTLM behind it, and the client's connection.
struct both
{
    /// Of the service's tokens, then of its sealed answers; of the client's.
    using changer = std::function<void(base::bytes&)>;

    explicit both(std::string password = "secret")
        : plan(std::make_shared<login_plan>(plan_for(false, true, {"ada", std::move(password)}))),
          server(options(), base::limits{}, digest, now)
    {
        http::client_options o;
        o.host = "h";
        o.login = make_login(plan, counter());
        client.emplace(std::move(o), base::limits{});
    }
    static http::server_options options()
    {
        http::server_options o;
        o.token_schemes = {"Negotiate"};
        o.offer_basic = false;
        return o;
    }

    result<http::response> ask(const std::string& body)
    {
        client->start(body, "application/soap+xml;charset=UTF-8");
        for (bool moved = true; moved;) {
            moved = false;
            while (!closed && !client->output().empty()) {
                base::bytes out(client->output());
                client->written(out.size());
                if (to_server) to_server(out);
                wire += out;
                server.received(out, now);
                settle();
                moved = true;
            }
            if (!heard.empty()) {
                client->received(std::exchange(heard, {}));
                moved = true;
            } else if (closed && !moved) {
                client->end_of_stream();
            }
            if (auto got = client->poll()) return std::move(*got);
        }
        return error(errc::internal, "nothing moves");
    }

    void settle()
    {
        while (auto event = server.poll()) {
            if (auto* asked = std::get_if<http::login_wanted>(&*event)) login(*asked);
            else if (auto* request = std::get_if<http::request_arrived>(&*event)) {
                requests.push_back(request->body);
                server.respond(200, "<re:" + request->body + ">", "application/soap+xml;charset=UTF-8", now);
            } else closed = true;
        }
        while (!server.output().empty()) {
            base::bytes said(server.output());
            server.written(said.size(), now);
            if (to_client) to_client(said);
            wire += said;
            heard += said;
        }
    }

    void login(const http::login_wanted& asked)
    {
        if (asked.first) end.emplace();
        auto got = end->step(asked.token);
        const auto verdict = got.state == auth::leg_state::failed  ? auth::login_verdict::denied
                             : got.state == auth::leg_state::go_on ? auth::login_verdict::go_on
                                                                   : auth::login_verdict::accepted;
        server.login_answered(verdict, got.token, now,
                              verdict == auth::login_verdict::accepted ? end->keys() : nullptr);
    }

    std::shared_ptr<login_plan> plan;
    crypto::keyed_digest digest;
    base::time_point now{};
    http::server_connection server;
    std::optional<http::client_connection> client;
    std::optional<test::ntlm_end> end;
    changer to_server, to_client;
    bool closed = false;
    base::bytes heard, wire;
    std::vector<std::string> requests;
};

TEST(logins, ntlm_in_negotiate_over_http_seals_every_body_both_ways)
{
    both b;
    std::vector<std::string> bodies{"<one>hidden</one>", "", std::string(400'000, 'x'), "<last/>"};
    for (const auto& body : bodies) {
        const auto got = b.ask(body);
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(got->status, 200);
        EXPECT_EQ(got->body, "<re:" + body + ">");
        EXPECT_EQ(got->media_type, "application/soap+xml");
        EXPECT_TRUE(got->keep_alive);
    }
    EXPECT_EQ(b.requests, bodies);
    EXPECT_EQ(b.wire.find("hidden"), base::bytes::npos);
    EXPECT_EQ(b.wire.find("<re:"), base::bytes::npos);
    EXPECT_EQ(b.wire.find("secret"), base::bytes::npos);
    const auto facts = facts_of(*b.plan, *b.client->login(), 5985);
    EXPECT_TRUE(facts.sealed && !facts.tls && !facts.bound);
    EXPECT_EQ(facts.cipher, "RC4");
}

/// The n-th piece that goes one way is changed: a wrong byte in what is base64 or sealed.
both::changer change(int number, std::size_t back)
{
    return [number, back, seen = 0](base::bytes& said) mutable {
        if (++seen != number) return;
        const auto line = said.find("Negotiate ");
        const auto end = line == base::bytes::npos ? base::bytes::npos : said.find('\r', line);
        std::size_t at = said.size() - 1;
        if (end != base::bytes::npos && end - line > 60) at = end - 1 - back; // a token
        else if (const auto sealed = said.find("octet-stream\r\n"); sealed != base::bytes::npos)
            at = sealed + 20 + back;
        else return;
        said[at] = said[at] == 'A' ? 'B' : 'A';
    };
}

TEST(logins, a_byte_that_is_wrong_at_any_step_ends_it_and_nothing_is_believed)
{
    for (const bool by_client : {true, false}) {
        for (int number = 1; number <= 6; ++number) {
            for (const std::size_t back : {std::size_t{4}, std::size_t{9}, std::size_t{40}}) {
                both b;
                (by_client ? b.to_server : b.to_client) = change(number, back);
                int good = 0;
                for (int i = 0; i < 3; ++i) {
                    const auto got = b.ask("<a/>");
                    if (!got || got->status != 200) break;
                    EXPECT_EQ(got->body, "<re:<a/>>") << number;
                    ++good;
                }
                EXPECT_TRUE(b.requests.empty() || b.requests.front() == "<a/>") << number;
                EXPECT_EQ(b.wire.find("<a/>"), base::bytes::npos) << "never in the clear";
                EXPECT_LE(good, 3);
            }
        }
    }
}

TEST(logins, a_wrong_password_is_tried_once)
{
    both b("wrong");
    const auto got = b.ask("<a/>");
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->status, 401);
    EXPECT_TRUE(b.requests.empty());
    std::size_t tokens = 0;
    for (auto at = b.wire.find("Authorization: "); at != base::bytes::npos; at = b.wire.find("Authorization: ", at + 1))
        ++tokens;
    EXPECT_EQ(tokens, 2u) << "NEGOTIATE and AUTHENTICATE";
    const auto tried = attempts_of(*b.plan, *b.client->login());
    ASSERT_EQ(tried.size(), 1u);
    EXPECT_EQ(tried[0].mechanism, "NTLM");
    EXPECT_EQ(tried[0].cause, "refused");
}

TEST(logins, C3_a_clear_answer_where_sealing_was_agreed_is_an_error_whatever_its_status)
{
    for (const int status : {200, 400, 500, 503}) {
        both b;
        ASSERT_TRUE(b.ask("<a/>"));
        b.to_client = [status](base::bytes& said) {
            said = "HTTP/1.1 " + std::to_string(status) +
                   " x\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: 4\r\n\r\n<b/>";
        };
        const auto got = b.ask("<a/>");
        ASSERT_FALSE(got) << status;
        EXPECT_EQ(got.error().code(), status == 400 ? errc::connection_lost : errc::protocol) << got.error();
    }
}

/// A KRB-ERROR in its frame.
base::bytes krb_error(const std::string& time, base::bytes_view code)
{
    using auth::spnego::der;
    const base::bytes fields = der(0xa0, der(2, "\x05")) + der(0xa1, der(2, "\x1e")) + der(0xa4, der(0x18, time)) +
                               der(0xa5, der(2, "\x01")) + der(0xa6, der(2, code)) +
                               der(0xa9, der(0x1b, "CORP.EXAMPLE"));
    return der(0x60, der(6, auth::spnego::oid::krb5) + base::bytes("\x03\x00", 2) + der(0x7e, der(0x30, fields)));
}

TEST(kerberos_refusal, the_host_s_own_clock_is_read_from_its_error)
{
    const auto got = auth::read_kerberos_refusal(krb_error("20261128142000Z", "\x25"));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->code, 37);
    EXPECT_EQ(got->time, 1'795'875'600);
    EXPECT_EQ(auth::clock_sentence(got->time - 612, got->time),
              "The clocks differ by 612 s, which is too much for Kerberos: here it is 2026-11-28 14:09:48 UTC, at the "
              "host 2026-11-28 14:20:00 UTC.");
    EXPECT_TRUE(auth::read_kerberos_refusal(krb_error("19700101000000Z", "\x25")));
    for (const char* time :
         {"20261328142000Z", "20261128252000Z", "2026112814200Z", "202611281420000", "", "2026-1-28 1420Z"})
        EXPECT_FALSE(auth::read_kerberos_refusal(krb_error(time, "\x25"))) << time;
    EXPECT_FALSE(auth::read_kerberos_refusal(krb_error("20261128142000Z", "")));
    EXPECT_FALSE(auth::read_kerberos_refusal(krb_error("20261128142000Z", "12345")));
    const base::bytes whole = krb_error("20261128142000Z", "\x25");
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(auth::read_kerberos_refusal(whole.substr(0, size))) << size;
    for (std::size_t at = 0; at < whole.size(); ++at) { // any byte, any value that lies: no crash
        for (const char value : {'\0', '\x7f', '\x80', '\xff'}) {
            base::bytes bad = whole;
            bad[at] = value;
            static_cast<void>(auth::read_kerberos_refusal(bad));
        }
    }
}

/// Fails over its second token, as a Kerberos that reads the host's error does.
struct skewed final : auth::login_mechanism
{
    auth::leg step(base::bytes_view token) override
    {
        if (token.empty()) return {auth::leg_state::go_on, "first"};
        return {auth::leg_state::failed, {}, auth::login_failure::clock_skew, "Clock skew too great"};
    }
    base::bytes sign_mechlist(base::bytes_view) override { return {}; }
    bool verify_mechlist(base::bytes_view, base::bytes_view) override { return false; }
    std::unique_ptr<auth::message_sealer> take_sealer() override { return nullptr; }
};

TEST(kerberos_refusal, clocks_that_differ_are_told_in_seconds_with_both_times)
{
    auth::mechanism_login::options how;
    how.offers = [] {
        std::vector<auth::spnego::offer> offers;
        offers.push_back({auth::mechanism_kind::kerberos, std::make_unique<skewed>()});
        return offers;
    };
    how.clock = [] { return std::int64_t{1'795'875'600 + 700}; };
    auth::mechanism_login login(std::move(how));
    ASSERT_EQ(login.step({}).state, auth::leg_state::go_on);
    auth::spnego::neg_token_resp no;
    no.state = auth::spnego::neg_state::reject;
    no.token = krb_error("20261128142000Z", "\x25");
    const auto got = login.step(auth::spnego::write(no));
    EXPECT_EQ(got.failed, auth::login_failure::clock_skew);
    const auto tried = attempts_of(plan_for(true, false), login);
    ASSERT_EQ(tried.size(), 1u);
    EXPECT_EQ(tried[0].mechanism, "Kerberos");
    EXPECT_EQ(tried[0].cause, "clock_skew");
    EXPECT_EQ(tried[0].detail, "Clock skew too great");
    EXPECT_NE(tried[0].sentence.find("differ by 700 s"), std::string::npos) << tried[0].sentence;
    // Over plain HTTP the user hears why NTLM was no way out.
    const auto plain = attempts_of(plan_for(false, false), login);
    ASSERT_EQ(plain.size(), 2u);
    EXPECT_EQ(plain[1].mechanism, "NTLM");
    EXPECT_EQ(plain[1].cause, "not_trusted");
}

/// Known to the realm, or not.
struct named final : auth::login_mechanism
{
    explicit named(auth::login_failure why) : why_(why) {}
    auth::leg step(base::bytes_view) override
    {
        if (why_ == auth::login_failure::none) return {auth::leg_state::go_on, "token"};
        return {auth::leg_state::failed, {}, why_, "words"};
    }
    base::bytes sign_mechlist(base::bytes_view) override { return {}; }
    bool verify_mechlist(base::bytes_view, base::bytes_view) override { return false; }
    std::unique_ptr<auth::message_sealer> take_sealer() override { return nullptr; }
    auth::login_failure why_;
};

TEST(first_known_service, goes_on_with_the_next_name_only_where_the_realm_does_not_know_one)
{
    using enum auth::login_failure;
    struct row
    {
        std::vector<auth::login_failure> each; ///< by name
        auth::login_failure ends;
        std::string used;
        std::size_t asked;
    };
    for (const row& r : {row{{none}, none, "0", 1}, row{{unknown_service, none}, none, "1", 2},
                         row{{unknown_service, unknown_service, none}, none, "2", 3},
                         row{{unknown_service, unknown_service, unknown_service}, unknown_service, "2", 3},
                         row{{wrong_password, none, none}, wrong_password, "0", 1},
                         row{{unknown_service, no_kdc, none}, no_kdc, "1", 2}}) {
        std::vector<std::string> asked;
        auto used = std::make_shared<std::string>();
        auth::first_known_service login(
            {"0", "1", "2"},
            [&](const std::string& name) {
                asked.push_back(name);
                return std::make_unique<named>(r.each[asked.size() - 1]);
            },
            used);
        EXPECT_EQ(login.step("early").state, auth::leg_state::failed);
        EXPECT_EQ(login.step({}).failed, r.ends);
        EXPECT_EQ(*used, r.used);
        EXPECT_EQ(asked.size(), r.asked);
    }
}

/// An AP-REQ with a ticket of this realm, in its frame (RFC 4120 5.3, 5.5.1).
base::bytes ap_req(base::bytes_view realm)
{
    using auth::spnego::der;
    const base::bytes ticket = der(0x61, der(0x30, der(0xa0, der(2, "\x05")) + der(0xa1, der(0x1b, realm))));
    const base::bytes fields = der(0xa0, der(2, "\x05")) + der(0xa1, der(2, "\x0e")) + der(0xa3, ticket);
    return der(0x60, der(6, auth::spnego::oid::krb5) + base::bytes("\x01\x00", 2) + der(0x6e, der(0x30, fields)));
}

TEST(ticket_realm, is_read_from_the_ticket_that_is_sent)
{
    const base::bytes whole = ap_req("CORP.EXAMPLE");
    EXPECT_EQ(auth::ticket_realm(whole), "CORP.EXAMPLE");
    EXPECT_EQ(auth::ticket_realm(ap_req(std::string(256, 'A'))), "");
    EXPECT_EQ(auth::ticket_realm(krb_error("20261128142000Z", "\x25")), "");
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(auth::ticket_realm(whole.substr(0, size)), "");
    for (std::size_t at = 0; at < whole.size(); ++at) { // any byte, any value that lies: no crash
        for (const char value : {'\0', '\x7f', '\x80', '\xff'}) {
            base::bytes bad = whole;
            bad[at] = value;
            static_cast<void>(auth::ticket_realm(bad));
        }
    }
}

TEST(logins, what_left_kerberos_out_is_said_where_ntlm_may_not_go)
{
    for (const auto& [user, host, words] :
         {std::tuple{"CORP\\ada", "web1", "wants the user with the realm"},
          std::tuple{"ada", "192.0.2.1", "wants the host's name instead of its address"}}) {
        login_plan plan;
        plan.who = credentials(user, "word");
        plan.host = host;
        plan.tls = false;
        const auto why = forbidden(plan, false);
        ASSERT_TRUE(why) << user;
        EXPECT_NE(why->message().find(words), std::string::npos) << *why;
        plan.scheme = login_scheme::ntlm;
        EXPECT_EQ(forbidden(plan, false)->message().find("Kerberos"), std::string::npos);
    }
}

} // namespace
} // namespace winrm::remote
