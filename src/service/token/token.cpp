#include "service/token/token.h"

#include "auth/login/sealing.h"
#include "base/uuid.h"
#include "crypto/digest.h"
#include "gss/configuration.h"
#include "io/log.h"
#include "io/message_socket.h"
#include "io/wall_clock.h"
#include "service/sandbox/sandbox.h"
#include "service/token/login_table.h"
#include "service/token/rules.h"
#include "service/wire/level_log.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

namespace winrm::service::token {
namespace {

constexpr std::uint64_t few_descriptors = 32; // loop, log, monitor

/// From inside the sandbox.
bool all_open(const std::vector<std::string>& files)
{
    return std::all_of(files.begin(), files.end(), [](const std::string& name) {
        return static_cast<bool>(io::unique_fd{::open(name.c_str(), O_RDONLY | O_CLOEXEC)});
    });
}

class process
{
public:
    explicit process(int control_fd) : control_(loop_, io::unique_fd{control_fd}, wire::max_token_setup, 0)
    {
        control_.wipe_after_use();
        control_.start([this](io::message_socket::message m) { control_frame(std::move(m)); },
                       [this] { loop_.stop(); });
    }

    int run()
    {
        loop_.run();
        return status_;
    }

private:
    void control_frame(io::message_socket::message m)
    {
        auto frame = wire::decode(std::move(m.payload));
        const rule* r = frame ? wire::find_rule(monitor_rules, state_, frame->index()) : nullptr;
        if (!r) {
            status_ = 1;
            return loop_.stop();
        }
        switch (r->what) {
        case token_duty::begin:
            if (!begin(std::get<wire::token_setup>(std::move(*frame)))) loop_.stop();
            return;
        case token_duty::take_settings: return take_settings(std::get<wire::token_setup>(std::move(*frame)));
        case token_duty::answer_step:
            if (out_of_reach()) return;
            return answer(std::get<wire::token_step>(std::move(*frame)));
        case token_duty::drop: return table_->drop(std::get<wire::token_drop>(*frame));
        case token_duty::answer_ping:
            if (out_of_reach()) return;
            return control_.send(wire::encode(wire::frame{wire::pong{}}));
        case token_duty::end: return loop_.stop();
        }
    }

    [[nodiscard]] bool begin(wire::token_setup&& setup)
    {
        log_.emplace(io::stderr_log(loop_, "winrmd-token", base::log_level::debug),
                     wire::log_level_of(setup.log_level));
        auth::prepare_sealers();
        // What the Kerberos library opens once it opens now; its configuration it looks after at each login.
        const auto files = setup.keytab.empty() ? std::vector<std::string>{} : gss::configuration_files();
        login_rules rules = rules_of(std::move(setup));
        const sandbox::sandbox_report box = sandbox::enter_sandbox(sandbox::role::token, few_descriptors, files);
        box.write_to(*log_);
        if (!box.problem.empty()) {
            log_->write(base::log_level::error, "token_refuses", {{"reason", box.problem}});
            return false;
        }
        readable_ = files;
        if (!all_open(files)) {
            readable_.clear();
            log_->write(
                base::log_level::error, "krb5_conf_not_readable",
                {{"first", files.front()},
                 {"meaning", "logins by Kerberos may fail: let every account read krb5.conf and what it includes"}});
        }
        table_.emplace(std::move(rules), auth::random_from(base::system_random()), io::windows_time);
        control_.send(wire::encode(wire::frame{wire::ready{}}));
        state_ = token_state::serving;
        status_ = 0;
        return true;
    }

    void take_settings(wire::token_setup&& setup)
    {
        log_->set_level(wire::log_level_of(setup.log_level));
        if (!setup.keytab.empty() && !kerberos_) {
            // The library cannot be loaded any more: the monitor starts another process, which loads it.
            log_->write(base::log_level::info, "token_ends", {{"reason", "Kerberos was switched on"}});
            return loop_.stop();
        }
        table_->set(rules_of(std::move(setup)));
    }

    /// The sandbox leaves us the files that were there: one that was put in the place of krb5.conf, as editors do, is
    /// none of them. Another process can read it, which the monitor starts when this one has ended.
    bool out_of_reach()
    {
        if (all_open(readable_)) return false;
        log_->write(base::log_level::info, "token_ends", {{"reason", "the configuration of Kerberos was replaced"}});
        loop_.stop();
        return true;
    }

    /// The same keys are not taken twice.
    std::shared_ptr<gss::acceptor_keys> keys_of(const wire::token_setup& setup)
    {
        std::string all{setup.keytab.reveal()};
        for (const std::string& service : setup.services) all += '\0' + service;
        const auto digest = digest_.of(all);
        base::wipe(all.data(), all.size());
        if (keys_ && crypto::keyed_digest::equal(digest, keys_digest_)) return keys_;
        auto keys = gss::acceptor_keys::load(setup.keytab.reveal(), setup.services, replays_);
        if (!keys) {
            log_->write(base::log_level::error, "keytab", {{"reason", keys.error().message()}});
            return nullptr;
        }
        keys_ = std::move(*keys);
        keys_digest_ = digest;
        return keys_;
    }

    /// A keytab that cannot be used leaves the other logins as they are: the log says why, as --check did before.
    login_rules rules_of(wire::token_setup&& setup)
    {
        login_rules out;
        if (!setup.keytab.empty()) {
            kerberos_ = true;
            out.keys = keys_of(setup);
            setup.keytab = {};
        }
        out.setup = std::move(setup);
        return out;
    }

    void answer(wire::token_step&& ask)
    {
        {
            const wire::token_answer said = table_->step(std::move(ask), loop_.now());
            base::bytes frame = wire::encode(said);
            control_.send(frame);
            base::wipe(frame.data(), frame.size());
        }
        base::wipe_stack();
        arm();
    }

    void arm()
    {
        clock_.set(table_->deadline(), [this] {
            table_->handle_timeout(loop_.now());
            arm();
        });
    }

    io::loop loop_;
    io::message_socket control_;
    std::optional<wire::level_log> log_;
    std::optional<login_table> table_; ///< from `serving` on
    io::timer clock_{loop_};
    token_state state_ = token_state::starting;
    const std::shared_ptr<auth::krb5::replay_guard> replays_ = std::make_shared<auth::krb5::replay_guard>();
    std::shared_ptr<gss::acceptor_keys> keys_; ///< the latest
    const crypto::keyed_digest digest_;
    crypto::keyed_digest::value keys_digest_{};
    std::vector<std::string> readable_; ///< configuration of Kerberos
    bool kerberos_ = false;             ///< its library was loaded before the sandbox was entered
    int status_ = 1;
};

} // namespace

int run_token(int control_fd)
{
    ::signal(SIGPIPE, SIG_IGN);
    int status = 1;
    {
        process p{control_fd};
        status = p.run();
    }
#ifdef OPENWINRM_SANITIZED
    // The leak checker would start a tracer at exit, which is exactly what the filter forbids.
    std::fflush(nullptr);
    ::_exit(status);
#else
    return status;
#endif
}

} // namespace winrm::service::token
