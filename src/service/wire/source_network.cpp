#include "service/wire/source_network.h"

#include <arpa/inet.h>
#include <cstring>

namespace winrm::service::wire {

std::string source_network(const std::string& address)
{
    in6_addr v6{};
    if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
    std::memset(v6.s6_addr + 8, 0, 8);
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    return std::string{text} + "/64";
}

} // namespace winrm::service::wire
