// What time it is at a KDC: to say by how much clocks differ, where the library only says that they do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace winrm::gss {

struct library;

/// Asks a KDC of the principal's realm for a ticket to a service that no realm has, and reads the time in its refusal
/// (RFC 4120 5.9.1, stime). Sends nothing made with a password, so it counts against no account. Blocks as other
/// questions to a KDC do.
/// @param principal  "ada", "ada@CORP.EXAMPLE"
/// @return seconds since 1970 UTC as the KDC says, unproven; nullopt: it said none
[[nodiscard]] std::optional<std::int64_t> kdc_time(const library& gss, const std::string& principal);

} // namespace winrm::gss
