#include "service/user/spawn.h"

#include "io/unique_fd.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace winrm::service::user {
namespace {

bool forbid_close_range()
{
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 &&
           ::syscall(SYS_close_range, ~0U, ~0U, 0U) != 0 && errno == ENOSYS;
}

/// Starts `ls /proc/self/fd` with its output to `out`; the exit code tells how that went.
int list_descriptors(int out)
{
    const rlimit low{512, 512};
    if (!forbid_close_range() || ::setrlimit(RLIMIT_NOFILE, &low) != 0) return 2;
    if (::dup2(out, 7) != 7 || ::dup2(out, 500) != 500) return 3; // no close-on-exec
    const io::unique_fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    child_plan plan;
    plan.candidates = {"/bin/ls"};
    plan.argv = {"ls", "/proc/self/fd"};
    plan.directory = "/";
    const auto started = spawn(plan, {null.get(), out, null.get(), -1}, {});
    int status = -1;
    if (!std::holds_alternative<spawned>(started)) return 4;
    ::waitpid(std::get<spawned>(started).pid, &status, 0);
    return status == 0 ? 0 : 5;
}

// S24
TEST(spawn, closes_descriptors_one_by_one_where_close_range_is_refused)
{
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(list_descriptors(ends[1]));
    ::close(ends[1]);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    char listed[200] = "";
    EXPECT_GE(::read(ends[0], listed, sizeof listed - 1), 0);
    EXPECT_STREQ(listed, "0\n1\n2\n3\n"); // 3 is ls reading the folder
    ::close(ends[0]);
}

} // namespace
} // namespace winrm::service::user
