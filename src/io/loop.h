// One thread's event loop: readiness of descriptors, timers, signals, posted work. Asio behind a small header.
#pragma once

#include "base/duration.h"

#include <functional>
#include <memory>

namespace winrm::io {

class loop
{
public:
    loop();
    ~loop();
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    /// Runs until stop(), or until nothing is waited for.
    void run();
    /// Waits for a handler and runs it.  @return false when nothing is waited for.
    bool run_one();
    void stop();
    /// Calls later from run(), in order. Not thread-safe: the loop belongs to one thread.
    void post(std::function<void()> call);
    [[nodiscard]] base::time_point now() const;

    struct impl;
    [[nodiscard]] impl& get() { return *impl_; }

private:
    std::unique_ptr<impl> impl_;
};

/// One pending call; destroyed or cancelled = never called.
class timer
{
public:
    explicit timer(loop& on);
    ~timer();
    timer(timer&&) noexcept;
    timer& operator=(timer&&) noexcept;
    /// Replaces an earlier setting. time_point::max() = cancel.
    void set(base::time_point when, std::function<void()> call);
    void set_after(base::milliseconds delay, std::function<void()> call);
    void cancel();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

/// Owns a descriptor (closes it) and tells when it can be read or written. Regular files, which epoll refuses, count as
/// always ready. Calls at most one handler of each kind per wait; handlers may destroy the descriptor.
class descriptor
{
public:
    descriptor(loop& on, int fd); ///< sets O_NONBLOCK (not on regular files)
    ~descriptor();
    descriptor(descriptor&&) noexcept;
    descriptor& operator=(descriptor&&) noexcept;

    [[nodiscard]] int fd() const noexcept;
    /// One-shot. A second call while one is pending replaces it; nullptr takes it back.
    void when_readable(std::function<void()> call);
    void when_writable(std::function<void()> call);
    void cancel();
    /// Gives the descriptor away, unclosed; nothing is waited for any more.
    [[nodiscard]] int release();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

/// Calls `call(signo)` from the loop for each delivery (signalfd-like; restores nothing). Destroyed = default again.
class signal_watch
{
public:
    signal_watch(loop& on, std::initializer_list<int> signals, std::function<void(int)> call);
    ~signal_watch();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::io
