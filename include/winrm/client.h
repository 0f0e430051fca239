// Run commands on a host: blocking calls, and the same asynchronously on an event loop. Ten lines to the first result:
// example/01_run.cpp.
#pragma once

#include <winrm/credentials.h>
#include <winrm/powershell.h>
#include <winrm/result.h>
#include <winrm/target.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace winrm {

using std::chrono::milliseconds;

struct client_options
{
    login_scheme scheme = login_scheme::negotiate;
    std::string ca_file;         ///< PEM, or one certificate in DER; "" = the system's certificate authorities
    bool always_encrypt = false; ///< seal messages with the keys of the login over TLS, too; over HTTP always
    /// NTLM over plain HTTP does not prove who answers: only for hosts on networks that are safe otherwise.
    bool trusted_for_ntlm = false;
    bool delegate =
        false; ///< hand a forwardable Kerberos ticket on, so that the host can log in elsewhere as this user
    std::string service_name; ///< of Kerberos: "HTTP" (then "/" and the host), or whole, "HTTP/web1.corp"; "" = HTTP
    bool allow_unencrypted = false;          ///< Basic over plain HTTP: everybody on the way can read the password
    milliseconds connect_timeout{20'000};    ///< name, connection and TLS together
    milliseconds operation_timeout{60'000};  ///< host's longest silence per request; we wait 15 s more
    std::size_t max_envelope_size = 512'000; ///< octets of one answer
    std::string user_agent = "OpenWinRM";
};

struct run_options
{
    std::vector<std::string> arguments; ///< sent as rsp:Arguments
    std::string working_directory;
    std::vector<std::pair<std::string, std::string>> environment;
    std::string input;           ///< stdin, whole; empty = none
    bool skip_cmd_shell = false; ///< start the program itself, without cmd.exe / sh
    bool no_profile = false;
    std::uint32_t code_page = 65001;           ///< 0 = leave it to the host
    milliseconds timeout{60'000};              ///< whole call; 0 = none. Then the command is terminated: errc::timeout
    std::size_t max_output = 16 * 1024 * 1024; ///< bytes per stream, then errc::output_limit
};

struct run_output
{
    /// As the host wrote it: -2147483648 to 4294967295. Hosts write the same 32 bits with sign or without: 0xC000013A
    /// is 3221225786 from one and -1073741510 from another; static_cast<std::uint32_t>(exit_code) is the same for both.
    std::int64_t exit_code = 0;
    std::string out, err;       ///< raw bytes in the shell's code page
    std::uint64_t requests = 0; ///< HTTP requests until the result was there (clean-up follows)
    milliseconds elapsed{0};
    /// A connection was lost while the host may have been answering with output: some may be missing.
    bool output_uncertain = false;
};

struct identity
{
    std::string protocol_version, product_vendor, product_version;
};

/// Where asynchronous calls run; belongs to one thread. See client::async_run.
/// The clients used on it share what costs much: the loop itself, at most four threads that look names up (one lookup
/// for all who ask for a name, kept for ten seconds), and the authorities they trust (a file of them is read once, and
/// again when it changes). A client more costs its connections.
class event_loop
{
public:
    event_loop();
    ~event_loop();
    event_loop(event_loop&&) noexcept;
    event_loop& operator=(event_loop&&) noexcept;
    /// Runs until every asynchronous call has ended.
    void run();
    struct impl;
    [[nodiscard]] const std::shared_ptr<impl>& get() { return impl_; }

private:
    std::shared_ptr<impl> impl_; // clients keep what they have on it
};

class client;

/// One remote shell for many commands. Working directory, environment, profile and code page are those of its first
/// command.
/// @life   Must not outlive its client. Deletes the shell on the host when it goes (waits for it at most 5 s).
class kept_shell
{
public:
    ~kept_shell();
    kept_shell(kept_shell&&) noexcept;
    kept_shell& operator=(kept_shell&&) noexcept;

    /// As client::run, in this shell. After errc::fault 2150858843 (the host dropped the shell) the next call opens
    /// another. Where the host refuses the command because the shell has used up a quota (2150859174, 2150859239 to
    /// 2150859241: nothing was started), the shell is replaced by one like it and the command run there, once.
    result<run_output> run(std::string_view command, const run_options& options = {});
    /// Deletes the shell on the host; the next run() opens another.
    void close();

private:
    friend class client;
    struct impl;
    explicit kept_shell(std::unique_ptr<impl> made);
    std::unique_ptr<impl> impl_;
};

/// A host and a login. Connections are opened when needed and kept for the next call. Blocking calls run on a loop of
/// the client's own, which is made with the first of them: for many hosts use one event_loop.
/// @thread One call at a time per client; different clients are independent.
class client
{
public:
    client(target host, credentials login, client_options options = {});
    ~client();
    client(client&&) noexcept;
    client& operator=(client&&) noexcept;

    /// Runs one command line in a new shell on the host and collects what it prints. Opens and deletes the shell
    /// itself.
    ///
    /// @param command  UTF-8, sent as rsp:CommandLine (MS-WSMV 2.2.4.7); not parsed on this side.
    /// @return A non-zero exit code is a result, not an error.
    ///         The shell is deleted on the host before this returns, unless that takes longer than a quarter of a
    ///         second: then later calls and the destructor (at most 5 s) see to it.
    /// @errors unresolved, connect, tls, certificate, login_denied, login_not_offered, unencrypted_refused, timeout,
    ///         connection_lost, answer_cut, output_limit, not_wsman, protocol; or fault, and then error().fault() holds
    ///         the host's WSManFault, unedited.
    /// @life   Nothing returned refers to the client or to the arguments.
    /// @spec   MS-WSMV 3.1.4.5 Create, .11 Command, .14 Receive, .12 Signal, .4 Delete
    result<run_output> run(std::string_view command, const run_options& options = {});
    /// The same on a loop; `done` is called once from loop.run(), which returns when the shell is deleted, too. The
    /// client must outlive the call.
    void async_run(event_loop& loop, std::string command, run_options options,
                   std::function<void(result<run_output>)> done);

    /// Runs a PowerShell script on the host (or one command, options.is_command) in a runspace of its own: no command
    /// line, no text to be parsed, objects come back as they are made. Blocks; `each` is called for every record of
    /// every stream, in order. Memory does not grow with their number.
    ///
    /// @return How it ended. A script that failed is a result, not an error; so are errors that did not end it, which
    ///         came as records.
    /// @errors as run(); fault 2150858754 or 2150858811: the host has no such session configuration, or no PowerShell
    /// @spec   MS-PSRP 3.1.4.1 to 3.1.4.3
    result<script_output> run_script(std::string_view script, const script_options& options = {},
                                     const script_handler& each = {});
    /// The same on a loop; `done` is called once from loop.run(), which returns when the shell is deleted, too. The
    /// client must outlive the call.
    void async_run_script(event_loop& loop, std::string script, script_options options, script_handler each,
                          std::function<void(result<script_output>)> done);

    /// A shell that stays open for many commands: three requests each instead of five. Created with the first command.
    /// @param takes_input  declare stdin, so that commands may have run_options::input (one request more each);
    ///                     otherwise their stdin is empty.
    [[nodiscard]] kept_shell open_shell(bool takes_input = false);

    /// How the latest connection logged in; empty before the first call.
    [[nodiscard]] login_facts login() const;

    /// Anonymous Identify: is this a WS-Management service, and which?
    result<identity> identify();

private:
    friend class kept_shell;
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace winrm
