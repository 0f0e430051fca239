// A runspace pool from the client's side (MS-PSRP 3.1): opens, runs pipelines in it, hands out what they tell, answers
// the server's calls to the host, disconnects and connects, closes. Pure: it says what is to be carried and takes what
// came.
//
// It knows no WS-Management. Whoever drives it is its carrier: WS-Man (src/powershell), or the lines of `pwsh
// -SSHServerMode` (psrp/out_of_proc.h). A carrier takes orders from poll_carry() and does with each:
//
//   order                   over WS-Man                                    over out_of_proc (zero guid = the pool)
//   carry_open              Create, fragments = creationXml                Data of the zero guid, then DataAck
//   carry_connect           Connect, fragments = connectXml                - (not offered by pwsh)
//   carry_connect_pipeline  Connect with the CommandId                     -
//   carry_pipeline          Command, CommandId = pipeline,                 Command, CommandAck, Data, DataAck
//                           fragments = its one Argument
//   carry_data              Send to `stdin`, or `pr` for prompt_response   Data with Stream Default or PromptResponse,
//   DataAck carry_stop              Signal powershell/signal/ctrl_c                Signal, SignalAck
//   carry_close_pipeline    Signal terminate                               Close, CloseAck
//   carry_close             Delete                                         Close of the zero guid
//   carry_disconnect        Disconnect                                     -
//   carry_reconnect         Reconnect                                      -
//
// and answers with handle_done(id) when the host has confirmed it (the reply or Ack came), or handle_failure(id,
// error). What the host sends goes to received(): pipeline = the CommandId of the Receive (guid of the packet), nullopt
// = the pool's. For carry_connect, received(nullopt, content of connectResponseXml) comes before handle_done(). Several
// orders can be under way at once; the machine takes care that those which must wait do: of carry_data there is one at
// a time for each pool or pipeline and stream, and nothing for a pipeline before its carry_pipeline is done.
// A carrier over WS-Man keeps a Receive waiting on the pool from the done of carry_open (carry_connect,
// carry_reconnect) until pool_closed or pool_broken, and one on each pipeline from the done of carry_pipeline
// (carry_connect_pipeline) until its pipeline_state_changed with an end state. `wants_output()` says the same.
//
// Call poll_carry() and poll_event() after every other call until both are empty. After pool_closed or pool_broken
// nothing follows.
#pragma once

#include "base/duration.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "clixml/reader.h"
#include "psrp/fragment.h"
#include "psrp/host_call.h"
#include "psrp/pool_messages.h"

#include <memory>
#include <optional>
#include <variant>

