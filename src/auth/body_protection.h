// What a finished login does to the bodies of its connection.
#pragma once

#include "base/bytes.h"

#include <string>

namespace winrm::auth {

struct message
{
    base::bytes body;
    std::string type; ///< of the body: whole value of Content-Type
};

/// This one leaves bodies as they are, as Basic does.
class body_protection
{
public:
    body_protection() = default;
    body_protection(const body_protection&) = delete;
    body_protection& operator=(const body_protection&) = delete;
    virtual ~body_protection() = default;

    /// Are bodies sealed? If so, one that is not must not be believed.
    [[nodiscard]] virtual bool seals() const noexcept { return false; }
    /// In place, with the type that the sealed body has. false: the keys are of no more use; close the connection.
    [[nodiscard]] virtual bool seal(message&) { return true; }
    /// false: not sealed, or not by the peer, or out of order; close the connection without a word.
    [[nodiscard]] virtual bool unseal(message&) { return true; }
};

} // namespace winrm::auth
