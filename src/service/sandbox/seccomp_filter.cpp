#include "service/sandbox/seccomp_filter.h"

#include <asm/ioctls.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace winrm::service::sandbox {
namespace {

#ifdef OPENWINRM_SANITIZED
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// Collects rules; the first failure stays.
class filter
{
public:
    filter() : context_(::seccomp_init(sanitized ? SCMP_ACT_ERRNO(EACCES) : SCMP_ACT_KILL_PROCESS), ::seccomp_release)
    {
        if (!context_) error_ = ENOMEM;
    }
    void rule(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> arguments = {})
    {
        // __NR_SCMP_ERROR and pseudo numbers: the call does not exist on this machine's architecture
        if (error_ != 0 || call == __NR_SCMP_ERROR) return;
        const int done = ::seccomp_rule_add_array(context_.get(), action, call, static_cast<unsigned>(arguments.size()),
                                                  arguments.begin());
        if (done != 0 && done != -EEXIST) error_ = -done;
    }
    void allow(std::initializer_list<int> calls)
    {
        for (const int call : calls) rule(SCMP_ACT_ALLOW, call);
    }
    void refuse(std::initializer_list<int> calls)
    {
        if (sanitized) return; // the default answers so already
        for (const int call : calls) rule(SCMP_ACT_ERRNO(EACCES), call);
    }
    [[nodiscard]] int load()
    {
        if (error_ == 0) error_ = -::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
        // The kernel's audit log then names the call that killed us; optional.
        if (error_ == 0) (void)::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_LOG, 1);
        if (error_ == 0) error_ = -::seccomp_load(context_.get());
        return error_;
    }

private:
    std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
    int error_ = 0;
};

scmp_arg_cmp is(unsigned argument, scmp_datum_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp lacks(unsigned argument, scmp_datum_t bit) { return {argument, SCMP_CMP_MASKED_EQ, bit, 0}; }

void allow_loop(filter& f)
{
    f.allow({SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
             SCMP_SYS(epoll_create1), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(timerfd_create),
             SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(eventfd2), SCMP_SYS(clock_gettime),
             SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
             SCMP_SYS(time), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom)});
}

/// With the monitor, and with the log.
void allow_messages(filter& f)
{
    f.allow({SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
             SCMP_SYS(sendmsg), SCMP_SYS(close), SCMP_SYS(fstat)});
    f.rule(SCMP_ACT_ALLOW, SCMP_SYS(sendto), {is(4, 0)}); // send() on a connected socket, no address
    f.rule(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {is(1, FIONBIO)});
    for (const int command : {F_GETFL, F_SETFL, F_GETFD, F_SETFD})
        f.rule(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), {is(1, static_cast<scmp_datum_t>(command))});
}

void allow_sockets(filter& f)
{
    f.allow({SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(getpeername), SCMP_SYS(getsockname),
             SCMP_SYS(getsockopt)});
    for (const int option : {TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_QUICKACK, TCP_USER_TIMEOUT})
        f.rule(SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), {is(1, IPPROTO_TCP), is(2, static_cast<scmp_datum_t>(option))});
    for (const int option : {SO_KEEPALIVE, SO_LINGER})
        f.rule(SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), {is(1, SOL_SOCKET), is(2, static_cast<scmp_datum_t>(option))});
}

void allow_process(filter& f)
{
    f.allow({SCMP_SYS(brk),          SCMP_SYS(munmap),         SCMP_SYS(mremap),
             SCMP_SYS(madvise),      SCMP_SYS(futex),          SCMP_SYS(sched_yield),
             SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
             SCMP_SYS(sigaltstack),  SCMP_SYS(getpid),         SCMP_SYS(gettid),
             SCMP_SYS(getuid),       SCMP_SYS(geteuid),        SCMP_SYS(getgid),
             SCMP_SYS(getegid),      SCMP_SYS(sysinfo),        SCMP_SYS(sched_getaffinity),
             SCMP_SYS(exit),         SCMP_SYS(exit_group)});
    f.rule(SCMP_ACT_ALLOW, SCMP_SYS(mmap), {lacks(2, PROT_EXEC)});
    f.rule(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), {lacks(2, PROT_EXEC)});
    // abort() raises SIGABRT in this very process
    f.rule(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), {is(0, static_cast<scmp_datum_t>(::getpid()))});
}

/// Libraries try these and work without; a kill would only hide what they tried.
void refuse_lookups(filter& f)
{
    f.refuse({SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(stat), SCMP_SYS(lstat),
              SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
              SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(socket), SCMP_SYS(uname)});
}

void allow_sanitizers(filter& f)
{
    // pipe: the runtime asks the kernel whether memory can be read by writing it there.
    f.allow({SCMP_SYS(prctl), SCMP_SYS(getrlimit), SCMP_SYS(prlimit64), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
             SCMP_SYS(membarrier), SCMP_SYS(uname), SCMP_SYS(newfstatat), SCMP_SYS(pipe), SCMP_SYS(pipe2),
             SCMP_SYS(mincore)});
}

} // namespace

std::string load_seccomp_filter(role who)
{
    filter f;
    allow_loop(f);
    allow_messages(f);
    if (who == role::front) allow_sockets(f);
    allow_process(f);
    refuse_lookups(f);
    if (sanitized) allow_sanitizers(f);
    const int error = f.load();
    return error == 0 ? std::string{} : std::string{"seccomp: "} + std::strerror(error);
}

} // namespace winrm::service::sandbox
