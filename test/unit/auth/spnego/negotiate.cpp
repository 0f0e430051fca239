#include "auth/spnego/acceptor.h"
#include "auth/spnego/initiator.h"

#include "unit/auth/spnego/fake_mechanism.h"

#include <gtest/gtest.h>

#include <functional>

namespace winrm::auth::spnego {
namespace {

using enum mechanism_kind;

struct side
{
    mechanism_kind kind;
    fake_options options = {};
};

std::vector<offer> offers(end own, const std::vector<side>& sides)
{
    std::vector<offer> out;
    for (const side& s : sides) out.push_back({s.kind, std::make_unique<fake_mechanism>(s.kind, own, s.options)});
    return out;
}

/// Both ends tied together. `change` may alter a token on its way: (sender, number from 1, token).
struct talk
{
    using changer = std::function<void(end, int, base::bytes&)>;

    talk(const std::vector<side>& client, const std::vector<side>& server, const changer& change = {})
        : i(offers(end::initiator, client)), a(offers(end::acceptor, server))
    {
        base::bytes to_initiator;
        for (number = 1; number <= 20; ++number) {
            client_end = i.step(to_initiator);
            if (client_end.state == leg_state::failed) return;
            if (client_end.state == leg_state::done && client_end.token.empty()) return;
            if (change) change(end::initiator, number, client_end.token);
            server_end = a.step(client_end.token);
            if (server_end.state == leg_state::failed) {
                if (client_end.state == leg_state::go_on) client_end = i.step(server_end.token);
                return;
            }
            if (client_end.state == leg_state::done) return;
            if (change) change(end::acceptor, number, server_end.token);
            to_initiator = server_end.token;
        }
    }
    [[nodiscard]] bool good() const
    {
        return client_end.state == leg_state::done && server_end.state == leg_state::done;
    }

