#include "client/link.h"

#include "auth/login/mechanism_login.h"
#include "client/logins.h"
#include "client/redact.h"
#include "crypto/thread_state.h"

namespace winrm::remote {

namespace {

/// Of an answer that cannot be read.
constexpr std::size_t most_traced = 64 * 1024;

http::client_options make_http_options(const link::host_options& o, std::shared_ptr<auth::client_login> login)
{
    const target host = o.session.host.without_zone();
    http::client_options h;
    const bool v6 = host.host.find(':') != std::string::npos;
    h.host = v6 ? "[" + host.host + "]" : host.host;
    if (host.port != (host.tls ? 443 : 80)) h.host += ":" + std::to_string(host.port);
    h.path = host.path;
    h.user_agent = o.session.user_agent;
    h.max_body = o.session.limits.envelope * 2 + 64 * 1024; // UTF-16 answers are twice as long
    h.login = std::move(login);
    if (o.anonymous) h.extra_fields.emplace_back("WSMANIDENTIFY", "unauthenticated");
    return h;
}

std::shared_ptr<login_plan> make_plan(const link::host_options& o, const context& shared)
{
    if (o.anonymous) return std::make_shared<login_plan>();
    auto plan = std::make_shared<login_plan>(plan_of(o.session, o.tls != nullptr));
    plan->bare = o.bare;
    plan->tickets = o.tickets;
    plan->verdicts = shared.verdicts();
    plan->service_used = std::make_shared<std::string>();
    return plan;
}

} // namespace

struct link::impl : std::enable_shared_from_this<link::impl>
{
    impl(context& c, const host_options& o, handlers h)
        : shared(c), names(c.names()), on(c.loop()), session(o.session), call(std::move(h)), plan(make_plan(o, c)),
          http(make_http_options(o, make_login(plan, c.random())), o.session.limits), tls(o.tls), wait(on),
          connect_limit(on.now() + o.session.connect_timeout), number(o.number), known(o.known)
    {}

    /// Told from the loop, as a connection of its own would be.
    void open(io::unique_fd ready)
    {
        on.post([weak = weak_from_this(), socket = std::make_shared<io::unique_fd>(std::move(ready))] {
            const auto self = weak.lock();
            if (self && !self->gone) self->connected(std::move(*socket));
        });
    }

    void open()
    {
        connect.emplace(names, session.host.host, session.host.port, connect_limit,
                        [this](result<io::unique_fd> socket) {
                            if (!socket) return close(with_limit(std::move(socket).error()));
                            connected(std::move(*socket));
                        });
    }

    [[nodiscard]] error with_limit(error e) const
    {
        if (e.code() != errc::timeout) return e;
        return std::move(e)
            .with_more("; name, connection and TLS together may take " + base::in_seconds(session.connect_timeout))
            .with_remedy(remedy::raise_connect_timeout);
    }

    void connected(io::unique_fd socket)
    {
        connect.reset(); // an idle connection keeps no more than it needs
        std::optional<net::tls_session> secured;
        if (tls != nullptr) secured.emplace(*tls, session.host.host);
        stream.emplace(on, std::move(socket), std::move(secured));
        stream->on_data([self = weak_from_this()](result<base::bytes_view> data) {
            if (auto kept = self.lock()) kept->arrived(std::move(data));
        });
        stream->resume_reading();
        since = on.now();
        note(session.host.tls ? "connected, TLS" : "connected, no TLS");
        if (call.ready) call.ready();
    }

    void start(exchange e)
    {
        current = std::move(e);
        current->on_kept_connection = used;
        begun = false;
        as_it_came.clear();
        if (session.trace != nullptr) {
            session.trace->message('>', number, "POST " + session.host.path, redact_request(current->body));
        }
        const auto limit = on.now() + current->answer_time;
        // The handshake has its own, shorter limit.
        if (!stream->established()) wait_until(std::min(limit, connect_limit), limit);
        else wait_until(limit, limit);
        if (!has_legs()) return begin();
        // What a login is bound to is known after the handshake.
        stream->when_established([weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self && self->current) self->begin();
        });
    }

    [[nodiscard]] bool has_legs() const { return http.login() && http.login()->authorization().empty(); }

