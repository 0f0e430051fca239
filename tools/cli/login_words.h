// What is said of logins: how one was made, and of one that failed what was tried, why it failed, and what to do. Pure.
#pragma once

#include "base/bytes.h"

#include <winrm/client.h>
#include <winrm/error.h>

#include <span>
#include <string>

namespace winrm::cli {

/// What to do about one cause.
struct login_cause
{
    base::bytes_view cause;  ///< login_attempt::cause
    base::bytes_view advice; ///< the one thing to do, a sentence without full stop
};
[[nodiscard]] std::span<const login_cause> login_causes() noexcept;
/// What it means, a sentence with full stop. "" for a cause that is not in the table.
[[nodiscard]] base::bytes_view meaning_of(base::bytes_view cause) noexcept;
/// "" for a cause that is not in the table.
[[nodiscard]] base::bytes_view advice_for(base::bytes_view cause) noexcept;

/// "Negotiate chose Kerberos (HTTP/web1.corp@CORP), sealed AES-256, port 5985": one line, nothing of it raw.
[[nodiscard]] std::string describe(const login_facts& facts);

/// The line of -v: "winrm: HOST: " and the same; "" while there was no login.
[[nodiscard]] std::string login_line(base::bytes_view host, const login_facts& facts);

/// What to do about a login that failed: by the last attempt that tells a cause, else by what the host offers. "" if
/// nothing more than the message can be said.
[[nodiscard]] std::string login_advice(const error& e);
/// "Kerberos: no KDC …; NTLM: the password is wrong": all attempts; "" if there were none.
[[nodiscard]] std::string attempts(const error& e);
/// What belongs behind the message of a login that failed: what was tried, what the host offers, what to do; each only
/// if the message does not say it already. "" for any other error.
[[nodiscard]] std::string explain_login(const error& e);

} // namespace winrm::cli
