// One PowerShell process behind one remote shell: carries PSRP bytes between the shell's conversations (the runspace
// pool and its pipelines) and the process's stdin and stdout, by the grammar of out_of_proc.h. Reads nothing of them
// but what stream_watch.h sees. A machine: see CONTRIBUTING.md, "One shape for machines".
//
// The process handles lines in parallel. So of each conversation one packet at a time is on its way, the next follows
// its acknowledgement; and of a pipeline nothing goes before its Command is acknowledged. Each Command has exactly one
// Close.
#pragma once

#include "base/duration.h"
#include "psrp/connect_answer.h"
#include "psrp/out_of_proc.h"
#include "psrp/stream_watch.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace winrm::psrp {

using base::milliseconds;
using base::time_point;

struct bridge_options
{
    milliseconds start_time{60'000};  ///< until the first packet of the pool is acknowledged
    milliseconds answer_time{60'000}; ///< until any later Command or Data is; stopping and closing may take longer
    milliseconds close_time{5'000};   ///< for an orderly end
    std::size_t max_line = 4 * 1024 * 1024;
    std::size_t max_conversations = 256; ///< pipelines, those included that are being closed
    std::uint64_t max_message = 0;       ///< octets of one message to the process, 0 = any
    std::uint64_t max_received = 0;      ///< octets to one pipeline, 0 = any
};

/// Why the process is of no use any more.
enum class bridge_end {
    exited,    ///< it ended, or closed its stdout
    error,     ///< it told an error of its transport
    closed,    ///< the pool is Closed
    broken,    ///< the pool is Broken
    junk,      ///< it wrote what is no packet
    silent,    ///< it does not acknowledge
    over_quota ///< the client sent more than allowed, or no PSRP
};

/// The conversation is there: the process has acknowledged its first bytes.
struct bridge_opened
{
    base::uuid guid;
};
/// The process has acknowledged what send() gave.
struct bridge_taken
{
    base::uuid guid;
};
struct bridge_output
{
    base::uuid guid;
    base::bytes bytes;
};
/// The pipeline is Completed, Failed or Stopped; all of its output was told before.
struct bridge_finished
{
    base::uuid guid;
};
/// Nothing more happens. Told once.
struct bridge_ended
{
    bridge_end why;
    std::string text; ///< what the process said, "" = nothing
};
using bridge_event = std::variant<bridge_opened, bridge_taken, bridge_output, bridge_finished, bridge_ended>;

class process_bridge
{
public:
    explicit process_bridge(bridge_options options = {});

    // -- the shell's side. The all-zero guid is the pool; it comes first.
    /// Begins a conversation with its first bytes; after its predecessor's Close is acknowledged, where that had the
    /// same guid: PowerShell's own client runs one pipeline after another under one.
    /// @return false: that guid is in use, or there are too many.
    [[nodiscard]] bool open(const base::uuid& guid, base::bytes first, time_point now);
    /// More bytes; the next only after bridge_taken.
    void send(const base::uuid& guid, packet_stream stream, base::bytes bytes, time_point now);
    /// Stops the pipeline, ahead of what it has not been sent yet.
    void signal(const base::uuid& guid, time_point now);
    /// Ends a pipeline. Nothing is told of it any more.
    void close(const base::uuid& guid, time_point now);
    /// Another client takes the pool over. @return what Connect is answered; nullopt: what it sent does not fit this
    /// pool
    [[nodiscard]] std::optional<base::bytes> connect(base::bytes_view request);
    /// Ends everything in good order; finished() then, at the latest after close_time.
    void shut_down(time_point now);
    [[nodiscard]] bool finished() const noexcept { return phase_ == phase::ended; }
    /// While its output is left unread it cannot acknowledge either: no time runs.
    void reading(bool on, time_point now);

    // -- the process's side
    [[nodiscard]] base::bytes_view output() const noexcept { return base::bytes_view(output_).substr(written_); }
    void written(std::size_t n);
    void received(base::bytes_view bytes, time_point now);
    /// @param said  what it left on stderr, for people
    void end_of_stream(std::string said, time_point now);

    [[nodiscard]] std::optional<bridge_event> poll_event();
    [[nodiscard]] time_point deadline() const noexcept;
    void handle_timeout(time_point now);
    /// Conversations, those being closed included.
    [[nodiscard]] std::size_t conversations() const noexcept { return conversations_.size(); }

private:
    enum class phase { running, closing, ended };
    /// waiting: its predecessor under the same guid is being closed. opening: its first bytes are not acknowledged.
    /// done: its final state was told; its Close follows from the shell.
    enum class conversation_phase { waiting, opening, open, done, closing };
    struct conversation
    {
        explicit conversation(const base::uuid& g, std::uint64_t max_message) : guid(g), to_process(max_message) {}
        base::uuid guid;
        conversation_phase phase = conversation_phase::opening;
        std::deque<packet> unsent;
        std::optional<packet_kind> on_its_way;
        time_point since{};   ///< of what is on its way
        bool created = false; ///< its Command was sent: it needs a Close
        std::uint64_t received = 0;
        stream_watch from_process, to_process;
        std::unique_ptr<conversation> next; ///< while this one closes
    };

    /// The one that the process knows.
    [[nodiscard]] conversation* known(const base::uuid& guid);
    /// The one that the shell means: the latest.
    [[nodiscard]] conversation* find(const base::uuid& guid);
    [[nodiscard]] bool is_pool(const base::uuid& guid) const noexcept { return guid == base::uuid{}; }
    [[nodiscard]] bool allowed(conversation& c, base::bytes_view bytes);
    void advance(conversation& c, time_point now);
    void take(packet&& p, time_point now);
    void take_ack(packet_kind kind, const base::uuid& guid, time_point now);
    void take_data(packet&& p);
    void close_pool_when_alone(time_point now);
    void end(bridge_end why, std::string text);

    bridge_options options_;
    phase phase_ = phase::running;
    bool reading_ = true;
    time_point close_until_ = time_point::max();
    std::map<std::string, conversation> conversations_; ///< by guid's text
    std::string output_;
    std::size_t written_ = 0;
    out_of_proc_reader reader_;
    pool_memory pool_;
    std::deque<bridge_event> events_;
};

/// One sentence for people, without the process's own words.
[[nodiscard]] base::bytes_view text_of(bridge_end why) noexcept;

} // namespace winrm::psrp
