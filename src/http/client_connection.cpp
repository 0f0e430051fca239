#include "http/client_connection.h"

#include "auth/challenge.h"
#include "base/base64.h"
#include "base/text.h"
#include "http/answer_head.h"
#include "http/body_reader.h"
#include "http/head_scanner.h"
#include "http/output_queue.h"
#include "http/request_text.h"

#include <algorithm>
#include <utility>

namespace winrm::http {
namespace {

constexpr int max_legs = 8;              // requests of one login
constexpr int max_interim = 8;           // 1xx answers before the real one
constexpr std::size_t max_foreign = 200; // bytes of a peer that speaks something else, to show
constexpr std::string_view http_start = "HTTP/1.";

} // namespace

struct client_connection::state
{
    enum class phase {
        idle,
        token, ///< the login's next step is taken elsewhere
        head,
        foreign,
        body,
        done,
        broken
    };
    /// What the connection has proved.
    enum class login_state {
        each_request, ///< nothing to agree on: no login, or one that goes with every request
        fresh,
        in_legs, ///< the mechanism wants another token of the host
        proven,  ///< the mechanism is done; the host has not said so yet
        logged_in
    };

    state(client_options o, const base::limits& l) : options(std::move(o)), scanner(l.http_head, l.http_fields)
    {
        if (options.login && options.login->authorization().empty()) login = login_state::fresh;
    }

    client_options options;
    head_scanner scanner;
    body_reader body;
    output_queue out;
    response answer;
    response refusal; ///< the 401 whose token the login is looking at
    std::optional<result<response>> outcome;
    std::string foreign; ///< beginning of what is not HTTP
    phase at = phase::idle;
    int interim = 0;
    bool close_after = false;
    login_state login = login_state::each_request;
    auth::message request;            ///< of a login with legs: in the clear, until the final answer
    std::string answer_type;          ///< whole Content-Type
    std::optional<base::bytes> asked; ///< the token that token_wanted() will say
    bool begun = false;               ///< bytes have come since the latest send()
    bool request_sent = false;        ///< and not only a leg ahead of it
    bool logged_in_anew = false;      ///< in this exchange: once is enough
    int legs = 0, sends = 0;

    [[nodiscard]] bool has_legs() const noexcept { return login != login_state::each_request; }

    void too_much() { fail(error(errc::protocol, "the host sent more than the answer it was asked for")); }

    void fail(error e)
    {
        if (has_legs()) {
            if (!request_sent) e.with_delivery(delivery::not_sent);
            login = login_state::fresh;
            request = {};
        }
        asked.reset();
        outcome.emplace(std::move(e));
        at = phase::broken;
        out.clear();
        scanner.reset();
        body = {};
        answer = refusal = {};
        std::string{}.swap(foreign);
    }

    /// TLS's content types alert and handshake, then its version (RFC 8446 section 5.1).
    [[nodiscard]] bool is_tls() const
    {
        return foreign.size() >= 2 && (foreign[0] == '\x15' || foreign[0] == '\x16') && foreign[1] == '\x03';
    }

    void not_http()
    {
        if (is_tls()) return fail(error(errc::not_wsman, "the host speaks TLS on this port: use https"));
        std::string words =
            base::printable(base::trim(std::string_view{foreign}.substr(0, foreign.find('\n'))), max_foreign);
        fail(error(errc::not_wsman, "the host does not speak HTTP on this port").with_peer_text(std::move(words)));
    }

    std::size_t take_foreign(std::string_view data)
    {
        const std::size_t room = max_foreign - foreign.size();
        const std::string_view piece =
            data.substr(0, std::min(room, data.find('\n') == data.npos ? room : data.find('\n') + 1));
        foreign.append(piece);
        if (foreign.size() == max_foreign || foreign.ends_with('\n') || is_tls()) not_http();
        return data.size();
    }

