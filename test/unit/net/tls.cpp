#include "net/tls.h"

#include "base/base64.h"
#include "certificates.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace {

using namespace winrm;
using test::certificate;
using test::certificate_wish;

struct authority
{
    explicit authority(const char* name = "Test Root") : root({name, "", -3600, 3600, true}), file(root.pem()) {}
    certificate root;
    test::temporary_file file;
};

net::tls_context make_client(const std::string& ca_file)
{
    auto made = net::tls_context::client({ca_file, true});
    EXPECT_TRUE(made) << made.error();
    return std::move(*made);
}

net::tls_context make_server(const certificate& c, const std::string& chain = {})
{
    auto made = net::tls_context::server(c.pem() + chain, c.key_pem());
    EXPECT_TRUE(made) << made.error();
    return std::move(*made);
}

/// Carries bytes both ways until nothing moves, `step` bytes at a time.
struct wire
{
    net::tls_session client, server;
    base::bytes client_got, server_got;
    result<void> client_end, server_end;

    void run(std::size_t step = static_cast<std::size_t>(-1))
    {
        while (client.has_output() || server.has_output()) {
            carry(client, server, server_got, server_end, step);
            carry(server, client, client_got, client_end, step);
        }
    }
    static void carry(net::tls_session& from, net::tls_session& to, base::bytes& clear, result<void>& end,
                      std::size_t step)
    {
        const base::bytes data = from.take_output();
        for (std::size_t at = 0; at < data.size() && end; at += std::min(step, data.size() - at))
            end = to.received(base::bytes_view(data).substr(at, step), clear);
    }
};

/// A whole handshake of a client that trusts `ca` with a host that shows `shown`; the client's verdict.
result<void> handshake(const certificate& shown, const std::string& ca_file, const std::string& host,
                       const std::string& chain = {})
{
    const auto client = make_client(ca_file);
    const auto server = make_server(shown, chain);
    wire w{{client, host}, {server, ""}, {}, {}, {}, {}};
    EXPECT_TRUE(w.client.start());
    w.run();
    EXPECT_EQ(w.client_end.has_value(), w.client.handshake_done());
    if (!w.client_end) {
        EXPECT_FALSE(w.server_end) << "the alert reaches the server";
    }
    return w.client_end;
}

void expect_refused(const result<void>& r, std::string_view sentence, std::string_view peer,
                    remedy helps = remedy::none)
{
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::certificate) << r.error();
    EXPECT_NE(r.error().message().find(sentence), std::string::npos) << r.error();
    EXPECT_NE(r.error().peer_text().find(peer), std::string::npos) << r.error();
    EXPECT_EQ(r.error().remedy(), helps) << r.error();
}

TEST(tls, both_ends_talk_in_pieces_of_any_size)
{
    authority ca;
    const certificate host({}, &ca.root);
    const auto client = make_client(ca.file.path());
    const auto server = make_server(host);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, static_cast<std::size_t>(-1)}) {
        wire w{{client, "web1.example"}, {server, ""}, {}, {}, {}, {}};
        ASSERT_TRUE(w.client.start());
        const base::bytes question(100000, 'q'), answer(70000, 'a');
        ASSERT_TRUE(w.client.send(question)) << "waits for the handshake";
        w.run(step);
        ASSERT_TRUE(w.client_end) << w.client_end.error();
        ASSERT_TRUE(w.server_end) << w.server_end.error();
        EXPECT_EQ(w.server_got, question);
        EXPECT_EQ(w.client.description().substr(0, 7), "TLSv1.3");
        ASSERT_TRUE(w.server.send(answer));
        w.run(step);
        EXPECT_EQ(w.client_got, answer);
        EXPECT_FALSE(w.client.peer_closed());
        w.server.close();
        w.run(step);
        EXPECT_TRUE(w.client.peer_closed());
        EXPECT_TRUE(w.client_end);
    }
}

TEST(tls, names_and_addresses_that_the_certificate_has_are_accepted)
{
    authority ca;
    const certificate host({"x", "DNS:web1.example,DNS:*.pool.example,IP:127.0.0.1,IP:::1", -60, 3600, false},
                           &ca.root);
    for (const char* name : {"web1.example", "WEB1.example", "web1.example.", "a.pool.example", "127.0.0.1", "::1"}) {
        const auto r = handshake(host, ca.file.path(), name);
        EXPECT_TRUE(r) << name << ": " << r.error();
    }
}

