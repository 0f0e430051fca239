// The monitor's part in logins by tokens.
#include "service/monitor/helper.h"
#include "service/monitor/monitor.h"

#include <algorithm>

namespace winrm::service::monitor {
namespace {

constexpr unsigned max_failed_starts = 5; // as of fronts

/// The same login, for its next step.
wire::login_request again(const wire::login_request& request)
{
    wire::login_request out;
    out.connection = request.connection;
    out.tls = request.tls;
    out.peer = request.peer;
    out.scheme = request.scheme;
    out.first = false;
    out.listener = request.listener;
    return out;
}

} // namespace

void monitor::start_tokens()
{
    token_process::news news;
    news.answer = [this](wire::token_answer&& answer) { token_answered(std::move(answer)); };
    news.lost = [this] {
        give_up(legs_.lost(), "token_process_ended");
        if ((ready_ && !plan_.test) || reader_->failures() < max_failed_starts) return;
        status_ = 1;
        stop("no_token_process_gets_ready");
    };
    reader_.emplace(loop_, children_, helper_path("winrmd-token"), log_, std::move(news));
    reader_->when_ready([this] { note_ready(); });
    reader_->set_heartbeat(base::milliseconds{plan_.values.limits.heartbeat_s * 1000});
    reader_->set(token_setup_of());
}

void monitor::token_leg(std::uint64_t key, wire::login_request&& request)
{
    const auto& offered = plan_.tokens.schemes;
    if (!reader_ || std::find(offered.begin(), offered.end(), request.scheme) == offered.end())
        return refuse(key, request, "scheme_not_offered");
    const base::time_point now = loop_.now();
    const base::time_point when = request.first ? desk_->admit(request.peer) : now;
    legs_.ask(key, std::move(request), fronts_->end_point(key), now, when);
    pass_steps();
}

/// What is due goes to the process that reads tokens.
void monitor::pass_steps()
{
    if (stopping_) return;
    const base::time_point now = loop_.now();
    while (const auto step = legs_.poll_step(now)) {
        if (reader_->send(*step)) continue;
        give_up(legs_.lost(), "token_process_not_ready");
    }
    auto late = legs_.handle_timeout(now);
    for (const auto& q : late) end_login(q.front, q.request.connection);
    give_up(std::move(late), "token_process_did_not_answer");
    legs_clock_.set(legs_.deadline(), [this] { pass_steps(); });
}

void monitor::end_login(std::uint64_t key, std::uint64_t connection)
{
    if (legs_.drop(key, connection) && reader_) reader_->send(wire::token_drop{key, connection, false});
}

/// Nothing is known of these.
void monitor::give_up(std::vector<token_logins::question>&& all, const std::string& reason)
{
    if (stopping_) return;
    for (const token_logins::question& q : all) {
        if (pending_.erase({q.front, q.request.connection}) == 0) continue;
        desk_->write_unfinished(q.request, reason);
        fronts_->answer(q.front, {q.request.connection, wire::login_verdict::unavailable});
    }
}

/// A leg, or the end: then the desk goes on as it does with a password.
void monitor::token_answered(wire::token_answer&& answer)
{
    auto q = legs_.answered(answer);
    if (!q || stopping_) return;
    const std::uint64_t key = q->front, connection = q->request.connection;
    if (pending_.find({key, connection}) == pending_.end()) return; // the connection has ended
    if (answer.verdict == wire::login_verdict::unavailable) {
        std::vector<token_logins::question> one;
        one.push_back(std::move(*q));
        return give_up(std::move(one), answer.reason);
    }
    if (answer.verdict == wire::login_verdict::ask_account) return ask_domain(std::move(*q), std::move(answer));
    wire::login_answer out;
    out.connection = connection;
    out.token = std::move(answer.token);
    if (answer.verdict == wire::login_verdict::go_on) {
        out.verdict = wire::login_verdict::go_on;
        pending_.erase({key, connection});
        return fronts_->answer(key, out);
    }
    out.keys = std::move(answer.keys);
    const bool proved = answer.verdict == wire::login_verdict::accepted;
    auto kept = std::make_shared<wire::login_answer>(std::move(out));
    auto ticket = std::make_shared<base::secret>(std::move(answer.ticket));
    desk_->ask(key, std::move(q->request),
               {proved, std::move(answer.reason), std::move(answer.facts), q->came, std::move(q->counted)},
               [this, key, kept, ticket, proved](const wire::login_request& r, const login_result& result) {
                   if (proved && !result.who) kept->token.clear(); // it says that all went well
                   conclude(key, r, result, std::move(*kept), std::move(*ticket));
               });
}

/// The domain is asked when the account's turn has come, as a password is checked; what it says of a right response
/// goes back to the process that reads tokens, which still has to look at the rest of this one.
void monitor::ask_domain(token_logins::question&& q, wire::token_answer&& answer)
{
    const std::uint64_t key = q.front;
    if (!plan_.tokens.setup.winbind) return give_up_one(std::move(q), "winbind_switched_off");
    std::string counted = answer.facts.account;
    const auto after = [this, key, counted](const wire::login_request& r, login_result result) {
        if (stopping_ || pending_.find({key, r.connection}) == pending_.end()) return; // the connection has ended
        if (!result.proof) {
            end_login(key, r.connection);
            return conclude(key, r, result, {});
        }
        const base::time_point now = loop_.now();
        legs_.resume({key, again(r), now, counted}, std::move(result.proof->account),
                     std::move(result.proof->session_key), now);
        pass_steps();
    };
    desk_->ask(key, std::move(q.request), std::move(answer.asked), {false, {}, std::move(answer.facts), q.came}, after);
}

void monitor::give_up_one(token_logins::question&& q, const std::string& reason)
{
    end_login(q.front, q.request.connection);
    std::vector<token_logins::question> one;
    one.push_back(std::move(q));
    give_up(std::move(one), reason);
}

} // namespace winrm::service::monitor
