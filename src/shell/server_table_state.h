// Inside of server_table, shared by its source files only.
#pragma once

#include "shell/output_queue.h"
#include "shell/server_lifecycle.h"
#include "shell/server_table.h"

#include "wsman/enumeration.h"

#include <deque>
#include <map>
#include <memory>

namespace winrm::shell {

using base::time_point;
using wsman::fault;
using wsman::fault_code;

inline constexpr time_point never = time_point::max();
inline constexpr std::size_t least_room = 1024; ///< of an answer that is worth sending

/// A request whose answer comes later.
struct waiting_request
{
    request_token token{};
    std::string message_id;
};

struct waiting_receive
{
    waiting_request request;
    stream_set streams = 0;
    bool counted = false; ///< the client counts answers: this one is kept until it says that it has come
    std::size_t room = 0; ///< octets for the blocks with their tags
    time_point since, until;
};

/// A Send for whose bytes there is no room yet. Until its OperationTimeout none of them counts as taken; then it is
/// answered with TimedOut and all of them do, as on Windows.
struct waiting_send
{
    std::optional<waiting_request> request; ///< until answered
    std::size_t stream = 0;
    base::bytes data;
    bool end = false;
    time_point until;
};

/// What Sends brought and the child has not read.
struct input_queue
{
    struct block
    {
        std::size_t stream;
        base::bytes data;
    };
    std::deque<block> blocks;        ///< not yet handed to the process
    std::size_t held = 0, given = 0; ///< bytes of the blocks and of the write under way; of the write alone
    bool writing = false;            ///< a write_input is under way
    bool end = false, end_given = false;
};

struct server_shell;

/// A process of a shell and its conversation: of a command, or of the shell itself where its kind has one process for
/// the whole shell (id "", among the shell's commands).
struct server_command
{
    explicit server_command(const shell_kind& kind)
        : output({kind.outputs.begin(), kind.outputs.end()}, kind.streams == stream_form::text)
    {}

    server_shell* shell = nullptr;
    server_command_phase phase = server_command_phase::starting;
    std::string id, line, client_ip;
    process_ref process{};
    time_point started, exited_at, first_output, last_output, resumed;
    output_queue output;
    std::uint64_t answers = 0; ///< to Receives, which a client of ours counts too
    bool paused = false;       ///< its pipes are left unread
    int status = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    input_queue input;
    std::optional<waiting_request> starting;   ///< Command, or Create where it is the shell's process
    std::optional<waiting_request> connecting; ///< Connect
    std::optional<waiting_send> sending;
    std::optional<waiting_receive> receiving;
};

struct server_shell
{
    const shell_kind* kind = nullptr;
    server_shell_phase phase = server_shell_phase::connected;
    std::string session_id; ///< p:SessionId of the session it belongs to, "" = the client said none
    shell_info info;
    std::string address;   ///< where the client reached it, of a Create not answered yet
    std::string connector; ///< p:SessionId of the Connect under way
    std::string lost;      ///< phase lost: why
    std::vector<variable> environment;
    bool login_profile = false;
    time_point created, active, dies = never;
    milliseconds idle{0};
    std::map<std::string, std::unique_ptr<server_command>> commands; ///< by shell_key()
    std::deque<std::string> finished;                                ///< keys of commands told Done, oldest first
};

struct enumeration
{
    time_point until;
    bool commands = false;
    std::vector<shell_info> shells;
    std::vector<command_info> infos;
    std::size_t next = 0;
    [[nodiscard]] std::size_t size() const { return commands ? infos.size() : shells.size(); }
};

struct server_table::state
{
    state(table_options&& o, base::random_source&& r, base::log_sink& l)
        : options(std::move(o)), random(std::move(r)), log(l)
    {}

    table_options options;
    base::random_source random;
    base::log_sink& log;
    std::map<std::string, std::unique_ptr<server_shell>> shells; ///< by shell_key()
    std::map<process_ref, server_command*> processes;
    std::map<std::string, enumeration> enumerations;
    std::deque<outgoing_reply> replies;
    std::deque<process_order> orders;
    std::size_t waiting = 0; ///< requests whose answer comes later
    std::uint64_t next_process = 1;

    // answers (server_table.cpp)
    void answer(request_token token, base::bytes_view message_id, base::bytes_view action,
                const wsman::body_writer& body);
    void refuse(request_token token, base::bytes_view message_id, const fault& f);
    void answer_later(std::optional<waiting_request>& w, base::bytes_view action, const wsman::body_writer& body);
    void refuse_later(std::optional<waiting_request>& w, const fault& f);

