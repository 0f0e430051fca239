// The stdin of one command on its way to the host, in Sends that fit the envelope, one under way at a time (a second
// would be answered with 170). Pure.
#pragma once

#include "base/bytes.h"
#include "base/duration.h"

#include <cstddef>
#include <optional>

namespace winrm::shell {

/// How much stdin a Send may carry; shared by the commands of a shell.
class send_size
{
public:
    /// @param envelope  octets of what the host surely takes, until learn()
    explicit send_size(std::size_t envelope) noexcept;
    /// The host's MaxEnvelopeSizekb became known. Beyond 4 MiB (less an HTTP head) it makes Sends no larger.
    void learn(std::size_t envelope) noexcept;
    [[nodiscard]] bool learnt() const noexcept { return learnt_; }
    /// Halves it. @return false: it is that of the smallest envelope any host takes.
    bool shrink() noexcept;
    /// Bytes of stdin in one Send.
    [[nodiscard]] std::size_t piece() const noexcept;

private:
    std::size_t envelope_;
    bool learnt_ = false;
};

struct send_piece
{
    base::bytes data;
    bool end = false;            ///< of the stream
    base::milliseconds delay{0}; ///< before it is to be sent
};

class send_queue
{
public:
    /// Ignored after the end and after drop().
    void push(base::bytes data, bool end);
    /// What is to be sent now: it is then under way, until handle_*() or drop(). nullopt = nothing, or one is under
    /// way.
    /// @param most  bytes
    [[nodiscard]] std::optional<send_piece> poll(std::size_t most);
    /// True once after each push() (and at the start) as soon as less than `high_water` is queued: more is wanted.
    [[nodiscard]] bool poll_wanted(std::size_t high_water) noexcept;

    // What became of the piece under way.
    void handle_taken();
    /// The host took it although it said TimedOut: back-off before the next.
    void handle_taken_late();
    /// The host took nothing, because the command has not read what was sent before: again, after a back-off.
    void handle_busy();
    /// It did not get there: again. @param delay  before it; nullopt = as before
    void handle_not_sent(std::optional<base::milliseconds> delay = {});

    /// The command reads no more: what is queued is discarded, and what still comes.
    void drop();
    /// Bytes not yet taken, those under way included.
    [[nodiscard]] std::size_t queued() const noexcept { return data_.size() - taken_; }

private:
    enum class phase {
        open,   ///< more may come
        ending, ///< all has come
        ended,  ///< and was taken, with the end
        dropped
    };
    struct under_way
    {
        std::size_t size;
        bool end;
    };
    void taken(base::milliseconds delay);

    base::bytes data_; ///< what lies before `taken_` was sent
    std::size_t taken_ = 0;
    phase phase_ = phase::open;
    std::optional<under_way> sending_;
    base::milliseconds delay_{0}; ///< before the next; grows while the host is too busy
    bool wanted_reported_ = false;
};

} // namespace winrm::shell