    std::size_t take_head(std::string_view data)
    {
        // The first bytes tell whether this is HTTP at all; what is not is worth showing.
        std::size_t used = 0;
        while (scanner.text().size() < http_start.size() && used < data.size()) {
            if (data[used] != http_start[scanner.text().size()]) {
                foreign = scanner.text();
                at = phase::foreign;
                return used;
            }
            used += scanner.feed(data.substr(used, 1));
        }
        used += scanner.feed(data.substr(used));
        switch (scanner.state()) {
        case head_scanner::progress::more: break;
        case head_scanner::progress::complete: head_done(); break;
        case head_scanner::progress::bad:
            fail(error(errc::protocol, "the host's answer breaks the rules of HTTP: " + std::string{scanner.why()}));
            break;
        case head_scanner::progress::too_large:
            fail(error(errc::too_large, "the host's answer is refused: " + std::string{scanner.why()}));
            break;
        }
        return used;
    }

    void head_done()
    {
        answer_head head;
        const bool good = read_answer_head(scanner.text(), head);
        head.out.head = scanner.text();
        scanner.reset();
        if (!good) {
            const std::string why = head.out.reason.empty() ? std::string() : ": " + head.out.reason;
            return fail(error(errc::protocol, "the head of the host's answer breaks the rules of HTTP" + why));
        }
        if (!head.wrong.empty()) {
            return fail(error(errc::protocol, std::string{head.wrong}).with_http_status(head.out.status));
        }
        const int status = head.out.status;
        if (status < 200) {
            if (status == 101 || status < 100)
                return fail(error(errc::protocol, "the host switches to a protocol nobody asked for"));
            if (++interim > max_interim)
                return fail(error(errc::protocol, "the host sends interim answers without end"));
            return;
        }
        const bool no_body = status == 204 || status == 304;
        close_after = head.close || head.version != 11;
        answer = std::move(head.out);
        answer_type = std::move(head.content_type);
        at = phase::body;
        if (no_body) {
            body = {};
        } else if (head.chunked) {
            begin_body(body_reader::framing::chunked, 0);
        } else if (head.length) {
            begin_body(body_reader::framing::length, *head.length);
        } else {
            close_after = true;
            begin_body(body_reader::framing::until_close, 0);
        }
        body_moved();
    }

    void begin_body(body_reader::framing how, std::uint64_t length)
    {
        body = body_reader{how, length, options.max_body, body_reader::grammar::lenient, body_reader::storage::keep};
    }

    void body_moved()
    {
        switch (body.state()) {
        case body_reader::progress::more: return;
        case body_reader::progress::complete:
            answer.body = body.take();
            body = {};
            // An answer before the whole request has left: its rest cannot be called back.
            answer.keep_alive = !close_after && out.empty();
            out.clear();
            return whole_answer();
        case body_reader::progress::bad:
            return fail(error(errc::protocol, "the chunks of the host's answer are not well-formed")
                            .with_http_status(answer.status));
        case body_reader::progress::too_large:
            return fail(error(errc::too_large,
                              "the host's answer is larger than " + std::to_string(options.max_body) + " bytes")
                            .with_http_status(answer.status));
        }
    }

    // ---- the login

    void send(std::string_view authorization, std::string_view type, std::string content)
    {
        ++sends;
        begun = false;
        refusal = {};
        interim = 0;
        close_after = false;
        std::string head = request_text(options, authorization, type, content.size());
        out.push(std::move(head), std::move(content), !authorization.empty());
        at = phase::head;
    }

    /// @param authorization  goes with it; "" where the connection is logged in
    void send_request(std::string_view authorization)
    {
        request_sent = true;
        auth::message copy = request; // a host may want a login first after all
        if (login != login_state::in_legs && !options.login->seal(copy))
            return fail(error(errc::protocol, "the request could not be sealed with the keys of the login"));
        send(authorization, copy.type, std::move(copy.body));
    }

    void begin_login()
    {
        legs = 0;
        login = login_state::in_legs;
        step({});
    }

    void step(base::bytes token)
    {
        at = phase::token;
        if (options.login->blocks()) asked = std::move(token);
        else stepped(options.login->step(token));
    }

