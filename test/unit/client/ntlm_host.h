// The service's end of a login by NTLM in Negotiate, and a host on loopback that takes it and seals.
#pragma once

#include "auth/ntlm/mechanism.h"
#include "auth/spnego/acceptor.h"
#include "base/base64.h"
#include "fake_host.h"
#include "http/sealing.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace winrm::test {

/// One login; the account is ada with the password "secret".
class ntlm_end
{
public:
    explicit ntlm_end(base::bytes binding = {}, std::string password = "secret") : password_(std::move(password))
    {
        auth::ntlm::server_options o;
        o.nb_computer = "HOST";
        o.dns_computer = "host.example";
        o.binding = binding.empty() ? auth::ntlm::binding_policy::relaxed : auth::ntlm::binding_policy::strict;
        o.channel_binding = std::move(binding);
        std::vector<auth::spnego::offer> offers;
        auto made = std::make_unique<auth::ntlm::server_mechanism>(
            std::move(o), random, [] { return std::uint64_t{133'000'000'000'000'000}; });
        ntlm_ = made.get();
        offers.push_back({auth::mechanism_kind::ntlm, std::move(made)});
        negotiate_.emplace(std::move(offers));
    }

    [[nodiscard]] auth::spnego::negotiate_leg step(base::bytes_view token)
    {
        auto got = negotiate_->step(token);
        if (got.state == auth::leg_state::waiting) {
            const bool known = ntlm_->account().user == "ada";
            ntlm_->answer(known ? auth::ntlm::account_answer{auth::ntlm::account_answer::kind::nt_hash,
                                                             *auth::ntlm::nt_hash(password_)}
                                : auth::ntlm::account_answer{});
            got = negotiate_->resume();
        }
        return got;
    }
    [[nodiscard]] bool bound() const { return ntlm_->client().channel_bound; }
    /// After done.
    [[nodiscard]] std::unique_ptr<auth::body_protection> keys()
    {
        return std::make_unique<http::sealing>(negotiate_->take_sealer(), http::sealed_protocol::spnego, 512'000);
    }

private:
    static void random(std::span<unsigned char> out) { std::fill(out.begin(), out.end(), std::uint8_t{7}); }

    std::string password_;
    auth::ntlm::server_mechanism* ntlm_ = nullptr;
    std::optional<auth::spnego::acceptor> negotiate_;
};

/// Logs each connection in by itself and opens what is sealed. Give `answer` to a fake_host.
class ntlm_host
{
public:
    /// Status and body of the answer to an envelope.
    using content = std::function<std::string(const http_request&)>;
    /// Goes first, with the request as it came; may answer in place of the host.
    using script = std::function<std::optional<http_reply>(const http_request&)>;

    explicit ntlm_host(content c) : content_(std::move(c)) {}
    script odd;
    bool seals = true;
    std::string password = "secret";
    base::bytes binding;                    ///< of the TLS connection
    std::string scheme = "Negotiate";       ///< that it takes tokens under; "NTLM": bare ones
    std::string offers = "Negotiate";       ///< in a refusal
    int logins = 0, refused = 0, clear = 0; ///< made; denied; bodies in the clear where sealing was agreed
    std::vector<std::string> opened;        ///< envelopes

    http_reply answer(const http_request& r)
    {
        if (odd) {
            if (auto other = odd(r)) return std::move(*other);
        }
        one& c = connections_[r.connection];
        base::bytes said;
        if (const auto at = r.head.find("Authorization: " + scheme + ' '); at != std::string::npos) {
            const auto begin = at + 16 + scheme.size();
            base::bytes token;
            if (!base::base64_decode(r.head.substr(begin, r.head.find('\r', begin) - begin), token)) return denied(c);
            if (!c.login) c = {std::make_unique<ntlm_end>(binding, password), nullptr, false};
            auto got = c.login->step(token);
            if (got.state == auth::leg_state::failed) return denied(c);
            said = "WWW-Authenticate: " + scheme + ' ' + base::base64_encode(got.token) + "\r\n";
            if (got.state == auth::leg_state::go_on) return {http_answer(401, "", said)};
            ++logins;
            c.keys = seals ? c.login->keys() : nullptr;
            c.login.reset();
            c.in = true;
            if (r.body.empty()) return {http_answer(200, "", said)};
        }
        if (!c.in) return denied(c);
        return served(r, c, said);
    }
    /// All logins are forgotten, the connections stay.
    void forget() { connections_.clear(); }

private:
    struct one
    {
        std::unique_ptr<ntlm_end> login;
        std::unique_ptr<auth::body_protection> keys;
        bool in = false;
    };

    http_reply denied(one& c)
    {
        ++refused;
        c = {};
        return {http_answer(401, "", "WWW-Authenticate: " + offers + "\r\n")};
    }

    http_reply served(http_request r, one& c, const std::string& said)
    {
        const auto type_at = r.head.find("Content-Type: ") + 14;
        auth::message in{std::move(r.body), r.head.substr(type_at, r.head.find('\r', type_at) - type_at)};
        if (c.keys && !c.keys->unseal(in)) {
            ++clear;
            return {http_answer(400, ""), true};
        }
        r.body = in.body;
        opened.push_back(r.body);
        const std::string whole = content_(r);
        const auto head = whole.find("\r\n\r\n");
        auth::message out{whole.substr(head + 4), "application/soap+xml;charset=UTF-8"};
        if (c.keys) must(c.keys->seal(out));
        return {http_answer(std::stoi(whole.substr(9, 3)), out.body, said + "Content-Type: " + out.type + "\r\n")};
    }
    static void must(bool good)
    {
        if (!good) std::abort();
    }

    content content_;
    std::map<int, one> connections_;
};

} // namespace winrm::test
