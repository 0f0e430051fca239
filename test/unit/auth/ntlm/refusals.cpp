// What each end refuses of the other before anybody is asked for an account, and clients that are unlike ours.
#include "unit/auth/ntlm/support.h"

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/flags.h"
#include "auth/ntlm/little_endian.h"

#include <gtest/gtest.h>

namespace winrm::auth::ntlm {
namespace {

using namespace winrm::test;

/// An AUTHENTICATE by hand, as a client writes it that is not ours.
struct by_hand
{
    std::string user = wide("ada"), domain = wide("CORP"), lm, nt, key;
    std::uint32_t flags = flag::ours;

    [[nodiscard]] std::string made() const
    {
        authenticate_message m;
        m.user = user;
        m.domain = domain;
        m.lm_response = lm;
        m.nt_response = nt;
        m.session_key = key;
        m.flags = flags;
        return write(m);
    }
    void prove(std::string_view pairs, std::string_view user_as_wide, std::string_view domain_as_wide)
    {
        const secret_128 response = response_key(*nt_hash("Pässword"), user_as_wide, domain_as_wide);
        const std::string temp = client_challenge(now, nonce("12345678"), pairs);
        const secret_128 made = proof(response, nonce("abcdefgh"), temp);
        nt = std::string(made.reveal()) + temp;
        key = exchange_key(session_base_key(response, made), secret_128("sixteen random b")).reveal();
    }
};

const std::string no_pairs(4, '\0');

failure offered(std::uint32_t flags, const std::string& authenticate, bool sealing_required,
                protection* agreed = nullptr)
{
    server_options options = web1();
    options.sealing_required = sealing_required;
    server_context server(options, nonce("abcdefgh"));
    if (const auto step = server.step(write(negotiate_message{flags}), now); step.state != step_state::more)
        return step.reason;
    if (const auto step = server.step(authenticate, now); step.state == step_state::failed) return step.reason;
    const auto step = server.resume(with_hash("Pässword"));
    if (agreed != nullptr) *agreed = server.client().agreed;
    return step.reason;
}

TEST(refusals, clients_that_only_log_in_or_only_sign)
{
    by_hand curl; // OEM text, no keys
    curl.user = "ada";
    curl.domain = "CORP";
    curl.prove(no_pairs, wide("ada"), wide("CORP"));
    curl.key.clear();
    curl.flags = flag::oem | flag::request_target | flag::ntlm | flag::extended_session_security | flag::always_sign;
    protection agreed = protection::sealing;
    EXPECT_EQ(offered(curl.flags, curl.made(), false, &agreed), failure::none);
    EXPECT_EQ(agreed, protection::none);
    curl.user = "j\xfcrgen"; // which OEM set?
    EXPECT_EQ(offered(curl.flags, curl.made(), false), failure::bad_name);

    by_hand signer;
    signer.prove(no_pairs, wide("ada"), wide("CORP"));
    signer.flags = flag::ours & ~flag::seal;
    EXPECT_EQ(offered(signer.flags, signer.made(), false, &agreed), failure::none);
    EXPECT_EQ(agreed, protection::signing);
    // Offered everything, then took sealing back.
    EXPECT_EQ(offered(flag::ours, signer.made(), true), failure::weak);
}

TEST(refusals, responses_that_are_refused_before_anybody_asks_for_the_account)
{
    by_hand good;
    good.prove(no_pairs, wide("ada"), wide("CORP"));
    ASSERT_EQ(offered(flag::ours, good.made(), true), failure::none);
    struct row
    {
        const char* name;
        failure reason;
        void (*change)(by_hand&);
    };
    const row rows[] = {
        {"NTLMv1", failure::ntlm_v1, [](by_hand& m) { m.nt.assign(24, 'r'); }},
        {"LM only", failure::lm_only, [](by_hand& m) { m.nt.clear(), m.lm.assign(24, 'r'); }},
        {"anonymous", failure::anonymous, [](by_hand& m) { m.nt.clear(), m.user.clear(), m.lm.assign(1, '\0'); }},
        {"anonymous without a byte", failure::anonymous, [](by_hand& m) { m.nt.clear(), m.user.clear(); }},
        {"a user and no response", failure::anonymous, [](by_hand& m) { m.nt.clear(); }},
        {"a response and no user", failure::anonymous, [](by_hand& m) { m.user.clear(); }},
        {"response of 16 bytes", failure::malformed, [](by_hand& m) { m.nt.resize(16); }},
        {"response of 23 bytes", failure::malformed, [](by_hand& m) { m.nt.resize(23); }},
        {"response without a list", failure::malformed, [](by_hand& m) { m.nt.resize(44); }},
        {"list without end", failure::malformed, [](by_hand& m) { m.nt.resize(47); }},
        {"another type of response", failure::malformed, [](by_hand& m) { m.nt[16] = 2; }},
        {"a higher type of response", failure::malformed, [](by_hand& m) { m.nt[17] = 2; }},
        {"no session key", failure::malformed, [](by_hand& m) { m.key.clear(); }},
        {"short session key", failure::malformed, [](by_hand& m) { m.key.resize(15); }},
        {"long session key", failure::malformed, [](by_hand& m) { m.key.resize(17); }},
        {"half a character", failure::bad_name, [](by_hand& m) { m.user.pop_back(); }},
        {"half a pair", failure::bad_name, [](by_hand& m) { m.user += "\x3d\xd8"; }},
        {"NUL in the user", failure::bad_name, [](by_hand& m) { m.user += std::string(2, '\0'); }},
        {"line end in the domain", failure::bad_name, [](by_hand& m) { m.domain += wide("\n"); }},
        {"long user", failure::bad_name, [](by_hand& m) { m.user = wide(std::string(1025, 'u')); }},
        {"sealing taken back", failure::weak, [](by_hand& m) { m.flags &= ~flag::seal; }},
        {"key exchange taken back", failure::weak, [](by_hand& m) { m.flags &= ~flag::key_exchange; }},
        {"128 bits taken back", failure::weak, [](by_hand& m) { m.flags &= ~flag::key_128; }},
    };
    for (const row& r : rows) {
        by_hand message = good;
        r.change(message);
        EXPECT_EQ(offered(flag::ours, message.made(), true), r.reason) << r.name;
    }
}

TEST(refusals, a_MIC_is_said_to_be_there_but_has_no_room)
{
    by_hand message;
    std::string pairs;
    add_av_pair(pairs, av_id::flags, std::string("\2\0\0\0", 4));
    add_av_pair(pairs, av_id::eol, "");
    message.prove(pairs, wide("ada"), wide("CORP"));
    EXPECT_EQ(offered(flag::ours, message.made(), true), failure::malformed);
}

TEST(refusals, challenges_that_the_client_refuses)
{
    std::string time, info;
    put_number<8>(time, now);
    add_av_pair(info, av_id::nb_domain_name, wide("CORP"));
    add_av_pair(info, av_id::timestamp, time);
    add_av_pair(info, av_id::eol, "");
    const std::string without_time = info.substr(0, 12) + no_pairs;
    std::string most; // what the client adds no longer fits
    add_av_pair(most, av_id::single_host, "");
    add_av_pair(most, static_cast<av_id>(77), std::string(65'450, 'x'));
    add_av_pair(most, av_id::eol, "");
    struct row
    {
        const char* name;
        std::uint32_t flags;
        std::string info;
        failure reason;
    };
    const row rows[] = {
        {"good", flag::ours, info, failure::none},
        {"no flag for the list", flag::ours & ~flag::target_info, info, failure::none},
        {"no time", flag::ours, without_time, failure::no_timestamp},
        {"no list", flag::ours, "", failure::no_target_info},
        {"cut list", flag::ours, info.substr(0, info.size() - 1), failure::malformed},
        {"full list", flag::ours, most, failure::no_timestamp},
        {"OEM", (flag::ours & ~flag::unicode) | flag::oem, info, failure::weak},
        {"56 bits", flag::ours & ~flag::key_128, info, failure::weak},
        {"no key exchange", flag::ours & ~flag::key_exchange, info, failure::weak},
        {"no sealing", flag::ours & ~flag::seal, info, failure::weak},
        {"no extended session security", flag::ours & ~flag::extended_session_security, info, failure::weak},
    };
    for (const row& r : rows) {
        client_context client(ada(), random_of_client());
        (void)client.step("", now);
        challenge_message message;
        message.flags = r.flags;
        message.target_info = r.info;
        const auto step = client.step(write(message), now);
        EXPECT_EQ(step.reason, r.reason) << r.name;
        EXPECT_EQ(step.token.empty(), r.reason != failure::none) << r.name;
        EXPECT_EQ(client.take_session().has_value(), r.reason == failure::none);
    }
    client_login lenient = ada();
    lenient.require_timestamp = false;
    client_context client(std::move(lenient), random_of_client());
    (void)client.step("", now);
    challenge_message message;
    message.flags = flag::ours;
    message.target_info = most;
    EXPECT_EQ(client.step(write(message), now).reason, failure::malformed);
}

TEST(refusals, a_host_cannot_speak_for_the_client)
{
    // Pairs that only a client sends are replaced, whatever the host put there.
    std::string time, info;
    put_number<8>(time, now);
    add_av_pair(info, av_id::timestamp, time);
    add_av_pair(info, av_id::flags, std::string("\5\0\0\0", 4));
    add_av_pair(info, av_id::target_name, wide("HTTP/other"));
    add_av_pair(info, av_id::channel_bindings, std::string(16, 'x'));
    add_av_pair(info, av_id::single_host, std::string(48, 's'));
    add_av_pair(info, static_cast<av_id>(99), "kept");
    add_av_pair(info, av_id::eol, "");
    client_context client(ada(), random_of_client());
    (void)client.step("", now);
    challenge_message message;
    message.flags = flag::ours;
    message.target_info = info;
    const auto step = client.step(write(message), now);
    ASSERT_EQ(step.state, step_state::done);
    const av_pairs pairs = proof_pairs(step.token);
    EXPECT_EQ(pairs.flags(), 3u); // the host's "constrained", our MIC
    EXPECT_EQ(pairs.name(av_id::target_name), "HTTP/web1");
    EXPECT_EQ(pairs.find(av_id::channel_bindings), std::string(16, '\0'));
    EXPECT_FALSE(pairs.find(av_id::single_host));
    EXPECT_EQ(pairs.find(static_cast<av_id>(99)), "kept");
}

TEST(refusals, clients_without_a_name_and_tokens_out_of_order)
{
    client_login nobody = ada();
    nobody.user.clear();
    EXPECT_EQ(client_context(std::move(nobody), random_of_client()).step("", now).reason, failure::anonymous);
    for (const std::string& user : {std::string("\xff"), std::string(1025, 'u')}) {
        client_login bad = ada();
        bad.user = user;
        EXPECT_EQ(client_context(std::move(bad), random_of_client()).step("", now).reason, failure::bad_name);
    }
    both_ends ends;
    EXPECT_FALSE(ends.client.take_session() || ends.server.take_session());
    ASSERT_EQ(ends.run(), failure::none);
    EXPECT_EQ(ends.client.step(ends.challenge, now).reason, failure::out_of_order);
    EXPECT_EQ(ends.server.step(ends.authenticate, now).reason, failure::out_of_order);
    EXPECT_EQ(ends.server.resume(with_hash("Pässword")).reason, failure::out_of_order);
    EXPECT_FALSE(ends.server.take_session()); // who goes on asking loses what was there

    client_context early(ada(), random_of_client());
    EXPECT_EQ(early.step(ends.challenge, now).reason, failure::out_of_order);
    EXPECT_EQ(early.step("", now).reason, failure::out_of_order); // a context that failed stays so
    server_context service(web1(), nonce("abcdefgh"));
    EXPECT_EQ(service.resume(with_hash("Pässword")).reason, failure::out_of_order);
    EXPECT_EQ(service.step(ends.negotiate, now).reason, failure::out_of_order);

    struct row
    {
        std::string token;
        failure reason;
    };
    for (const row& r :
         {row{"", failure::malformed}, row{"NTLMSSP", failure::malformed}, row{std::string(40, 'x'), failure::not_ntlm},
          row{ends.challenge, failure::wrong_message}, row{ends.authenticate, failure::wrong_message}}) {
        server_context first(web1(), nonce("abcdefgh"));
        EXPECT_EQ(first.step(r.token, now).reason, r.reason);
    }
    challenged second;
    EXPECT_EQ(second.take(ends.negotiate), failure::wrong_message);
    client_context client(ada(), random_of_client());
    (void)client.step("", now);
    EXPECT_EQ(client.step(ends.negotiate, now).reason, failure::wrong_message);
}

TEST(refusals, every_failure_has_words)
{
    for (int i = 0; i <= static_cast<int>(failure::mic_wrong); ++i) {
        EXPECT_GT(words(static_cast<failure>(i)).size(), 8u) << i;
    }
}

} // namespace
} // namespace winrm::auth::ntlm