TEST(tls, wrong_name_says_which_names_there_are)
{
    authority ca;
    const certificate host({}, &ca.root);
    for (const char* name : {"web2.example", "sub.web1.example", "web1", "127.0.0.2", "::1"})
        expect_refused(handshake(host, ca.file.path(), name), std::string("not made out to ") + name,
                       "web1.example, 127.0.0.1");
}

TEST(tls, expired_and_not_yet_valid)
{
    authority ca;
    const certificate old({"x", "DNS:web1.example", -7200, -3600, false}, &ca.root);
    expect_refused(handshake(old, ca.file.path(), "web1.example"), "has expired", "GMT");
    const certificate early({"x", "DNS:web1.example", 3600, 7200, false}, &ca.root);
    expect_refused(handshake(early, ca.file.path(), "web1.example"), "not valid yet", "GMT");
}

TEST(tls, unknown_issuer_and_self_signed_name_the_remedy)
{
    authority trusted, other("Other Root"), namesake;
    const certificate foreign({}, &other.root), forged({}, &namesake.root);
    expect_refused(handshake(foreign, trusted.file.path(), "web1.example"), "authority not trusted", "CN=Other Root",
                   remedy::trust_issuer);
    expect_refused(handshake(forged, trusted.file.path(), "web1.example"), "another key signed", "CN=Test Root",
                   remedy::renew_ca_file);
    const certificate unknown({"lonely", "DNS:web1.example", -60, 3600, false});
    expect_refused(handshake(unknown, trusted.file.path(), "web1.example"), "signed by itself", "CN=lonely",
                   remedy::trust_certificate);
    const test::temporary_file itself(unknown.pem());
    EXPECT_TRUE(handshake(unknown, itself.path(), "web1.example")) << "the remedy works";
}

TEST(tls, chain_of_the_server_is_sent_along)
{
    authority ca;
    const certificate middle({"Middle", "", -60, 3600, true}, &ca.root);
    const certificate host({}, &middle);
    EXPECT_TRUE(handshake(host, ca.file.path(), "web1.example", middle.pem()));
    expect_refused(handshake(host, ca.file.path(), "web1.example"), "authority not trusted", "CN=Middle",
                   remedy::trust_issuer);
}

TEST(tls, a_file_given_may_hold_an_intermediate_or_the_hosts_own_certificate_and_the_rest_is_still_checked)
{
    authority ca;
    const certificate middle({"Middle", "", -60, 3600, true}, &ca.root);
    const certificate host({}, &middle), sibling({}, &middle);
    const certificate old({"x", "DNS:web1.example", -7200, -3600, false}, &middle);
    const test::temporary_file by_middle(middle.pem()), by_host(host.pem()), by_old(old.pem());
    EXPECT_TRUE(handshake(host, by_middle.path(), "web1.example"));
    EXPECT_TRUE(handshake(host, by_host.path(), "web1.example"));
    expect_refused(handshake(host, by_middle.path(), "web2.example"), "not made out to web2.example", "web1.example");
    expect_refused(handshake(host, by_host.path(), "web2.example"), "not made out to web2.example", "web1.example");
    expect_refused(handshake(old, by_middle.path(), "web1.example"), "has expired", "GMT");
    expect_refused(handshake(old, by_old.path(), "web1.example"), "has expired", "GMT");
    expect_refused(handshake(sibling, by_host.path(), "web1.example"), "authority not trusted", "CN=Middle",
                   remedy::trust_issuer);
}

std::string der_of(const certificate& c)
{
    const std::string pem = c.pem();
    const auto begin = pem.find('\n') + 1;
    std::string text, out;
    for (const char letter : pem.substr(begin, pem.find("-----END") - begin)) {
        if (letter != '\n') text += letter;
    }
    EXPECT_TRUE(base::base64_decode(text, out));
    return out;
}

TEST(tls, s21_a_file_to_trust_may_be_der_or_have_a_byte_order_mark)
{
    const certificate own({});
    const std::string der = der_of(own);
    for (const std::string& text : {der, "\xEF\xBB\xBF" + own.pem(), "comment\r\n" + own.pem()}) {
        const test::temporary_file file(text);
        EXPECT_TRUE(handshake(own, file.path(), "web1.example"));
    }
    const authority one;
    const certificate shown({}, &one.root);
    const test::temporary_file both(der + der_of(one.root));
    EXPECT_TRUE(handshake(shown, both.path(), "web1.example"));
}

