#include "service/monitor/authenticator.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "gss/local_name.h"
#include "io/unique_fd.h"
#include "service/monitor/account.h"
#include "service/monitor/file_check.h"
#include "service/monitor/handover.h"
#include "service/monitor/hash_time.h"
#include "service/monitor/pam.h"
#include "service/monitor/user_file.h"
#include "service/monitor/winbind.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t max_shadow = 16 * 1024 * 1024;

// What the child says with its exit status. Not 0 for "accepted": a child that ends early by accident must not count.
enum verdict : int {
    accepted = 42,
    wrong_password = 10,
    account_refused,
    no_account,
    not_in_group,
    root_refused,
    not_ours,
    no_local_name,
    refused_by_domain,
    unavailable, // from here on nothing is said about the password
    bad_user_file
};

const char* reason_of(int status)
{
    switch (status) {
    case wrong_password: return "wrong_password_or_user";
    case account_refused: return "account_refused";
    case no_account: return "no_such_account";
    case not_in_group: return "not_in_allowed_group";
    case root_refused: return "root_not_permitted";
    case no_local_name: return "no_account_for_principal";
    case not_ours: return "not_the_account_of_this_service";
    case bad_user_file: return "user_file_unusable";
    default: return "password_check_failed";
    }
}

bool matches(const login_policy& policy, const std::string& user, const base::secret& password)
{
    const base::bytes_view wanted = policy.throw_away_password.reveal();
    const bool same = !wanted.empty() && crypto::equal_secret(wanted, password.reveal());
    return same && user == policy.throw_away_user;
}

verdict of_pam(pam_verdict said)
{
    switch (said) {
    case pam_verdict::accepted: return accepted;
    case pam_verdict::wrong_password: return wrong_password;
    case pam_verdict::account_refused: return account_refused;
    case pam_verdict::unavailable: break;
    }
    return unavailable;
}

verdict check_password(const login_policy& policy, const std::string& user, const base::secret& password,
                       const std::string& peer, std::string& detail)
{
    switch (policy.how) {
    case backend::throw_away: return matches(policy, user, password) ? accepted : wrong_password;
    case backend::user_file: {
        auto lines = read_trusted_file(policy.user_file, file_secrecy::secret, max_user_file);
        if (!lines) {
            detail = policy.user_file + ": " + lines.error().message();
            return bad_user_file;
        }
        if (check_user_line(*lines, user, password)) return accepted;
        for (const user_line_problem& p : user_file_problems(*lines, trial::form)) // it was changed since the start
            if (p.user == user) detail = policy.user_file + ':' + std::to_string(p.line) + ": " + p.what;
        return wrong_password;
    }
    case backend::pam: break;
    }
    return of_pam(pam_check(policy.pam_service, user, password, peer));
}

/// May this account log in? @param rules  PAM's have to be asked
verdict decide_account(const login_policy& policy, const std::string& user, const std::string& peer, bool rules,
                       account& who)
{
    const auto found = find_account(user);
    if (!found) return no_account;
    who = *found;
    if (who.uid == 0 && !policy.permit_root) return root_refused;
    if (policy.only_uid && who.uid != *policy.only_uid) return not_ours;
    if (rules)
        if (const verdict v = of_pam(pam_account(policy.pam_service, user, peer)); v != accepted) return v;
    if (!policy.allow_groups.empty() && !in_one_of(who, policy.allow_groups)) return not_in_group;
    return accepted;
}

/// The password comes first: who cannot tell it learns nothing about account and groups, by time or answer.
/// @param password  nullptr = the name is proved
verdict decide(const login_policy& policy, const std::string& user, const base::secret* password,
               const std::string& peer, account& who, std::string& detail)
{
    const bool file_rules = policy.how == backend::user_file && policy.account_rules;
    if (password == nullptr) {
        if (policy.how == backend::throw_away && user != policy.throw_away_user) return no_account;
        return decide_account(policy, user, peer, file_rules || policy.how == backend::pam, who);
    }
    if (const verdict v = check_password(policy, user, *password, peer, detail); v != accepted) return v;
    return decide_account(policy, user, peer, file_rules, who); // pam_check has asked for PAM's already
}

/// As long as this lives, the Kerberos library finds the configuration that the monitor was started with; modules of
/// PAM run without.
class kerberos_configuration
{
public:
    explicit kerberos_configuration(const std::string& file) : set_(!file.empty())
    {
        if (set_) ::setenv("KRB5_CONFIG", file.c_str(), 1);
    }
    ~kerberos_configuration()
    {
        if (set_) ::unsetenv("KRB5_CONFIG");
    }
    kerberos_configuration(const kerberos_configuration&) = delete;
    kerberos_configuration& operator=(const kerberos_configuration&) = delete;

private:
    bool set_;
};

