// Our client's Kerberos against MIT's acceptor: kerberos_peer HOW SERVICE [USER [SECRET]] with HOW cache, keytab,
// password or delegate; through Negotiate, then sealed messages. Prints "sealed" or the reason of the failure.
// kerberos_peer holder CACHE prints whose cache that is, and the realm of the configuration; kerberos_peer expire CACHE
// ends all tickets in it; kerberos_peer fleet SERVICE USER SECRET logs in twelve times at once, up to the first token.
// test_kerberos.py has a throw-away KDC.
#include "auth/spnego/initiator.h"
#include "gss/kerberos_initiator.h"
#include "gss/password_verdicts.h"
#include "gss/tickets.h"

#include "peers/gss_peer.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace winrm::auth;
using peer::must;

gss_OID_desc spnego_mechanism{6, const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};

void sevens(std::span<unsigned char> out) { std::fill(out.begin(), out.end(), 7); }

winrm::gss::kerberos_login login_of(const std::string& how, int argc, char** argv)
{
    winrm::gss::kerberos_login out;
    out.service = argv[2];
    if (argc > 3) out.user = argv[3];
    if (how == "password") out.password = winrm::base::secret(argc > 4 ? argv[4] : "");
    if (how == "keytab") out.keytab = argc > 4 ? argv[4] : "";
    out.delegate = how == "delegate";
    return out;
}

void exchange(message_sealer& ours, gss_ctx_id_t mit)
{
    OM_uint32 minor = 0;
    for (int turn = 0; turn < 3; ++turn) {
        const std::string clear(100, 'c');
        const seal_room room = ours.room(clear.size());
        std::string token = std::string(room.header, '\0') + clear + std::string(room.pad, '\0');
        must(ours.seal(token), "seal");
        gss_buffer_desc in = peer::buffer(token), out = GSS_C_EMPTY_BUFFER;
        must(gss_unwrap(&minor, mit, &in, &out, nullptr, nullptr) == GSS_S_COMPLETE, "gss_unwrap");
        must(peer::taken(out) == clear, "another text");
        std::string text = clear;
        in = peer::buffer(text);
        must(gss_wrap(&minor, mit, 1, GSS_C_QOP_DEFAULT, &in, nullptr, &out), minor, "gss_wrap");
        std::string back = peer::taken(out);
        must(ours.unseal(back).failed == seal_failure::none, "unseal");
    }
}

/// The reason, none after sealed messages.
login_failure log_in(winrm::gss::kerberos_login login, std::string& words)
{
    auto made = std::make_unique<winrm::gss::kerberos_initiator>(std::move(login), sevens);
    std::vector<spnego::offer> offers;
    offers.push_back({mechanism_kind::kerberos, std::move(made)});
    spnego::initiator ours(std::move(offers));
    spnego::negotiate_leg got = ours.step({});
    words = ours.words();
    if (got.state == leg_state::failed) return got.mechanism;
    peer::context mit(false, &spnego_mechanism, 0);
    std::string token;
    while (got.state == leg_state::go_on) {
        token = mit.answer(got.token);
        got = ours.step(token);
        words = ours.words();
    }
    if (got.state == leg_state::failed) return got.mechanism;
    const auto sealer = ours.take_sealer();
    must(mit.done && sealer != nullptr, "not both are done");
    exchange(*sealer, mit.value);
    return login_failure::none;
}

/// No ticket outlives its login: the cache that a keytab's ticket was kept in is destroyed.
void must_be_gone(const char* cache)
{
    krb5_context krb5 = nullptr;
    krb5_ccache found = nullptr;
    krb5_principal whose = nullptr;
    must(krb5_init_context(&krb5) == 0 && krb5_cc_resolve(krb5, cache, &found) == 0, "krb5_cc_resolve");
    must(krb5_cc_get_principal(krb5, found, &whose) != 0, "a ticket is still in memory");
    krb5_cc_destroy(krb5, found);
    krb5_free_context(krb5);
}

void expire(const char* name)
{
    krb5_context krb5 = nullptr;
    krb5_ccache cache = nullptr;
    krb5_principal whose = nullptr;
    krb5_cc_cursor at = nullptr;
    must(krb5_init_context(&krb5) == 0 && krb5_cc_resolve(krb5, name, &cache) == 0, "krb5_cc_resolve");
    must(krb5_cc_get_principal(krb5, cache, &whose) == 0, "krb5_cc_get_principal");
    must(krb5_cc_start_seq_get(krb5, cache, &at) == 0, "krb5_cc_start_seq_get");
    std::vector<krb5_creds> all;
    for (krb5_creds one{}; krb5_cc_next_cred(krb5, cache, &at, &one) == 0;) {
        one.times.starttime = one.times.authtime = 1;
        one.times.endtime = 2;
        all.push_back(one);
    }
    krb5_cc_end_seq_get(krb5, cache, &at);
    must(krb5_cc_initialize(krb5, cache, whose) == 0, "krb5_cc_initialize");
    for (krb5_creds& one : all) {
        must(krb5_cc_store_cred(krb5, cache, &one) == 0, "krb5_cc_store_cred");
        krb5_free_cred_contents(krb5, &one);
    }
    krb5_free_principal(krb5, whose);
    krb5_cc_close(krb5, cache);
    krb5_free_context(krb5);
}

/// Twelve logins of one program at the same time, each with tickets of its own.
void log_in_often(const winrm::gss::kerberos_login& to, const std::string& password)
{
    const auto verdicts = std::make_shared<winrm::gss::password_verdicts>();
    std::array<login_failure, 12> came{};
    std::vector<std::thread> all;
    for (login_failure& one : came) {
        all.emplace_back([&] {
            winrm::gss::kerberos_login login;
            login.service = to.service;
            login.user = to.user;
            login.password = winrm::base::secret(std::string(password));
            login.verdicts = verdicts;
            one = winrm::gss::kerberos_initiator(std::move(login), sevens).step({}).failed;
        });
    }
    for (std::thread& one : all) one.join();
    for (const login_failure one : came) std::cout << name(one) << ' ';
    std::cout << '\n';
}

} // namespace

int main(int argc, char** argv)
{
    try {
        must(argc >= 3, "usage: kerberos_peer cache|keytab|password|delegate|fleet SERVICE [USER [SECRET]], or "
                        "holder|expire CACHE");
        const std::string how = argv[1];
        if (how == "holder") {
            std::cout << winrm::gss::ticket_holder(argv[2]) << ' ' << winrm::gss::default_realm() << '\n';
            return 0;
        }
        if (how == "expire") {
            expire(argv[2]);
            return 0;
        }
        if (how == "fleet") {
            log_in_often(login_of(how, argc, argv), argc > 4 ? argv[4] : "");
            return 0;
        }
        std::string words;
        const login_failure reason = log_in(login_of(how, argc, argv), words);
        must_be_gone("MEMORY:winrm-1");
        std::cout << (reason == login_failure::none ? "sealed" : name(reason)) << '\n';
        std::cerr << words << '\n';
    } catch (const std::exception& e) {
        std::cerr << "kerberos_peer: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
