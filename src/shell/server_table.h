// All shells of one logged-in user, from the service's side (MS-WSMV 3.1.4.5–14, 3.2). Pure: requests and process news
// go in, replies and orders for processes come out; `now` is an argument. Only one identity exists here by
// construction: the user process holds exactly one table, for its own user.
//
// After every call ask poll_reply() and poll_order() until empty, and arm a timer for deadline().
#pragma once

#include "base/log_sink.h"
#include "base/uuid.h"
#include "shell/messages.h"
#include "shell/server_kind.h"
#include "wsman/config_resource.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace winrm::shell {

/// One request waiting for its reply; chosen by the driver (connection and number), never reused.
enum class request_token : std::uint64_t {};
/// One process of one command; chosen by the table.
enum class process_ref : std::uint64_t {};

/// Quotas have the names of service/wire/quotas.h, without its units where the type has one.
struct table_options
{
    std::string owner;                  ///< shown as Owner
    std::string home;                   ///< %USERPROFILE%, HOME, default working directory
    std::string user_shell = "/bin/sh"; ///< runs commands with -c
    std::string machine;                ///< WSManFault/@Machine
    base::limits limits;
    milliseconds max_timeout{60'000};
    milliseconds default_idle_timeout{7'200'000}, max_idle_timeout{7'200'000}, min_idle_timeout{60'000};
    milliseconds shell_lifetime{0}; ///< 0 = none
    std::size_t max_shells_per_user = 30, max_commands_per_shell = 15, max_operations_per_user = 1500;
    std::size_t max_command_line = 8191;
    /// Bytes queued per command, besides one answer under way, before its pipes are left unread; as many of its input
    /// before a Send has to wait (and may be taken all the same at its OperationTimeout, one envelope at most).
    std::size_t output_budget = 1024 * 1024;
    milliseconds output_linger{2'000}; ///< after exit, pipes kept open by grandchildren are waited for this long
    milliseconds coalesce{50};         ///< after output: wait this long for more, or for the end
    milliseconds packet_coalesce{2};   ///< the same of streams of packets, whose reader waits for each
    milliseconds lost_time{60'000};    ///< what a shell's process had said before it went is kept this long
    milliseconds enumeration_time{240'000};
    std::span<const shell_kind> kinds = shell_kinds(); ///< live as long as the table
    bool counts_answers = true;                        ///< tells clients so; false = as Windows, for tests
    wsman::config_resource* config = nullptr;          ///< answers Get winrm/config; lives as long as the table
    /// What Identify tells those who logged in.
    std::string product_vendor = "OpenWinRM", product_version;
    std::vector<std::string> security_profiles;
};

// -- orders to whoever owns the processes
struct start_process
{
    process_ref process;
    bool use_shell = true; ///< user_shell -c command_line; false: argv directly
    std::string command_line;
    /// The line in place of command_line where quoted_program, "" = none, is no program (shell/cmd_quotes.h).
    std::string unquoted_line{}, quoted_program{};
    std::vector<std::string> argv;
    std::string working_directory;     ///< absolute
    std::vector<variable> environment; ///< added to the user's own; LD_* already refused
    std::vector<variable> session{};   ///< from the driver, of the login that asks; `environment` goes before it
    bool login_profile = false;        ///< WINRS_NOPROFILE=FALSE was said: the shell reads its login files
    bool input = true;                 ///< false: /dev/null
    std::string shell_id, command_id;  ///< names of the cgroup
};
/// The process of a whole shell. `process` is the conversation with the shell itself; process_started is told when it
/// has read `first`, process_not_started if it does not come so far.
struct start_shell_process
{
    process_ref process;
    base::bytes first;        ///< what the client sent with Create
    std::string resource_uri; ///< names the configuration
    std::string shell_id;
    std::vector<variable> session{}; ///< from the driver, of the login that asks
};
/// A conversation of its own with the process of a shell: a pipeline. Told of like a process: started, output,
/// output_end, exited.
struct start_pipeline
{
    process_ref process, host; ///< host: the shell's
    std::string command_id;
    base::bytes first;
};
/// Another client takes over the shell: process_connected follows.
struct connect_shell_process
{
    process_ref process;
    base::bytes request;
};
/// The next one of a process follows process_input_taken.
struct write_input
{
    process_ref process;
    base::bytes data;
    bool end = false;
    std::size_t stream = 0; ///< index in the input streams of its shell's kind
};
struct signal_process
{
    process_ref process;
    int signal_number;
}; ///< SIGINT, SIGQUIT… to the process group
struct kill_process
{
    process_ref process;
}; ///< whole tree, now; process_exited still follows
struct read_output
{
    process_ref process;
    bool wanted;
}; ///< back-pressure
struct forget_process
{
    process_ref process;
}; ///< no more news wanted
using process_order = std::variant<start_process, write_input, signal_process, kill_process, read_output,
                                   forget_process, start_shell_process, start_pipeline, connect_shell_process>;

struct outgoing_reply
{
    request_token token;
    bool is_fault = false; ///< HTTP 500
    std::string envelope;  ///< UTF-8; the driver encodes it in the request's charset
};

/// ended: it was there, and went before it had read what it was started with.
enum class start_failure { not_found, no_permission, bad_directory, no_resources, ended };

/// How a request came, as far as its answer depends on it.
struct request_form
{
    std::size_t octets = 1; ///< per ASCII character of the answer: 2 in UTF-16
    bool chunked = false;
};

class server_table
{
public:
    server_table(table_options options, base::random_source random, base::log_sink& log, base::time_point now);
    ~server_table();

    /// One decoded envelope (UTF-8) of this user. `client_ip` is shown in rsp:ClientIP and logged.
    void handle_request(request_token token, base::bytes_view utf8, base::bytes_view client_ip, base::time_point now,
                        request_form form = {});
    /// An envelope whose charset could not be read.
    void handle_unreadable(request_token token, std::string reason, base::time_point now);
    /// The connection that asked is gone: its waiting Receive ends, its waiting Send is not taken, shells stay.
    void handle_gone(request_token token, base::time_point now);
    /// If this request waits, it waits no longer: it is answered as at the end of its OperationTimeout.
    void handle_answer_now(request_token token, base::time_point now);

    // -- news of processes
    void process_started(process_ref p, std::uint32_t pid, base::time_point now);
    /// @param text  for people, of a shell's process: what went wrong, and what to do
    void process_not_started(process_ref p, start_failure why, base::time_point now, base::bytes_view text = {});
    /// The process of a whole shell is gone, or of no use. What it had said can still be received.
    void process_lost(process_ref p, std::string text, base::time_point now);
    /// @param answer  for the client that wants to connect, nullopt: what it sent does not fit
    void process_connected(process_ref p, std::optional<base::bytes> answer, base::time_point now);
    /// @param stream  index in the output streams of its shell's kind; of a stream that it has not, nothing is taken
    void process_output(process_ref p, std::size_t stream, base::bytes_view data, base::time_point now);
    void process_output_end(process_ref p, std::size_t stream, base::time_point now);
    /// All bytes of the last write_input were taken by the child (or it closed its stdin: the rest is discarded).
    void process_input_taken(process_ref p, base::time_point now);
    /// @param status 0..255, or 128 + signal
    void process_exited(process_ref p, int status, base::time_point now);

    [[nodiscard]] std::optional<outgoing_reply> poll_reply();
    [[nodiscard]] std::optional<process_order> poll_order();
    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout(base::time_point now);

    /// Service stops: every shell is closed, waiting Receives end with 995.
    void close_all(base::time_point now);
    [[nodiscard]] std::size_t shells() const noexcept;
    [[nodiscard]] bool has_shell(base::bytes_view id) const;
    /// Everything held: shells, commands, waiting requests, enumerations. Flat over any number of commands.
    [[nodiscard]] std::size_t objects() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::shell
