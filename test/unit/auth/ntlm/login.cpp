// Our client against our service: what comes of a login, and what each wrong thing is refused as.
#include "unit/auth/ntlm/support.h"

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/flags.h"

#include <gtest/gtest.h>

namespace winrm::auth::ntlm {
namespace {

using namespace winrm::test;

const std::string binding = "tls-server-end-point:" + std::string(32, 'h');

TEST(login, gives_both_ends_the_same_session_and_the_service_the_facts)
{
    both_ends ends;
    ASSERT_EQ(ends.run(), failure::none);
    EXPECT_EQ(ends.client.host().nb_computer, "WEB1");
    EXPECT_EQ(ends.client.host().nb_domain, "CORP");
    EXPECT_EQ(ends.client.host().dns_computer, "web1.corp.example");
    EXPECT_EQ(ends.client.host().dns_domain, "corp.example");
    EXPECT_TRUE(ends.client.mic_sent());
    const client_facts& facts = ends.server.client();
    EXPECT_EQ(facts.account.user, "ada");
    EXPECT_EQ(facts.account.domain, "CORP");
    EXPECT_EQ(facts.account.workstation, "DESK");
    EXPECT_EQ(facts.target_name, "HTTP/web1");
    EXPECT_TRUE(facts.mic);
    EXPECT_FALSE(facts.channel_bound);
    EXPECT_EQ(facts.agreed, protection::sealing);

    auto client = ends.client.take_session(), server = ends.server.take_session();
    ASSERT_TRUE(client && server);
    EXPECT_FALSE(ends.client.take_session() || ends.server.take_session());
    std::string text = "whoami";
    signature s;
    ASSERT_TRUE(client->seal(text, s));
    EXPECT_TRUE(server->unseal(text, {s.data(), s.size()}));
    EXPECT_EQ(text, "whoami");
}

TEST(login, MS_NLMP_3_1_5_1_2_what_the_client_says_within_its_proof)
{
    client_login login = ada();
    login.channel_binding = binding;
    both_ends ends(std::move(login));
    ASSERT_EQ(ends.run(), failure::none);
    const std::string_view message = ends.authenticate;
    EXPECT_EQ(parsed(message).lm_response, std::string(24, '\0')); // the challenge has a timestamp
    const av_pairs pairs = proof_pairs(message);
    EXPECT_EQ(pairs.timestamp(), now);
    EXPECT_EQ(pairs.flags(), av_flag::mic_present);
    EXPECT_EQ(pairs.name(av_id::target_name), "HTTP/web1");
    EXPECT_EQ(pairs.find(av_id::channel_bindings), channel_binding_hash(binding).reveal());
    EXPECT_EQ(pairs.name(av_id::nb_computer_name), "WEB1");

    client_login bare = ada();
    bare.target_name.clear();
    bare.domain.clear();
    bare.workstation.clear();
    both_ends without(std::move(bare));
    ASSERT_EQ(without.run(), failure::none);
    const av_pairs of_bare = proof_pairs(without.authenticate);
    EXPECT_EQ(of_bare.find(av_id::channel_bindings), std::string(16, '\0'));
    EXPECT_EQ(of_bare.find(av_id::target_name), "");
    EXPECT_EQ(without.server.client().account.domain, "");
}

TEST(login, a_password_or_a_user_of_any_script)
{
    for (const char* user : {"Ada", "jürgen", "ÿ", "βασίλης", "ivan-иван", "ß", "😀"}) {
        client_login login = ada();
        login.user = user;
        both_ends ends(std::move(login));
        EXPECT_EQ(ends.run(), failure::none) << user;
        EXPECT_EQ(ends.server.account().user, user);
    }
    EXPECT_FALSE(nt_hash("\xff"));
}

TEST(login, S11_wrong_password_unknown_account_and_one_that_winbind_refuses)
{
    using kind = account_answer::kind;
    EXPECT_EQ(both_ends().run(with_hash("password")), failure::wrong_password);
    EXPECT_EQ(both_ends().run({kind::unknown, {}}), failure::unknown_account);
    // The right hash does not help an account that is not there, nor one of zeros an account of zeros.
    EXPECT_EQ(both_ends().run({kind::unknown, *nt_hash("Pässword")}), failure::unknown_account);
    client_login zeros = ada();
    zeros.nt_hash = secret_128();
    EXPECT_EQ(both_ends(std::move(zeros)).run({kind::unknown, {}}), failure::unknown_account);
    EXPECT_EQ(both_ends().run({kind::refused, {}}), failure::wrong_password);
    both_ends ends;
    (void)ends.run(with_hash("password"));
    EXPECT_FALSE(ends.server.take_session());
}

TEST(login, winbind_checks_the_response_and_gives_the_session_key)
{
    challenged service;
    ASSERT_EQ(service.server.step(service.authenticate, now).state, step_state::account_wanted);
    const response_to_check response = service.server.response();
    EXPECT_EQ(response.server_challenge, nonce("abcdefgh"));
    EXPECT_EQ(response.lm_response.size(), 24u);
    const secret_128 key = response_key(*nt_hash("Pässword"), wide("ada"), wide("CORP"));
    const secret_128 made = proof(key, response.server_challenge, response.nt_response.substr(16));
    ASSERT_EQ(made.reveal(), response.nt_response.substr(0, 16));
    const auto step = service.server.resume({account_answer::kind::session_base_key, session_base_key(key, made)});
    EXPECT_EQ(step.state, step_state::done);
    EXPECT_TRUE(service.server.client().mic); // which only the right key proves
    challenged other;
    ASSERT_EQ(other.server.step(other.authenticate, now).state, step_state::account_wanted);
    EXPECT_EQ(other.server.resume({account_answer::kind::session_base_key, {}}).reason, failure::mic_wrong);
}

TEST(login, a_client_that_computes_its_proof_without_the_domain_is_taken)
{
    // MS-NLMP 3.2.5.1.2. Such a client has no MIC; here its proof is put into our message.
    server_options options = web1();
    challenged service(ada(), options);
    std::string message = service.authenticate;
    const authenticate_message fields = parsed(message);
    const auto at = static_cast<std::size_t>(fields.nt_response.data() - message.data());
    const std::size_t flags = message.find(std::string("\x06\x00\x04\x00\x02", 5), at);
    message[flags + 4] = 0;
    const secret_128 key = response_key(*nt_hash("Pässword"), wide("ada"), "");
    message.replace(at, 16,
                    proof(key, nonce("abcdefgh"), message.substr(at + 16, fields.nt_response.size() - 16)).reveal());
    EXPECT_EQ(service.take(message), failure::none);
}

TEST(login, the_channel_binding_under_each_policy)
{
    using f = failure;
    using p = binding_policy;
    const std::string wrong = "tls-server-end-point:" + std::string(32, 'x');
    struct row
    {
        p policy;
        std::string client, server;
        failure reason;
        bool bound;
    };
    const row rows[] = {
        {p::none, "", "", f::none, false},
        {p::none, binding, binding, f::none, false},
        {p::none, wrong, binding, f::none, false},
        {p::relaxed, "", "", f::none, false},
        {p::relaxed, "", binding, f::none, false},
        {p::relaxed, binding, "", f::none, false},
        {p::relaxed, binding, binding, f::none, true},
        {p::relaxed, wrong, binding, f::channel_binding_wrong, false},
        {p::strict, "", binding, f::channel_binding_missing, false},
        {p::strict, binding, binding, f::none, true},
        {p::strict, wrong, binding, f::channel_binding_wrong, false},
        {p::strict, binding, "", f::channel_binding_missing, false}, // a service that forgot its own binds nobody
        {p::strict, "", "", f::channel_binding_missing, false},
    };
    for (const row& r : rows) {
        client_login login = ada();
        login.channel_binding = r.client;
        server_options options = web1();
        options.binding = r.policy;
        options.channel_binding = r.server;
        both_ends ends(std::move(login), options);
        EXPECT_EQ(ends.run(), r.reason) << &r - rows;
        EXPECT_EQ(ends.server.client().channel_bound, r.bound) << &r - rows;
        // The wrong password comes first: the policy says nothing to who cannot log in.
        client_login again = ada();
        again.channel_binding = r.client;
        EXPECT_EQ(both_ends(std::move(again), options).run(with_hash("no")), f::wrong_password);
    }
}

TEST(login, the_hash_of_a_channel_binding_is_that_of_the_structure)
{
    // RFC 2744 3.11 laid out: two addresses of type and length 0, then the length of the application data.
    EXPECT_EQ(hex(channel_binding_hash("abc")),
              hex(crypto::md5({std::string(16, '\0'), std::string("\3\0\0\0abc", 7)})));
}

TEST(login, the_name_of_the_target)
{
    struct row
    {
        const char* meant;
        bool unverified;
        std::vector<std::string> names;
        failure reason;
    };
    const row rows[] = {
        {"HTTP/web1", false, {}, failure::none},
        {"HTTP/web1", false, {"host/web1", "http/WEB1"}, failure::none},
        {"HTTP/web2", false, {"HTTP/web1"}, failure::wrong_target_name},
        {"HTTP/web2", true, {"HTTP/web1"}, failure::none}, // its user did not say it
        {"", false, {"HTTP/web1"}, failure::none},
    };
    for (const row& r : rows) {
        client_login login = ada();
        login.target_name = r.meant;
        login.target_name_unverified = r.unverified;
        server_options options = web1();
        options.target_names = r.names;
        EXPECT_EQ(both_ends(std::move(login), options).run(), r.reason) << r.meant;
    }
}

TEST(login, one_changed_bit_in_any_message_is_found_by_the_MIC_or_before)
{
    both_ends good;
    ASSERT_EQ(good.run(), failure::none);
    // The client's message as it arrives at the service; names that are not part of the proof are, like all, in the
    // MIC.
    for (std::size_t bit = 0; bit < good.authenticate.size() * 8; ++bit) {
        challenged service;
        ASSERT_EQ(service.authenticate, good.authenticate);
        std::string changed = service.authenticate;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
        EXPECT_NE(service.take(changed), failure::none) << bit;
    }
    // The first message: what the client asked for cannot be made less without it being noticed.
    for (std::size_t bit = 12 * 8; bit < good.negotiate.size() * 8; ++bit) {
        std::string changed = good.negotiate;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
        both_ends ends;
        (void)ends.client.step("", now);
        auto step = ends.server.step(changed, now);
        if (step.state == step_state::failed) continue;
        step = ends.client.step(step.token, now);
        if (step.state == step_state::failed) continue;
        step = ends.server.step(step.token, now);
        if (step.state == step_state::failed) continue;
        EXPECT_EQ(ends.server.resume(with_hash("Pässword")).reason, failure::mic_wrong) << bit;
    }
    // And the challenge: client and service then disagree about the nonce or about the whole message.
    for (std::size_t bit = 12 * 8; bit < good.challenge.size() * 8; ++bit) {
        std::string changed = good.challenge;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
        both_ends ends;
        (void)ends.server.step(ends.client.step("", now).token, now);
        auto step = ends.client.step(changed, now);
        if (step.state == step_state::failed) continue;
        step = ends.server.step(step.token, now);
        if (step.state == step_state::failed) continue;
        // One exception: without the pair of the time (its id changed) the client sends no MIC, as for an old host.
        const auto reason = ends.server.resume(with_hash("Pässword")).reason;
        EXPECT_TRUE(reason != failure::none || !ends.client.mic_sent()) << bit;
    }
}

TEST(login, a_wrong_MIC_and_one_that_is_asked_for)
{
    challenged service;
    std::string changed = service.authenticate;
    changed[mic_offset] ^= 1;
    EXPECT_EQ(service.take(changed), failure::mic_wrong);
    // A client that is told no time sends none.
    server_options strict = web1();
    strict.mic_required = true;
    EXPECT_EQ(both_ends(ada(), strict).run(), failure::none);
    for (const bool required : {false, true}) {
        server_options options = web1();
        options.mic_required = required;
        client_login lenient = ada();
        lenient.require_timestamp = false;
        both_ends ends(std::move(lenient), options);
        (void)ends.client.step("", now);
        (void)ends.server.step(ends.negotiate = write(negotiate_message{flag::ours}), now);
        challenge_message old;
        old.flags = flag::ours;
        old.server_challenge = nonce("abcdefgh");
        std::string pairs;
        add_av_pair(pairs, av_id::nb_domain_name, wide("CORP"));
        add_av_pair(pairs, av_id::eol, "");
        old.target_info = pairs;
        auto step = ends.client.step(write(old), now);
        ASSERT_EQ(step.state, step_state::done);
        EXPECT_EQ(parsed(step.token).mic_at, 0u);
        EXPECT_NE(parsed(step.token).lm_response, std::string(24, '\0'));
        step = ends.server.step(step.token, now);
        EXPECT_EQ(step.reason, required ? failure::mic_missing : failure::none);
        if (required) continue;
        EXPECT_EQ(ends.server.resume(with_hash("Pässword")).state, step_state::done);
        EXPECT_FALSE(ends.server.client().mic);
    }
}

TEST(login, weak_clients_are_refused_where_sealing_is_required_and_only_there)
{
    // curl's NTLM: OEM or UTF-16 as the host likes, no sealing, no keys.
    constexpr std::uint32_t curl =
        flag::oem | flag::request_target | flag::ntlm | flag::extended_session_security | flag::always_sign;
    struct row
    {
        const char* name;
        std::uint32_t flags;
        bool strong, allowed_as_login;
    };
    const row rows[] = {
        {"ours", flag::ours, true, true},
        {"Windows", 0xe20882b7, true, true},
        {"curl", curl, false, true},
        {"no key exchange", flag::ours & ~flag::key_exchange, false, true},
        {"56 bits", flag::ours & ~flag::key_128, false, true},
        {"no sealing", flag::ours & ~flag::seal, false, true},
        {"no extended session security", flag::ours & ~flag::extended_session_security, false, false},
        {"no text", flag::ours & ~flag::unicode, false, false},
        {"LM key", (flag::ours & ~flag::extended_session_security) | flag::lm_key, false, false},
        {"nothing", 0, false, false},
    };
    for (const row& r : rows) {
        for (const bool required : {true, false}) {
            server_options options = web1();
            options.sealing_required = required;
            server_context server(options, nonce("abcdefgh"));
            const auto step = server.step(write(negotiate_message{r.flags}), now);
            const bool taken = required ? r.strong : r.allowed_as_login;
            EXPECT_EQ(step.reason, taken ? failure::none : failure::weak) << r.name << required;
            if (!taken) continue;
            challenge_message challenge;
            ASSERT_EQ(read(step.token, challenge), failure::none);
            EXPECT_EQ(flag::has(challenge.flags, flag::oem), !flag::has(challenge.flags, flag::unicode));
            EXPECT_EQ(challenge.flags & flag::lm_key, 0u);
            EXPECT_EQ(flag::has(challenge.flags, flag::sealed), r.strong) << r.name;
        }
    }
}

} // namespace
} // namespace winrm::auth::ntlm
