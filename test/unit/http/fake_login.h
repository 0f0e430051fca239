// Mechanisms that prove nothing: tokens are "c1", "s1", "c2" … with bytes around them that base64 must carry.
#pragma once

#include "auth/client_login.h"

#include <string>

namespace winrm::http::test {

inline base::bytes fake_token(char who, int number)
{
    return base::bytes(1, '\0') + who + std::to_string(number) + '\xff';
}

/// Reverses a body and numbers it, each direction for itself.
class fake_seal final : public auth::body_protection
{
public:
    static constexpr base::bytes_view type = "multipart/encrypted;protocol=\"fake\"";

    [[nodiscard]] bool seals() const noexcept override { return true; }
    [[nodiscard]] bool seal(auth::message& m) override
    {
        m.body = std::to_string(++out_) + ':' + m.type + '|' + base::bytes(m.body.rbegin(), m.body.rend());
        m.type = type;
        return true;
    }
    [[nodiscard]] bool unseal(auth::message& m) override
    {
        const auto number = std::to_string(++in_) + ':';
        const auto bar = m.body.find('|');
        if (m.type != type || !m.body.starts_with(number) || bar == base::bytes::npos) return false;
        m.type = m.body.substr(number.size(), bar - number.size());
        m.body = base::bytes(m.body.rbegin(), m.body.rend() - static_cast<std::ptrdiff_t>(bar) - 1);
        return true;
    }

private:
    int out_ = 0, in_ = 0;
};

struct fake_shape
{
    int client_tokens = 1;
    bool host_last = true; ///< the host ends it with a token of its own
    bool early = false;    ///< the request goes with a token that may be the last
    bool blocks = false, seals = false;
    base::bytes_view scheme = "Negotiate";
};
inline constexpr fake_shape two_legs{};                    // as Kerberos
inline constexpr fake_shape three_legs{2, false};          // as NTLM
inline constexpr fake_shape four_legs{2, true};            // as NTLM in Negotiate
inline constexpr fake_shape two_legs_early{1, true, true}; // as Kerberos over TLS
inline constexpr fake_shape one_leg{1, false};             // as Kerberos that wants no proof of the host

class fake_login final : public auth::client_login
{
public:
    explicit fake_login(fake_shape shape) : shape_(shape) {}

    [[nodiscard]] base::bytes_view scheme() const noexcept override { return shape_.scheme; }
    [[nodiscard]] bool blocks() const noexcept override { return shape_.blocks; }
    [[nodiscard]] bool request_may_go() const noexcept override
    {
        return shape_.early && sent_ == shape_.client_tokens;
    }
    [[nodiscard]] auth::leg step(base::bytes_view token) override
    {
        if (token.empty()) {
            ++begun;
            sent_ = 0;
            keys_ = std::make_unique<fake_seal>();
        } else if (token == fake_token('s', 9)) { // the host says no
            return {auth::leg_state::failed, {}, auth::login_failure::refused};
        } else if (token != fake_token('s', sent_)) {
            return {auth::leg_state::failed, {}, auth::login_failure::bad_token};
        }
        if (sent_ == shape_.client_tokens) return {auth::leg_state::done, {}, {}};
        ++sent_;
        const bool last = sent_ == shape_.client_tokens && !shape_.host_last;
        return {last ? auth::leg_state::done : auth::leg_state::go_on, fake_token('c', sent_), {}};
    }
    [[nodiscard]] bool seals() const noexcept override { return shape_.seals; }
    [[nodiscard]] bool seal(auth::message& m) override { return !shape_.seals || keys_->seal(m); }
    [[nodiscard]] bool unseal(auth::message& m) override { return !shape_.seals || keys_->unseal(m); }

    int begun = 0;

private:
    fake_shape shape_;
    int sent_ = 0;
    std::unique_ptr<fake_seal> keys_ = std::make_unique<fake_seal>();
};

} // namespace winrm::http::test
