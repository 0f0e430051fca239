// The sandbox, tried from inside: each attempt runs in a child that has entered it.
#include "service/sandbox/sandbox.h"

#include "io/unique_fd.h"
#include "service/sandbox/landlock.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::sandbox {
namespace {

enum class outcome { allowed, refused, killed, broken };

/// Enters the sandbox in a child and tries. `attempt` returns true if it got what it wanted.
outcome inside(const std::function<bool()>& attempt, role who = role::front)
{
    const pid_t child = ::fork();
    if (child == 0) {
        const sandbox_report report = enter_sandbox(who, 64);
        if (!report.problem.empty()) ::_exit(99);
        ::_exit(attempt() ? 0 : 1);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return outcome::broken;
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? outcome::killed : outcome::broken;
    switch (WEXITSTATUS(status)) {
    case 0: return outcome::allowed;
    case 1: return outcome::refused;
    default: return outcome::broken;
    }
}
bool denied(outcome o) { return o == outcome::refused || o == outcome::killed; }

TEST(sandbox, says_what_is_in_force)
{
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const sandbox_report r = enter_sandbox(role::front, 64);
        const char told[] = {r.problem.empty() ? '1' : '0', r.no_new_privileges ? '1' : '0',
                             r.seccomp ? '1' : '0',         r.own_uid ? '1' : '0',
                             r.empty_root ? '1' : '0',      ::geteuid() != 0 ? '1' : '0'};
        ::_exit(::write(ends[1], told, sizeof told) == sizeof told ? 0 : 1);
    }
    ::close(ends[1]);
    char told[7] = "";
    EXPECT_EQ(::read(ends[0], told, 6), 6);
    ::close(ends[0]);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_STREQ(told, ::geteuid() == 0 ? "111111" : "111001");
}

TEST(sandbox, what_serving_needs_is_allowed)
{
    const io::unique_fd listener{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const io::unique_fd client{::socket(AF_INET, SOCK_STREAM, 0)};
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::send(client.get(), "hello", 5, 0), 5);
    EXPECT_EQ(inside([&] {
                  const int fd = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
                  char text[8] = "";
                  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
                  void* memory = ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return fd >= 0 && ::recv(fd, text, sizeof text, 0) == 5 && ::send(fd, "bye", 3, 0) == 3 &&
                         poll >= 0 && memory != MAP_FAILED && ::close(fd) == 0;
              }),
              outcome::allowed);
    char text[8] = "";
    EXPECT_EQ(::recv(client.get(), text, sizeof text, 0), 3);
}

TEST(sandbox, descriptors_of_a_connection_can_still_come_from_the_monitor)
{
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const io::unique_fd mine{pair[0]}, theirs{pair[1]};
    char byte = 'x';
    iovec piece{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int passed = STDIN_FILENO;
    std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
    ASSERT_EQ(::sendmsg(mine.get(), &message, 0), 1);
    EXPECT_EQ(inside([&] {
                  message.msg_controllen = sizeof control;
                  return ::recvmsg(theirs.get(), &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message) != nullptr;
              }),
              outcome::allowed);
}

/// The process that reads tokens has its way to the monitor, and no other.
TEST(sandbox, s23_the_token_process_can_answer_the_monitor_and_nobody_else)
{
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const io::unique_fd mine{pair[0]}, theirs{pair[1]};
    ASSERT_EQ(::send(mine.get(), "ask", 3, 0), 3);
    EXPECT_EQ(inside(
                  [&] {
                      char text[4];
                      return ::recv(theirs.get(), text, sizeof text, 0) == 3 && ::send(theirs.get(), "yes", 3, 0) == 3;
                  },
                  role::token),
              outcome::allowed);
    const io::unique_fd listener{::socket(AF_INET, SOCK_STREAM, 0)};
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_TRUE(denied(
        inside([&] { return ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK) >= 0 || errno == EAGAIN; },
               role::token)));
    EXPECT_TRUE(denied(inside([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }, role::token)));
    EXPECT_TRUE(denied(inside([] { return ::open("/etc/passwd", O_RDONLY) >= 0; }, role::token)));
    EXPECT_TRUE(denied(inside([] { return ::syscall(SYS_fork) >= 0; }, role::token)));
    EXPECT_TRUE(denied(inside(
        [] {
            char* const argv[] = {nullptr};
            ::execve("/bin/true", argv, argv);
            return false;
        },
        role::token)));
    EXPECT_TRUE(denied(inside([] { return ::kill(::getppid(), 0) == 0; }, role::token)));
}

TEST(sandbox, no_file_is_reached)
{
    EXPECT_EQ(inside([] { return ::open("/etc/passwd", O_RDONLY) >= 0; }), outcome::refused);
    EXPECT_EQ(inside([] { return ::open("/tmp/winrm-unit-made", O_RDWR | O_CREAT, 0600) >= 0; }), outcome::refused);
    EXPECT_EQ(inside([] { return ::access("/", R_OK) == 0; }), outcome::refused);
    EXPECT_TRUE(denied(inside([] { return ::unlink("/tmp/winrm-unit-none") == 0 || errno == ENOENT; })));
    EXPECT_TRUE(denied(inside([] { return ::mkdir("/tmp/winrm-unit-folder", 0700) == 0; })));
}

TEST(sandbox, no_program_is_started_and_no_process_made)
{
    EXPECT_TRUE(denied(inside([] {
        char* const argv[] = {nullptr};
        ::execve("/bin/true", argv, argv);
        return false;
    })));
    EXPECT_TRUE(denied(inside([] { return ::syscall(SYS_fork) >= 0; })));
    EXPECT_TRUE(denied(inside([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0; })));
    EXPECT_TRUE(denied(inside([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; })));
    EXPECT_TRUE(denied(inside([] { return ::kill(::getppid(), 0) == 0; })));
}

TEST(sandbox, no_connection_of_its_own_is_made)
{
    EXPECT_TRUE(denied(inside([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; })));
    EXPECT_TRUE(denied(inside([] { return ::socket(AF_UNIX, SOCK_DGRAM, 0) >= 0; })));
    int before = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_TRUE(denied(inside([&] {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(1);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::connect(before, reinterpret_cast<sockaddr*>(&to), sizeof to);
        return errno == ECONNREFUSED;
    })));
    EXPECT_TRUE(denied(inside([&] {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        return ::bind(before, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0;
    })));
    ::close(before);
}

TEST(sandbox, no_memory_becomes_code)
{
    EXPECT_TRUE(denied(inside([] {
        return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
    })));
    EXPECT_TRUE(denied(inside([] {
        void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
    })));
}

TEST(sandbox, limits_hold)
{
    EXPECT_EQ(inside([] {
                  int last = 0;
                  while (last >= 0 && last < 100) last = ::epoll_create1(0);
                  return last < 0 && errno == EMFILE;
              }),
              outcome::allowed);
}

TEST(sandbox, landlock_alone_closes_the_file_system)
{
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (deny_with_landlock() <= 0) ::_exit(2);
        ::_exit(::open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "this kernel has no Landlock";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

/// Of a child that does this.
int exit_code_of(const std::function<int()>& run)
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(run());
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(sandbox, a_landlock_that_refuses_is_not_taken_for_none)
{
    const int got = exit_code_of([] {
        // Without no_new_privs, and without any right, the kernel refuses.
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 3;
        const int abi = deny_with_landlock();
        return abi < 0 ? 1 : abi == 0 ? 2 : 4;
    });
    if (got == 2) GTEST_SKIP() << "this kernel has no Landlock";
    EXPECT_EQ(got, 1);
}

TEST(sandbox, a_bounding_set_that_cannot_be_emptied_is_a_problem)
{
    if (::geteuid() != 0) GTEST_SKIP() << "not root: there is none to empty";
    EXPECT_EQ(exit_code_of([] {
                  __user_cap_header_struct header{};
                  header.version = _LINUX_CAPABILITY_VERSION_3;
                  __user_cap_data_struct sets[2] = {};
                  if (::syscall(SYS_capget, &header, sets) != 0) return 3;
                  for (auto* set : {&sets[0].effective, &sets[0].permitted}) *set &= ~(1U << CAP_SETPCAP);
                  if (::syscall(SYS_capset, &header, sets) != 0) return 3;
                  const sandbox_report report = enter_sandbox(role::front, 64);
                  return report.problem.starts_with("PR_CAPBSET_DROP: ") && !report.own_uid ? 1 : 2;
              }),
              1);
}

} // namespace
} // namespace winrm::service::sandbox