TEST(tls, s21_a_file_that_cannot_be_trusted_says_what_it_is)
{
    const certificate own({});
    std::string wide;
    for (const char c : own.pem()) wide += {c, '\0'};
    std::string bad = own.pem();
    bad.replace(80, 20, "AAAAAAAAAAAAAAAAAAAA");
    const std::pair<std::string, const char*> rows[] = {
        {"\xFF\xFE" + wide, "iconv -f UTF-16 "},
        {wide, "iconv -f UTF-16LE "},
        {der_of(own).substr(0, 100), "openssl pkcs7"},
        {"\x30\x82rubbish", "openssl pkcs12"},
        {std::string(own.key_pem().reveal()), "BEGIN CERTIFICATE"},
        {"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", "openssl pkcs7 -print_certs"},
        {bad, "damaged"},
        {"", "BEGIN CERTIFICATE"},
    };
    for (const auto& [text, expected] : rows) {
        const test::temporary_file file(text);
        const auto got = net::tls_context::client({file.path(), true});
        ASSERT_FALSE(got) << expected;
        EXPECT_EQ(got.error().code(), errc::tls);
        EXPECT_NE(got.error().message().find(expected), std::string::npos) << got.error();
        EXPECT_NE(got.error().message().find(file.path()), std::string::npos) << got.error();
    }
    const auto none = net::tls_context::client({"/nonexistent/ca.pem", true});
    EXPECT_NE(none.error().message().find("/nonexistent/ca.pem cannot be read: there is no such file"),
              std::string::npos)
        << none.error();
}

TEST(tls, s18_the_zone_of_an_address_is_told_to_nobody)
{
    const authority ca;
    const auto context = make_client(ca.file.path());
    const std::pair<const char*, bool> rows[] = {{"web1.example", true}, {"fe80::1%eth0", false}, {"fe80::1", false}};
    for (const auto& [host, named] : rows) {
        net::tls_session client(context, host);
        ASSERT_TRUE(client.start());
        const base::bytes hello = client.take_output();
        EXPECT_EQ(hello.find(host) != base::bytes::npos, named) << host;
        EXPECT_EQ(hello.find("eth0"), base::bytes::npos) << host;
    }
}

TEST(tls, the_systems_store_needs_whole_chains)
{
    authority ca;
    const certificate middle({"Middle", "", -60, 3600, true}, &ca.root);
    const certificate host({}, &middle);
    const test::temporary_file part(middle.pem()), whole(middle.pem() + ca.root.pem());
    ASSERT_EQ(::setenv("SSL_CERT_FILE", part.path().c_str(), 1), 0);
    expect_refused(handshake(host, "", "web1.example"), "authority not trusted", "CN=Test Root", remedy::trust_issuer);
    ASSERT_EQ(::setenv("SSL_CERT_FILE", whole.path().c_str(), 1), 0);
    EXPECT_TRUE(handshake(host, "", "web1.example"));
    ::unsetenv("SSL_CERT_FILE");
}

TEST(tls, without_verification_anything_goes)
{
    const certificate host({"x", "", -7200, -3600, false});
    auto client = net::tls_context::client({"", false});
    ASSERT_TRUE(client);
    const auto server = make_server(host);
    wire w{{*client, "web1.example"}, {server, ""}, {}, {}, {}, {}};
    ASSERT_TRUE(w.client.start());
    w.run();
    EXPECT_TRUE(w.client.handshake_done());
}

TEST(tls, what_is_not_tls_is_said_so)
{
    authority ca;
    const auto client = make_client(ca.file.path());
    net::tls_session c(client, "web1.example");
    ASSERT_TRUE(c.start());
    base::bytes clear;
    const auto r = c.received("HTTP/1.1 400 Bad Request\r\n\r\n", clear);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::tls);
    EXPECT_NE(r.error().message().find("does not speak TLS"), std::string::npos) << r.error();
    EXPECT_TRUE(clear.empty());
    const auto again = c.received("more", clear);
    ASSERT_FALSE(again) << "dead once, dead for ever";
    EXPECT_EQ(again.error().message(), r.error().message());
}

