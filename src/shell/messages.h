// The messages of MS-WSMV remote shells as values: made and read on both sides (MS-WSMV 2.2.4, 3.1.4.5–14).
#pragma once

#include "base/base64.h"
#include "wsman/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace winrm::shell {

using base::milliseconds;

struct variable
{
    std::string name, value;
};

/// rsp:Shell of Create and the options that go with it (2.2.4.37, 3.1.4.5.2).
struct create_shell
{
    std::string resource_uri{wsman::resource_uri::cmd};
    std::string shell_id; ///< proposed by the client, "" = service chooses
    std::vector<std::string> input_streams{"stdin"};
    std::vector<std::string> output_streams{"stdout", "stderr"};
    std::string working_directory, name;
    std::vector<variable> environment;
    std::optional<milliseconds> idle_timeout, lifetime;
    std::optional<bool> no_profile;         ///< WINRS_NOPROFILE
    std::optional<std::uint32_t> code_page; ///< WINRS_CODEPAGE
    // Of PowerShell's shells (MS-PSRP 3.1.5.3.1):
    base::bytes creation_xml;     ///< PSRP fragments, decoded; "" = no creationXml
    std::string protocol_version; ///< option protocolversion, MustComply; "" = none
    std::string compression;      ///< header rsp:CompressionType; "" = none (client: written, service: as read)
};

/// rsp:Connect: to a shell that another client has left, or to a command in it (MS-WSMV 3.1.4.17, MS-PSRP 3.1.5.3.18).
struct connect_shell
{
    std::string resource_uri, shell_id;
    std::string command_id;       ///< "" = the shell itself
    base::bytes connect_xml;      ///< PSRP fragments, decoded; "" = no connectXml
    std::string protocol_version; ///< option protocolversion; "" = none
};

/// rsp:ConnectResponse.
struct connect_answer
{
    std::vector<std::string> input_streams, output_streams;
    base::bytes response_xml; ///< PSRP fragments of connectResponseXml, decoded
};

/// rsp:Disconnect (MS-WSMV 3.1.4.15).
struct disconnect_shell
{
    std::optional<milliseconds> idle_timeout; ///< of the shell while nobody is connected
    std::string buffer_mode;                  ///< "Block", "Drop"; "" = not said
};

/// rsp:Shell as the service tells it.
struct shell_info
{
    std::string shell_id, resource_uri, owner, client_ip, name, working_directory;
    std::optional<milliseconds> idle_timeout, max_idle_timeout;
    std::vector<std::string> input_streams, output_streams;
    std::string state = "Connected";
    std::optional<milliseconds> run_time, inactivity;
    std::optional<std::uint32_t> process_id;
    std::optional<std::uint32_t> child_processes;
    std::string memory_used;
    std::optional<bool> profile_loaded; ///< the user's login files are read before each command
    bool compressed = false;            ///< streams are (MS-WSMV 2.2.9.2): CompressionMode XpressCompression
    bool counts_answers = false;        ///< output in an answer that was lost is given again: see received_option
};

/// Option of a Receive to a service of ours that says counts_answers: how many answers to Receives (faults not counted)
/// of this command have arrived. One less than the service has given: the last one is given again (doc/PROTOCOL.md).
inline constexpr base::bytes_view received_option = "OPENWINRM_RECEIVED";
inline constexpr base::bytes_view own_namespace = "urn:openwinrm:shell";

struct start_command
{
    std::string command;
    std::vector<std::string> arguments;
    std::string command_id; ///< proposed, "" = service chooses
    std::optional<bool> skip_cmd_shell, console_mode_stdin;
};

/// stop: PowerShell's word for ending a pipeline, "powershell/signal/crtl_c" (sic, MS-PSRP 3.1.5.3.9); services read
/// MS-WSMV's "powershell/signal/ctrl_c" as the same.
enum class signal_code { terminate, ctrl_c, ctrl_break, stop };
[[nodiscard]] base::bytes_view uri(signal_code code) noexcept;

struct stream_block
{
    std::string stream, command_id;
    base::bytes data; ///< decoded
    bool end = false;
};

enum class command_state { running, pending, done };

struct receive_answer
{
    std::vector<stream_block> blocks; ///< in the order received
    std::optional<command_state> state;
    std::optional<std::int64_t> exit_code; ///< 32 bits as the host wrote them: -2147483648 to 4294967295
};

struct command_info
{
    std::string command_id, command_line, state;
};

