// NTLM behind login_mechanism: the same words for every reason, the sealing of a connection, the keys for another
// process.
#include "auth/ntlm/mechanism.h"

#include "auth/ntlm/flags.h"
#include "auth/ntlm/sealer.h"

#include "unit/auth/ntlm/support.h"

#include <gtest/gtest.h>

#include <utility>

namespace winrm::auth::ntlm {
namespace {

using namespace winrm::test;

void fixed(std::span<unsigned char> out) { std::fill(out.begin(), out.end(), static_cast<unsigned char>(7)); }
std::uint64_t fixed_time() { return now; }

/// Both ends, logged in without Negotiate.
struct logged_in
{
    explicit logged_in(client_login login = ada(), server_options options = web1())
        : client(std::move(login), fixed, fixed_time), server(std::move(options), fixed, fixed_time)
    {
        const leg asked = server.step(client.step("").token);
        const leg proof = client.step(asked.token);
        waited = server.step(proof.token);
        server.answer(with_hash("Pässword"));
        end = server.resume();
    }
    client_mechanism client;
    server_mechanism server;
    leg waited, end;
};

std::string sealed(message_sealer& by, std::string_view clear)
{
    std::string token(by.room(clear.size()).header, '\0');
    token += clear;
    EXPECT_TRUE(by.seal(token));
    return token;
}

TEST(mechanism, raw_ntlm_asks_for_the_account_and_seals)
{
    logged_in ends;
    EXPECT_EQ(ends.waited.state, leg_state::waiting);
    EXPECT_TRUE(ends.waited.token.empty());
    EXPECT_EQ(ends.server.account().user, "ada");
    EXPECT_EQ(ends.end.state, leg_state::done);
    EXPECT_EQ(ends.server.client().account.domain, "CORP");
    EXPECT_EQ(ends.client.host().nb_computer, "WEB1");
    EXPECT_TRUE(ends.client.needs_mechlist_mic() && ends.server.needs_mechlist_mic());

    const auto client = ends.client.take_sealer(), server = ends.server.take_sealer();
    ASSERT_TRUE(client && server);
    EXPECT_FALSE(ends.client.take_sealer() || ends.server.take_sealer()); // once
    std::string token = sealed(*client, "whoami");
    EXPECT_EQ(hex(token).substr(0, 8), "01000000");
    EXPECT_EQ(hex(token).substr(24, 8), "00000000"); // no mechListMIC has taken number 0
    const unsealed got = server->unseal(token);
    EXPECT_EQ(got.failed, seal_failure::none);
    EXPECT_EQ(std::string(got.clear.begin(), got.clear.end()), "whoami");
    EXPECT_EQ(got.clear.data(), token.data() + 16); // in place
}

TEST(mechanism, messages_that_do_not_open_say_why_and_end_both_directions)
{
    struct row
    {
        std::string_view what;
        std::size_t at;
        seal_failure expected;
    };
    for (const row& r : {row{"version", 0, seal_failure::wrong_token}, row{"checksum", 4, seal_failure::bad_mac},
                         row{"number", 12, seal_failure::out_of_sequence}, row{"text", 16, seal_failure::bad_mac}}) {
        logged_in ends;
        const auto client = ends.client.take_sealer(), server = ends.server.take_sealer();
        std::string token = sealed(*client, "text");
        token[r.at] = static_cast<char>(token[r.at] ^ 2);
        EXPECT_EQ(server->unseal(token).failed, r.expected) << r.what;
        EXPECT_EQ(token, std::string(token.size(), '\0')) << r.what;
        std::string next = sealed(*client, "text");
        EXPECT_EQ(server->unseal(next).failed, seal_failure::dead) << r.what;
        EXPECT_FALSE(server->seal(next)) << r.what;
    }

    logged_in ends;
    const auto client = ends.client.take_sealer(), server = ends.server.take_sealer();
    std::string first = sealed(*client, "1"), again = first;
    EXPECT_EQ(server->unseal(first).failed, seal_failure::none);
    EXPECT_EQ(server->unseal(again).failed, seal_failure::out_of_sequence); // a replay

    logged_in cut;
    const auto cut_server = cut.server.take_sealer();
    std::string little(15, '\1');
    EXPECT_EQ(cut_server->unseal(little).failed, seal_failure::malformed);
    EXPECT_EQ(cut_server->unseal(little).failed, seal_failure::dead);

    logged_in mirror;
    const auto own = mirror.client.take_sealer();
    std::string back = sealed(*own, "text");
    EXPECT_EQ(own->unseal(back).failed, seal_failure::bad_mac);
    EXPECT_FALSE(own->seal(little)); // too short, and dead
}

// MS-SPNG 3.2.5.1, 3.3.5.1: the cipher stands where it stood before the code over the list, the number goes on.
TEST(mechanism, signed_list_takes_a_number_and_no_key_stream)
{
    logged_in plain, listed;
    const base::bytes of_client = listed.client.sign_mechlist("list"), of_server = listed.server.sign_mechlist("list");
    EXPECT_NE(of_client, of_server);
    EXPECT_TRUE(listed.server.verify_mechlist("list", of_client));
    EXPECT_TRUE(listed.client.verify_mechlist("list", of_server));
    const auto a = plain.client.take_sealer(), b = listed.client.take_sealer();
    const std::string without = sealed(*a, "text"), with = sealed(*b, "text");
    EXPECT_EQ(without.substr(16), with.substr(16)); // the same key stream
    EXPECT_EQ(hex(with).substr(24), "01000000" + hex(with.substr(16)));
    std::string token = with;
    EXPECT_EQ(listed.server.take_sealer()->unseal(token).failed, seal_failure::none);

    logged_in wrong;
    EXPECT_FALSE(wrong.server.verify_mechlist("list", wrong.server.sign_mechlist("list"))); // mirrored
    EXPECT_FALSE(wrong.server.take_sealer());
}

TEST(mechanism, keys_go_to_the_process_that_seals)
{
    logged_in ends;
    ASSERT_TRUE(ends.server.verify_mechlist("list", ends.client.sign_mechlist("list")));
    auto keys = ends.server.hand_over();
    ASSERT_TRUE(keys);
    EXPECT_FALSE(ends.server.hand_over() || ends.server.take_sealer());
    sealer elsewhere(session(role::server, std::move(*keys)));
    std::string token = sealed(*ends.client.take_sealer(), "text");
    EXPECT_EQ(elsewhere.unseal(token).failed, seal_failure::none);
}

TEST(mechanism, login_without_sealing_has_no_sealer)
{
    server_mechanism server(
        [] {
            server_options options = web1();
            options.sealing_required = false;
            return options;
        }(),
        fixed, fixed_time);
    negotiate_message asked{flag::ours & ~(flag::seal | flag::sign)};
    EXPECT_EQ(server.step(write(asked)).state, leg_state::go_on);
    EXPECT_FALSE(server.take_sealer());
    EXPECT_TRUE(server.sign_mechlist("list").empty());
    EXPECT_FALSE(server.verify_mechlist("list", ""));
}

TEST(mechanism, reasons_in_the_words_of_all_logins)
{
    struct row
    {
        failure own;
        login_failure expected;
    };
    for (const row& r :
         {row{failure::wrong_password, login_failure::wrong_password},
          row{failure::unknown_account, login_failure::unknown_user},
          row{failure::channel_binding_missing, login_failure::bad_binding},
          row{failure::ntlm_v1, login_failure::too_weak}, row{failure::weak, login_failure::too_weak},
          row{failure::malformed, login_failure::bad_token},
          row{failure::wrong_target_name, login_failure::wrong_service},
          row{failure::mic_wrong, login_failure::not_proven}, row{failure::unavailable, login_failure::not_available},
          row{failure::none, login_failure::none}}) {
        EXPECT_EQ(as_login_failure(r.own), r.expected) << words(r.own);
    }
    // A wrong password or a refused account is never tried again by another mechanism.
    EXPECT_FALSE(may_fall_back(login_failure::wrong_password));
    EXPECT_FALSE(may_fall_back(login_failure::too_weak));
    EXPECT_FALSE(may_fall_back(login_failure::wrong_service));
}

TEST(mechanism, refusals_keep_their_own_reason)
{
    client_login nobody = ada();
    nobody.user.clear();
    client_mechanism client(std::move(nobody), fixed, fixed_time);
    EXPECT_EQ(client.step("").failed, login_failure::not_available);
    EXPECT_EQ(client.reason(), failure::anonymous);
    EXPECT_FALSE(client.take_sealer());

    server_mechanism server(web1(), fixed, fixed_time);
    EXPECT_EQ(server.resume().failed, login_failure::bad_token); // nobody has asked
    EXPECT_EQ(server.reason(), failure::out_of_order);
}

} // namespace
} // namespace winrm::auth::ntlm
