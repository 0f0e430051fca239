// A PowerShell process and its bridge: the shell table's view of it is one process for the shell and one for each
// pipeline, of which only the first is real.
#pragma once

#include "io/loop.h"
#include "psrp/process_bridge.h"
#include "service/user/process_host.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace winrm::service::user {

/// What a shell of PowerShell tells, besides what any process does.
class shell_news : public process_news
{
public:
    /// @param text  for people; why it is, and what to do about it
    virtual void shell_not_started(shell::process_ref p, shell::start_failure why, const std::string& text) = 0;
    virtual void lost(shell::process_ref p, std::string text) = 0;
    virtual void connected(shell::process_ref p, std::optional<base::bytes> answer) = 0;
};

/// Moves bytes between a bridge and its process, and events to `news`. Nothing here waits; the owner has the timer.
class powershell_session
{
public:
    /// @param host  of the real process, which has the number `real`; the table calls it `process`
    powershell_session(io::loop& on, process_host& host, shell_news& news, shell::process_ref real,
                       shell::process_ref process, psrp::bridge_options options);

    // -- the table's orders
    void begin(base::bytes first);
    void begin_pipeline(shell::process_ref pipeline, const std::string& command_id, base::bytes first);
    void write(shell::write_input&& order);
    void signal(shell::process_ref pipeline);
    /// Back-pressure: as long as one of them does not want output, none is read.
    void want_output(shell::process_ref of, bool wanted);
    void close_pipeline(shell::process_ref pipeline);
    /// The table has forgotten it: it is ended in good order, and tells nothing any more.
    void shut_down();
    void connect(const base::bytes& request);

    // -- news of the real process
    void started(std::uint32_t pid);
    void output(std::size_t stream, base::bytes_view data);
    void output_end(std::size_t stream);
    void input_taken();
    void exited(int status);

    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout();
    /// The process may be killed, and this object forgotten.
    [[nodiscard]] bool finished() const noexcept { return finished_; }
    [[nodiscard]] bool shutting_down() const noexcept { return detached_; }

private:
    void pump();
    void tell(psrp::bridge_event&& event);
    void tell_end(const psrp::bridge_ended& e);
    void note_end();
    void end_of_stream();
    void apply_reading();
    [[nodiscard]] const base::uuid* guid_of(shell::process_ref p) const;

    io::loop& loop_;
    process_host& host_;
    shell_news& news_;
    shell::process_ref real_, process_;
    psrp::process_bridge bridge_;
    std::map<shell::process_ref, base::uuid> guids_; ///< the shell's own is the pool: all zeros
    std::map<std::string, shell::process_ref> refs_; ///< by guid's text
    std::set<shell::process_ref> unwanted_;
    std::string said_; ///< the end of what it wrote to stderr
    std::uint32_t pid_ = 0;
    std::optional<int> status_;
    base::time_point ending_ = base::time_point::max(); ///< when its end is taken as complete
    bool opened_ = false, detached_ = false, finished_ = false;
    bool writing_ = false, pumping_ = false, reading_ = true;
    bool stdout_ended_ = false, stderr_ended_ = false;
};

} // namespace winrm::service::user