    /// @param cause  of the exchange itself; none: the login knows
    void login_failed(const std::string& why, errc code, auth::login_failure cause = auth::login_failure::none)
    {
        const std::string scheme{options.login->shown_name()};
        error e(code, "the login by " + scheme + " failed: " + why);
        if (cause != auth::login_failure::none)
            e.with_tried({{scheme, std::string{auth::name(cause)}, std::string{auth::sentence(cause)}, {}}});
        e.with_delivery(request_sent ? delivery::unknown : delivery::not_sent);
        if (refusal.status == 401) {
            e.with_http_status(401).with_offered(auth::offered_schemes(refusal.challenges));
            if (request_sent) e.with_delivery(delivery::refused);
        }
        fail(std::move(e));
    }

    /// It breaks off without a reason: the other end may be somebody else.
    void not_proven(const std::string& why) { login_failed(why, errc::login_denied, auth::login_failure::not_proven); }

    /// Nothing was wrong with the login but that the host does not take it: then its 401 is the answer.
    void step_failed(const auth::leg& leg)
    {
        const auto why = leg.failed;
        if (why == auth::login_failure::refused && refusal.status == 401) {
            answer = std::move(refusal);
            return not_logged_in();
        }
        login_failed(base::clause(leg.more.empty() ? auth::sentence(why) : std::string_view{leg.more}),
                     why == auth::login_failure::no_ticket ? errc::no_credentials : errc::login_denied);
    }

    void stepped(const auth::leg& leg)
    {
        if (leg.state == auth::leg_state::failed) return step_failed(leg);
        if (answer.status != 0) { // the host has accepted; this was its proof
            if (leg.state != auth::leg_state::done || !leg.token.empty())
                return not_proven("the host ended it before it had proved who it is");
            return accepted();
        }
        if (leg.token.empty() || ++legs > max_legs) return not_proven("it comes to no end");
        if (leg.state == auth::leg_state::done) login = login_state::proven;
        std::string value{options.login->scheme()};
        base::base64_encode(leg.token, value.append(1, ' '));
        if (login == login_state::proven || options.login->request_may_go()) return send_request(value);
        request_sent = false;
        send(value, request.type, {}); // the host must refuse it: no body
    }

    void deliver()
    {
        request = {};
        outcome.emplace(std::move(answer));
        answer = {};
        at = phase::done;
    }

    /// The host turns it down, or does not get as far as looking at it.
    void not_logged_in()
    {
        login = login_state::fresh;
        deliver();
    }

    void whole_answer()
    {
        switch (login) {
        case login_state::each_request: return deliver();
        case login_state::logged_in:
            if (answer.status != 401) return accepted();
            if (!answer.keep_alive || std::exchange(logged_in_anew, true)) return not_logged_in();
            answer = {};
            return begin_login();
        case login_state::proven: return answer.status == 401 ? not_logged_in() : accepted();
        case login_state::in_legs: return leg_answered();
        case login_state::fresh: return deliver();
        }
    }

    void leg_answered()
    {
        auth::challenge said = auth::find_challenge(answer.challenges, options.login->scheme());
        if (said.what == auth::challenge::kind::malformed)
            return fail(
                error(errc::protocol, "the host's token for the login is not base64").with_http_status(answer.status));
        if (said.what != auth::challenge::kind::token) {
            if (answer.status < 400) return not_proven("the host ended it before it had proved who it is");
            return not_logged_in();
        }
        if (answer.status == 401) {
            if (!answer.keep_alive)
                return fail(error(errc::connection_lost, "the host closed the connection in the middle of the login")
                                .with_delivery(delivery::refused));
            refusal = std::exchange(answer, {});
        }
        step(std::move(said.token));
    }

