// A stream of the remote command on its way to our standard output or standard error. Never blocks the loop.
#pragma once

#include "cli/text.h"

#include "io/loop.h"
#include "io/unique_fd.h"

#include <functional>
#include <optional>

namespace winrm::cli {

class output
{
public:
    struct events
    {
        std::function<void()> full;   ///< much is waiting for a slow reader
        std::function<void()> room;   ///< it has gone
        std::function<void()> broken; ///< the reader is gone, or the disk is full
    };
    /// @param raw  false: what reaches a terminal is made harmless (text.h); other files always get every byte as it is
    output(io::loop& on, int fd, bool raw, events e);
    ~output();
    output(const output&) = delete;
    output& operator=(const output&) = delete;

    void write(base::bytes_view data);
    /// The stream is complete.
    void end();
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty() || broken_; }
    [[nodiscard]] int failure() const noexcept { return broken_; } ///< errno, 0 = none
    /// Lets go of the file; what waits is lost.
    void close();

private:
    void flush();
    void queue(base::bytes_view data);
    io::loop& loop_;
    int fd_;
    bool regular_ = false;
    int restore_flags_ = -1; ///< of a file shared with others that had to be made non-blocking
    bool full_ = false;
    int broken_ = 0;
    std::optional<terminal_filter> filter_;
    std::optional<io::descriptor> wait_;
    std::string waiting_;
    events events_;
};

/// A descriptor of its own for the same pipe or terminal, so that making it non-blocking disturbs no other process;
/// -1 where the system has none to give.
[[nodiscard]] int reopen(int fd, int flags) noexcept;

} // namespace winrm::cli