    void begin()
    {
        if (has_legs() && stream->tls() != nullptr && plan->binding.empty())
            plan->binding = stream->tls()->channel_binding();
        // A login with legs can fail before the request has gone: then it is asked anew.
        const bool kept = current->repeatable || has_legs();
        http.start(kept ? current->body : std::move(current->body), "application/soap+xml;charset=UTF-8");
        flush();
        // A request that cannot be written is over before a byte has left. Told from the loop: a caller may be in
        // ask().
        if (auto refused = http.poll()) {
            on.post([weak = weak_from_this(), refused = std::move(*refused)]() mutable {
                auto self = weak.lock();
                if (!self || self->gone || !self->current) return;
                if (!refused) refused = std::move(refused).error().with_delivery(delivery::not_sent);
                self->finish(std::move(refused));
            });
        }
    }

    void wait_until(base::time_point first, base::time_point last)
    {
        wait.set(first, [this, first, last] {
            if (first != last && stream->established()) return wait_until(last, last);
            if (!stream->established()) {
                return close(with_limit(
                    {errc::timeout, "the host accepted the connection but did not finish the TLS handshake in time"}));
            }
            if (stepping)
                return close(error(errc::timeout, "no Kerberos ticket came in time: the KDC may not answer")
                                 .with_delivery(delivery::not_sent)
                                 .with_tried({{"Kerberos", "no_kdc", "No KDC answered in time.", {}}}));
            close(error(errc::timeout, "the host did not answer within the operation timeout of " +
                                           base::in_seconds(current->answer_time - session.answer_margin) + " and " +
                                           base::in_seconds(session.answer_margin) + " more")
                      .with_remedy(remedy::raise_operation_timeout));
        });
    }

    /// A step that may wait for a KDC. The login is kept by the job: a thread may hang in it when this link is gone.
    void step_elsewhere(base::bytes&& token)
    {
        stepping.emplace(
            shared.workers(), plan->service + '/' + plan->host,
            [login = http.login(), token = std::move(token)] {
                auto leg = login->step(token);
                crypto::release_thread_state();
                return leg;
            },
            [this](result<auth::leg> leg) {
                const auto self = shared_from_this(); // handlers below may drop the link
                stepping.reset();
                if (!current) return;
                if (!leg) return close(std::move(leg).error());
                http.token(std::move(*leg));
                flush();
                if (auto answer = http.poll()) finish(std::move(*answer));
            });
    }

    void flush()
    {
        const int more = http.requests() - std::exchange(requests, http.requests());
        if (more != 0 && call.requested) call.requested(more);
        if (auto token = http.token_wanted()) step_elsewhere(std::move(*token));
        while (stream) {
            const auto out = http.output();
            if (out.empty()) return;
            if (call.counted) call.counted(out.size(), 0);
            stream->write(out);
            http.written(out.size());
        }
    }

    void arrived(result<base::bytes_view> data)
    {
        const auto self = shared_from_this(); // handlers below may drop the link
        if (!data) return close(std::move(data).error());
        if (!current) {
            // Bytes or the end while nothing was asked: the host has had enough of this connection.
            return close(std::nullopt);
        }
        if (data->empty()) {
            http.end_of_stream();
        } else {
            if (session.trace != nullptr) as_it_came.append(data->substr(0, most_traced - as_it_came.size()));
            if (call.counted) call.counted(0, data->size());
            http.received(*data);
            begun = http.answer_begun();
        }
        if (http.logged_in()) tell_login(); // others may wait for it
        flush();
        if (auto answer = http.poll()) finish(std::move(*answer));
    }

    /// Why there is no answer to the request under way. Once a byte of the answer has come, the rest of it is lost.
    error named(error e) const
    {
        const bool of_login = e.code() == errc::login_denied || e.code() == errc::no_credentials;
        if (of_login && e.tried().empty()) e.with_tried(attempts());
        if (begun && e.code() == errc::connection_lost && e.delivery() != delivery::refused)
            return std::move(e).with_message(errc::answer_cut, {}, {});
        return hinted(std::move(e));
    }

    /// What a TLS server does with a request in clear, Windows among them.
    error hinted(error e) const
    {
        if (tls != nullptr || known || used || begun || e.code() != errc::connection_lost) return e;
        return std::move(e).with_more(" (if this is its HTTPS port, use https)");
    }

    void finish(result<http::response> answer)
    {
        wait.cancel();
        if (!answer) answer = named(std::move(answer).error());
        else if (answer->status != 401) tell_login(); // of a login that goes with every request, too
        if (!answer) trace_unread(answer.error());
        else if (session.trace != nullptr)
            session.trace->message('<', number, redact_answer(answer->head), answer->body);
        const bool keep = answer && answer->keep_alive;
        exchange done = std::move(*current);
        current.reset();
        used = true;
        since = on.now();
        const auto ended = call.ended; // the link may be destroyed from within
        if (!keep) {
            broken = true;
            stream.reset();
        }
        ended(std::move(done), std::move(answer));
        if (gone) return;
        if (keep) {
            if (call.ready) call.ready();
        } else {
            close(std::nullopt);
        }
    }

