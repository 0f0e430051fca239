#pragma once

#include <string>

namespace winrm::service::front {

struct throwaway_certificate
{
    std::string certificate_pem, key_pem;
};
/// Self-signed, P-256, for "localhost".
[[nodiscard]] throwaway_certificate make_throwaway_certificate();

} // namespace winrm::service::front
