#include "client/session.h"

#include "auth/challenge.h"
#include "auth/login_mechanism.h"
#include "base/uuid.h"
#include "client/answer.h"
#include "client/link.h"
#include "client/logins.h"
#include "gss/kerberos_initiator.h"
#include "gss/password_verdicts.h"
#include "net/transport_race.h"

#include <algorithm>
#include <list>

namespace winrm::remote {

namespace {

/// Windows drops an idle connection after about two minutes; using it just then would lose a request.
constexpr std::chrono::seconds longest_idle{90};
constexpr base::milliseconds default_operation_time{60'000};
/// Between attempts to open another connection while one works and the host refuses more.
constexpr base::milliseconds first_hold_off{250}, longest_hold_off{8'000};

/// Kept connections are a few: whoever has lost more logins than that is refused.
constexpr int most_forgotten = 4;

bool may_repeat(const exchange& e, const error& why) { return e.repeatable || why.delivery() != delivery::unknown; }

} // namespace

struct session::impl : std::enable_shared_from_this<session::impl>
{
    impl(context& c, session_options o)
        : shared(c), on(c.loop()), options(std::move(o)), session_id(base::uuid::random(c.random()).urn()), hold_off(on)
    {
        take_transport(options.host.tls || options.race_transport);
        if (options.race_transport) way = transport::unknown;
    }

    // ---- HTTPS or HTTP

    enum class transport { known, unknown, racing };
    /// What waits until it is known.
    struct early_request
    {
        std::optional<wsman::outgoing_request> request; ///< nullopt: an anonymous Identify
        ask_options how;
        reply_handler done;
    };

    void take_transport(bool by_tls)
    {
        options.host.tls = by_tls;
        if (options.race_transport) options.host.port = by_tls ? options.raced_tls_port : options.raced_plain_port;
        address = options.host.without_zone().url();
    }

    void wait_for_transport(early_request&& e)
    {
        early.push_back(std::move(e));
        if (std::exchange(way, transport::racing) == transport::racing) return;
        race.emplace(
            shared.names(), options.host.host, on.now() + options.connect_timeout,
            [weak = weak_from_this()](result<net::raced_socket> got) {
                if (const auto self = weak.lock()) self->raced(std::move(got));
            },
            net::race_ports{options.raced_tls_port, options.raced_plain_port});
    }

    void raced(result<net::raced_socket> got)
    {
        race.reset();
        auto waited = std::exchange(early, {});
        if (!got) {
            way = transport::unknown; // asked again, it is raced again
            error why = std::move(got).error();
            if (why.code() == errc::timeout) why.with_remedy(remedy::raise_connect_timeout);
            why.with_delivery(delivery::not_sent);
            for (auto& e : waited) e.done(why);
            return;
        }
        way = transport::known;
        take_transport(got->tls);
        if (options.trace != nullptr)
            options.trace->note(opened + 1, "port " + std::to_string(options.host.port) + " answered first, or is TLS");
        ready_socket = std::move(got->socket);
        for (auto& e : waited) {
            if (e.request) ask(std::move(*e.request), e.how, std::move(e.done));
            else identify(std::move(e.done));
        }
        ready_socket.reset(); // nothing may be sent on it
    }

    /// Why this login does not go over the transport that is there.
    [[nodiscard]] std::optional<error> forbidden_login() const
    {
        const bool found_plain = options.race_transport && !options.host.tls;
        auto why = remote::forbidden(plan_of(options, options.host.tls), options.allow_unencrypted && !found_plain);
        if (why && found_plain) {
            why->with_more("; its port " + std::to_string(options.raced_tls_port) + " (HTTPS) did not answer, port " +
                           std::to_string(options.raced_plain_port) + " (HTTP) did");
        }
        return why;
    }

    [[nodiscard]] login_plan plan() const
    {
        auto out = plan_of(options, options.host.tls);
        out.verdicts = shared.verdicts();
        return out;
    }

    /// Why nothing may be sent at all; found out before a name is looked up or a byte leaves.
    std::optional<error> forbidden(bool without_login)
    {
        if (!without_login) {
            if (auto why = forbidden_login()) return why;
            if (auto why = login_works ? std::nullopt : refused_before(plan())) return why;
        }
        if (options.host.tls && !tls) {
            auto made = shared.tls({options.ca_file, true});
            if (!made) return std::move(made).error();
            tls.emplace(std::move(*made));
        }
        return std::nullopt;
    }

    void fail_later(reply_handler done, error e)
    {
        on.post([done = std::move(done), e = std::move(e)] { done(e); });
    }

    void ask(wsman::outgoing_request&& request, ask_options how, reply_handler&& done)
    {
        if (auto why = forbidden(false))
            return fail_later(std::move(done), std::move(*why).with_delivery(delivery::not_sent));
        if (way != transport::known) return wait_for_transport({std::move(request), how, std::move(done)});
        auto& h = request.header;
        h.message_id = base::uuid::random(shared.random()).urn();
        h.to = address;
        if (h.session_id.empty()) h.session_id = session_id;
        if (h.max_envelope_size == 0) h.max_envelope_size = options.limits.envelope;
        if (!h.operation_timeout) h.operation_timeout = default_operation_time;
        exchange e;
        e.message_id = h.message_id;
        e.answer_time = *h.operation_timeout + options.answer_margin;
        e.repeatable = how.repeatable;
        e.urgent = how.urgent;
        e.body = wsman::write_request(request);
        e.done = std::move(done);
        const auto behind = [&](const exchange& other) { return how.urgent && !other.urgent; };
        waiting.insert(std::find_if(waiting.begin(), waiting.end(), behind), std::move(e));
        dispatch(false);
    }

    void identify(reply_handler&& done)
    {
        if (auto why = forbidden(true))
            return fail_later(std::move(done), std::move(*why).with_delivery(delivery::not_sent));
        if (way != transport::known) return wait_for_transport({std::nullopt, {}, std::move(done)});
        exchange e;
        e.answer_time = default_operation_time + options.answer_margin;
        e.repeatable = true;
        e.body = wsman::write_identify();
        e.done = std::move(done);
        anonymous.push_back(std::move(e));
        dispatch(true);
    }

    /// Gives waiting exchanges to idle links, and opens another one when all are busy. Logins do not mix: the anonymous
    /// ones have a connection of their own.
    void dispatch(bool as_anonymous)
    {
        auto& queue = as_anonymous ? anonymous : waiting;
        std::size_t coming = 0;
        for (auto l = links.begin(); l != links.end();) {
            const bool ours = l->anonymous == as_anonymous;
            const bool usable = ours && !queue.empty() && l->connection->idle();
            if (usable && spent(*l->connection)) {
                l = links.erase(l);
                continue;
            }
            if (usable) start(*l, queue);
            else if (ours && l->connection->connecting()) ++coming;
            ++l;
        }
        while (queue.size() > coming && !holding_off && has_room(as_anonymous, coming)) {
            open(as_anonymous);
            ++coming;
        }
    }

    [[nodiscard]] bool has_legs() const { return !options.login.empty() && options.scheme != login_scheme::basic; }

    [[nodiscard]] bool has_room(bool as_anonymous, std::size_t coming) const
    {
        const auto open_links =
            std::count_if(links.begin(), links.end(), [&](const entry& l) { return l.anonymous == as_anonymous; });
        if (as_anonymous) return open_links == 0;
        // One at a time until it has worked: a wrong password must not be tried by several connections at once.
        if (!login_works && has_legs()) return open_links == 0;
        const auto urgent = std::count_if(waiting.begin(), waiting.end(), [](const exchange& e) { return e.urgent; });
        return static_cast<std::size_t>(open_links) <
               options.max_connections + (static_cast<std::size_t>(urgent) > coming ? 1 : 0);
    }

    struct entry
    {
        bool anonymous;
        std::unique_ptr<link> connection;
    };

    void start(entry& l, std::list<exchange>& from)
    {
        exchange e = std::move(from.front());
        from.pop_front();
        l.connection->start(std::move(e));
    }

    [[nodiscard]] bool spent(const link& l) const { return on.now() - l.idle_since() > longest_idle || l.stale(); }

    void open(bool as_anonymous)
    {
        const int number = ++opened;
        auto at = links.emplace(links.end(), entry{as_anonymous, nullptr});
        link::handlers h;
        const auto weak = weak_from_this();
        h.ready = [weak, at] {
            if (auto self = weak.lock()) self->link_ready(at);
        };
        h.ended = [weak, at](exchange e, result<http::response> answer) {
            if (auto self = weak.lock()) self->link_ended(at, std::move(e), std::move(answer));
        };
        h.closed = [weak, at](std::optional<error> why) {
            if (auto self = weak.lock()) self->link_closed(at, std::move(why));
        };
        h.counted = [weak](std::uint64_t out, std::uint64_t in) {
            if (auto self = weak.lock()) {
                self->sent += out;
                self->received += in;
            }
        };
        h.requested = [weak](int more) {
            if (auto self = weak.lock()) self->requests += static_cast<std::uint64_t>(more);
        };
        h.logged_in = [weak](login_facts latest) {
            if (auto self = weak.lock()) self->logged_in(std::move(latest));
        };
        at->connection = std::make_unique<link>(shared,
                                                link::host_options{options, options.host.tls ? &*tls : nullptr,
                                                                   as_anonymous, number, host_known, tickets, bare},
                                                std::move(h), std::move(ready_socket));
    }

    using place = std::list<entry>::iterator;

    /// Others waited to hear whether this login works.
    void logged_in(login_facts latest)
    {
        facts = std::move(latest);
        if (const auto known = domain_password(plan())) known->is(gss::password_verdicts::verdict::right);
        if (std::exchange(login_works, true)) return;
        on.post([weak = weak_from_this()] {
            if (auto self = weak.lock()) self->dispatch(false);
        });
    }

    /// What waits would only try the same login again, which counts against the account.
    void login_failed(const error& why)
    {
        login_works = false;
        for (auto& e : std::exchange(waiting, {})) {
            error same = why;
            e.done(std::move(same).with_delivery(delivery::not_sent));
        }
    }

    void link_ready(place at)
    {
        next_hold_off = first_hold_off;
        if (at->connection) dispatch(at->anonymous); // not when it connected within its constructor
    }

    void link_ended(place at, exchange e, result<http::response> answer)
    {
        // A kept connection may be closed by the host just when it is used again: ask once more on a new one.
        if (!answer && answer.error().code() == errc::connection_lost && e.on_kept_connection &&
            may_repeat(e, answer.error())) {
            (at->anonymous ? anonymous : waiting).push_front(std::move(e));
            return; // link_closed follows and opens another
        }
        // The host has forgotten a login, and ends the connection with it: once more on another one, and each that was
        // kept may be forgotten.
        const bool forgotten = answer && answer->status == 401 && !answer->keep_alive && e.on_kept_connection &&
                               at->connection->has_legs();
        if (forgotten && e.logins_ended++ < most_forgotten) {
            waiting.push_front(std::move(e));
            return; // as above
        }
        if (answer && answer->status == 401 && at->connection->login_only_begun() && bare.empty()) {
            bare = bare_scheme(plan_of(options, options.host.tls), auth::offered_schemes(answer->challenges));
            if (!bare.empty()) { // the host has no Negotiate
                waiting.push_front(std::move(e));
                links.erase(at);
                return dispatch(false);
            }
        }
        host_known = host_known || answer;
        answer_context context{at->anonymous ? base::bytes_view() : options.login.user(),
                               at->connection->scheme(),
                               options.host.tls,
                               e.message_id,
                               options.limits,
                               !at->anonymous && replied};
        context.tried = at->connection->attempts();
        auto reply = answer ? read_answer(std::move(*answer), context)
                            : result<wsman::incoming_reply>(std::move(answer).error());
        replied = replied || (reply && !at->anonymous);
        const bool denied =
            !reply && !at->anonymous && at->connection->has_legs() &&
            (reply.error().code() == errc::login_denied || reply.error().code() == errc::login_not_offered ||
             reply.error().code() == errc::no_credentials);
        if (!reply && !at->anonymous && !replied && !at->connection->login_only_begun() &&
            refused_for_good(reply.error())) {
            if (const auto known = domain_password(plan())) known->refused_by(plan().host);
        }
        if (!denied) return e.done(std::move(reply));
        const error why = reply.error();
        const auto self = shared_from_this(); // handlers may drop the session
        e.done(std::move(reply));
        login_failed(why);
    }

    /// The host has seen what proves the password, and said no.
    [[nodiscard]] static bool refused_for_good(const error& why)
    {
        return why.code() == errc::login_denied && why.http_status() == 401 && !why.tried().empty() &&
               why.tried().back().mechanism != auth::name(auth::mechanism_kind::kerberos) &&
               why.tried().back().cause == auth::name(auth::login_failure::refused);
    }

    void link_closed(place at, std::optional<error> why)
    {
        const bool was_anonymous = at->anonymous;
        // Freed from the loop: this call comes from within it.
        on.post([dead = std::shared_ptr<link>(std::move(at->connection))] {});
        links.erase(at);
        auto& queue = was_anonymous ? anonymous : waiting;
        if (why && count_connected(was_anonymous) == 0) {
            // It could not even connect: whoever waits hears why, and nobody tries for ever. Others that are still
            // connecting are no reason to hope: two of them could keep each other going.
            auto lost = std::move(queue);
            queue.clear();
            for (auto& e : lost) e.done(*why);
            return;
        }
        if (why) hold_off_opening();
        dispatch(was_anonymous);
    }

    /// One connection works and another could not be made: the host may allow no more of them. Trying at once and for
    /// ever would keep both ends busy; what waits gets the next connection that is free, or made after a pause.
    void hold_off_opening()
    {
        holding_off = true;
        hold_off.set_after(next_hold_off, [this] {
            holding_off = false;
            dispatch(false);
            dispatch(true);
        });
        next_hold_off = std::min(next_hold_off * 2, longest_hold_off);
    }

    [[nodiscard]] std::size_t count_connected(bool of_anonymous) const
    {
        return static_cast<std::size_t>(std::count_if(links.begin(), links.end(), [&](const entry& l) {
            return l.anonymous == of_anonymous && !l.connection->connecting();
        }));
    }

    void close()
    {
        std::list<exchange> lost = std::move(waiting);
        for (auto& e : anonymous) lost.push_back(std::move(e));
        for (auto& l : links) {
            if (auto e = l.connection->abandon()) lost.push_back(std::move(*e));
        }
        anonymous.clear();
        waiting.clear();
        links.clear();
        race.reset();
        if (way == transport::racing) way = transport::unknown;
        for (auto& e : std::exchange(early, {}))
            fail_later(std::move(e.done), error(errc::cancelled, "the session was closed"));
        for (auto& e : lost) fail_later(std::move(e.done), error(errc::cancelled, "the session was closed"));
    }

    context& shared;
    io::loop& on;
    session_options options;
    std::string address; ///< wsa:To of every request
    std::string session_id;
    std::optional<net::tls_context> tls; // asked for at the first use: a plain session needs none
    std::list<exchange> waiting, anonymous;
    std::list<entry> links;
    transport way = transport::known;
    std::optional<net::transport_race> race;
    std::list<early_request> early;
    io::unique_fd ready_socket; ///< of the race, for the first connection
    std::uint64_t requests = 0, sent = 0, received = 0;
    int opened = 0;
    login_facts facts;        ///< of the latest login
    base::bytes_view bare;    ///< scheme in place of Negotiate, where a host has none
    bool login_works = false; ///< the latest one that was tried
    std::shared_ptr<gss::ticket_store> tickets = std::make_shared<gss::ticket_store>();
    bool host_known = false; ///< it has answered, whatever it said
    bool replied = false;    ///< with a WS-Management message, to our login
    io::timer hold_off;
    base::milliseconds next_hold_off = first_hold_off;
    bool holding_off = false;
};

session::session(context& in, session_options options) : impl_(std::make_shared<impl>(in, std::move(options))) {}
session::~session()
{
    if (!impl_) return;
    impl_->hold_off.cancel();
    impl_->race.reset();
    impl_->links.clear();
}
session::session(session&&) noexcept = default;

void session::allow_connections(std::size_t most)
{
    impl_->options.max_connections = std::max(impl_->options.max_connections, most);
}

void session::ask(wsman::outgoing_request request, ask_options how, reply_handler done)
{
    impl_->ask(std::move(request), how, std::move(done));
}
void session::identify(reply_handler done) { impl_->identify(std::move(done)); }
std::uint64_t session::requests() const noexcept { return impl_->requests; }
std::uint64_t session::connections() const noexcept { return static_cast<std::uint64_t>(impl_->opened); }
std::uint64_t session::bytes_sent() const noexcept { return impl_->sent; }
std::uint64_t session::bytes_received() const noexcept { return impl_->received; }
const login_facts& session::login() const noexcept { return impl_->facts; }
bool session::login_blocks() const noexcept
{
    const auto& all = impl_->links;
    return std::any_of(all.begin(), all.end(), [](const auto& l) { return l.connection->login_blocks(); });
}
io::loop& session::loop() noexcept { return impl_->on; }
const session_options& session::options() const noexcept { return impl_->options; }
void session::close() { impl_->close(); }

} // namespace winrm::remote
