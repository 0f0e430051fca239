// Negotiate over our own NTLM, both ends in memory: what a login gives, and that a fault at any step gives nothing.
#include "auth/ntlm/mechanism.h"
#include "auth/spnego/acceptor.h"
#include "auth/spnego/initiator.h"

#include "unit/auth/ntlm/support.h"
#include "unit/auth/spnego/fake_mechanism.h"

#include <functional>

namespace winrm::auth::spnego {
namespace {

using namespace winrm::test;
using enum mechanism_kind;

const std::string binding = "tls-server-end-point:" + std::string(32, 'h');

random_source counter(unsigned char start)
{
    return [start](std::span<unsigned char> out) mutable {
        for (unsigned char& c : out) c = start++;
    };
}
std::uint64_t fixed_time() { return now; }

/// Our NTLM at both ends; `with_kerberos` are the options of a Kerberos before it, at the client alone.
struct ntlm_talk
{
    enum class from { client, server };
    using changer = std::function<void(from, int, base::bytes&)>;

    explicit ntlm_talk(ntlm::client_login login = ada(), ntlm::server_options options = web1(),
                       std::optional<fake_options> with_kerberos = {})
    {
        auto made_client = std::make_unique<ntlm::client_mechanism>(std::move(login), counter(1), fixed_time);
        auto made_server = std::make_unique<ntlm::server_mechanism>(std::move(options), counter(99), fixed_time);
        client = made_client.get();
        server = made_server.get();
        std::vector<offer> of_client, of_server;
        if (with_kerberos)
            of_client.push_back({kerberos, std::make_unique<fake_mechanism>(kerberos, end::initiator, *with_kerberos)});
        of_client.push_back({ntlm, std::move(made_client)});
        of_server.push_back({ntlm, std::move(made_server)});
        i.emplace(std::move(of_client));
        a.emplace(std::move(of_server));
    }

    void run(ntlm::account_answer account = with_hash("Pässword"), const changer& change = {})
    {
        base::bytes to_client;
        for (number = 1; number < 20; ++number) {
            at_client = i->step(to_client);
            if (at_client.state == leg_state::failed || at_client.token.empty()) return;
            tokens.push_back(at_client.token);
            if (change) change(from::client, number, at_client.token);
            at_server = a->step(at_client.token);
            if (at_server.state == leg_state::waiting) {
                ++asked;
                server->answer(std::move(account));
                at_server = a->resume();
            }
            tokens.push_back(at_server.token);
            if (change) change(from::server, number, at_server.token);
            if (at_client.state == leg_state::done && at_server.token.empty()) return;
            to_client = at_server.token;
        }
    }
    [[nodiscard]] bool good() const { return at_client.state == leg_state::done && at_server.state == leg_state::done; }

