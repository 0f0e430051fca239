// Tokens of Windows hosts and clients from ../shared/vectors/auth/ntlm.
#include "unit/auth/ntlm/support.h"

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/flags.h"
#include "auth/ntlm/message.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace winrm::auth::ntlm {
namespace {

using namespace winrm::test;

const char* const no_vectors = "SKIPPED: no ../shared/vectors beside this clone (NTLM tokens of Windows)";

/// The bytes under a name, empty if the file is not there.
std::string bytes_of(const char* file, const std::string& name)
{
    std::ostringstream read;
    read << std::ifstream(std::string(SHARED_VECTORS "/auth/ntlm/") + file).rdbuf();
    const std::string text = read.str(), key = '"' + name + "\": \"";
    const std::size_t at = text.find(key);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + key.size();
    return unhex(text.substr(begin, text.find('"', begin) - begin));
}

TEST(recorded_ntlm, a_NEGOTIATE_is_taken_by_our_service)
{
    for (const auto& [file, name] :
         {std::pair("ntlm_negotiate.json", "hex"), std::pair("winrmnet_session.json", "negotiate_hex")}) {
        const std::string token = bytes_of(file, name);
        if (token.empty()) GTEST_SKIP() << no_vectors;
        negotiate_message message;
        ASSERT_EQ(read(token, message), failure::none);
        EXPECT_EQ(message.flags, 0xe20882b7u);
        server_context server(web1(), nonce("abcdefgh"));
        const auto step = server.step(token, now);
        ASSERT_EQ(step.state, step_state::more);
        challenge_message challenge;
        ASSERT_EQ(read(step.token, challenge), failure::none);
        EXPECT_TRUE(flag::has(challenge.flags, flag::sealed | flag::unicode | flag::sign | flag::target_info));
        EXPECT_EQ(challenge.flags & (flag::oem | flag::lm_key), 0u);
    }
}

TEST(recorded_ntlm, a_CHALLENGE_is_answered_by_our_client)
{
    struct row
    {
        const char *file, *name;
        std::string target, dns_computer;
        std::uint64_t time;
    };
    const row rows[] = {
        {"ntlm_challenge.json", "hex", "DOMAIN", "DC01.domain.local", 0x01d61e99889281f8},
        {"winrmnet_session.json", "challenge_hex", "DANVMCLOUD", "op-agent-2.dan.vmcloud", 0x01dbd011fb1bc67e},
    };
    for (const row& r : rows) {
        const std::string token = bytes_of(r.file, r.name);
        if (token.empty()) GTEST_SKIP() << no_vectors;
        challenge_message challenge;
        ASSERT_EQ(read(token, challenge), failure::none);
        const auto pairs = av_pairs::read(challenge.target_info);
        ASSERT_TRUE(pairs);
        EXPECT_EQ(pairs->timestamp(), r.time);
        EXPECT_EQ(pairs->name(av_id::nb_domain_name), r.target);
        EXPECT_EQ(challenge.target_name, pairs->find(av_id::nb_domain_name));
        client_context client(ada(), random_of_client());
        (void)client.step("", now);
        const auto step = client.step(token, now);
        ASSERT_EQ(step.state, step_state::done) << words(step.reason);
        EXPECT_TRUE(client.mic_sent());
        EXPECT_EQ(client.host().dns_computer, r.dns_computer);
        std::string ours = write(challenge);
        ours.replace(48, 8, token.substr(48, 8)); // Version
        // One of the two has padding that ours has not; what it means is the same.
        challenge_message again;
        ASSERT_EQ(read(ours, again), failure::none);
        EXPECT_EQ(again.target_info, challenge.target_info);
    }
}

TEST(recorded_ntlm, an_AUTHENTICATE_is_taken_apart)
{
    const std::string token = bytes_of("ntlm_authenticate.json", "hex");
    if (token.empty()) GTEST_SKIP() << no_vectors;
    authenticate_message message;
    ASSERT_EQ(read(token, message), failure::none);
    EXPECT_EQ(message.user, wide("vagrant-domain@DOMAIN.LOCAL"));
    EXPECT_EQ(message.domain, "");
    EXPECT_EQ(message.workstation, wide("JBOREAN-LINUX"));
    EXPECT_EQ(message.session_key.size(), 16u);
    const auto pairs = av_pairs::read(message.nt_response.substr(44));
    ASSERT_TRUE(pairs);
    EXPECT_EQ(pairs->name(av_id::dns_computer_name), "DC01.domain.local");
}

TEST(recorded_ntlm, the_client_challenge_of_Windows_is_made_of_the_hosts_list)
{
    const std::string blob = bytes_of("winrmnet_session.json", "ntlmv2_client_blob_hex");
    if (blob.empty()) GTEST_SKIP() << no_vectors;
    const auto pairs = av_pairs::read(std::string_view(blob).substr(28));
    ASSERT_TRUE(pairs);
    EXPECT_EQ(pairs->flags(), av_flag::mic_present);
    EXPECT_EQ(pairs->name(av_id::target_name), "HOST/10.3.63.237");
    EXPECT_EQ(pairs->find(av_id::channel_bindings), std::string(16, '\0'));
    EXPECT_EQ(client_challenge(*pairs->timestamp(), nonce(bytes_of("winrmnet_session.json", "client_challenge")),
                               blob.substr(28, blob.size() - 28 - 4)),
              blob);
    // What Windows copied of the challenge is what we copy; the order of the client's own pairs is another.
    const std::string token = bytes_of("winrmnet_session.json", "challenge_hex");
    client_context client(ada(), random_of_client());
    (void)client.step("", now);
    const auto step = client.step(token, now);
    authenticate_message ours;
    ASSERT_EQ(read(step.token, ours), failure::none);
    const auto of_ours = av_pairs::read(ours.nt_response.substr(44));
    for (const av_pair& pair : of_ours->all()) {
        if (pair.id != av_id::target_name) {
            EXPECT_EQ(pairs->find(pair.id), pair.value) << static_cast<int>(pair.id);
        }
    }
}

} // namespace
} // namespace winrm::auth::ntlm