namespace winrm::psrp {

/// Number of an order under way; chosen by the machine, never reused.
enum class carry_id : std::uint64_t {};

struct client_pool_options
{
    base::uuid id; ///< RPID, and the ShellId to propose in Create
    std::int32_t min_runspaces = 1, max_runspaces = 1;
    thread_options threads = thread_options::default_options;
    apartment_state apartment = apartment_state::unknown;
    host_info host;                       ///< host_info::interactive(size) where host calls can be answered
    clixml::value application_arguments;  ///< primitive dictionary: $PSSenderInfo.ApplicationArguments; null = none
    std::string protocol_version = "2.3"; ///< 2.1 to 2.4; also the WS-Man option `protocolversion`
    /// Octets of fragments that one order may hold, at least 64: what is left of an envelope, before base64.
    std::size_t piece_size = 32 * 1024;
    std::size_t input_high_water = 1024 * 1024; ///< waiting input of a pipeline beyond which input_wanted is not told
    base::milliseconds key_exchange_timeout{60'000}; ///< MS-PSRP 3.1.1.2.8
    fragment_limits limits;
    clixml::limits values; ///< of the data of each message
};

// what is to be carried
enum class carry_stream { normal, prompt_response };
struct carry_open
{
    base::bytes fragments;
};
struct carry_connect
{
    base::bytes fragments;
};
struct carry_connect_pipeline
{
    base::uuid pipeline;
};
struct carry_pipeline
{
    base::uuid pipeline;
    base::bytes fragments; ///< of CREATE_PIPELINE alone; what did not fit follows as carry_data
};
struct carry_data
{
    std::optional<base::uuid> pipeline; ///< nullopt: the pool
    carry_stream stream = carry_stream::normal;
    base::bytes fragments;
};
struct carry_stop
{
    base::uuid pipeline;
};
struct carry_close_pipeline
{
    base::uuid pipeline;
};
struct carry_close
{};
struct carry_disconnect
{};
struct carry_reconnect
{};
struct carry
{
    carry_id id;
    std::variant<carry_open, carry_connect, carry_connect_pipeline, carry_pipeline, carry_data, carry_stop,
                 carry_close_pipeline, carry_close, carry_disconnect, carry_reconnect>
        what;
};

// events, in the order they happened
/// Opened, or connected to: pipelines run from here on (those asked for before were kept).
struct pool_opened
{
    session_capability host;
    std::int32_t min_runspaces = 1, max_runspaces = 1;
    clixml::value application_private_data; ///< null where the host has sent none yet
};
/// Whatever RUNSPACEPOOL_STATE says that no other event of these tells.
struct pool_state_changed
{
    runspacepool_state state;
    std::optional<error_record> reason;
};
struct pool_disconnected
{};
struct pool_reconnected
{};
/// Closed as asked. Pipelines have ended before.
struct pool_closed
{};
/// Gone: by an error of the protocol or the carrier, or because the host says so. Pipelines have ended before.
struct pool_broken
{
    winrm::error error;
    std::optional<error_record> reason; ///< the host's own words
};
/// Answer to set_max_runspaces, set_min_runspaces, reset_runspace_state (done or not), available_runspaces (how many).
struct pool_answer
{
    std::int64_t call;
    std::variant<bool, std::int64_t> answer;
};
struct pool_user_event
{
    user_event event;
};
struct pool_private_data
{
    clixml::value data;
};
/// protect() and reveal() work from here on.
struct pool_keys_exchanged
{};
/// The host wants something of the user: if call.wants_answer(), then respond…() or fail() must follow, in any order
/// with others. A pipeline that ends meanwhile waits for none.
struct host_call_made
{
    std::optional<base::uuid> pipeline; ///< nullopt: of the pool
    host_call call;
};

/// CREATE_PIPELINE has arrived (or the pipeline is connected to).
struct pipeline_started
{
    base::uuid pipeline;
};
/// A pipeline that takes input has room for more of it.
struct input_wanted
{
    base::uuid pipeline;
};
struct pipeline_output
{
    base::uuid pipeline;
    clixml::value value;
};
struct pipeline_error
{
    base::uuid pipeline;
    error_record record;
};
/// Debug, verbose, warning: record.kind.
struct pipeline_informational
{
    base::uuid pipeline;
    informational_record record;
};
struct pipeline_information
{
    base::uuid pipeline;
    information_record record;
};
struct pipeline_progress
{
    base::uuid pipeline;
    progress_record record;
};
/// completed, stopped, failed: its end, nothing of it follows. disconnected: the pool is; running: it is again.
struct pipeline_state_changed
{
    base::uuid pipeline;
    invocation_state state;
    std::optional<error_record> reason; ///< of failed and stopped: the terminating error
    std::optional<winrm::error> error;  ///< of failed, where the carrier or the pool failed
};

using pool_event =
    std::variant<pool_opened, pool_state_changed, pool_disconnected, pool_reconnected, pool_closed, pool_broken,
                 pool_answer, pool_user_event, pool_private_data, pool_keys_exchanged, host_call_made, pipeline_started,
                 input_wanted, pipeline_output, pipeline_error, pipeline_informational, pipeline_information,
                 pipeline_progress, pipeline_state_changed>;

/// Answer to a field of Prompt.
struct credential
{
    std::string user_name;
    base::secret password; ///< UTF-8
};
struct field_answer
{
    std::string name;
    std::variant<clixml::value, base::secret, credential> value;
};

[[nodiscard]] constexpr bool is_end(invocation_state s) noexcept
{
    return s == invocation_state::completed || s == invocation_state::stopped || s == invocation_state::failed;
}

class client_pool
{
public:
    client_pool(client_pool_options options, base::random_source random);
    ~client_pool();
    client_pool(client_pool&&) noexcept;
    client_pool& operator=(client_pool&&) noexcept;

