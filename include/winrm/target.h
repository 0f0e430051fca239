// The host to talk to.
#pragma once

#include <winrm/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace winrm {

/// Where a host's WinRM service listens. Plain value.
struct target
{
    std::string host; ///< name or address, without brackets; of a link-local address with its zone: "fe80::1%eth0"
    std::uint16_t port = 5986;
    bool tls = true;
    std::string path = "/wsman";
    std::string user;                              ///< of user@host, "" if not given
    bool port_given = false, scheme_given = false; ///< was it in the text? (configuration may fill the rest)

    /// "name", "user@name", "DOMAIN\user@name", "name:port", "[v6]:port", "http://name", "https://name:5986/wsman".
    /// The zone of a link-local address is needed, and follows "%25" (RFC 6874) or a bare "%": "[fe80::1%eth0]".
    /// Default: https, 5986; http:// defaults to 5985; a bare port 5985 means http.
    /// A password in the text ("user:secret@…") is refused.
    /// @errors bad_target: what is wrong with it
    [[nodiscard]] static result<target> parse(std::string_view text);
    /// "https://name:5986/wsman", brackets and %25 where needed. Without user.
    [[nodiscard]] std::string url() const;
    /// As it may be sent to the host: the zone of an IPv6 address ("fe80::1%eth0") names an interface of this machine
    /// and means nothing there (RFC 6874 section 4).
    [[nodiscard]] target without_zone() const;
};

} // namespace winrm
