// The head of a request as a client writes it.
#pragma once

#include "http/client_connection.h"

#include <string>
#include <string_view>

namespace winrm::http {

/// Text of ours or of the user that would end up in the head: a line end in it would start another field.
[[nodiscard]] bool is_clean(const client_options& o, std::string_view media_type);

/// Precondition: is_clean().
/// @param login   value of Authorization, "" = none
/// @param length  of the body
[[nodiscard]] std::string request_text(const client_options& o, std::string_view login, std::string_view media_type,
                                       std::size_t length);

} // namespace winrm::http