    // -- what the application wants
    void open();
    /// Instead of open(): to a pool that another client left disconnected; options.id is its ShellId.
    void connect();
    /// May be called before the pool is open. @param id  nullopt: a random one. @return its id, also the CommandId
    base::uuid run(pipeline what, const std::optional<base::uuid>& id = {});
    /// GET_COMMAND_METADATA (MS-PSRP 3.1.4.5): its outputs are a command_metadata_count and command_metadata.
    base::uuid get_commands(get_command_metadata what, const std::optional<base::uuid>& id = {});
    /// After connect(): a pipeline of that pool. `takes_input`: send_input() may follow.
    void connect_pipeline(const base::uuid& pipeline, bool takes_input = false);
    /// Queued. Ignored for a pipeline that takes none or has ended.
    void send_input(const base::uuid& pipeline, const clixml::value& value);
    void end_input(const base::uuid& pipeline);
    /// Ends as stopped, or as whatever it became before the host heard of it.
    void stop(const base::uuid& pipeline);
    /// Answered by pool_answer with the number returned here.
    std::int64_t set_max_runspaces(std::int32_t count);
    std::int64_t set_min_runspaces(std::int32_t count);
    std::int64_t available_runspaces();
    /// Variables, location and so on as they were (protocol 2.3 and newer); for pools of one runspace.
    std::int64_t reset_runspace_state();
    /// Only while it is open; else ignored.
    void disconnect();
    /// Only while it is disconnected by disconnect().
    void reconnect();
    /// Stops what runs, then closes. A pool that was never opened is closed at once.
    void close();

    // -- answers to host_call_made. Of a call that wants none, or of a pipeline that has ended: ignored.
    /// The value encoded as the method's return type says (host_call.h).
    void respond(const host_call_made& asked, clixml::value returned);
    /// ReadLineAsSecureString. Keys are exchanged first where that has not been done.
    void respond(const host_call_made& asked, base::secret text);
    /// PromptForCredential1 and 2.
    void respond(const host_call_made& asked, credential answer);
    /// Prompt: for each field its answer.
    void respond(const host_call_made& asked, std::vector<field_answer> answers);
    /// The method threw: the script sees an exception with these words.
    void fail(const host_call_made& asked, std::string message);

    // -- secure strings (MS-PSRP 2.2.5.1.24)
    /// Told by pool_keys_exchanged; at once where they are there already. Where both ends speak 2.4, none are needed:
    /// secure strings are not encrypted then (doc/PROTOCOL.md).
    void exchange_keys();
    [[nodiscard]] bool has_keys() const noexcept;
    /// A secure string of UTF-8 text for parameters and input. @errors usage: no keys yet, or not UTF-8
    [[nodiscard]] result<clixml::value> protect(base::bytes_view text) const;
    /// The UTF-8 text of a secure string that came. @errors usage: no keys yet, no secure string; protocol: not ours
    [[nodiscard]] result<base::secret> reveal(const clixml::value& secure_string) const;

    // -- the carrier
    [[nodiscard]] std::optional<carry> poll_carry(base::time_point now);
    void handle_done(carry_id id);
    /// The host did not take it, or the way there broke. carry_open, carry_connect and data of the pool: the pool is
    /// broken. Orders of a pipeline: it ends as failed. carry_close: it is closed all the same.
    void handle_failure(carry_id id, winrm::error why);
    /// Bytes of the host's fragments, in pieces of any size. Of a pipeline that has ended: ignored. An error in them
    /// breaks the pool.
    void received(const std::optional<base::uuid>& pipeline, base::bytes_view bytes);
    /// The way to the host is gone for good (Receive failed, the process ended): the pool is broken.
    void handle_lost(winrm::error why);
    /// Receive of the pool (nullopt) or pipeline is worth asking.
    [[nodiscard]] bool wants_output(const std::optional<base::uuid>& pipeline) const noexcept;
    /// More or less room in an order became known (MaxEnvelopeSizekb).
    void set_piece_size(std::size_t octets);

    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout(base::time_point now);

    [[nodiscard]] std::optional<pool_event> poll_event();
    [[nodiscard]] runspacepool_state state() const noexcept;
    [[nodiscard]] const base::uuid& id() const noexcept;
    /// nullopt: unknown, or ended.
    [[nodiscard]] std::optional<invocation_state> pipeline_state(const base::uuid& pipeline) const noexcept;
    /// Closed or broken.
    [[nodiscard]] bool finished() const noexcept;

private:
    struct state_type;
    std::unique_ptr<state_type> state_;
};

} // namespace winrm::psrp