/// Ends the child. @param told  for the one who waits at the pipe
[[noreturn]] void end_child(int status, const std::string& told, int out)
{
    const std::size_t size = std::min<std::size_t>(told.size(), PIPE_BUF);
    const bool written = ::write(out, told.data(), size) == static_cast<ssize_t>(size);
    ::_exit(written || status != accepted ? status : int{unavailable}); // else a log line less
}

/// What a child that checks logins is to do.
enum class task : std::uint8_t { decide, check, measure, decide_principal, ask_domain };

} // namespace

struct authenticator::question
{
    task what = task::decide;
    std::string user{}, peer{}; ///< user: or the principal
    base::secret password{};
    wire::domain_response response{};
};

namespace {

/// @param told  accepted: the key and the account's name; else one word
int check_with_domain(const wire::domain_response& response, std::string& told)
{
    domain_verdict said = ask_winbind(response);
    told = said.reason;
    if (said.what == domain_verdict::kind::unavailable) return unavailable;
    if (said.what == domain_verdict::kind::denied) return refused_by_domain;
    told.reserve(said.session_key.reveal().size() + said.account.size());
    told = said.session_key.reveal();
    told += said.account;
    return accepted;
}

/// @param told  who it is, or what the log should say
/// @return the status to end with
template <class Question>
int check_login(const login_policy& policy, const Question& q, const std::string& configuration, std::string& told)
{
    if (q.what == task::ask_domain) return check_with_domain(q.response, told);
    std::string user = q.user;
    if (q.what == task::decide_principal) {
        const kerberos_configuration own{configuration};
        user = gss::local_name(q.user);
        if (user.empty()) return no_local_name;
    }
    account who;
    std::string detail;
    const verdict v = decide(policy, user, q.what == task::check ? &q.password : nullptr, q.peer, who, detail);
    if (v != accepted) {
        told = detail;
        return v;
    }
    told = std::to_string(who.uid) + '\n' + std::to_string(who.gid) + '\n' + who.name + '\n' + who.home + '\n' +
           who.shell + '\n';
    return told.size() > PIPE_BUF ? unavailable : accepted;
}

/// run_login_check() reads it in the same order.
template <class Question> io::unique_fd words_of(const login_policy& policy, const Question& q)
{
    const char* const configuration = std::getenv("KRB5_CONFIG");
    handover h;
    h.add(static_cast<std::uint64_t>(::getpid()));
    h.add(static_cast<std::uint64_t>(policy.how));
    h.add(policy.pam_service);
    h.add(policy.user_file);
    h.add(policy.account_rules ? 1 : 0);
    h.add(policy.permit_root ? 1 : 0);
    h.add(policy.only_uid ? 1 : 0);
    h.add(policy.only_uid.value_or(0));
    h.add(policy.throw_away_user);
    h.add(policy.throw_away_password.reveal());
    h.add(configuration != nullptr ? configuration : "");
    h.add(q.user);
    h.add(static_cast<std::uint64_t>(q.what));
    h.add(q.password.reveal());
    h.add(q.peer);
    for (const std::string* word : {&q.response.user, &q.response.domain, &q.response.workstation,
                                    &q.response.challenge, &q.response.nt_response})
        h.add(*word);
    h.add(policy.allow_groups.size());
    for (const std::string& group : policy.allow_groups) h.add(group);
    return h.descriptor();
}

/// What of the hashes that are checked here can be read: those of a directory service cannot.
base::secret own_hashes(const login_policy& policy)
{
    auto lines = policy.how == backend::user_file
                     ? read_trusted_file(policy.user_file, file_secrecy::secret, max_user_file)
                     : read_trusted_file("/etc/shadow", file_secrecy::open, max_shadow);
    return lines ? base::secret{std::move(*lines)} : base::secret{};
}

/// Microseconds: the slowest hash, and all that were made to find it.
std::string measured_hashes(const login_policy& policy)
{
    const auto begin = std::chrono::steady_clock::now();
    const auto slowest = slowest_hash(kinds_of_hashes(own_hashes(policy).reveal()));
    const auto all = std::chrono::steady_clock::now() - begin;
    return std::to_string(slowest.count()) + '\n' +
           std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(all).count());
}

} // namespace

int authenticator::run_child()
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, login_role);
#ifndef OPENWINRM_SANITIZED // the leak checker reads our memory from outside
    ::prctl(PR_SET_DUMPABLE, 0);