    std::optional<initiator> i;
    std::optional<acceptor> a;
    ntlm::client_mechanism* client = nullptr; ///< inside the ends
    ntlm::server_mechanism* server = nullptr;
    negotiate_leg at_client, at_server;
    std::vector<base::bytes> tokens; ///< as they were sent, client's and server's in turn
    int number = 0, asked = 0;
};

/// A thousand messages each way, of many sizes, in turn and several in a row.
void expect_seals_thousands(message_sealer& one, message_sealer& other, unsigned int first_number)
{
    const auto pass = [](message_sealer& from, message_sealer& to, std::size_t size, unsigned int sequence) {
        std::string clear(size, static_cast<char>('a' + size % 26));
        std::string token = std::string(from.room(size).header, '\0') + clear;
        ASSERT_TRUE(from.seal(token));
        ASSERT_EQ(static_cast<unsigned char>(token[12]), sequence & 0xff);
        const unsealed got = to.unseal(token);
        ASSERT_EQ(got.failed, seal_failure::none) << size;
        ASSERT_EQ(std::string_view(got.clear.data(), got.clear.size()), clear);
    };
    for (unsigned int n = 0; n < 1000; ++n) {
        ASSERT_NO_FATAL_FAILURE(pass(one, other, n * 7 % 5003, first_number + n));
        if (n % 3 != 0) continue;
        for (unsigned int back = n; back < std::min(n + 3, 1000U); ++back)
            ASSERT_NO_FATAL_FAILURE(pass(other, one, back * 11 % 9001, first_number + back));
    }
}

void expect_seals_thousands(ntlm_talk& t, unsigned int first_number)
{
    const auto client = t.i->take_sealer(), server = t.a->take_sealer();
    ASSERT_TRUE(client && server);
    EXPECT_FALSE(t.i->take_sealer() || t.a->take_sealer());
    expect_seals_thousands(*client, *server, first_number);
}

TEST(negotiate_ntlm, list_is_signed_both_ways_then_a_thousand_messages_each_way)
{
    ntlm_talk t;
    t.run();
    ASSERT_TRUE(t.good());
    EXPECT_EQ(t.i->chosen(), ntlm);
    EXPECT_EQ(t.i->passed_over(), login_failure::none);
    EXPECT_FALSE(t.a->raw());
    ASSERT_EQ(t.tokens.size(), 4U); // NEGOTIATE, CHALLENGE, AUTHENTICATE with its MIC, completed with the other MIC
    EXPECT_TRUE(parse_resp(t.tokens[2])->mic && parse_resp(t.tokens[3])->mic);
    EXPECT_EQ(parse_resp(t.tokens[3])->state, neg_state::accept_completed);
    EXPECT_EQ(t.server->client().account.user, "ada");
    EXPECT_TRUE(t.server->client().mic);
    expect_seals_thousands(t, 1); // MS-SPNG 3.2.5.1: the list took number 0
}

TEST(negotiate_ntlm, raw_messages_under_the_scheme_negotiate)
{
    ntlm::client_mechanism client(ada(), counter(1), fixed_time);
    ntlm_talk t; // its acceptor alone
    const auto challenge = t.a->step(client.step({}).token);
    ASSERT_EQ(challenge.state, leg_state::go_on);
    EXPECT_TRUE(challenge.token.starts_with("NTLMSSP"));
    const leg proof = client.step(challenge.token);
    EXPECT_EQ(t.a->step(proof.token).state, leg_state::waiting);
    t.server->answer(with_hash("Pässword"));
    const auto last = t.a->resume();
    EXPECT_EQ(last.state, leg_state::done);
    EXPECT_TRUE(last.token.empty());
    EXPECT_TRUE(t.a->raw());
    const auto one = client.take_sealer(), other = t.a->take_sealer();
    ASSERT_TRUE(one && other);
    expect_seals_thousands(*one, *other, 0);

    for (const bool cut : {false, true}) {
        ntlm_talk bad;
        ntlm::client_mechanism again(ada(), counter(1), fixed_time);
        base::bytes token = again.step(bad.a->step(again.step({}).token).token).token;
        if (cut) token.resize(token.size() / 2);
        const auto got = bad.a->step(token);
        EXPECT_EQ(got.state, cut ? leg_state::failed : leg_state::waiting);
        EXPECT_EQ(got.mechanism, cut ? login_failure::bad_token : login_failure::none);
        EXPECT_TRUE(got.token.empty()); // NTLM has no message for a refusal
        EXPECT_EQ(bad.a->resume().mechanism, cut ? login_failure::none : login_failure::unknown_user);
        EXPECT_FALSE(bad.a->take_sealer());
    }
}

TEST(negotiate_ntlm, falls_back_to_it_and_says_why)
{
    struct row
    {
        std::string_view what;
        fake_options kerberos;
        login_failure passed_over;
        std::size_t tokens;
    };
    const row rows[] = {
        {"the host has no Kerberos: request-mic", {}, login_failure::host_chose_other, 6},
        {"no ticket", {1, login_failure::no_ticket}, login_failure::no_ticket, 4},
        {"no KDC", {1, login_failure::no_kdc}, login_failure::no_kdc, 4},
    };
    for (const row& r : rows) {
        ntlm_talk t(ada(), web1(), r.kerberos);
        t.run();
        ASSERT_TRUE(t.good()) << r.what;
        EXPECT_EQ(t.i->chosen(), ntlm) << r.what;
        EXPECT_EQ(t.i->passed_over(), r.passed_over) << r.what;
        EXPECT_EQ(t.tokens.size(), r.tokens) << r.what;
        expect_seals_thousands(t, 1);
    }

    // It would count twice against the account.
    ntlm_talk t(ada(), web1(), fake_options{1, login_failure::wrong_password});
    t.run();
    EXPECT_EQ(t.at_client.failed, negotiate_failure::mechanism_failed);
    EXPECT_EQ(t.at_client.mechanism, login_failure::wrong_password);
    EXPECT_TRUE(t.tokens.empty());
}

TEST(negotiate_ntlm, S11_wrong_password_and_unknown_account_are_one_answer)
{
    ntlm_talk wrong, unknown;
    wrong.run(with_hash("other"));
    unknown.run({});
    EXPECT_EQ(wrong.at_server.mechanism, login_failure::wrong_password);
    EXPECT_EQ(unknown.at_server.mechanism, login_failure::unknown_user);
    EXPECT_EQ(wrong.tokens, unknown.tokens);
    for (ntlm_talk* t : {&wrong, &unknown}) {
        EXPECT_EQ(t->asked, 1);
        EXPECT_EQ(t->at_client.failed, negotiate_failure::rejected);
        EXPECT_FALSE(t->i->take_sealer() || t->a->take_sealer());
        EXPECT_EQ(t->a->resume().failed, negotiate_failure::over);
        EXPECT_EQ(t->a->step("x").failed, negotiate_failure::over);
    }
}

TEST(negotiate_ntlm, nothing_is_read_while_the_account_is_looked_up)
{
    ntlm_talk t;
    const auto challenge = t.a->step(t.i->step({}).token);
    EXPECT_EQ(t.a->step(t.i->step(challenge.token).token).state, leg_state::waiting);
    EXPECT_FALSE(t.a->take_sealer());
    EXPECT_EQ(t.a->step("early").failed, negotiate_failure::bad_token);
    t.server->answer(with_hash("Pässword"));
    EXPECT_EQ(t.a->resume().failed, negotiate_failure::over);
    EXPECT_FALSE(t.a->take_sealer());

    ntlm_talk early;
    EXPECT_EQ(early.a->resume().failed, negotiate_failure::over); // nobody waits
}

TEST(negotiate_ntlm, channel_bindings)
{
    using enum ntlm::binding_policy;
    struct row
    {
        std::string_view sent, own;
        ntlm::binding_policy policy;
        bool good, bound;
    };
    const std::string other = "tls-server-end-point:" + std::string(32, 'x');
    for (const row& r : {row{binding, binding, strict, true, true}, row{"", binding, strict, false, false},
                         row{other, binding, strict, false, false}, row{binding, binding, relaxed, true, true},
                         row{"", binding, relaxed, true, false}, row{other, binding, relaxed, false, false},
                         row{other, binding, none, true, false}, row{binding, "", strict, false, false}}) {
        ntlm::client_login login = ada();
        login.channel_binding = r.sent;
        ntlm::server_options options = web1();
        options.channel_binding = r.own;
        options.binding = r.policy;
        ntlm_talk t(std::move(login), std::move(options));
        t.run();
        EXPECT_EQ(t.good(), r.good) << r.sent << " " << r.own;
        EXPECT_EQ(t.server->client().channel_bound, r.bound) << r.sent << " " << r.own;
        EXPECT_EQ(t.at_server.mechanism, r.good ? login_failure::none : login_failure::bad_binding);
    }
}

TEST(negotiate_ntlm, any_byte_of_any_token_changed_or_cut_is_no_login)
{
    ntlm_talk plain;
    plain.run();
    ASSERT_TRUE(plain.good());
    for (std::size_t which = 0; which < plain.tokens.size(); ++which) {
        for (std::size_t at = 0; at < plain.tokens[which].size(); ++at) {
            for (const bool cut : {false, true}) {
                ntlm_talk t;
                t.run(with_hash("Pässword"), [&](ntlm_talk::from side, int number, base::bytes& token) {
                    const auto n = static_cast<std::size_t>(number - 1) * 2 + (side == ntlm_talk::from::server ? 1 : 0);
                    if (n != which) return;
                    if (cut) token.resize(at);
                    else token[at] = static_cast<char>(token[at] ^ 0xff);
                });
                ASSERT_FALSE(t.good()) << "token " << which << ", byte " << at << (cut ? " cut" : " changed");
                // Whoever saw the change has no keys; the last token's sender cannot know.
                ASSERT_FALSE((which % 2 == 0 ? t.a->take_sealer() : t.i->take_sealer()));
            }
        }
    }
}

TEST(negotiate_ntlm, list_without_its_code_is_no_login)
{
    for (const bool of_client : {true, false}) {
        for (const bool wrong : {true, false}) {
            ntlm_talk t;
            t.run(with_hash("Pässword"), [&](ntlm_talk::from side, int number, base::bytes& token) {
                if (number != 2 || (side == ntlm_talk::from::client) != of_client) return;
                auto read = *parse_resp(token);
                if (wrong) read.mic->back() = static_cast<char>(read.mic->back() ^ 1);
                else read.mic.reset();
                token = write(read);
            });
            EXPECT_FALSE(t.good());
            EXPECT_EQ((of_client ? t.at_server : t.at_client).failed,
                      wrong ? negotiate_failure::bad_mic : negotiate_failure::missing_mic);
            EXPECT_FALSE((of_client ? t.a->take_sealer() : t.i->take_sealer()));
        }
    }
}

} // namespace
} // namespace winrm::auth::spnego
