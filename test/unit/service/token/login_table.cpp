// The table of logins under way, under a clock of its own; the client's end is ours.
#include "service/token/login_table.h"

#include "auth/login/sealing.h"
#include "auth/ntlm/keys.h"
#include "auth/spnego/initiator.h"
#include "base/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace winrm::service::token {
namespace {

using auth::mechanism_kind;
using wire::login_verdict;
namespace ntlm = auth::ntlm;

constexpr base::bytes_view channel = "tls-server-end-point:0123456789abcdef0123456789abcdef";

void some_random(std::span<unsigned char> out)
{
    static unsigned char next = 0;
    for (unsigned char& c : out) c = ++next;
}
std::uint64_t some_time() { return 133'000'000'000'000'000; }

wire::token_setup usual()
{
    wire::token_setup out;
    out.ntlm = true;
    out.ntlm_accounts.push_back({"ada", "", base::secret{std::string{ntlm::nt_hash("secret")->reveal()}}});
    out.nb_computer = "WEB1";
    return out;
}

/// A client, by Negotiate or by bare NTLM.
struct client
{
    explicit client(const std::string& user = "ada", const std::string& password = "secret",
                    base::bytes_view binding = {}, bool negotiate = true)
    {
        ntlm::client_login login;
        login.user = user;
        login.nt_hash = std::move(*ntlm::nt_hash(password));
        login.channel_binding = base::bytes(binding);
        auto made = std::make_unique<ntlm::client_mechanism>(std::move(login), some_random, some_time);
        if (!negotiate) {
            bare = std::move(made);
            return;
        }
        std::vector<auth::spnego::offer> offers;
        offers.push_back({mechanism_kind::ntlm, std::move(made)});
        wrapped.emplace(std::move(offers));
    }
    base::bytes step(base::bytes_view token) { return bare ? bare->step(token).token : wrapped->step(token).token; }
    std::unique_ptr<auth::message_sealer> sealer() { return bare ? bare->take_sealer() : wrapped->take_sealer(); }

    std::unique_ptr<auth::login_mechanism> bare;
    std::optional<auth::spnego::initiator> wrapped;
};

struct fixture
{
    std::uint32_t listener = 0;
    explicit fixture(wire::token_setup setup = usual()) : table({std::move(setup), nullptr}, some_random, some_time) {}

    wire::token_answer step(base::bytes token, bool first, std::uint64_t connection = 1, bool tls = false,
                            std::string scheme = "Negotiate")
    {
        const wire::token_answer got = table.step({++steps, 7, connection, std::move(scheme), tls,
                                                   base::bytes(tls ? channel : ""), first, std::move(token), listener},
                                                  now);
        EXPECT_EQ(got.step, steps);
        wire::token_answer out;
        out.verdict = got.verdict;
        out.token = got.token;
        out.facts = got.facts;
        out.reason = got.reason;
        out.keys = {got.keys.what, got.keys.blob.clone()};
        out.asked = got.asked;
        return out;
    }
    /// What a domain says to `asked`, which knows the account by this hash.
    wire::token_answer resume(const wire::domain_response& asked, const std::string& password,
                              std::string account = "CORP\\ada")
    {
        const auto wide = [](const std::string& s) { return *base::utf8_to_utf16(s, base::utf16_order::little); };
        ntlm::challenge_bytes nonce{};
        std::copy(asked.challenge.begin(), asked.challenge.end(), nonce.begin());
        const auto key = ntlm::response_key(*ntlm::nt_hash(password), wide(asked.user), wide(asked.domain));
        const auto proof = ntlm::proof(key, nonce, std::string_view(asked.nt_response).substr(16));
        const auto session = ntlm::session_base_key(key, proof);
        wire::token_step ask{++steps, 7, 1, "Negotiate", false, "", false, "", listener};
        ask.session_key = base::secret{std::string(session.reveal())};
        ask.account = std::move(account);
        return table.step(std::move(ask), now);
    }
    wire::token_answer log_in(client& c, bool tls = false, std::string scheme = "Negotiate",
                              std::uint64_t connection = 1)
    {
        wire::token_answer got = step(c.step({}), true, connection, tls, scheme);
        for (int leg = 0; leg < 6 && got.verdict == login_verdict::go_on; ++leg)
            got = step(c.step(got.token), false, connection, tls, scheme);
        if (got.verdict == login_verdict::accepted && !got.token.empty()) (void)c.step(got.token);
        return got;
    }

    login_table table;
    base::time_point now{};
    std::uint64_t steps = 0;
};

void goes_across(auth::message_sealer& from, auth::message_sealer& to)
{
    const std::string text = "whoami";
    std::string token = std::string(from.room(text.size()).header, '\0') + text;
    ASSERT_TRUE(from.seal(token));
    const auth::unsealed got = to.unseal(token);
    ASSERT_EQ(name(got.failed), "none");
    EXPECT_EQ(std::string(got.clear.begin(), got.clear.end()), text);
}

TEST(login_table, a_login_gives_account_facts_and_keys_that_seal)
{
    for (const bool negotiate : {true, false}) {
        for (const std::string scheme : {"Negotiate", "NTLM"}) {
            fixture f;
            client c("ADA", "secret", {}, negotiate);
            const wire::token_answer got = f.log_in(c, false, scheme);
            ASSERT_EQ(got.verdict, login_verdict::accepted) << got.reason;
            EXPECT_EQ(got.facts, (wire::token_facts{"NTLM", "ADA", "ada", true, false, true, false}));
            EXPECT_EQ(f.table.size(), 0u);
            EXPECT_EQ(f.table.bytes(), 0u);
            const auto service = auth::make_sealer(got.keys, some_random), own = c.sealer();
            ASSERT_TRUE(service && own);
            goes_across(*own, *service);
            goes_across(*service, *own);
        }
    }
}

wire::token_setup with_domain()
{
    wire::token_setup out = usual();
    out.winbind = true;
    return out;
}

/// Until the account is asked for.
wire::token_answer until_asked(fixture& f, client& c)
{
    const wire::token_answer got = f.log_in(c);
    EXPECT_EQ(got.verdict, login_verdict::ask_account) << got.reason;
    EXPECT_TRUE(got.token.empty());
    EXPECT_EQ(f.table.size(), 1u);
    return {0, login_verdict::ask_account, {}, got.facts, {}, {}, {}, got.asked};
}

TEST(login_table, an_account_that_is_not_in_the_file_is_the_domains)
{
    fixture f(with_domain());
    client c("Eve@corp.test", "other");
    const wire::token_answer asked = until_asked(f, c);
    EXPECT_EQ(asked.facts.account, "Eve") << "guesses by either name count together";
    EXPECT_EQ(asked.asked.user, "Eve@corp.test");
    EXPECT_EQ(asked.asked.challenge.size(), 8u);
    wire::token_answer got = f.resume(asked.asked, "other");
    ASSERT_EQ(got.verdict, login_verdict::accepted) << got.reason;
    EXPECT_EQ(got.facts.account, "CORP\\ada") << "as the domain calls it here";
    (void)c.step(got.token);
    const auto service = auth::make_sealer(got.keys, some_random), own = c.sealer();
    ASSERT_TRUE(service && own);
    goes_across(*own, *service);
    goes_across(*service, *own);
    EXPECT_EQ(f.table.size(), 0u);

    client known; // in the file: nobody else is asked
    EXPECT_EQ(f.log_in(known).verdict, login_verdict::accepted);
}

/// The MIC is made with the session key: a domain that answers for somebody else proves nothing.
TEST(login_table, a_domains_answer_does_not_stand_for_the_rest_of_the_token)
{
    fixture f(with_domain());
    client c("eve", "other");
    const wire::token_answer asked = until_asked(f, c);
    EXPECT_EQ(f.resume(asked.asked, "another").verdict, login_verdict::denied);
    client again("eve", "other");
    EXPECT_EQ(f.resume(until_asked(f, again).asked, "other", "").verdict, login_verdict::denied) << "no account";
    EXPECT_EQ(f.table.size(), 0u);
}

TEST(login_table, nothing_but_what_is_waited_for_goes_on)
{
    fixture f(with_domain());
    client c("eve", "other");
    const wire::token_answer asked = until_asked(f, c);
    EXPECT_EQ(f.step("NTLMSSP", false).reason, "out_of_order");
    EXPECT_EQ(f.resume(asked.asked, "other").reason, "no_such_login");
    client half("eve", "other");
    ASSERT_EQ(f.step(half.step({}), true).verdict, login_verdict::go_on);
    EXPECT_EQ(f.resume(asked.asked, "other").reason, "out_of_order");
    EXPECT_EQ(f.table.size(), 0u);
}

/// S11: what is told does not depend on whether there is such an account; the log knows.
TEST(login_table, s11_unknown_users_and_wrong_passwords_are_denied_alike)
{
    for (const auto& [user, password, reason] :
         {std::tuple{"ada", "wrong", "wrong_password"}, std::tuple{"eve", "secret", "unknown_account"}}) {
        fixture f;
        client c(user, password);
        const wire::token_answer got = f.log_in(c);
        EXPECT_EQ(got.verdict, login_verdict::denied);
        EXPECT_EQ(got.reason, reason);
        EXPECT_EQ(got.token, "");
        EXPECT_EQ(got.facts.claimed, user);
        EXPECT_EQ(got.facts.account, user) << "a guess counts for it";
        EXPECT_EQ(got.keys.what, auth::sealing_keys::kind::none);
        EXPECT_EQ(f.table.size(), 0u);
    }
}

/// S6: each policy against a client without a binding, with the right one, and with another.
TEST(login_table, s6_channel_bindings)
{
    using wire::channel_binding;
    struct row
    {
        channel_binding policy;
        base::bytes_view sent;
        bool good, bound;
    };
    constexpr base::bytes_view other = "tls-server-end-point:other";
    for (const row& r :
         {row{channel_binding::strict, channel, true, true}, row{channel_binding::strict, {}, false, false},
          row{channel_binding::strict, other, false, false}, row{channel_binding::relaxed, channel, true, true},
          row{channel_binding::relaxed, {}, true, false}, row{channel_binding::relaxed, other, false, false},
          row{channel_binding::none, other, true, false}, row{channel_binding::none, {}, true, false}}) {
        wire::token_setup setup = usual();
        setup.bindings = {{r.policy, wire::channel_binding::strict}};
        fixture f(std::move(setup));
        client c("ada", "secret", r.sent);
        const wire::token_answer got = f.log_in(c, true);
        EXPECT_EQ(got.verdict == login_verdict::accepted, r.good) << got.reason;
        EXPECT_EQ(got.facts.bound, r.bound);
    }
    wire::token_setup setup = usual(); // without TLS there is no channel, and everything is sealed
    fixture f(std::move(setup));
    client c;
    EXPECT_EQ(f.log_in(c, false).verdict, login_verdict::accepted);
}

/// S6: each listener has its policy; one that is not there has the strictest.
TEST(login_table, s6_channel_bindings_by_listener)
{
    for (const auto& [listener, good] : {std::pair{0U, false}, {1U, true}, {2U, false}}) {
        wire::token_setup setup = usual();
        setup.bindings = {{wire::channel_binding::strict, wire::channel_binding::none},
                          {wire::channel_binding::relaxed, wire::channel_binding::none}};
        fixture f(std::move(setup));
        f.listener = listener;
        client c;
        EXPECT_EQ(f.log_in(c, true).verdict == login_verdict::accepted, good) << listener;
    }
}

TEST(login_table, a_login_that_lasts_too_long_is_forgotten)
{
    fixture f;
    EXPECT_EQ(f.table.deadline(), base::time_point::max());
    client c;
    const wire::token_answer asked = f.step(c.step({}), true);
    ASSERT_EQ(asked.verdict, login_verdict::go_on);
    EXPECT_EQ(f.table.deadline(), f.now + base::milliseconds{30'000});
    f.now += base::milliseconds{29'999};
    f.table.handle_timeout(f.now);
    EXPECT_EQ(f.table.size(), 1u);
    f.now += base::milliseconds{1};
    f.table.handle_timeout(f.now);
    EXPECT_EQ(f.table.size(), 0u);
    EXPECT_EQ(f.table.bytes(), 0u);
    const wire::token_answer late = f.step(c.step(asked.token), false);
    EXPECT_EQ(late.verdict, login_verdict::unavailable) << "nothing is known of it";
    EXPECT_EQ(late.reason, "no_such_login");
}

TEST(login_table, is_bounded_in_number_and_bytes)
{
    wire::token_setup setup = usual();
    setup.max_logins = 3;
    fixture f(std::move(setup));
    std::vector<client> all(6);
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(f.step(all[i].step({}), true, i).verdict, login_verdict::go_on);
    const wire::token_answer full = f.step(all[3].step({}), true, 3);
    EXPECT_EQ(full.verdict, login_verdict::unavailable);
    EXPECT_EQ(full.reason, "too_many_logins");
    EXPECT_EQ(f.step(all[4].step({}), true, 0).verdict, login_verdict::go_on) << "anew in its own place";
    f.table.drop({7, 1, false});
    EXPECT_EQ(f.step(all[5].step({}), true, 3).verdict, login_verdict::go_on);
    f.table.drop({8, 0, true});
    EXPECT_EQ(f.table.size(), 3u) << "another front's";
    f.table.drop({7, 0, true});
    EXPECT_EQ(f.table.size(), 0u);
    EXPECT_EQ(f.table.bytes(), 0u);

    fixture large; // what no NEGOTIATE is, and would be kept for the login's time
    client bare("ada", "secret", {}, false);
    base::bytes token = bare.step({});
    token.resize(login_table::most_of_first, '\0');
    EXPECT_EQ(large.step(token, true).reason, "token_too_long");
    token.resize(1024);
    EXPECT_EQ(large.step(token, true).verdict, login_verdict::go_on);

    wire::token_setup wide = usual();
    wide.max_logins = 10'000;
    fixture many(std::move(wide));
    for (std::uint64_t in = 0; in < 3'000; ++in) {
        client c("ada", "secret", {}, false);
        base::bytes first = c.step({});
        first.resize(7 * 1024, '\0');
        EXPECT_EQ(many.step(std::move(first), true, in).verdict, login_verdict::go_on);
    }
    EXPECT_LE(many.table.bytes(), many.table.most_bytes());
    EXPECT_EQ(many.table.size(), 3'000u) << "as many as there may be find room";
}

/// A host hears another scheme, a login of which it knows no beginning, or a scheme that nobody offers.
TEST(login_table, minds_that_change_are_denied)
{
    fixture f;
    client c;
    const wire::token_answer asked = f.step(c.step({}), true);
    EXPECT_EQ(f.step(c.step(asked.token), false, 1, false, "NTLM").reason, "other_scheme");
    EXPECT_EQ(f.table.size(), 0u);
    EXPECT_EQ(f.step("NTLMSSP", false).reason, "no_such_login");
    EXPECT_EQ(f.step("NTLMSSP", true, 1, false, "Kerberos").reason, "no_such_scheme");
    EXPECT_EQ(f.step("NTLMSSP", true, 1, false, "Digest").reason, "no_such_scheme");
    client raw("ada", "secret", {}, false);
    EXPECT_EQ(f.step(raw.step({}), true).verdict, login_verdict::go_on);
    client wrapped;
    EXPECT_EQ(f.step(wrapped.step({}), false).verdict, login_verdict::denied) << "Negotiate in the middle of NTLM";
    EXPECT_EQ(f.table.size(), 0u);
}

/// S7: a token of an earlier login is of no use in a later one.
TEST(login_table, s7_a_replayed_token_is_denied)
{
    fixture f;
    client c("ada", "secret", {}, false);
    const base::bytes negotiate = c.step({});
    const wire::token_answer asked = f.step(negotiate, true);
    const base::bytes authenticate = c.step(asked.token);
    EXPECT_EQ(f.step(authenticate, false).verdict, login_verdict::accepted);
    EXPECT_EQ(f.step(authenticate, false).reason, "no_such_login");
    EXPECT_EQ(f.step(authenticate, true).verdict, login_verdict::denied) << "it is no beginning";
    EXPECT_EQ(f.step(negotiate, true).verdict, login_verdict::go_on);
    EXPECT_EQ(f.step(authenticate, false).verdict, login_verdict::denied) << "another challenge";
}

/// Each length and offset field of AUTHENTICATE, and each byte of the rest: nothing passes, nothing breaks.
TEST(login_table, bad_tokens_are_denied)
{
    const auto with = [](const std::function<void(base::bytes&)>& change, bool same = false) {
        fixture f;
        client c("ada", "secret", {}, false);
        const wire::token_answer asked = f.step(c.step({}), true);
        base::bytes token = c.step(asked.token);
        const base::bytes before = token;
        change(token);
        if (token == before && !same) return login_verdict::denied; // the field was so already
        const login_verdict got = f.step(std::move(token), false).verdict;
        EXPECT_EQ(f.table.size(), 0u);
        return got;
    };
    EXPECT_EQ(with([](base::bytes&) {}, true), login_verdict::accepted);
    for (std::size_t field = 12; field < 60; field += 8) { // lm, nt, domain, user, workstation, key
        for (const std::uint32_t value : {0u, 1u, 0x7fffu, 0xffffu}) {
            EXPECT_EQ(with([&](base::bytes& t) { std::memcpy(t.data() + field, &value, 2); }), login_verdict::denied)
                << field << ' ' << value;
        }
        for (const std::uint32_t value : {0u, 64u, 0x7fffffffu, 0xffffffffu, 0xfffffff0u}) {
            EXPECT_EQ(with([&](base::bytes& t) { std::memcpy(t.data() + field + 4, &value, 4); }),
                      login_verdict::denied)
                << field << ' ' << value;
        }
    }
    for (std::size_t at = 0; at < 400; ++at) {
        EXPECT_EQ(with([&](base::bytes& t) {
                      if (at < t.size()) t.resize(at);
                      else t.back() = static_cast<char>(t.back() ^ 1);
                  }),
                  login_verdict::denied)
            << at;
    }
}

TEST(login_table, settings_that_change_are_for_new_logins)
{
    fixture f;
    client c;
    const wire::token_answer asked = f.step(c.step({}), true);
    wire::token_setup none = usual();
    none.ntlm_accounts.clear();
    f.table.set({std::move(none), nullptr});
    EXPECT_EQ(f.step(c.step(asked.token), false).verdict, login_verdict::accepted);
    client later;
    EXPECT_EQ(f.log_in(later).verdict, login_verdict::denied);
}

TEST(login_table, S5_a_client_that_cannot_seal_is_refused_without_TLS)
{
    client probe("ada", "secret", {}, false);
    base::bytes negotiate = probe.step({});
    std::uint32_t flags = 0;
    std::memcpy(&flags, negotiate.data() + 12, 4);
    flags &= ~std::uint32_t{0x20 | 0x40000000}; // seal, key exchange
    std::memcpy(negotiate.data() + 12, &flags, 4);
    fixture f;
    EXPECT_EQ(f.step(negotiate, true).reason, "weak");
    EXPECT_EQ(f.step(negotiate, true, 1, true).verdict, login_verdict::go_on) << "TLS does it";
    wire::token_setup open = usual();
    open.allow_unencrypted = true;
    fixture o(std::move(open));
    EXPECT_EQ(o.step(negotiate, true).verdict, login_verdict::go_on);
}

} // namespace
} // namespace winrm::service::token
