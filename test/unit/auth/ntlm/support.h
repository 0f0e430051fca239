// Hex, and both ends of a login with everything given.
#pragma once

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/client_context.h"
#include "auth/ntlm/server_context.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace winrm::test {

namespace ntlm = auth::ntlm;

inline std::string hex(std::string_view bytes)
{
    std::string out;
    for (const char c : bytes) {
        constexpr const char* digits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

inline std::string hex(const ntlm::secret_128& key) { return hex(key.reveal()); }

inline std::string unhex(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    }
    return out;
}

inline std::string wide(std::string_view ascii)
{
    std::string out;
    for (const char c : ascii) out.append(1, c).append(1, '\0');
    return out;
}

inline ntlm::challenge_bytes nonce(std::string_view text)
{
    ntlm::challenge_bytes out{};
    std::copy_n(text.begin(), std::min(text.size(), out.size()), out.begin());
    return out;
}

inline constexpr std::uint64_t now = 133'000'000'000'000'000; // 2022

inline ntlm::client_login ada()
{
    ntlm::client_login login;
    login.user = "ada";
    login.domain = "CORP";
    login.workstation = "DESK";
    login.nt_hash = *ntlm::nt_hash("Pässword");
    login.target_name = "HTTP/web1";
    return login;
}

inline ntlm::client_random random_of_client()
{
    ntlm::client_random out;
    out.challenge = nonce("12345678");
    out.session_key = ntlm::secret_128("sixteen random b");
    return out;
}

inline ntlm::server_options web1()
{
    ntlm::server_options options;
    options.nb_computer = "WEB1";
    options.nb_domain = "CORP";
    options.dns_computer = "web1.corp.example";
    options.dns_domain = "corp.example";
    options.binding = ntlm::binding_policy::relaxed;
    return options;
}

inline ntlm::account_answer with_hash(std::string_view password)
{
    return {ntlm::account_answer::kind::nt_hash, *ntlm::nt_hash(password)};
}

/// Both ends up to the account.
struct both_ends
{
    explicit both_ends(ntlm::client_login login = ada(), ntlm::server_options options = web1())
        : client(std::move(login), random_of_client()), server(std::move(options), nonce("abcdefgh"))
    {}
    /// Reason of whoever failed first.
    ntlm::failure run(ntlm::account_answer account = with_hash("Pässword"))
    {
        auto step = client.step("", now);
        if (step.state != ntlm::step_state::more) return step.reason;
        negotiate = step.token;
        step = server.step(negotiate, now);
        if (step.state != ntlm::step_state::more) return step.reason;
        challenge = step.token;
        step = client.step(challenge, now);
        if (step.state != ntlm::step_state::done) return step.reason;
        authenticate = step.token;
        step = server.step(authenticate, now);
        if (step.state != ntlm::step_state::account_wanted) return step.reason;
        return server.resume(std::move(account)).reason;
    }

    ntlm::client_context client;
    ntlm::server_context server;
    std::string negotiate, challenge, authenticate;
};

/// A service that has sent its challenge for the client's NEGOTIATE, and the AUTHENTICATE that answers it.
struct challenged
{
    explicit challenged(ntlm::client_login login = ada(), ntlm::server_options options = web1())
        : server(std::move(options), nonce("abcdefgh"))
    {
        ntlm::client_context client(std::move(login), random_of_client());
        const auto asked = server.step(client.step("", now).token, now);
        authenticate = client.step(asked.token, now).token;
    }
    /// Reason of the service for another message in place of the client's.
    ntlm::failure take(std::string_view message)
    {
        const auto step = server.step(message, now);
        if (step.state != ntlm::step_state::account_wanted) return step.reason;
        return server.resume(with_hash("Pässword")).reason;
    }

    ntlm::server_context server;
    std::string authenticate;
};

/// The fields of a message that is good; views into it.
inline ntlm::authenticate_message parsed(std::string_view message)
{
    ntlm::authenticate_message out;
    EXPECT_EQ(ntlm::read(message, out), ntlm::failure::none);
    return out;
}

/// What the client says within its proof.
inline ntlm::av_pairs proof_pairs(std::string_view message)
{
    return *ntlm::av_pairs::read(parsed(message).nt_response.substr(44));
}

} // namespace winrm::test
