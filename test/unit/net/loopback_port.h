// A port of 127.0.0.1 for tests that connect.
#pragma once

#include "io/unique_fd.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

namespace winrm::test {

enum class listens {
    yes,
    no,    ///< bound but not listening: nobody else gets the number, and connecting is refused
    silent ///< its queue is full: the kernel drops what asks for a connection
};

struct loopback_port
{
    explicit loopback_port(listens how) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* const where = reinterpret_cast<sockaddr*>(&at);
        EXPECT_EQ(::bind(fd.get(), where, size), 0);
        if (how != listens::no) {
            EXPECT_EQ(::listen(fd.get(), how == listens::yes ? 8 : 0), 0);
        }
        EXPECT_EQ(::getsockname(fd.get(), where, &size), 0);
        number = ntohs(at.sin_port);
        if (how != listens::silent) return;
        filler.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(filler.get(), where, size), 0);
    }
    io::unique_fd fd, filler;
    std::uint16_t number = 0;
};

} // namespace winrm::test