    /// A step that nobody waits for any more still uses the login, on its thread.
    [[nodiscard]] std::vector<login_attempt> attempts() const
    {
        if (!http.login() || stepping || login_lent) return {};
        return attempts_of(*plan, *http.login());
    }

    void tell_login()
    {
        if (!http.login() || std::exchange(login_told, true)) return;
        auto facts = facts_of(*plan, *http.login(), session.host.port);
        note("logged in by " + facts.scheme + (facts.mechanism.empty() ? "" : " (" + facts.mechanism + ")") +
             (facts.sealed ? ", sealed " + facts.cipher : ""));
        if (call.logged_in) call.logged_in(std::move(facts));
    }

    /// The end of this link, with or without an exchange under way.
    void close(std::optional<error> why)
    {
        if (gone) return;
        const auto self = shared_from_this();
        broken = true;
        wait.cancel();
        login_lent = login_lent || stepping;
        stepping.reset();
        if (why && (!(stream && stream->established()) || http.request_held_back()))
            why->with_delivery(delivery::not_sent);
        connect.reset();
        stream.reset();
        note(why ? "closed: " + to_string(*why) : "closed");
        if (current) {
            exchange lost = std::move(*current);
            current.reset();
            if (why) trace_unread(*why);
            if (!why) why.emplace(errc::connection_lost, "the host closed the connection before it had answered");
            call.ended(std::move(lost), named(*why));
            why.reset();
        }
        if (gone) return;
        gone = true;
        call.closed(std::move(why));
    }

    /// What came instead of an answer, or of it before the connection broke.
    void trace_unread(const error& why)
    {
        if (session.trace == nullptr || as_it_came.empty()) return;
        std::string title = "no whole answer (" + why.message() + "); as it came:";
        if (as_it_came.size() == most_traced) title.insert(title.size() - 1, ", the beginning");
        session.trace->message('<', number, title, redact_answer(as_it_came));
    }

    void note(base::bytes_view text)
    {
        if (session.trace != nullptr) session.trace->note(number, text);
    }

    context& shared;
    net::resolver& names;
    io::loop& on;
    const session_options& session;
    handlers call;
    std::shared_ptr<login_plan> plan; ///< its binding is set once, before the first login
    http::client_connection http;
    const net::tls_context* tls;
    io::timer wait;
    std::optional<worker_job> stepping; ///< of the login
    base::time_point connect_limit, since{};
    std::optional<net::connect_operation> connect;
    std::optional<net::stream> stream;
    std::optional<exchange> current;
    std::string as_it_came; ///< the beginning of the answer under way; only for a trace
    int number, requests = 0;
    bool known;
    bool begun = false, used = false, broken = false, gone = false, login_told = false;
    bool login_lent = false; ///< for good
};

link::link(context& in, const host_options& options, handlers h, io::unique_fd connected)
    : impl_(std::make_shared<impl>(in, options, std::move(h)))
{
    if (connected) impl_->open(std::move(connected));
    else impl_->open();
}

link::~link()
{
    impl_->gone = true;
    impl_->wait.cancel();
    impl_->stepping.reset();
    impl_->connect.reset();
    impl_->stream.reset();
}

bool link::idle() const noexcept { return impl_->stream && !impl_->current && !impl_->broken; }
bool link::stale() const noexcept
{
    if (!idle()) return false;
    return impl_->stream->established() ? !impl_->stream->quiet() : impl_->on.now() >= impl_->connect_limit;
}
bool link::connecting() const noexcept { return !impl_->stream && !impl_->broken; }
base::time_point link::idle_since() const noexcept { return impl_->since; }
bool link::login_only_begun() const noexcept
{
    const auto* by = dynamic_cast<const auth::mechanism_login*>(impl_->http.login().get());
    return by != nullptr && by->only_begun();
}
bool link::login_blocks() const noexcept { return impl_->stepping.has_value(); }
std::vector<login_attempt> link::attempts() const { return impl_->attempts(); }
base::bytes_view link::scheme() const noexcept
{
    return impl_->http.login() ? impl_->http.login()->scheme() : base::bytes_view();
}
bool link::has_legs() const noexcept { return impl_->has_legs(); }
bool link::answer_begun() const noexcept { return impl_->begun; }
void link::start(exchange e) { impl_->start(std::move(e)); }
std::optional<exchange> link::abandon()
{
    impl_->gone = true;
    return std::exchange(impl_->current, std::nullopt);
}

} // namespace winrm::remote
