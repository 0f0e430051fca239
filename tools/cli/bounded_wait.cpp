#include "cli/bounded_wait.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace winrm::cli {

bool is_ignored(int signo)
{
    struct sigaction now
    {};
    return ::sigaction(signo, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

bounded_wait::bounded_wait(deadline limit) : limit_(limit)
{
    ::sigemptyset(&held_);
    for (const int signo : ending_signals) {
        if (!is_ignored(signo)) ::sigaddset(&held_, signo);
    }
    ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

bounded_wait::~bounded_wait() { restore_signals(); }

void bounded_wait::restore_signals() const noexcept { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool bounded_wait::watch()
{
    signals_.reset(::signalfd(signals_ ? signals_.release() : -1, &held_, SFD_CLOEXEC | SFD_NONBLOCK));
    return static_cast<bool>(signals_);
}

void bounded_wait::around_stop(std::function<void()> before, std::function<void()> after)
{
    before_stop_ = std::move(before);
    after_stop_ = std::move(after);
    if (!before_stop_ || is_ignored(SIGTSTP)) return;
    ::sigaddset(&held_, SIGTSTP);
    ::pthread_sigmask(SIG_BLOCK, &held_, nullptr);
    if (signals_) watch();
}

bounded_wait::outcome bounded_wait::wait(int fd, base::milliseconds at_most)
{
    using clock = std::chrono::steady_clock;
    if (!signals_ && !watch()) return outcome::failed;
    const auto begin = clock::now();
    for (;;) {
        if (signal_ != 0) return outcome::caught;
        const auto now = clock::now();
        if (now >= limit_) return outcome::late;
        const auto waited = std::chrono::duration_cast<base::milliseconds>(now - begin);
        if (waited >= at_most) return outcome::pause;
        auto left = at_most - waited;
        if (limit_ != never) left = std::min(left, std::chrono::ceil<base::milliseconds>(limit_ - now));
        const bool forever = limit_ == never && at_most == base::milliseconds::max();
        constexpr base::milliseconds longest{std::numeric_limits<int>::max()};
        std::array<pollfd, 2> both{{{fd, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
        if (::poll(both.data(), both.size(), forever ? -1 : static_cast<int>(std::min(left, longest).count())) <= 0)
            continue;
        if (both[1].revents != 0) take_signal();
        else if (both[0].revents != 0) return outcome::ready;
    }
}

void bounded_wait::take_signal()
{
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
    if (info.ssi_signo == SIGTSTP) stop();
    else signal_ = static_cast<int>(info.ssi_signo);
}

void bounded_wait::stop()
{
    if (before_stop_) before_stop_();
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGTSTP);
    static_cast<void>(::raise(SIGTSTP));
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr); // here it stops, and here it goes on
    ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
    if (after_stop_) after_stop_();
}

} // namespace winrm::cli
