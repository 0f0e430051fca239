#include "service/front/peer_address.h"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace winrm::service::front {

std::string peer_address(int socket)
{
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    char text[INET6_ADDRSTRLEN] = "";
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "unknown";
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    } else if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof text);
        else ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    }
    return *text != '\0' ? text : "unknown";
}

} // namespace winrm::service::front
