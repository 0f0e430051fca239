// A mechanism for tests of Negotiate: tokens in the clear, keys of text, and NTLM's cipher state as two counters.
#pragma once

#include "auth/login_mechanism.h"

#include <string>

namespace winrm::auth::spnego {

enum class end { initiator, acceptor };

/// What the cipher of a direction has used up: the RC4 stream and the sequence number go apart in Negotiate.
struct cipher_state
{
    int stream = 0;
    int sequence = 0;
};

class fake_sealer final : public message_sealer
{
public:
    fake_sealer(cipher_state out, cipher_state in) : out_(out), in_(in) {}
    [[nodiscard]] std::string_view cipher() const noexcept override { return "none"; }
    [[nodiscard]] seal_room room(std::size_t) const noexcept override { return {2, 0}; }
    [[nodiscard]] bool seal(std::span<char> token) override
    {
        token[0] = static_cast<char>('0' + out_.stream++);
        token[1] = static_cast<char>('0' + out_.sequence++);
        return true;
    }
    [[nodiscard]] unsealed unseal(std::span<char> token) override
    {
        if (token[0] != '0' + in_.stream++) return {seal_failure::bad_mac, {}, 0};
        if (token[1] != '0' + in_.sequence++) return {seal_failure::out_of_sequence, {}, 0};
        return {seal_failure::none, token.subspan(2), 0};
    }

private:
    cipher_state out_, in_;
};

struct fake_options
{
    int fail_at = 0; ///< which call of step() fails, from 1
    login_failure reason = login_failure::other;
    bool needs_mic = false;
    int legs = 0; ///< the initiator's tokens; 0: two for NTLM, one for Kerberos
};

class fake_mechanism final : public login_mechanism
{
public:
    fake_mechanism(mechanism_kind kind, end own, fake_options options = {}) : kind_(kind), own_(own), options_(options)
    {
        if (options_.legs == 0) options_.legs = kind == mechanism_kind::ntlm ? 2 : 1;
    }

    [[nodiscard]] leg step(base::bytes_view token) override
    {
        ++calls_;
        if (calls_ == options_.fail_at) return {leg_state::failed, "error", options_.reason};
        if (token == "error") return {leg_state::failed, {}, login_failure::ticket_refused};
        const bool first = own_ == end::initiator && calls_ == 1;
        if (first ? !token.empty() : token != expected()) return {leg_state::failed, {}, login_failure::bad_token};
        // Kerberos ends with a token of the acceptor, NTLM with one of the initiator.
        const bool ntlm = kind_ == mechanism_kind::ntlm;
        const bool last = own_ == end::initiator ? calls_ == options_.legs + (ntlm ? 0 : 1) : calls_ == options_.legs;
        const bool silent = last && (own_ == end::initiator) != ntlm;
        return {last ? leg_state::done : leg_state::go_on, silent ? base::bytes() : text(own_, calls_)};
    }

    [[nodiscard]] base::bytes sign_mechlist(base::bytes_view list) override
    {
        ++out_.sequence; // the stream is set back
        return mic(own_, list);
    }
    [[nodiscard]] bool verify_mechlist(base::bytes_view list, base::bytes_view code) override
    {
        ++in_.sequence;
        return code == mic(own_ == end::initiator ? end::acceptor : end::initiator, list);
    }
    [[nodiscard]] bool needs_mechlist_mic() const noexcept override { return options_.needs_mic; }
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() override
    {
        return std::make_unique<fake_sealer>(out_, in_);
    }

private:
    [[nodiscard]] base::bytes text(end sender, int number) const
    {
        using namespace std::string_literals;
        // With two bytes behind the mechanism's number the frame's length is right.
        const base::bytes start =
            kind_ == mechanism_kind::ntlm ? "NTLMSSP\0"s : "\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"s;
        return start + (sender == end::initiator ? "i" : "a") + std::to_string(number);
    }
    [[nodiscard]] base::bytes expected() const
    {
        return own_ == end::initiator ? text(end::acceptor, calls_ - 1) : text(end::initiator, calls_);
    }
    [[nodiscard]] static base::bytes mic(end sender, base::bytes_view list)
    {
        return (sender == end::initiator ? "mic i " : "mic a ") + base::bytes(list);
    }

    mechanism_kind kind_;
    end own_;
    fake_options options_;
    cipher_state out_, in_;
    int calls_ = 0;
};

} // namespace winrm::auth::spnego
