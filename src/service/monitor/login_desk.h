// Logins that wait: for their turn, for the gate, for the child that checks them.
#pragma once

#include "base/log_sink.h"
#include "base/uuid.h"
#include "service/monitor/authenticator.h"
#include "service/monitor/login_floor.h"
#include "service/monitor/login_gate.h"
#include "service/wire/frames.h"
#include "service/wire/log_summary.h"

namespace winrm::service::monitor {

/// What the process that reads tokens has found at the end of a login: it stands in the place of a password.
struct token_outcome
{
    bool proved = false; ///< facts.account is who it is; what the account may do is not decided yet
    std::string reason;  ///< not proved
    wire::token_facts facts;
    base::time_point came; ///< the last token
    std::string counted{}; ///< not "": the gate has let this account pass already, when its domain was asked
};

/// Fair queueing by source: one source's backlog never delays another's.
/// Accounts that logged in lately from where they ask now ("known") have shares of their own and a head start.
/// A refusal is held until login_floor lets it go. Held, it gives up its slot among the parallel checks, but still
/// counts for its source and account: else the next check of the same source would tell when it ended.
class login_desk
{
public:
    static constexpr std::size_t max_waiting = 512; ///< one more, and the largest share loses its latest
    /// A known account's question counts as if this many checks had begun since it came.
    static constexpr std::uint64_t head_start = 64;
    /// Whoever has not had a turn by then gets none. The gate's longest_wait fits in.
    static constexpr base::milliseconds usual_stay{45'000};

    using answer = std::function<void(const wire::login_request&, login_result)>;
    /// @param started  the check of this front's connection begins now
    login_desk(io::loop& on, children& family, login_policy policy, std::size_t parallel, base::log_sink& log,
               std::function<void(std::uint64_t front, std::uint64_t connection)> started,
               base::milliseconds longest_stay = usual_stay);

    ~login_desk();
    /// @param front  whose question it is, with request.connection its name for drop().
    /// @param done   called once unless dropped, perhaps before this returns, with the request (its password already
    ///               gone).
    void ask(std::uint64_t front, wire::login_request&& request, answer done);
    /// The same for a login by tokens, once it has come to its end: a guess waits in the same rows as one with a
    /// password, and its refusal is held as long.
    void ask(std::uint64_t front, wire::login_request&& request, token_outcome outcome, answer done);
    /// A login by NTLM whose account a domain knows: it is asked when their turn has come. A refusal is the end of it;
    /// a right response has `proof` in its answer, no line in the log, and counts for nothing yet.
    void ask(std::uint64_t front, wire::login_request&& request, wire::domain_response response, token_outcome so_far,
             answer done);
    /// When the first token of a login from there may be looked at.
    [[nodiscard]] base::time_point admit(const std::string& peer) const { return gate_.admit(peer, loop_.now()); }
    /// One line of the log for a login by tokens that did not come to its end.
    void write_unfinished(const wire::login_request& request, const std::string& reason);
    /// Nobody waits for this answer any more, and it is not given. A check that runs goes on: its outcome counts.
    void drop(std::uint64_t front, std::uint64_t connection);
    /// All of this front.
    void drop(std::uint64_t front);
    void set_policy(login_policy policy, std::size_t parallel);
    /// Refusals take about as long as this and never less; without it, as long as measured. For tests.
    void hold_refusals(base::milliseconds hash);
    [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
    [[nodiscard]] std::size_t running() const noexcept { return running_; }

private:
    struct question
    {
        std::uint64_t front = 0;
        wire::login_request request;
        std::optional<token_outcome> tokens;           ///< unset: a password
        std::optional<wire::domain_response> response; ///< for a domain
        answer done;
        /// As the gate counts it: in lower case, whether there is such an account or not. NTLM's names have no case,
        /// and two spellings that only count together where they are one account would tell that there is one.
        std::string account;
        std::string share, login; ///< keys: of its share, and its source with its account
        bool known = false;
        bool admitted = false;                   ///< the gate's delay, if any, is over
        std::unique_ptr<io::timer> turn, expiry; ///< turn: set while its time has not come
    };
    using questions = std::map<std::uint64_t, question>; ///< in order of arrival
    /// A refusal that must not leave yet.
    struct refusal
    {
        question q;
        login_result r;
        base::time_point began, ended; ///< the check
        std::unique_ptr<io::timer> clock;
    };
    /// What a known account asks from a source, or all others from there.
    struct share
    {
        std::size_t waiting = 0, running = 0; ///< running: or held
        std::uint64_t served = 0;             ///< number of its latest start; at first, as if before the latest of all
    };
    void queue(question&& q);
    void answer_the_latest(question& q);
    [[nodiscard]] bool make_room(const question& newcomer);
    [[nodiscard]] bool may_start(const question& q) const;
    [[nodiscard]] questions::iterator next_to_start();
    void start_some();
    [[nodiscard]] bool admit(questions::iterator at);
    void start(question&& q);
    void checked(question&& q, base::time_point began, login_result&& r);
    void hold(std::uint64_t number);
    void release(std::uint64_t number);
    void settle(question& q, login_result&& r);
    void measure();
    void look_at_pam_file();
    void write_line(const question& q, const login_result& r);
    void write_line(const question& q, const login_result& r, std::initializer_list<base::log_field> fields);
    void finish(question& q, login_result r);
    void refuse(questions::iterator at, const char* reason);
    question take(questions::iterator at);
    void forget_if_idle(const std::string& name);
    void arm_summary();

    io::loop& loop_;
    base::log_sink& log_;
    wire::log_summary summary_; ///< of what was refused without a look at the password, which costs a stranger nothing
    io::timer summary_clock_;
    authenticator authenticator_;
    login_gate gate_;
    std::size_t parallel_ = 0, running_ = 0;
    questions waiting_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> asked_; ///< front and connection: the latest
    std::map<std::string, share> shares_;               ///< those with anything waiting, running or held
    std::map<std::string, std::size_t> logins_running_; ///< or held
    std::map<std::uint64_t, refusal> held_;
    login_floor floor_;
    base::milliseconds longest_check_{};
    bool measuring_ = false; ///< the floor is not known yet: refusals are held until it is
    base::random_source chance_ = base::system_random();
    std::string pam_service_;    ///< "" = PAM is not asked
    bool pam_file_gone_ = false; ///< and was reported
    std::uint64_t next_ = 1, starts_ = 0;
    std::function<void(std::uint64_t, std::uint64_t)> started_;
    base::milliseconds longest_stay_;
};

} // namespace winrm::service::monitor
