#include "http/server_connection.h"

#include "http/body_reader.h"
#include "http/head_scanner.h"
#include "http/output_queue.h"
#include "http/request_head.h"
#include "http/request_rules.h"
#include "http/response_head.h"

#include <algorithm>
#include <utility>

namespace winrm::http {
namespace {

constexpr std::size_t max_drain = 64 * 1024;    // bytes of a refused body worth reading to keep the connection
constexpr std::size_t max_pending = 256 * 1024; // bytes kept behind an unanswered request

} // namespace

/// The life of one request: head → (login) → body → handed up → flush. A refused one goes head → drain → flush.
struct server_connection::state
{
    enum class phase { head, login, body, handed, drain, flush, closed };

    state(std::shared_ptr<const server_options> o, const base::limits& l, const crypto::keyed_digest& d,
          base::time_point t)
        : options_shared(std::move(o)), limits(l), digest(d), scanner(l.http_head, l.http_fields), now(t)
    {
        wait_for_request();
    }
    ~state()
    {
        scanner.reset(); // wipes
        drop_pending();
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    const std::shared_ptr<const server_options> options_shared;
    const server_options& options = *options_shared;
    base::limits limits;
    const crypto::keyed_digest& digest;
    head_scanner scanner;
    body_reader body;
    output_queue out;
    std::string pending; ///< came in one piece behind the current request; may hold a password
    std::string charset; ///< of the current request
    std::optional<server_event> event;
    std::optional<request_head> waiting;                 ///< the head whose login is outstanding
    std::optional<crypto::keyed_digest::value> accepted; ///< set exactly while somebody is logged in
    crypto::keyed_digest::value asked{};                 ///< of the Authorization whose login is outstanding
    phase at = phase::head;
    int failed_logins = 0;
    bool chunked = false;                      ///< the current request's body
    bool is_head = false, is_http_1_0 = false; ///< the current request
    bool anonymous_identify = false, close_after = false, ended = false, closing_told = false;
    bool answered = false, close_next = false; ///< anything yet; the next answer is the last
    base::time_point now, due = base::time_point::max();

    // ---- time

    void set_timer(base::milliseconds length) { due = now + length; }

    void stop_timer() { due = base::time_point::max(); }

    void saw(base::time_point t) { now = std::max(now, t); }

    // ---- phases

    void wait_for_request()
    {
        at = phase::head;
        scanner.reset();
        body = {};
        std::string{}.swap(charset);
        set_timer(accepted ? options.idle_time : options.idle_time / 10);
    }

    void close()
    {
        at = phase::closed;
        stop_timer();
        scanner.reset();
        body = {};
        drop_pending();
        waiting.reset();
        event.reset();
        accepted.reset();
    }

    void drop_pending()
    {
        base::wipe(pending.data(), pending.size());
        std::string{}.swap(pending);
    }

    /// Takes bytes as far as the phase allows. @return how many.
    std::size_t advance(std::string_view data)
    {
        std::size_t used = 0;
        for (;;) {
            const std::string_view rest = data.substr(used);
            switch (at) {
            case phase::head:
                if (rest.empty()) return used;
                if (scanner.empty()) set_timer(options.head_time);
                used += scanner.feed(rest);
                if (scanner.state() != head_scanner::progress::more) head_done();
                break;
            case phase::body:
            case phase::drain:
                used += body.feed(rest);
                if (body.state() == body_reader::progress::more) return used;
                body_done();
                break;
            case phase::flush:
                if (!out.empty()) return used;
                if (close_after || ended) close();
                else wait_for_request();
                break;
            case phase::login:
            case phase::handed: return used;
            case phase::closed: return data.size();
            }
        }
    }

    /// RFC 9110 9.3.2. Known from the first letters on, so that it holds for a head that is refused as well.
    void note_method() { is_head = std::string_view{scanner.text()}.starts_with("HEAD "); }

    void head_done()
    {
        note_method();
        if (scanner.state() == head_scanner::progress::bad) return refuse({400, scanner.why()}, true);
        if (scanner.state() == head_scanner::progress::too_large) return refuse({431, scanner.why()}, true);
        auto read = read_request_head(scanner.text(), limits);
        scanner.reset();
        if (const auto* bad = std::get_if<refusal>(&read)) {
            accepted.reset();
            return refuse(*bad, true);
        }
        begin(std::get<request_head>(std::move(read)));
    }

    /// RFC 7617: credentials come with every request. Anything but the very same drops who was logged in before.
    void begin(request_head head)
    {
        close_after = close_after || head.close;
        is_http_1_0 = head.is_http_1_0;
        crypto::keyed_digest::value given{};
        if (head.authorization) given = digest.of(head.authorization->reveal());
        const bool same = accepted && head.authorization && crypto::keyed_digest::equal(*accepted, given);
        if (!same) accepted.reset();

        anonymous_identify = is_anonymous_identify(head);
        if (!anonymous_identify && !head.authorization) return challenge(head);
        if (anonymous_identify || same) return take(head);
        // What is wrong with the route is told after the login only, what is wrong with the body before, without
        // reading it.
        if (check_route(head).status == 0)
            if (const refusal r = check_body(head, limits.envelope); r.status != 0) return refuse(r, head);

        // Credentials that came in the clear where that is not allowed are not even decoded.
        auto credentials = options.offer_basic && options.policy.basic_allowed(options.tls)
                               ? auth::parse_basic(head.authorization->reveal())
                               : std::nullopt;
        if (!credentials) {
            ++failed_logins;
            return challenge(head);
        }
        asked = given;
        head.authorization.reset();
        waiting = std::move(head);
        at = phase::login;
        stop_timer();
        event = login_wanted{std::move(*credentials)};
    }

    /// The request whose login has been decided.
    request_head take_waiting()
    {
        request_head head = std::move(*waiting);
        waiting.reset();
        return head;
    }

    /// A request that needs no further login.
    void take(const request_head& head)
    {
        if (const refusal r = check_route(head); r.status != 0) return refuse(r, head);
        if (const refusal r = check_body(head, limits.envelope); r.status != 0) return refuse(r, head);
        read_body(head);
    }

    void read_body(const request_head& head)
    {
        at = phase::body;
        charset = head.content.charset;
        chunked = head.chunked;
        set_timer(options.body_time);
        body = body_reader{head.chunked ? body_reader::framing::chunked : body_reader::framing::length,
                           head.length.value_or(0), limits.envelope, body_reader::grammar::strict,
                           anonymous_identify ? body_reader::storage::drop : body_reader::storage::keep};
        if (head.expect_continue && head.has_body()) out.push("HTTP/1.1 100 Continue\r\n\r\n", {});
    }

    void body_done()
    {
        switch (body.state()) {
        case body_reader::progress::bad: return refuse({400, "the body's chunks are not well-formed"}, true);
        case body_reader::progress::too_large:
            return refuse({413, "the message is larger than MaxEnvelopeSizekb allows"}, true);
        case body_reader::progress::more: return;
        case body_reader::progress::complete: break;
        }
        if (at == phase::drain) {
            at = phase::flush;
            stop_timer();
        } else if (anonymous_identify) {
            answer(200, options.identify_body, "application/soap+xml;charset=UTF-8", {});
        } else {
            at = phase::handed;
            if (options.answer_time.count() != 0) set_timer(options.answer_time);
            else stop_timer();
            event = request_arrived{body.take(), std::move(charset), chunked};
        }
    }

    // ---- answers

    /// @param fields  further lines of the head, each with its line end
    void answer(int status, std::string text, std::string_view type, std::string_view fields)
    {
        answered = true;
        close_after = close_after || close_next;
        std::string head = write_response_head({status, type, fields, text.size(), close_after || ended});
        if (is_head) text.clear();
        out.push(std::move(head), std::move(text));
        if (at != phase::drain) {
            at = phase::flush;
            stop_timer();
        }
    }

    void refuse(const refusal& r, bool close_then)
    {
        if (close_then) {
            close_after = true;
            accepted.reset();
            scanner.reset();
            at = phase::flush;
        }
        answer(r.status, std::string{r.why} + "\n", "text/plain", r.status == 405 ? "Allow: POST\r\n" : "");
    }

    void refuse(const refusal& r, const request_head& head)
    {
        if (r.status == 413) close_after = true; // who sends too much is not listened to further
        drain(head);
        refuse(r, false);
    }

    /// 401 with the schemes; never a body (clients that look for SOAP in it would find none).
    void challenge(const request_head& head)
    {
        accepted.reset();
        if (failed_logins >= options.max_login_attempts) close_after = true;
        drain(head);
        const bool basic = options.offer_basic && options.policy.basic_allowed(options.tls);
        answer(401, {}, {}, basic ? "WWW-Authenticate: Basic realm=\"WSMAN\"\r\n" : "");
    }

    /// What to do with a body nobody wants. A client that waits for 100 may send it or not: then the next request's
    /// beginning cannot be told, and the connection must end (RFC 9110 10.1.1).
    void drain(const request_head& head)
    {
        at = phase::flush;
        if (!head.has_body()) return;
        if (close_after || head.chunked || head.expect_continue || *head.length > max_drain) {
            close_after = true;
            return;
        }
        at = phase::drain;
        set_timer(options.body_time);
        body = body_reader{body_reader::framing::length, *head.length, max_drain, body_reader::grammar::strict,
                           body_reader::storage::drop};
    }

    // ---- what the owner says

    /// Reads on where the last piece was left.
    void resume()
    {
        std::string data;
        data.swap(pending);
        const std::size_t used = advance(data);
        if (used < data.size() && at != phase::closed) pending.assign(data, used, std::string::npos);
        base::wipe(data.data(), data.size());
        if (ended && pending.empty() && (at == phase::head || at == phase::body || at == phase::drain)) cut();
    }

    /// The stream ended inside a request or between two: nothing more can come of it.
    void cut()
    {
        if (at == phase::drain) {
            at = phase::flush;
            stop_timer();
            close_after = true;
            if (out.empty()) close();
        } else {
            close();
        }
    }
};

server_connection::server_connection(std::shared_ptr<const server_options> options, const base::limits& limits,
                                     const crypto::keyed_digest& digest, base::time_point now)
    : state_(std::make_unique<state>(std::move(options), limits, digest, now))
{}

server_connection::server_connection(server_options options, const base::limits& limits,
                                     const crypto::keyed_digest& digest, base::time_point now)
    : server_connection(std::make_shared<const server_options>(std::move(options)), limits, digest, now)
{}

server_connection::~server_connection() = default;
server_connection::server_connection(server_connection&&) noexcept = default;
server_connection& server_connection::operator=(server_connection&&) noexcept = default;

void server_connection::received(std::string_view data, base::time_point now)
{
    state& s = *state_;
    s.saw(now);
    if (s.ended || s.at == state::phase::closed) return;
    if (!s.pending.empty()) {
        if (s.pending.size() + data.size() > max_pending) return s.close(); // the owner did not mind wants_input()
        std::string larger; // a string that grows by itself leaves its earlier bytes behind
        larger.reserve(s.pending.size() + data.size());
        larger.append(s.pending).append(data);
        s.drop_pending();
        s.pending = std::move(larger);
        return s.resume();
    }
    const std::size_t used = s.advance(data);
    if (used < data.size() && s.at != state::phase::closed) s.pending.assign(data.substr(used));
}

void server_connection::end_of_stream(base::time_point now)
{
    state& s = *state_;
    if (std::exchange(s.ended, true)) return;
    s.saw(now);
    const bool owed = s.at == state::phase::login || s.at == state::phase::handed;
    if (owed && !s.is_http_1_0) s.out.push("HTTP/1.1 100 Continue\r\n\r\n", {});
    s.resume();
}

void server_connection::close_after_next() { state_->close_next = true; }

std::optional<server_event> server_connection::poll()
{
    state& s = *state_;
    if (s.event) return std::exchange(s.event, std::nullopt);
    const bool over = s.at == state::phase::closed || (s.at == state::phase::flush && s.close_after);
    if (!over || std::exchange(s.closing_told, true)) return std::nullopt;
    return closing{};
}

void server_connection::login_accepted(base::time_point now)
{
    state& s = *state_;
    if (s.at != state::phase::login) return;
    s.saw(now);
    s.accepted = s.asked;
    const request_head head = s.take_waiting();
    s.take(head);
    s.resume();
}

void server_connection::login_denied(base::time_point now)
{
    state& s = *state_;
    if (s.at != state::phase::login) return;
    s.saw(now);
    ++s.failed_logins;
    const request_head head = s.take_waiting();
    s.challenge(head);
    s.resume();
}

void server_connection::login_unavailable(base::time_point now)
{
    state& s = *state_;
    if (s.at != state::phase::login) return;
    s.saw(now);
    const request_head head = s.take_waiting();
    s.refuse({503, "logins cannot be checked at the moment"}, head);
    s.resume();
}

void server_connection::respond(int status, std::string body, std::string_view media_type, base::time_point now)
{
    state& s = *state_;
    if (s.at != state::phase::handed) return;
    s.saw(now);
    s.answer(status, std::move(body), media_type, {});
}

void server_connection::fail(base::time_point now)
{
    state& s = *state_;
    s.saw(now);
    s.accepted.reset();
    switch (s.at) {
    case state::phase::closed: return;
    case state::phase::login:
    case state::phase::body:
    case state::phase::handed:
        s.waiting.reset();
        s.event.reset();
        s.body = {};
        return s.refuse({503, "the user's process has gone"}, true);
    case state::phase::drain:
    case state::phase::flush: // the answer under way is a whole one; let it go out
        s.close_after = true;
        s.at = state::phase::flush;
        s.stop_timer();
        if (s.out.empty()) s.close();
        return;
    case state::phase::head: return s.close();
    }
}

std::string_view server_connection::output() const noexcept { return state_->out.front(); }

void server_connection::written(std::size_t count, base::time_point now)
{
    state& s = *state_;
    s.out.written(count);
    s.saw(now);
    if (s.at == state::phase::flush && s.out.empty()) s.resume();
}

bool server_connection::wants_input() const noexcept
{
    const state& s = *state_;
    return !s.ended && s.pending.empty() &&
           (s.at == state::phase::head || s.at == state::phase::body || s.at == state::phase::drain);
}

base::time_point server_connection::deadline() const noexcept { return state_->due; }

void server_connection::handle_timeout(base::time_point now)
{
    state& s = *state_;
    s.saw(now);
    if (now < s.due) return;
    switch (s.at) {
    case state::phase::head:
        if (s.scanner.empty()) return s.close();
        s.note_method();
        return s.refuse({408, "the head did not come in time"}, true);
    case state::phase::body: return s.refuse({408, "the body did not come in time"}, true);
    case state::phase::handed: return s.refuse({503, "the user's process did not answer in time"}, true);
    default: return s.close();
    }
}

bool server_connection::authenticated() const noexcept { return state_->accepted.has_value(); }

bool server_connection::between_requests() const noexcept
{
    const state& s = *state_;
    return s.answered && s.at == state::phase::head && s.scanner.empty() && s.pending.empty();
}

} // namespace winrm::http
