#include "io/loop.h"
#include "io/message_socket.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <array>
#include <cstdio>
#include <optional>

namespace {

using namespace winrm;

TEST(descriptor, tells_when_readable_and_writable)
{
    io::loop loop;
    auto [a, b] = io::make_socket_pair();
    ASSERT_TRUE(a && b);
    io::descriptor here(loop, a.release()), there(loop, b.release());
    std::string order;
    here.when_readable([&] { order += 'r'; });
    there.when_writable([&] {
        order += 'w';
        EXPECT_EQ(::write(there.fd(), "x", 1), 1);
    });
    loop.run();
    EXPECT_EQ(order, "wr");
}

TEST(descriptor, one_shot_replaced_and_cancelled)
{
    io::loop loop;
    auto [a, b] = io::make_socket_pair();
    ASSERT_EQ(::write(b.get(), "x", 1), 1);
    io::descriptor here(loop, a.release());
    int calls = 0;
    here.when_readable([&] { calls += 100; });
    here.when_readable([&] { calls += 1; });
    loop.run();
    EXPECT_EQ(calls, 1);
    here.when_readable([&] { calls += 100; });
    here.cancel();
    here.when_readable([&] { calls += 1; }); // the byte is still there
    loop.run();
    EXPECT_EQ(calls, 2);
    here.when_readable([&] { calls += 100; });
    here.cancel();
    loop.run(); // returns: nothing is waited for
    EXPECT_EQ(calls, 2);
}

TEST(descriptor, may_be_destroyed_by_its_own_handler)
{
    io::loop loop;
    auto [a, b] = io::make_socket_pair();
    std::optional<io::descriptor> here(std::in_place, loop, a.release());
    const int number = here->fd();
    here->when_readable([&] { here.reset(); });
    here->when_writable([&] { EXPECT_EQ(::write(b.get(), "x", 1), 1); });
    loop.run();
    EXPECT_FALSE(here.has_value());
    EXPECT_EQ(::fcntl(number, F_GETFD), -1) << "closed";
}

TEST(descriptor, release_gives_it_away_open)
{
    io::loop loop;
    auto [a, b] = io::make_socket_pair();
    int fd = -1;
    {
        io::descriptor here(loop, a.release());
        here.when_readable([] { FAIL(); });
        fd = here.release();
    }
    ASSERT_EQ(::write(b.get(), "x", 1), 1);
    loop.run();
    io::unique_fd kept(fd);
    char c = 0;
    EXPECT_EQ(::read(kept.get(), &c, 1), 1);
}

TEST(descriptor, files_that_epoll_refuses_are_always_ready)
{
    io::loop loop;
    std::FILE* temporary = std::tmpfile();
    ASSERT_NE(temporary, nullptr);
    int calls = 0;
    io::descriptor regular(loop, ::dup(::fileno(temporary))), null(loop, ::open("/dev/null", O_RDWR | O_CLOEXEC));
    std::fclose(temporary);
    regular.when_readable([&] { ++calls; });
    null.when_readable([&] { ++calls; });
    null.when_writable([&] { ++calls; });
    loop.run();
    EXPECT_EQ(calls, 3);
}

} // namespace