TEST(tls, an_alert_of_the_host_is_told_with_the_remedy_where_there_is_one)
{
    struct row
    {
        int alert;
        const char *sentence, *remedy;
    };
    const row rows[] = {
        {40, "alert \"handshake failure\"", ""},
        {70, "takes none of the versions of TLS that are allowed here", "switch TLS 1.2 or 1.3 on there"},
        {116, "wants a client certificate", "let it take clients without one"},
    };
    authority ca;
    const auto client = make_client(ca.file.path());
    for (const row& r : rows) {
        SCOPED_TRACE(r.alert);
        net::tls_session c(client, "web1.example");
        ASSERT_TRUE(c.start());
        base::bytes clear, record("\x15\x03\x03\x00\x02\x02", 6);
        record += static_cast<char>(r.alert);
        const auto got = c.received(record, clear);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), errc::tls);
        EXPECT_NE(got.error().message().find(r.sentence), std::string::npos) << got.error();
        EXPECT_NE(got.error().message().find(r.remedy), std::string::npos) << got.error();
    }
}

TEST(tls, a_changed_byte_anywhere_in_a_record_is_noticed)
{
    authority ca;
    const certificate host({}, &ca.root);
    const auto client = make_client(ca.file.path());
    const auto server = make_server(host);
    wire probe{{client, "web1.example"}, {server, ""}, {}, {}, {}, {}};
    ASSERT_TRUE(probe.client.start());
    probe.run();
    ASSERT_TRUE(probe.server.send("secret"));
    const std::size_t size = probe.server.take_output().size();
    for (std::size_t i = 5; i < size; ++i) { // the five bytes before are the record's head: lengths wait for more
        wire w{{client, "web1.example"}, {server, ""}, {}, {}, {}, {}};
        ASSERT_TRUE(w.client.start());
        w.run();
        ASSERT_TRUE(w.server.send("secret"));
        base::bytes record = w.server.take_output();
        record[i] = static_cast<char>(record[i] ^ 1);
        base::bytes clear;
        EXPECT_FALSE(w.client.received(record, clear)) << i;
        EXPECT_TRUE(clear.empty()) << i;
    }
}

TEST(tls, a_handshake_cut_at_any_byte_gives_no_session_and_no_clear_bytes)
{
    authority ca;
    const certificate host({}, &ca.root);
    const auto client = make_client(ca.file.path());
    const auto server = make_server(host);
    net::tls_session c(client, "web1.example"), s(server, "");
    ASSERT_TRUE(c.start());
    base::bytes clear;
    ASSERT_TRUE(s.received(c.take_output(), clear));
    const base::bytes flight = s.take_output();
    for (std::size_t cut = 0; cut < flight.size(); cut += 1 + cut / 64) {
        net::tls_session fresh(client, "web1.example"), other(server, "");
        ASSERT_TRUE(fresh.start());
        ASSERT_TRUE(other.received(fresh.take_output(), clear));
        const base::bytes mine = other.take_output();
        ASSERT_TRUE(fresh.received(base::bytes_view(mine).substr(0, std::min(cut, mine.size() - 1)), clear)) << cut;
        EXPECT_FALSE(fresh.handshake_done()) << cut;
        EXPECT_TRUE(clear.empty());
    }
}

TEST(tls, contexts_refuse_what_they_cannot_use)
{
    const certificate one({}), two({});
    EXPECT_FALSE(net::tls_context::client({"/nonexistent/ca.pem", true}));
    const test::temporary_file empty("no certificate here\n");
    EXPECT_FALSE(net::tls_context::client({empty.path(), true}));
    EXPECT_FALSE(net::tls_context::server("rubbish", one.key_pem()));
    EXPECT_FALSE(net::tls_context::server(one.pem(), base::secret("rubbish")));
    const auto r = net::tls_context::server(one.pem(), two.key_pem());
    ASSERT_FALSE(r);
    EXPECT_NE(r.error().message().find("does not belong"), std::string::npos) << r.error();
}

TEST(tls, early_bytes_are_bounded)
{
    authority ca;
    const auto client = make_client(ca.file.path());
    net::tls_session c(client, "web1.example");
    ASSERT_TRUE(c.send(base::bytes(4 * 1024 * 1024, 'x')));
    const auto r = c.send("x");
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::too_large);
}

} // namespace
