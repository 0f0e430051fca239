// A remote shell from the client's side: opens, runs commands, sends stdin, collects output, closes. Pure: it gives the
// next request and takes the reply. The driver may have several requests under way at once: a Receive takes long, Send
// and Signal go beside it on a second connection. See ARCHITECTURE.md, "Two paths".
//
// Call poll_request() and poll_event() after every other call until both are empty.
#pragma once

#include "shell/messages.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>

namespace winrm::shell {

/// Number of a request under way; chosen by the machine, never reused.
enum class exchange_id : std::uint64_t {};
/// Number of a command within this machine (the host's CommandId may come later).
enum class command_number : std::uint32_t {};
/// The streams of a PowerShell shell itself, which go without a CommandId (MS-PSRP 3.1.5.3.7).
inline constexpr command_number shell_itself{0};

struct client_options
{
    create_shell create;
    milliseconds operation_timeout{60'000};     ///< of Receive: the host's longest silence before TimedOut
    std::size_t max_envelope_size = 512'000;    ///< what we accept, sent in the header
    std::size_t send_envelope_size = 153'600;   ///< what the host surely takes, until learn_envelope_size()
    std::size_t input_high_water = 1024 * 1024; ///< queued stdin beyond which input_wanted is not signalled
    bool signal_after_done = true;              ///< MS-WSMV 3.1.4.12: terminate follows the final output
    /// The shell has streams of its own, as PowerShell's have: they are Received while it is open, and input_taken,
    /// signal_answered and command_quiet are told.
    bool streams_of_shell = false;
};

struct outgoing
{
    exchange_id id;
    wsman::outgoing_request request;
    command_number command{}; ///< whose Receive, Send or Signal it is
    /// A Receive or anything else that may be asked again after a lost connection (only Receive is).
    bool repeatable = false;
    /// The user waits for nothing of this one (Signal after Done, Delete): errors are swallowed by the machine.
    bool background = false;
    /// The driver sends it after this time (a Send while the host is busy, a Create after it could not start a shell);
    /// 0 = at once. One at a time. For one that is not sent after all it calls handle_failure().
    milliseconds delay{0};
};

// events, in the order they happened
struct shell_opened
{
    shell_info info;
};
struct command_started
{
    command_number command;
    std::string command_id;
};
struct command_output
{
    command_number command;
    std::string stream;
    base::bytes data;
};
/// Room for more stdin of this command.
struct input_wanted
{
    command_number command;
};
/// All input of this stream so far was taken.
struct input_taken
{
    command_number command;
    std::string stream;
};
/// The host has answered a Signal, or will not.
struct signal_answered
{
    command_number command;
    signal_code code;
};
struct command_done
{
    command_number command;
    std::optional<std::int64_t> exit_code;
};
/// The command ended without exit code: fault, lost connection, protocol error.
struct command_failed
{
    command_number command;
    winrm::error error;
};
/// Shell could not be opened, or is gone: nothing can follow but shell_closed.
struct shell_failed
{
    winrm::error error;
};
/// The command has ended before, and nothing of it is under way any more: its id may be used again.
struct command_quiet
{
    command_number command;
};
/// Disconnect was answered: the shell waits for Reconnect, or for Connect of another client.
struct shell_disconnected
{};
/// Reconnect was answered.
struct shell_reconnected
{};
/// Connect was answered, for the shell (shell_itself; then shell_opened follows) or for a command (then
/// command_started).
struct shell_connected
{
    command_number command;
    base::bytes response_xml;
};
/// Delete was answered (or given up): the machine is finished.
struct shell_closed
{};
using client_event = std::variant<shell_opened, command_started, command_output, input_wanted, input_taken,
                                  signal_answered, command_quiet, command_done, command_failed, shell_failed,
                                  shell_disconnected, shell_reconnected, shell_connected, shell_closed>;

class client_shell
{
public:
    explicit client_shell(client_options options);
    ~client_shell();
    client_shell(client_shell&&) noexcept;
    client_shell& operator=(client_shell&&) noexcept;

    // -- what the application wants
    /// @param creation_xml  in place of that in the options
    void open(base::bytes creation_xml = {});
    /// Takes a shell that exists already; no Create. When it has run commands and then refuses one because a quota of
    /// the shell is used up, it is replaced: Delete, Create (a second shell_opened), and the same Command once. Not
    /// while other commands run in it.
    void attach(shell_info existing);
    /// May be called before the shell is open; commands of one shell may run side by side.
    command_number run(start_command command);
    /// Queued and cut into Sends that fit the envelope; one Send is under way at a time per command.
    void send_input(command_number command, base::bytes data, bool end, base::bytes_view stream = "stdin");
    /// Receives of the shell itself are asked (the default) or not: one that is under way stays.
    void want_shell_output(bool wanted);
    /// Nothing of it is of interest any more: Signal terminate, and no event follows.
    void abandon(command_number command);
    /// Disconnect: commands go on, their output waits. Only while the shell is open. @return false: it is not
    bool disconnect(const disconnect_shell& how = {});
    /// @return false: it is not disconnected
    bool reconnect();
    /// Instead of open(): Connect to a shell that another client has disconnected.
    void connect(connect_shell to);
    /// Connect to a command of such a shell. No events of it before shell_opened.
    command_number connect_command(const std::string& command_id);
    void signal(command_number command, signal_code code);
    /// A request of this command, which may have ended, is not answered yet.
    [[nodiscard]] bool under_way(command_number command) const noexcept;
    /// Delete, after Signals; commands still running end as command_failed(cancelled).
    void close();
    /// As close(), but Delete is asked at once, whatever is still unanswered (a Signal whose answer does not come);
    /// what has not been sent yet is dropped. May follow close(). While Create is unanswered there is nothing to delete
    /// yet: Delete follows its answer.
    void close_now();
    /// The host's MaxEnvelopeSizekb became known. Beyond 4 MiB (less an HTTP head) it makes Sends no larger.
    void learn_envelope_size(std::size_t octets);
    /// True once stdin needs more than one envelope: worth a Get of winrm/config.
    [[nodiscard]] bool wants_envelope_size() const noexcept;

    // -- what is to be sent
    [[nodiscard]] std::optional<outgoing> poll_request();
    // -- what arrived, for a request under way
    void handle_reply(exchange_id id, const wsman::incoming_reply& reply);
    /// The request failed below WS-Management. A repeatable one is asked again if `may_retry`, and so is a Send, after
    /// `send_delay`; for a Send only where the host cannot have taken it.
    void handle_failure(exchange_id id, winrm::error error, bool may_retry, milliseconds send_delay = {});

    [[nodiscard]] std::optional<client_event> poll_event();
    [[nodiscard]] bool finished() const noexcept;
    [[nodiscard]] const std::string& shell_id() const noexcept;
    /// The host gives output again whose answer was lost, when its Receive is asked again.
    [[nodiscard]] bool repeats_lost_output() const noexcept;
    /// Bytes that one Send, or the Argument of a Command, may hold.
    [[nodiscard]] std::size_t piece_size() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::shell