// -- client side: request bodies and headers, reply readers. @errors protocol
[[nodiscard]] wsman::outgoing_request make_create(const create_shell& c);
[[nodiscard]] wsman::outgoing_request make_command(const std::string& resource_uri, const std::string& shell_id,
                                                   const start_command& c);
[[nodiscard]] wsman::outgoing_request make_send(const std::string& resource_uri, const std::string& shell_id,
                                                const std::string& command_id, base::bytes data, bool end,
                                                const std::string& stream = "stdin");
[[nodiscard]] wsman::outgoing_request make_receive(const std::string& resource_uri, const std::string& shell_id,
                                                   const std::string& command_id,
                                                   const std::vector<std::string>& streams,
                                                   std::optional<std::uint64_t> received = {});
[[nodiscard]] wsman::outgoing_request make_signal(const std::string& resource_uri, const std::string& shell_id,
                                                  const std::string& command_id, signal_code code);
[[nodiscard]] wsman::outgoing_request make_delete(const std::string& resource_uri, const std::string& shell_id);
[[nodiscard]] wsman::outgoing_request make_connect(const connect_shell& c);
[[nodiscard]] wsman::outgoing_request make_disconnect(const std::string& resource_uri, const std::string& shell_id,
                                                      const disconnect_shell& d);
[[nodiscard]] wsman::outgoing_request make_reconnect(const std::string& resource_uri, const std::string& shell_id);
[[nodiscard]] wsman::outgoing_request make_get(const std::string& resource_uri, const std::string& shell_id);
/// Reads CreateResponse: x:ResourceCreated's selector, else rsp:Shell/rsp:ShellId.
[[nodiscard]] result<shell_info> read_create_reply(const wsman::incoming_reply& r);
[[nodiscard]] result<connect_answer> read_connect_reply(const wsman::incoming_reply& r);
[[nodiscard]] result<std::string> read_command_reply(const wsman::incoming_reply& r); ///< CommandId
[[nodiscard]] result<receive_answer> read_receive_reply(const wsman::incoming_reply& r);
[[nodiscard]] result<shell_info> read_shell(const xml::element& shell); ///< rsp:Shell of Get, Enumerate
/// The command goes on, and there is nothing new: no output, no end of a stream. (A host should not answer yet then.)
[[nodiscard]] bool is_empty_receive_reply(const wsman::incoming_reply& r) noexcept;
using wsman::is_timeout; ///< of a Receive: it is asked again (MS-WSMV 3.1.4.14)

// -- service side: request readers (fault = what to answer) and reply bodies
[[nodiscard]] std::variant<create_shell, wsman::fault> read_create(const wsman::incoming_request& r);
[[nodiscard]] std::variant<start_command, wsman::fault> read_command(const wsman::incoming_request& r);
[[nodiscard]] std::variant<std::vector<stream_block>, wsman::fault> read_send(const wsman::incoming_request& r);
struct receive_request
{
    std::vector<std::string> streams;
    std::string command_id;
};
[[nodiscard]] std::variant<receive_request, wsman::fault> read_receive(const wsman::incoming_request& r);
struct signal_request
{
    std::string command_id;
    signal_code code;
};
[[nodiscard]] std::variant<signal_request, wsman::fault> read_signal(const wsman::incoming_request& r);
/// Only what the message has: resource, shell and version come with its header.
[[nodiscard]] std::variant<connect_shell, wsman::fault> read_connect(const wsman::incoming_request& r);
[[nodiscard]] std::variant<disconnect_shell, wsman::fault> read_disconnect(const wsman::incoming_request& r);
/// Of Arguments that hold fragments, as PowerShell's Command has them. @return nullopt: not base64
[[nodiscard]] std::optional<base::bytes> fragments_of(const start_command& c);
void write_connect_reply(xml::writer& w, const connect_answer& a);
void write_shell(xml::writer& w, const shell_info& s);
void write_create_reply(xml::writer& w, const shell_info& s, base::bytes_view address);
void write_command_reply(xml::writer& w, base::bytes_view command_id);
/// Views into the queues: encoded straight into the envelope.
struct outgoing_block
{
    base::bytes_view stream, data;
    bool end = false;
};
void write_receive_reply(xml::writer& w, base::bytes_view command_id, const std::vector<outgoing_block>& blocks,
                         command_state state, std::optional<std::int32_t> exit_code);
void write_command_info(xml::writer& w, const command_info& c);

} // namespace winrm::shell
