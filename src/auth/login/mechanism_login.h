// A client's login by tokens: Negotiate over the mechanisms it is given, or one of them bare under its own name; with
// what a user wants to know of it.
#pragma once

#include "auth/client_login.h"
#include "auth/spnego/initiator.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace winrm::auth {

/// One way that was tried, and what became of it.
struct tried_mechanism
{
    mechanism_kind kind;
    login_failure failed = login_failure::none; ///< none: the host refused it, or it went well
    std::string words{};                        ///< a library's own text, often ""
    std::string more{};                         ///< the sentence of `failed` with what is known beyond it; "" = nothing
};

class mechanism_login final : public client_login
{
public:
    using seal_maker = std::function<std::unique_ptr<body_protection>(std::unique_ptr<message_sealer>)>;
    struct options
    {
        /// Fresh ones for each login, in the order of liking. Called by step("").
        std::function<std::vector<spnego::offer>()> offers;
        /// What seals the bodies with the keys of the login; empty: they stay as they are.
        seal_maker seal;
        /// "Kerberos", "NTLM": the first of the offers without Negotiate around it. "": Negotiate. Static storage.
        base::bytes_view bare{};
        base::bytes_view only{}; ///< the mechanism that was asked for; "": whichever will do. Static storage.
        bool blocks = false;     ///< one of the mechanisms waits for others
        std::function<std::int64_t()>
            clock; ///< seconds since 1970 UTC, to tell by how much clocks differ; may be empty
    };
    explicit mechanism_login(options how);

    [[nodiscard]] base::bytes_view scheme() const noexcept override
    {
        return how_.bare.empty() ? base::bytes_view("Negotiate") : how_.bare;
    }
    [[nodiscard]] base::bytes_view shown_name() const noexcept override
    {
        return how_.only.empty() ? scheme() : how_.only;
    }
    [[nodiscard]] bool blocks() const noexcept override { return how_.blocks; }
    [[nodiscard]] leg step(base::bytes_view token) override;
    /// With Kerberos, where nothing is to be sealed.
    [[nodiscard]] bool request_may_go() const noexcept override;
    [[nodiscard]] bool seals() const noexcept override { return sealing_ != nullptr; }
    [[nodiscard]] bool seal(message& m) override;
    [[nodiscard]] bool unseal(message& m) override;

    /// Of the latest login. The one in use is the last of them.
    [[nodiscard]] const std::vector<tried_mechanism>& tried() const noexcept { return tried_; }
    /// "" until it is done, and where nothing was agreed.
    [[nodiscard]] std::string_view cipher() const noexcept { return cipher_; }
    [[nodiscard]] bool done() const noexcept { return done_; }
    /// No more than the first token has gone out: nothing that a host could count as a wrong password.
    [[nodiscard]] bool only_begun() const noexcept { return steps_ == 1; }

private:
    [[nodiscard]] leg begin_bare();
    [[nodiscard]] leg step_bare(base::bytes_view token);
    [[nodiscard]] leg ended(spnego::negotiate_leg&& got);
    [[nodiscard]] leg finished(base::bytes&& token, std::unique_ptr<message_sealer> keys);
    void note_tried(login_failure latest);
    void note_clocks(base::bytes_view token);

    options how_;
    std::optional<spnego::initiator> negotiate_;
    std::unique_ptr<login_mechanism> bare_;
    std::unique_ptr<body_protection> sealing_;
    std::optional<mechanism_kind> favourite_;
    std::vector<tried_mechanism> tried_;
    std::string_view cipher_;
    int steps_ = 0;
    bool done_ = false;
};

} // namespace winrm::auth