    // dispatch (server_table.cpp)
    struct call
    {
        request_token token;
        const wsman::incoming_request& request;
        base::bytes_view client_ip;
        time_point now;
        request_form form;
    };
    using outcome = std::optional<fault>; ///< what to answer, if nothing was answered or kept
    outcome dispatch(const call& c);
    outcome dispatch_shell(const call& c, const shell_kind& kind);
    outcome dispatch_verb(const call& c, server_shell& s);
    [[nodiscard]] static outcome not_now(const server_shell& s, base::bytes_view action);
    outcome identify(const call& c);
    outcome get_config(const call& c);
    [[nodiscard]] const shell_kind* find_kind(base::bytes_view resource_uri) const;
    [[nodiscard]] bool known_option(const shell_kind* kind, base::bytes_view name, base::bytes_view action) const;
    server_shell* find_shell(const call& c, const shell_kind& kind);
    [[nodiscard]] static outcome check_selectors(const call& c, bool of_shell);

    // server_create.cpp
    outcome create(const call& c, const shell_kind& kind);
    outcome check_create(create_shell& c, const shell_kind& kind, server_shell& s) const;
    void begin_process(const call& c, server_shell& s, base::bytes&& first);
    void answer_create(server_shell& s, std::optional<waiting_request>& w, time_point now);
    [[nodiscard]] shell_info told(const server_shell& s, time_point now) const;
    void close_shell(const std::string& key, const char* why, time_point now);

    // server_command.cpp
    outcome command(const call& c, server_shell& s);
    std::variant<server_command*, fault> new_command(const call& c, server_shell& s, const std::string& id);
    outcome pipeline(const call& c, server_shell& s, const start_command& wanted);
    outcome signal(const call& c, server_shell& s);
    void remove_command(server_command& c, const char* why, time_point now);
    void log_end(const server_command& c, const char* why, time_point now);

    // server_input.cpp
    outcome send(const call& c, server_shell& s);
    void accept_input(server_command& c, std::size_t stream, base::bytes&& data, bool end);
    void feed(server_command& c);
    void input_taken(server_command& c, time_point now);
    void drop_input(server_command& c, time_point now);
    void end_send(server_command& c, const std::optional<fault>& f, time_point now);
    void expire_send(server_command& c, time_point now);
    void answer_send(server_command& c, const std::optional<fault>& f, time_point now);
    [[nodiscard]] bool has_room(const server_command& c, std::size_t size) const;

    // server_streams.cpp
    outcome receive(const call& c, server_shell& s);
    static outcome settle_answer(server_command& c, const wsman::option_set& options);
    void take_output(server_command& c, std::size_t stream, base::bytes_view data, time_point now);
    void check_end(server_command& c, time_point now);
    void try_answer(server_command& c, time_point now);
    void end_receive(server_command& c, const fault& f, time_point now);
    void throttle(server_command& c, time_point now);
    [[nodiscard]] bool full(const server_command& c) const;
    [[nodiscard]] time_point command_deadline(const server_command& c) const;
    [[nodiscard]] time_point ready_at(const server_command& c) const;
    [[nodiscard]] time_point quiet_at(const server_command& c) const;

    // server_session.cpp
    outcome disconnect(const call& c, server_shell& s);
    outcome reconnect(const call& c, server_shell& s);
    outcome connect(const call& c, server_shell& s);
    void connected(server_command& c, std::optional<base::bytes> answer, time_point now);
    void lose_shell(server_shell& s, std::string text, time_point now);
    void answer_lost(server_command& c, time_point now);

    // server_enumerate.cpp
    outcome enumerate(const call& c);
    outcome enumerate_kind(const call& c);
    outcome pull(const call& c);
    outcome release(const call& c);
    void write_items(xml::writer& w, const enumeration& e, std::size_t from, std::size_t to) const;
    [[nodiscard]] std::size_t fitting(const enumeration& e, std::size_t wanted, const call& c) const;

    /// Characters that an answer has for what it carries, 0 = it does not fit.
    [[nodiscard]] std::size_t envelope_room(const call& c) const;
    [[nodiscard]] fault too_small(const call& c) const;
};

/// Takes the step if the phase has it.
template <class Phase, class Step> bool step(Phase& phase, Step s) noexcept
{
    const auto to = next(phase, s);
    if (to) phase = *to;
    return to.has_value();
}

/// "{GUID}", "uuid:GUID" and case are other spellings of one id.
[[nodiscard]] std::string shell_key(base::bytes_view id);
[[nodiscard]] fault no_such_shell();
[[nodiscard]] fault no_such_command();
/// Compresses what is in the blocks, if the shell's streams are.  @return what the blocks are views of then
[[nodiscard]] std::vector<base::bytes> pack(const server_shell& s, std::vector<outgoing_block>& blocks);
/// Octets of one Stream element besides its data, in an answer with `room` for all.
[[nodiscard]] std::size_t block_tags(const server_command& c, std::size_t room);
[[nodiscard]] fault lost_fault(const server_shell& s);
/// Of the shell itself, where its kind has one process for all: no command of a client's.
[[nodiscard]] inline bool is_shell_process(const server_command& c) { return c.id.empty(); }
[[nodiscard]] server_command* find_command(server_shell& s, base::bytes_view id);

} // namespace winrm::shell