#endif
    ::signal(SIGPIPE, SIG_IGN);
    login_policy policy;
    question q;
    std::string configuration;
    {
        taken_over words{role_words};
        if (words.number() != static_cast<std::uint64_t>(::getppid())) return unavailable; // it has gone already
        const std::uint64_t how = words.number();
        if (how > static_cast<std::uint64_t>(backend::throw_away)) return unavailable;
        policy.how = static_cast<backend>(how);
        policy.pam_service = words.word();
        policy.user_file = words.word();
        policy.account_rules = words.number() != 0;
        policy.permit_root = words.number() != 0;
        const bool only = words.number() != 0;
        const auto uid = static_cast<uid_t>(words.number());
        if (only) policy.only_uid = uid;
        policy.throw_away_user = words.word();
        policy.throw_away_password = base::secret{words.word()};
        configuration = words.word();
        q.user = words.word();
        const std::uint64_t number = words.number();
        if (number > static_cast<std::uint64_t>(task::ask_domain)) return unavailable;
        q.what = static_cast<task>(number);
        q.password = base::secret{words.word()};
        q.peer = words.word();
        for (std::string* word : {&q.response.user, &q.response.domain, &q.response.workstation, &q.response.challenge,
                                  &q.response.nt_response})
            *word = words.word();
        for (std::uint64_t left = words.number(); words.good() && left > 0; --left)
            policy.allow_groups.push_back(words.word());
        if (!words.complete()) return unavailable;
    }
    if (q.what == task::measure) end_child(accepted, measured_hashes(policy), role_control);
    std::string told;
    const int status = check_login(policy, q, configuration, told);
    end_child(status, told, role_control);
}

struct authenticator::running
{
    explicit running(io::loop& on) : clock(on) {}
    pid_t pid = 0;
    io::unique_fd answer;
    io::timer clock;
    ended done;
};

int run_login_check() { return authenticator::run_child(); }

authenticator::authenticator(io::loop& on, children& family, login_policy policy)
    : loop_(on), children_(family), policy_(std::move(policy))
{}

authenticator::~authenticator()
{
    *alive_ = false;
    for (const auto& [number, r] : running_) children_.kill(r->pid, SIGKILL);
}

void authenticator::set_policy(login_policy policy) { policy_ = std::move(policy); }

void authenticator::check(const std::string& user, const base::secret& password, const std::string& peer,
                          std::function<void(login_result)> done)
{
    ask({task::check, user, peer, password.clone(), {}}, std::move(done));
}

void authenticator::decide(const std::string& user, const std::string& peer, std::function<void(login_result)> done)
{
    ask({task::decide, user, peer, {}, {}}, std::move(done));
}

void authenticator::decide_principal(const std::string& principal, const std::string& peer,
                                     std::function<void(login_result)> done)
{
    ask({task::decide_principal, principal, peer, {}, {}}, std::move(done));
}

void authenticator::ask_domain(const wire::domain_response& response, std::function<void(login_result)> done)
{
    ask({task::ask_domain, response.user, {}, {}, response}, std::move(done));
}

void authenticator::ask(const question& q, std::function<void(login_result)> done)
{
    const io::unique_fd words = policy_.by_exec ? words_of(policy_, q) : io::unique_fd{};
    const auto inside = [&](std::string& told, int out) {
        if (words) become_role(login_role, out, words.get());
        close_all_from(3, out);
        return check_login(policy_, q, {}, told);
    };
    const bool domain = q.what == task::ask_domain;
    const auto after = [this, done, domain](int status, const std::string& told) {
        done(domain ? judge_domain(status, told) : judge(status, told));
    };
    if ((words || !policy_.by_exec) && in_child(inside, after)) return;
    loop_.post([done = std::move(done), alive = alive_] {
        if (*alive) done({std::nullopt, true, "no_resources", {}});
    });
}

void authenticator::measure(std::function<void(base::milliseconds)> done)
{
    // By the same way as a check, so that starting the child counts as it does there.
    const io::unique_fd words =
        policy_.by_exec ? words_of(policy_, question{task::measure, {}, {}, {}, {}}) : io::unique_fd{};
    const auto inside = [&](std::string& told, int out) {
        if (words) become_role(login_role, out, words.get());
        close_all_from(3, out);
        told = measured_hashes(policy_);
        return int{accepted};
    };
    const auto after = [this, done, most = policy_.time, began = loop_.now()](int status, const std::string& told) {
        const bool whole = WIFEXITED(status) && WEXITSTATUS(status) == accepted;
        const auto end = told.find('\n');
        const auto slowest = whole ? base::parse_unsigned(told.substr(0, end)) : std::nullopt;
        const auto all =
            slowest && end != std::string::npos ? base::parse_unsigned(told.substr(end + 1)) : std::nullopt;
        if (!all) return done(most);
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - began).count();
        const auto others = static_cast<std::int64_t>(*all - std::min(*slowest, *all)); // a check makes one hash
        done(std::min(base::milliseconds{std::max<std::int64_t>(took - others, 0) / 1000 + 1}, most));
    };
    if (in_child(inside, after)) return;
    loop_.post([done = std::move(done), most = policy_.time, alive = alive_] {
        if (*alive) done(most);
    });
}

