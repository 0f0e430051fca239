// Waiting for a secret: until --timeout, or until a signal that ends the program.
#pragma once

#include "base/duration.h"
#include "io/unique_fd.h"

#include <array>
#include <chrono>
#include <csignal>
#include <functional>

namespace winrm::cli {

/// Signals that end the program in an orderly way.
inline constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
/// What was ignored when we started (nohup, a background job of a script) stays ignored.
[[nodiscard]] bool is_ignored(int signo);

/// When the whole subcommand must be over; max() = never.
using deadline = std::chrono::steady_clock::time_point;
inline constexpr deadline never = deadline::max();

/// Blocks the ending signals while it exists; wait() returns when one came, so that the caller can restore the terminal
/// and end its children first.
class bounded_wait
{
public:
    explicit bounded_wait(deadline limit = never);
    ~bounded_wait();
    bounded_wait(const bounded_wait&) = delete;
    bounded_wait& operator=(const bounded_wait&) = delete;

    enum class outcome {
        ready,  ///< the descriptor can be read, or is at its end
        pause,  ///< `at_most` has passed
        late,   ///< the limit has
        caught, ///< an ending signal came
        failed  ///< errno tells why signals cannot be waited for
    };
    /// @param fd  -1: none, only time and signals
    [[nodiscard]] outcome wait(int fd, base::milliseconds at_most = base::milliseconds::max());
    [[nodiscard]] int signal() const noexcept { return signal_; } ///< the one that came, 0 = none
    /// Nothing more is to be waited for.
    [[nodiscard]] bool over() const { return signal_ != 0 || std::chrono::steady_clock::now() >= limit_; }

    /// Ctrl-Z: calls `before`, stops until the user comes back, calls `after`.
    void around_stop(std::function<void()> before, std::function<void()> after);
    /// In a child after fork(): signals as they were.
    void restore_signals() const noexcept;

private:
    bool watch();
    void take_signal();
    void stop();
    deadline limit_;
    sigset_t held_{}, before_{};
    io::unique_fd signals_;
    std::function<void()> before_stop_, after_stop_;
    int signal_ = 0;
};

} // namespace winrm::cli
