// Carries out the shell table's orders: each command's on a process of its own, a PowerShell shell's on one process and
// its bridge.
#pragma once

#include "base/log_sink.h"
#include "service/user/powershell_session.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace winrm::service::user {

struct powershell_options
{
    std::string program = "pwsh"; ///< a path, or a name that is looked for in the child's PATH
    bool warm_spare = false;
    psrp::bridge_options bridge{};
};

class shell_host final : private process_news
{
public:
    shell_host(io::loop& on, host_options host, powershell_options powershell, shell_news& news, base::log_sink& log);
    ~shell_host() override;
    shell_host(const shell_host&) = delete;
    shell_host& operator=(const shell_host&) = delete;

    void execute(shell::process_order order);
    [[nodiscard]] bool kill_everything() { return processes_.kill_everything(); }

private:
    using session_ptr = std::shared_ptr<powershell_session>;

    void started(shell::process_ref p, std::uint32_t pid) override;
    void not_started(shell::process_ref p, shell::start_failure why) override;
    void output(shell::process_ref p, std::size_t stream, base::bytes_view data) override;
    void output_end(shell::process_ref p, std::size_t stream) override;
    void input_taken(shell::process_ref p) override;
    void exited(shell::process_ref p, int status) override;

    void start_shell(shell::start_shell_process&& order);
    void start_pipeline(shell::start_pipeline&& order);
    /// @return false: it is for no shell of PowerShell
    bool for_session(shell::process_order& order);
    [[nodiscard]] session_ptr session_of(shell::process_ref real) const;
    void run_program(shell::process_ref real, const std::string& shell_id, std::vector<shell::variable> session);
    [[nodiscard]] bool take_spare(const shell::start_shell_process& order, shell::process_ref& real);
    void plan_spare();
    void start_spare();
    bool drop_spare(shell::process_ref p);
    void settle();
    void arm_timer();
    [[nodiscard]] std::string not_found_text() const;

    io::loop& loop_;
    shell_news& news_;
    base::log_sink& log_;
    powershell_options powershell_;
    std::size_t max_closing_;
    std::map<shell::process_ref, session_ptr> sessions_;     ///< by the real process
    std::map<shell::process_ref, shell::process_ref> hosts_; ///< the table's number of it to the real one
    /// A PowerShell without a shell yet. Its number is none of the table's, which counts from 1.
    struct spare
    {
        shell::process_ref real{};
        std::uint32_t pid = 0;
    };
    std::optional<spare> spare_;
    std::uint64_t next_spare_ = ~std::uint64_t{0};
    io::timer spare_timer_;
    bool spare_planned_ = false;
    std::map<shell::process_ref, shell::process_ref> pipelines_; ///< to the real process
    io::timer timer_;
    base::time_point armed_ = base::time_point::max();
    process_host processes_; ///< last: goes first
};

} // namespace winrm::service::user
