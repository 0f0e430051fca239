// Which requests the service takes, by their head alone. Status 0 = this one.
#pragma once

#include "http/request_head.h"

namespace winrm::http {

/// The one request that is answered without a login.
[[nodiscard]] bool is_anonymous_identify(const request_head& head);
/// What is wrong with a request for the service as such, whoever sends it.
[[nodiscard]] refusal check_route(const request_head& head);
/// What is wrong with the type of the body that is announced. Of a sealed one the keys decide.
[[nodiscard]] refusal check_type(const media_type& type);
/// What is wrong with the body that is announced.
/// @param sealed  whatever its type is
[[nodiscard]] refusal check_body(const request_head& head, std::size_t max_body, bool sealed = false);
/// What is told before the login, without reading the body. A leg's body is of no interest: anything goes that can be
/// read to its end. Of others: nothing about the route.
[[nodiscard]] refusal check_before_login(const request_head& head, std::size_t max_body, bool leg);

} // namespace winrm::http