    initiator i;
    acceptor a;
    negotiate_leg client_end, server_end;
    int number = 0; ///< of the initiator's last token
};

void expect_seals(message_sealer& from, message_sealer& to, int sequence)
{
    std::string token = "..text";
    ASSERT_TRUE(from.seal(token));
    EXPECT_EQ(token[1], '0' + sequence);
    EXPECT_EQ(name(to.unseal(token).failed), "none");
}

TEST(negotiate, pairs)
{
    struct row
    {
        std::string_view what;
        std::vector<side> client, server;
        mechanism_kind chosen;
        login_failure passed_over;
        int legs, sequence; ///< tokens of the initiator, number of the first sealed message
    };
    using enum login_failure;
    const row rows[] = {
        {"Kerberos", {{kerberos}, {ntlm}}, {{kerberos}, {ntlm}}, kerberos, none, 2, 0},
        {"Kerberos alone", {{kerberos}}, {{ntlm}, {kerberos}}, kerberos, none, 2, 0},
        {"NTLM alone, no MIC", {{ntlm}}, {{ntlm}}, ntlm, none, 3, 0},
        {"NTLM with a MIC of its own", {{ntlm, {0, other, true}}}, {{ntlm, {0, other, true}}}, ntlm, none, 3, 1},
        {"host without Kerberos", {{kerberos}, {ntlm}}, {{ntlm}}, ntlm, host_chose_other, 4, 1},
        {"Kerberos cannot begin", {{kerberos, {1, no_kdc}}, {ntlm}}, {{kerberos}, {ntlm}}, ntlm, no_kdc, 3, 0},
        {"NTLM liked better, host without", {{ntlm}, {kerberos}}, {{kerberos}}, kerberos, host_chose_other, 3, 1},
        {"Kerberos in three legs",
         {{kerberos, {0, other, false, 2}}},
         {{kerberos, {0, other, false, 2}}},
         kerberos,
         none,
         3,
         0},
        {"host wants Kerberos signed", {{kerberos}}, {{kerberos, {0, other, true}}}, kerberos, none, 2, 1},
    };
    for (const row& r : rows) {
        talk got(r.client, r.server);
        ASSERT_TRUE(got.good()) << r.what << ": " << name(got.client_end.failed) << ' ' << name(got.server_end.failed);
        EXPECT_EQ(got.i.chosen(), r.chosen) << r.what;
        EXPECT_EQ(got.a.chosen(), r.chosen) << r.what;
        EXPECT_EQ(name(got.i.passed_over()), name(r.passed_over)) << r.what;
        EXPECT_EQ(got.number, r.legs) << r.what;
        EXPECT_FALSE(got.a.raw());
        const auto client = got.i.take_sealer(), server = got.a.take_sealer();
        ASSERT_TRUE(client && server) << r.what;
        expect_seals(*client, *server, r.sequence);
        expect_seals(*server, *client, r.sequence);
    }
}

// The same password would count a second time against the account.
TEST(negotiate, wrong_password_is_not_tried_again_by_ntlm)
{
    for (const auto reason : {login_failure::wrong_password, login_failure::expired, login_failure::locked}) {
        talk got({{kerberos, {1, reason}}, {ntlm}}, {{ntlm}});
        EXPECT_EQ(got.client_end.failed, negotiate_failure::mechanism_failed);
        EXPECT_EQ(got.client_end.mechanism, reason);
        EXPECT_TRUE(got.client_end.token.empty());
        EXPECT_EQ(got.number, 1);
        EXPECT_FALSE(sentence(reason).empty());
    }
    talk nothing({{kerberos, {1, login_failure::no_ticket}}}, {{ntlm}});
    EXPECT_EQ(nothing.client_end.failed, negotiate_failure::nothing_to_offer);
    EXPECT_EQ(nothing.client_end.mechanism, login_failure::no_ticket);
    EXPECT_EQ(talk({}, {{ntlm}}).client_end.failed, negotiate_failure::nothing_to_offer);
}

TEST(negotiate, failure_at_each_step)
{
    for (const mechanism_kind kind : {kerberos, ntlm}) {
        for (const bool needs : {false, true}) {
            const int steps = 2;
            for (int at = 1; at <= steps; ++at) {
                talk client({{kind, {at, login_failure::not_proven, needs}}},
                            {{kind, {0, login_failure::other, needs}}});
                EXPECT_EQ(name(client.client_end.failed), "mechanism_failed");
                EXPECT_EQ(client.client_end.mechanism, login_failure::not_proven);
                EXPECT_EQ(client.i.take_sealer(), nullptr);
                if (kind == kerberos && at == 2) continue; // the acceptor has one step
                talk server({{kind, {0, login_failure::other, needs}}},
                            {{kind, {at, login_failure::bad_binding, needs}}});
                EXPECT_EQ(server.server_end.failed, negotiate_failure::mechanism_failed);
                EXPECT_EQ(server.server_end.mechanism, login_failure::bad_binding);
                EXPECT_EQ(server.client_end.failed, negotiate_failure::rejected) << "a reject is sent";
                EXPECT_EQ(server.a.take_sealer(), nullptr);
                EXPECT_EQ(server.a.step("x").failed, negotiate_failure::over);
                EXPECT_EQ(server.i.step("x").failed, negotiate_failure::over);
            }
        }
    }
    // The mechanism's own error beside the reject tells the client why.
    talk got({{kerberos}}, {{kerberos, {1, login_failure::other}}});
    EXPECT_EQ(got.client_end.mechanism, login_failure::ticket_refused);
}

TEST(negotiate, every_token_lost_cut_repeated_or_changed)
{
    const std::vector<std::pair<std::vector<side>, std::vector<side>>> pairs = {
        {{{kerberos}, {ntlm}}, {{kerberos}}},
        {{{ntlm, {0, login_failure::other, true}}}, {{ntlm, {0, login_failure::other, true}}}},
        {{{kerberos}, {ntlm}}, {{ntlm}}},
    };
    for (const auto& [client, server] : pairs) {
        for (const end sender : {end::initiator, end::acceptor}) {
            for (int number = 1; number <= 4; ++number) {
                std::size_t size = 0;
                talk whole(client, server, [&](end from, int n, base::bytes& token) {
                    if (from == sender && n == number) size = token.size();
                });
                ASSERT_TRUE(whole.good());
                for (std::size_t cut = 0; cut < size; ++cut) {
                    talk got(client, server, [&](end from, int n, base::bytes& token) {
                        if (from == sender && n == number) token.resize(cut);
                    });
                    EXPECT_FALSE(got.good()) << number << " cut to " << cut;
                }
                for (std::size_t at = 0; at < size; ++at) {
                    talk got(client, server, [&](end from, int n, base::bytes& token) {
                        if (from == sender && n == number) token[at] = static_cast<char>(token[at] ^ 1);
                    });
                    // Some bits mean nothing where a mechanism is named or a state said; never may an end seal alone
                    // with another mechanism than the other's.
                    EXPECT_TRUE(!got.good() || got.i.chosen() == got.a.chosen());
                }
            }
        }
    }
}

/// The initiator's list without its favourite: what somebody between would do to get NTLM.
TEST(negotiate, downgrade_is_found)
{
    talk got({{kerberos}, {ntlm}}, {{kerberos}, {ntlm}}, [](end from, int number, base::bytes& token) {
        if (from != end::initiator || number != 1) return;
        neg_token_init other;
        other.mech_list = make_mech_list({oid::ntlm});
        token = write(other);
    });
    EXPECT_FALSE(got.good());
    EXPECT_EQ(name(got.server_end.failed), "bad_mic");
    EXPECT_EQ(got.a.take_sealer(), nullptr);
}

TEST(negotiate, mic_taken_away)
{
    const side signed_ntlm{ntlm, {0, login_failure::other, true}};
    const auto without_mic = [](base::bytes& token) {
        auto resp = parse_resp(token);
        if (!resp || !resp->mic) return;
        resp->mic.reset();
        token = write(*resp);
    };
    talk to_acceptor({signed_ntlm}, {signed_ntlm}, [&](end from, int, base::bytes& token) {
        if (from == end::initiator) without_mic(token);
    });
    EXPECT_EQ(name(to_acceptor.server_end.failed), "missing_mic");
    talk to_initiator({signed_ntlm}, {signed_ntlm}, [&](end from, int, base::bytes& token) {
        if (from == end::acceptor) without_mic(token);
    });
    EXPECT_EQ(name(to_initiator.client_end.failed), "missing_mic");
    EXPECT_EQ(to_initiator.i.take_sealer(), nullptr);
}

negotiate_leg answered(const neg_token_resp& resp, const std::vector<side>& client = {{kerberos}, {ntlm}})
{
    initiator i(offers(end::initiator, client));
    EXPECT_EQ(i.step("").state, leg_state::go_on);
    return i.step(write(resp));
}

TEST(negotiate, answers_no_host_may_give)
{
    using enum negotiate_failure;
    struct row
    {
        std::string_view what;
        neg_token_resp resp;
        negotiate_failure expected;
    };
    const row rows[] = {
        {"NegoEx", {neg_state::accept_incomplete, base::bytes(oid::negoex), {}, {}}, no_common_mechanism},
        {"unknown", {neg_state::accept_incomplete, "xyz", {}, {}}, no_common_mechanism},
        {"done without a token", {neg_state::accept_completed, base::bytes(oid::krb5), {}, {}}, ended_early},
        {"nothing at all", {}, bad_token},
        {"other mechanism and done", {neg_state::accept_completed, base::bytes(oid::ntlm), {}, {}}, bad_token},
        {"other mechanism with a token", {neg_state::accept_incomplete, base::bytes(oid::ntlm), "t", {}}, bad_token},
        {"reject", {neg_state::reject, {}, {}, {}}, rejected},
        {"MIC before keys", {neg_state::accept_incomplete, base::bytes(oid::krb5), "t", "m"}, mechanism_failed},
    };
    for (const row& r : rows) EXPECT_EQ(name(answered(r.resp).failed), name(r.expected)) << r.what;

    initiator never_asked(offers(end::initiator, {{ntlm}}));
    EXPECT_EQ(never_asked.step("x").failed, bad_token);
    EXPECT_EQ(answered({neg_state::accept_incomplete, base::bytes(oid::krb5), {}, {}}, {{ntlm}}).failed,
              no_common_mechanism);
    initiator late(offers(end::initiator, {{ntlm}}));
    EXPECT_EQ(late.step("").state, leg_state::go_on);
    EXPECT_EQ(
        late.step(write(neg_token_resp{neg_state::accept_incomplete, {}, base::bytes("NTLMSSP\0a1", 10), {}})).state,
        leg_state::go_on);
    EXPECT_EQ(late.step(write(neg_token_resp{neg_state::request_mic, {}, {}, {}})).failed, bad_token)
        << "too late to ask";
}

TEST(negotiate, both_spellings_of_kerberos)
{
    // MS-SPNG 3.2.5: Windows must hear the spelling it used.
    for (const base::bytes_view spelling : {oid::krb5, oid::krb5_microsoft}) {
        acceptor a(offers(end::acceptor, {{kerberos}, {ntlm}}));
        neg_token_init init;
        init.mech_list = make_mech_list({spelling, oid::negoex, oid::ntlm});
        fake_mechanism client(kerberos, end::initiator);
        init.token = client.step("").token;
        const auto got = a.step(write(init));
        EXPECT_EQ(got.state, leg_state::done);
        EXPECT_EQ(parse_resp(got.token)->mechanism, spelling);
        EXPECT_EQ(parse_resp(got.token)->state, neg_state::accept_completed);
    }
    EXPECT_EQ(name(answered({neg_state::accept_completed,
                             base::bytes(oid::krb5_microsoft),
                             base::bytes("\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
                                         "a1"),
                             {}})
                       .failed),
              "none");
}

TEST(negotiate, negoex_is_passed_by)
{
    acceptor a(offers(end::acceptor, {{kerberos}, {ntlm}}));
    neg_token_init init;
    init.mech_list = make_mech_list({oid::negoex, oid::ntlm});
    init.token = "NEGOEXTS of the favourite";
    const auto got = parse_resp(a.step(write(init)).token);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->state, neg_state::request_mic);
    EXPECT_EQ(got->mechanism, oid::ntlm);
    EXPECT_FALSE(got->token);

