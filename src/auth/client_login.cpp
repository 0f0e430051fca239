#include "auth/client_login.h"

#include "auth/basic.h"

namespace winrm::auth {

basic_login::basic_login(base::bytes_view user, base::bytes_view password) : value_(make_basic(user, password)) {}

} // namespace winrm::auth
