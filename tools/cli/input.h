// Our standard input on its way to the remote command: read only when the run has room for it.
#pragma once

#include "base/bytes.h"
#include "io/loop.h"

#include <functional>
#include <memory>
#include <optional>

namespace winrm::cli {

/// false: closed, /dev/null, or a file at its end: the command then gets no input at all.
[[nodiscard]] bool has_input(int fd) noexcept;

class input
{
public:
    struct events
    {
        std::function<void(base::bytes, bool)> piece; ///< bytes, and whether they are the last; once per want()
        std::function<void()> broken; ///< comes instead when it cannot be read: what is missing is not the end
    };
    input(io::loop& on, int fd, events e);
    ~input();
    input(const input&) = delete;
    input& operator=(const input&) = delete;

    void want();
    [[nodiscard]] int failure() const noexcept { return broken_; } ///< errno, 0 = none
    /// Reads no more; lets go of the file.
    void close();

private:
    void read();
    io::loop& loop_;
    int fd_ = -1;
    int restore_flags_ = -1;
    int broken_ = 0;
    bool terminal_ = false, wanted_ = false, ended_ = false;
    std::optional<io::descriptor> wait_;
    events events_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace winrm::cli
