#include "service/monitor/children.h"

#include "io/unique_fd.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

/// By the death of another child.
template <class Call> auto uninterrupted(Call call)
{
    auto got = call();
    while (got < 0 && errno == EINTR) got = call();
    return got;
}

/// A child that leaves a family in a session of its own behind; whoever of it lives holds the pipe open.
class Children : public testing::Test
{
protected:
    /// As an account that is not root's.
    void start_family()
    {
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        family_lives.emplace(loop, ends[0]);
        io::unique_fd held{ends[1]};
        const pid_t pid = fork_clean();
        if (pid == 0) {
            ::fcntl(held.get(), F_SETFD, 0);
            if (::setuid(owner) != 0) ::_exit(2);
            ::execl("/bin/sh", "sh", "-c", "setsid sh -c 'sleep 1000 & sh -c \"sleep 1000 & wait\" & wait' & exit 3",
                    nullptr);
            ::_exit(1);
        }
        all.watch(pid, [this](int status) { ended = WEXITSTATUS(status); });
        family_lives->when_readable([this] { gone = true; });
    }
    pid_t start_sleeper() const
    {
        int ready[2];
        EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
        const pid_t pid = fork_clean();
        if (pid == 0) {
            if (::setuid(owner) == 0) ::execl("/bin/sleep", "sleep", "1000", nullptr);
            ::_exit(1);
        }
        ::close(ready[1]);
        char byte = 0;
        EXPECT_EQ(uninterrupted([&] { return ::read(ready[0], &byte, 1); }), 0); // closed by its execve
        ::close(ready[0]);
        return pid;
    }
    /// SIGTERM from here, unless it got a SIGKILL before.
    static int what_ends(pid_t pid)
    {
        ::kill(pid, SIGTERM);
        int status = 0;
        EXPECT_EQ(uninterrupted([&] { return ::waitpid(pid, &status, 0); }), pid);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    bool until(const bool& holds)
    {
        bool late = false;
        io::timer watchdog{loop};
        watchdog.set_after(base::milliseconds{30'000}, [&] { late = true; });
        while (!late && !holds) loop.run_one();
        return !late;
    }

    const uid_t owner = ::getuid() == 0 ? 65534 : ::getuid();
    io::loop loop;
    children all{loop};
    std::optional<io::descriptor> family_lives;
    std::optional<int> ended;
    bool gone = false;
};

TEST_F(Children, OrphansOfAnAccountAreKilledWithTheirFamilies)
{
    all.adopt_orphans();
    start_family();
    while (!ended) loop.run_one();
    EXPECT_EQ(ended, 3);
    EXPECT_FALSE(gone);
    all.kill_orphans_of(owner);
    EXPECT_TRUE(until(gone));
}

TEST_F(Children, OrphansOfOthersAreNot)
{
    all.adopt_orphans();
    const pid_t orphan = start_sleeper();
    all.kill_orphans_of(owner + 1);
    EXPECT_EQ(what_ends(orphan), SIGTERM);
}

TEST_F(Children, NeitherAreThoseFromBefore)
{
    const pid_t before = start_sleeper(); // of a script that has become this process
    all.adopt_orphans();
    start_family();
    while (!ended) loop.run_one();
    all.kill_orphans_of(owner);
    EXPECT_TRUE(until(gone));
    EXPECT_EQ(what_ends(before), SIGTERM);
}

TEST_F(Children, TheEndWaitsForThemToo)
{
    all.adopt_orphans();
    start_family();
    while (!ended) loop.run_one();
    all.kill_orphans_of(owner);
    all.kill_all();
    char byte = 0;
    EXPECT_EQ(::read(family_lives->fd(), &byte, 1), 0) << "somebody of the family lives";
}

} // namespace
