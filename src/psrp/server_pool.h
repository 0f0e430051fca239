// A runspace pool from the server's side (MS-PSRP 3.2): takes what the client says, tells the application what to run,
// and hands out what pipelines tell. Pure, and without PowerShell: whoever runs something for PSRP clients puts it
// behind these events. (winrmd does not: its PowerShell is a pwsh, whose bytes it carries unread.)
//
// Call poll_output() and poll_event() after every other call until both are empty.
#pragma once

#include "base/uuid.h"
#include "clixml/reader.h"
#include "psrp/client_pool.h"

#include <memory>
#include <optional>
#include <variant>

namespace winrm::psrp {

struct server_pool_options
{
    std::string protocol_version = "2.3";   ///< the newest; a client that says less gets what it said
    clixml::value application_private_data; ///< primitive dictionary, or null
    std::int32_t most_runspaces = 10;       ///< what SET_MAX_RUNSPACES may ask for
    std::size_t most_pipelines = 100;       ///< running and waiting at once
    std::size_t piece_size = 32 * 1024;     ///< octets of fragments in one server_output
    fragment_limits limits;
    clixml::limits values;
};

/// Bytes for the client: of the pool or of a pipeline.
struct server_output
{
    std::optional<base::uuid> pipeline;
    base::bytes fragments;
};

// events
/// INIT_RUNSPACEPOOL came: opened() or refuse() must follow.
struct opening_asked
{
    session_capability client;
    init_runspacepool init;
};
/// A runspace is free for it: run it, tell what it says, then end().
struct pipeline_asked
{
    base::uuid pipeline;
    std::variant<psrp::pipeline, get_command_metadata> what;
};
struct input_came
{
    base::uuid pipeline;
    clixml::value value;
};
struct input_ended
{
    base::uuid pipeline;
};
/// To be ended as stopped.
struct stop_asked
{
    base::uuid pipeline;
};
/// RESET_RUNSPACE_STATE: answer_reset() must follow.
struct reset_asked
{
    std::int64_t call;
};
/// Of call_host().
struct host_answered
{
    std::optional<base::uuid> pipeline;
    host_response response;
};
struct client_left
{};
struct client_came
{};
/// keys of request_keys() are there.
struct server_keys_exchanged
{};
struct server_pool_closed
{
    std::optional<winrm::error> error; ///< set: it broke
};
using server_event = std::variant<opening_asked, pipeline_asked, input_came, input_ended, stop_asked, reset_asked,
                                  host_answered, client_left, client_came, server_keys_exchanged, server_pool_closed>;

class server_pool
{
public:
    server_pool(server_pool_options options, base::random_source random);
    ~server_pool();
    server_pool(server_pool&&) noexcept;
    server_pool& operator=(server_pool&&) noexcept;

    // -- the carrier
    /// Fragments of the client, in pieces of any size. A pipeline's first message makes it.
    /// @errors protocol, too_large: of the pool, or of a pipeline that there is not: the pool is broken, or as it was.
    /// What is
    ///         wrong in a pipeline's own bytes ends that pipeline as failed alone.
    result<void> received(const std::optional<base::uuid>& pipeline, carry_stream stream, base::bytes_view bytes);
    /// Signal. Unknown: ignored.
    void stop(const base::uuid& pipeline);
    /// The carrier's own state of a pipeline is gone (Signal terminate, Close): what it still says goes nowhere.
    void close_pipeline(const base::uuid& pipeline);
    void disconnect();
    void reconnect();
    /// connectXml of another client. @return content of connectResponseXml @errors protocol: not such a message, or of
    /// another pool
    [[nodiscard]] result<base::bytes> connect(base::bytes_view fragments);
    void close();
    /// Nothing while the client is away.
    [[nodiscard]] std::optional<server_output> poll_output();

    // -- the application
    void opened();
    void refuse(error_record why);
    void output(const base::uuid& pipeline, const clixml::value& value);
    void error(const base::uuid& pipeline, const error_record& record);
    void informational(const base::uuid& pipeline, const informational_record& record);
    void information(const base::uuid& pipeline, const information_record& record);
    void progress(const base::uuid& pipeline, const progress_record& record);
    /// Its end: completed, stopped or failed. Its runspace is free.
    void end(const base::uuid& pipeline, invocation_state as, const std::optional<error_record>& why = {});
    /// @return the call's number; 0 where the method returns nothing, or the pipeline is not there
    std::int64_t call_host(const std::optional<base::uuid>& pipeline, host_method method,
                           std::vector<clixml::value> parameters);
    void tell_event(const user_event& event);
    void answer_reset(std::int64_t call, bool done);
    void request_keys();
    [[nodiscard]] result<clixml::value> protect(base::bytes_view text) const;
    [[nodiscard]] result<base::secret> reveal(const clixml::value& secure_string) const;

    [[nodiscard]] std::optional<server_event> poll_event();
    [[nodiscard]] runspacepool_state state() const noexcept;
    /// The client's RPID; nullopt before SESSION_CAPABILITY.
    [[nodiscard]] std::optional<base::uuid> id() const noexcept;
    [[nodiscard]] std::int32_t available() const noexcept; ///< runspaces without a pipeline

private:
    struct state_type;
    std::unique_ptr<state_type> state_;
};

} // namespace winrm::psrp
