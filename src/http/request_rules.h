// Which requests the service takes, by their head alone. Status 0 = this one.
#pragma once

#include "http/request_head.h"

namespace winrm::http {

/// The one request that is answered without a login.
[[nodiscard]] bool is_anonymous_identify(const request_head& head);
/// What is wrong with a request for the service as such, whoever sends it.
[[nodiscard]] refusal check_route(const request_head& head);
/// What is wrong with the body that is announced.
[[nodiscard]] refusal check_body(const request_head& head, std::size_t max_body);

} // namespace winrm::http