    /// Both ends are sure of each other.
    void accepted()
    {
        const bool earlier = login == login_state::logged_in && !logged_in_anew;
        login = login_state::logged_in;
        if (!request_sent) {
            const bool more = answer.keep_alive;
            answer = {};
            if (more) return send_request({});
            return fail(error(errc::connection_lost, "the host closed the connection right after the login"));
        }
        auth::message in{std::move(answer.body), std::move(answer_type)};
        if (!options.login->unseal(in)) {
            // Windows does this with the keys of a login that it has forgotten during a pause.
            if (answer.status == 400 && earlier)
                return fail(error(errc::connection_lost, "the host no longer knows the login of this connection")
                                .with_http_status(400)
                                .with_delivery(delivery::refused));
            return fail(error(errc::protocol, "the host's answer is not sealed with the keys of the login")
                            .with_http_status(answer.status));
        }
        answer.body = std::move(in.body);
        set_type(answer, in.type);
        deliver();
    }
};

client_connection::client_connection(client_options options, const base::limits& limits)
    : state_(std::make_unique<state>(std::move(options), limits))
{}

client_connection::~client_connection() = default;
client_connection::client_connection(client_connection&&) noexcept = default;
client_connection& client_connection::operator=(client_connection&&) noexcept = default;

void client_connection::start(std::string body, std::string_view media_type)
{
    state& s = *state_;
    if (!idle())
        return s.fail(error(errc::internal, "an exchange was started on a connection that is not free for one"));
    if (!is_clean(s.options, media_type)) {
        return s.fail(
            error(errc::bad_argument, "host, path or a field of the request holds characters that HTTP cannot carry"));
    }
    if (!s.has_legs())
        return s.send(s.options.login ? s.options.login->authorization() : std::string_view{}, media_type,
                      std::move(body));
    s.request = {std::move(body), std::string{media_type}};
    s.request_sent = s.logged_in_anew = false;
    if (s.login == state::login_state::logged_in) s.send_request({});
    else s.begin_login();
}

std::optional<base::bytes> client_connection::token_wanted() { return std::exchange(state_->asked, std::nullopt); }

const std::shared_ptr<auth::client_login>& client_connection::login() const noexcept { return state_->options.login; }

void client_connection::token(auth::leg step)
{
    state& s = *state_;
    if (s.at == state::phase::token && !s.asked) s.stepped(step);
}

bool client_connection::request_held_back() const noexcept
{
    const state& s = *state_;
    return s.has_legs() && !s.request_sent && s.at != state::phase::idle;
}

bool client_connection::logged_in() const noexcept { return state_->login == state::login_state::logged_in; }

int client_connection::requests() const noexcept { return state_->sends; }

bool client_connection::answer_begun() const noexcept { return state_->begun; }

bool client_connection::idle() const noexcept { return state_->at == state::phase::idle && !state_->outcome; }

std::string_view client_connection::output() const noexcept { return state_->out.front(); }

void client_connection::written(std::size_t count) { state_->out.written(count); }

void client_connection::received(std::string_view data)
{
    state& s = *state_;
    const int sends = s.sends;
    while (!data.empty()) {
        std::size_t used = 0;
        // What comes in one piece behind an answer cannot be the answer to what that answer has made us send.
        if (s.sends != sends) return s.too_much();
        s.begun = true;
        switch (s.at) {
        case state::phase::head: used = s.take_head(data); break;
        case state::phase::foreign: used = s.take_foreign(data); break;
        case state::phase::body:
            used = s.body.feed(data);
            s.body_moved();
            break;
        case state::phase::idle:
        case state::phase::done:
        case state::phase::token: return s.too_much();
        case state::phase::broken: return;
        }
        data.remove_prefix(used);
    }
}

void client_connection::end_of_stream()
{
    state& s = *state_;
    switch (s.at) {
    case state::phase::foreign: return s.not_http();
    case state::phase::body:
        s.body.end_of_stream();
        s.body_moved();
        if (s.at == state::phase::done) return;
        [[fallthrough]];
    case state::phase::token:
    case state::phase::head:
        return s.fail(error(errc::connection_lost, s.at == state::phase::body
                                                       ? "the host closed the connection in the middle of its answer"
                                                       : "the host closed the connection before it had answered"));
    case state::phase::idle: s.at = state::phase::broken; return;
    case state::phase::done:
        if (s.outcome && *s.outcome) s.outcome->value().keep_alive = false;
        return;
    case state::phase::broken: return;
    }
}

std::optional<result<response>> client_connection::poll()
{
    state& s = *state_;
    if (!s.outcome) return std::nullopt;
    auto out = std::exchange(s.outcome, std::nullopt);
    if (s.at == state::phase::done) s.at = out->value().keep_alive ? state::phase::idle : state::phase::broken;
    return out;
}

} // namespace winrm::http