    acceptor alone(offers(end::acceptor, {{kerberos}, {ntlm}}));
    init.mech_list = make_mech_list({oid::negoex});
    EXPECT_EQ(alone.step(write(init)).failed, negotiate_failure::no_common_mechanism);
}

TEST(negotiate, raw_tokens)
{
    for (const mechanism_kind kind : {kerberos, ntlm}) {
        acceptor a(offers(end::acceptor, {{kerberos}, {ntlm}}));
        fake_mechanism client(kind, end::initiator);
        leg mine = client.step("");
        negotiate_leg theirs;
        for (int number = 0; number < 3; ++number) {
            theirs = a.step(mine.token);
            ASSERT_NE(theirs.state, leg_state::failed) << name(theirs.failed);
            if (theirs.token.empty()) break;
            mine = client.step(theirs.token);
            if (mine.token.empty()) break;
        }
        EXPECT_EQ(theirs.state, leg_state::done);
        EXPECT_EQ(mine.state, leg_state::done);
        EXPECT_TRUE(a.raw());
        EXPECT_EQ(a.chosen(), kind);
        const auto client_keys = client.take_sealer(), server_keys = a.take_sealer();
        expect_seals(*client_keys, *server_keys, 0);

        acceptor other(offers(end::acceptor, {{kind == ntlm ? kerberos : ntlm}}));
        EXPECT_EQ(other.step(fake_mechanism(kind, end::initiator).step("").token).failed,
                  negotiate_failure::no_common_mechanism);
        acceptor failing(offers(end::acceptor, {{kind, {1, login_failure::wrong_password}}}));
        const auto refused = failing.step(fake_mechanism(kind, end::initiator).step("").token);
        EXPECT_EQ(refused.token, "error") << "no reject of Negotiate's around it";
    }
}

TEST(negotiate, first_tokens_that_are_none)
{
    for (const std::string_view token : {"", "x", "NEGOEXTS", "NTLMSSP"}) {
        acceptor a(offers(end::acceptor, {{kerberos}, {ntlm}}));
        EXPECT_EQ(a.step(token).failed, negotiate_failure::bad_token) << token;
        EXPECT_EQ(a.chosen(), std::nullopt);
    }
    acceptor a(offers(end::acceptor, {{ntlm}}));
    EXPECT_EQ(a.step(write(neg_token_resp{})).failed, negotiate_failure::bad_token);
    acceptor huge(offers(end::acceptor, {{ntlm}}));
    EXPECT_EQ(huge.step("NTLMSSP\0" + std::string(max_token, 'x')).failed, negotiate_failure::bad_token);
}

TEST(negotiate, no_login_without_end)
{
    talk got({{ntlm, {0, login_failure::other, false, 100}}}, {{ntlm, {0, login_failure::other, false, 100}}});
    EXPECT_FALSE(got.good());
    EXPECT_LE(got.number, max_legs + 1);
}

TEST(login_failure, each_has_words)
{
    for (int number = 0; number <= static_cast<int>(login_failure::other); ++number) {
        const auto failure = static_cast<login_failure>(number);
        EXPECT_FALSE(sentence(failure).empty());
        EXPECT_EQ(name(failure) == "other", failure == login_failure::other) << number;
    }
}

} // namespace
} // namespace winrm::auth::spnego