/// @param inside  run in the child with the pipe to us; the child ends with what it returns, and what it writes into
///                its first argument is told to `done`
/// @return false: no resources
bool authenticator::in_child(const std::function<int(std::string&, int)>& inside, ended done)
{
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    io::unique_fd in{ends[0]}, out{ends[1]};
    const pid_t pid = fork_clean();
    if (pid < 0) return false;
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::prctl(PR_SET_NAME, "winrmd-login");
        ::signal(SIGPIPE, SIG_IGN);
        std::string told;
        const int status = inside(told, out.get());
        end_child(status, told, out.get());
    }
    const std::uint64_t number = next_++;
    auto r = std::make_unique<running>(loop_);
    r->pid = pid;
    r->answer = std::move(in);
    r->done = std::move(done);
    r->clock.set_after(policy_.time, [this, pid] { children_.kill(pid, SIGKILL); });
    running_[number] = std::move(r);
    children_.watch(pid, [this, number, alive = alive_](int status) {
        if (*alive) finished(number, status);
    });
    return true;
}

void authenticator::finished(std::uint64_t number, int status)
{
    const auto at = running_.find(number);
    if (at == running_.end()) return;
    const auto r = std::move(at->second);
    running_.erase(at);
    std::string told(4096, '\0');
    // The child is gone, so this never blocks, unless a module left a process behind that holds the pipe.
    ::fcntl(r->answer.get(), F_SETFL, O_NONBLOCK);
    const ssize_t got = ::read(r->answer.get(), told.data(), told.size());
    told.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    r->done(status, told);
    base::wipe(told.data(), told.size()); // it may hold a key
}

login_result authenticator::judge_domain(int status, const std::string& told)
{
    constexpr std::size_t key_size = 16;
    login_result out;
    out.unavailable = true;
    if (WIFSIGNALED(status)) {
        out.reason = WTERMSIG(status) == SIGKILL ? "winbind_took_too_long" : "winbind_check_crashed";
        return out;
    }
    const int code = WEXITSTATUS(status);
    out.unavailable = code != accepted && code != refused_by_domain;
    if (code != accepted) {
        out.reason = told.empty() ? "winbind_failed" : told;
        return out;
    }
    if (told.size() <= key_size) return {std::nullopt, true, "winbind_failed", {}, {}};
    out.proof.emplace();
    out.proof->session_key = base::secret{told.substr(0, key_size)};
    out.proof->account = told.substr(key_size);
    return out;
}

login_result authenticator::judge(int status, const std::string& told) const
{
    if (WIFSIGNALED(status))
        return {std::nullopt,
                true,
                WTERMSIG(status) == SIGKILL ? "password_check_took_too_long" : "password_check_crashed",
                {}};
    const int code = WEXITSTATUS(status);
    if (code != accepted) return {std::nullopt, code < wrong_password || code >= unavailable, reason_of(code), told};
    std::vector<std::string> fields;
    for (std::size_t from = 0, to = 0; (to = told.find('\n', from)) != std::string::npos; from = to + 1)
        fields.push_back(told.substr(from, to - from));
    const auto uid = fields.size() == 5 ? base::parse_unsigned(fields[0]) : std::nullopt;
    const auto gid = fields.size() == 5 ? base::parse_unsigned(fields[1]) : std::nullopt;
    if (!uid || !gid || *uid >= ~uid_t{0} || *gid >= ~gid_t{0})
        return {std::nullopt, true, "password_check_failed", {}};
    if (*uid == 0 && !policy_.permit_root) return {std::nullopt, false, reason_of(root_refused), {}};
    if (policy_.only_uid && *uid != *policy_.only_uid) return {std::nullopt, false, reason_of(not_ours), {}};
    return {
        identity{static_cast<uid_t>(*uid), static_cast<gid_t>(*gid), fields[2], fields[3], fields[4]}, false, {}, {}};
}

} // namespace winrm::service::monitor
