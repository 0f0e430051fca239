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
    /// @param piece  bytes, and whether they are the last; called once per want()
    input(io::loop& on, int fd, std::function<void(base::bytes, bool)> piece);
    ~input();
    input(const input&) = delete;
    input& operator=(const input&) = delete;

    void want();
    /// Reads no more; lets go of the file.
    void close();

private:
    void read();
    io::loop& loop_;
    int fd_ = -1;
    int restore_flags_ = -1;
    bool wanted_ = false, ended_ = false;
    std::optional<io::descriptor> wait_;
    std::function<void(base::bytes, bool)> piece_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace winrm::cli
