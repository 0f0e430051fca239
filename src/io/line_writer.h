// Lines for a reader that may stall: whoever writes never waits. What finds no room is dropped and counted.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <deque>
#include <string>

namespace winrm::io {

class line_writer
{
public:
    static constexpr std::size_t most_waiting = 256 * 1024; ///< bytes
    /// @param fd  not owned. A pipe or terminal whose open file is not non-blocking (see own_standard_error) is asked
    ///            before each write, which is right as long as nobody else writes to it at the same moment.
    explicit line_writer(int fd, std::size_t most = most_waiting);

    enum class weight { light, heavy }; ///< light ones leave half of the room to heavy ones
    /// @param line  with its line end. Written, or kept until there is room, or dropped.
    void write(std::string line, weight w);
    /// Writes what waits. @return true: nothing waits any more.
    bool flush();
    [[nodiscard]] bool waits() const noexcept { return !waiting_.empty(); }
    /// Lines dropped so far, less those that were told.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
    void told_lost() noexcept { lost_ = 0; }
    /// Waits a moment for room, at the end of the program.
    void flush_within(int milliseconds);

private:
    enum class way { plain, socket, ask_first };
    enum class outcome { all, later, failed };
    outcome push(const std::string& line);
    int fd_;
    std::size_t most_, size_ = 0, done_ = 0; ///< bytes waiting; of the first line, those that are written already
    std::uint64_t lost_ = 0;
    std::deque<std::string> waiting_;
    way way_ = way::plain;
};

/// Gives this process an open file of its own as standard error where that is a pipe or a terminal, and makes it
/// non-blocking: the flag is then nobody else's. Where it cannot be opened again everything stays as it was.
void own_standard_error();

} // namespace winrm::io
