// Output on its way to a client: queued in order of arrival, cut into pieces for answers. What was cut stays until it
// is confirmed, so that a piece whose answer was lost can be cut again. Pure.
#pragma once

#include "shell/messages.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace winrm::shell {

/// Some of a queue's streams: bit i is the stream with index i.
using stream_set = std::uint32_t;
inline constexpr std::size_t max_streams = 31;

class output_queue
{
public:
    /// @param streams  their names, in the order in which their ends are told; at most max_streams
    /// @param text  UTF-8: a character is not cut, and not given before its end is there. Otherwise each push() is a
    /// packet (or
    ///              several), which is not cut either: there are clients that take each answer for whole fragments
    ///              (pypsrp).
    explicit output_queue(std::vector<std::string> streams, bool text = true);

    // -- from the process
    void push(std::size_t stream, base::bytes_view data);
    /// The stream is at its end: nothing more will be pushed to it.
    void end(std::size_t stream) noexcept { open_ &= ~bit(stream); }
    [[nodiscard]] bool any_open() const noexcept { return open_ != 0; }

    // -- to the client
    struct piece
    {
        std::vector<outgoing_block> blocks; ///< views that live until confirm(), rewind() or push()
        bool everything = true;             ///< no byte of the wanted streams stays behind
    };
    /// Cuts the next piece of these streams. Precondition: none is under way.
    /// @param room  octets for the blocks
    /// @param tags  octets of one block besides its base64
    /// @param last  nothing more will be pushed: a character is not held back for its end
    [[nodiscard]] piece cut(stream_set wanted, std::size_t room, std::size_t tags, bool last);
    /// The piece under way has arrived: it is forgotten.
    void confirm();
    /// It has not: it is cut again.
    void rewind();
    /// Forgets the oldest bytes, if they are of none of these streams and not under way.  @return whether it did
    bool drop_front_outside(stream_set wanted);

    [[nodiscard]] std::size_t size() const noexcept { return size_; } ///< bytes held, those under way included
    [[nodiscard]] std::size_t under_way() const noexcept;             ///< bytes of the piece under way
    [[nodiscard]] std::size_t chunks() const noexcept { return chunks_.size(); }
    /// Bytes of these streams that are not under way.
    [[nodiscard]] std::size_t waiting(stream_set of) const noexcept;
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

private:
    struct chunk
    {
        std::size_t stream;
        base::bytes data;
        std::size_t taken = 0; ///< confirmed
        std::size_t cut = 0;   ///< taken, and what is under way
        [[nodiscard]] base::bytes_view rest() const { return base::bytes_view(data).substr(cut); }
    };
    [[nodiscard]] static constexpr stream_set bit(std::size_t stream) noexcept { return stream_set{1} << stream; }
    void hold_back_tail(piece& p, std::size_t last_chunk);
    void move_cut(chunk& c, std::size_t to) noexcept;

    std::vector<std::string> names_;
    bool text_;
    stream_set open_;
    std::deque<chunk> chunks_;
    std::vector<std::size_t> waiting_; ///< by stream
    std::size_t size_ = 0;
};

} // namespace winrm::shell
