#include "http/client_connection.h"

#include "base/text.h"
#include "http/beast_parser.h"
#include "http/body_reader.h"
#include "http/characters.h"
#include "http/head_scanner.h"
#include "http/media_type.h"
#include "http/output_queue.h"
#include "http/request_head.h"

#include <algorithm>
#include <utility>

namespace winrm::http {
namespace {

constexpr int max_interim = 8;           // 1xx answers before the real one
constexpr std::size_t max_foreign = 200; // bytes of a peer that speaks something else, to show
constexpr std::string_view http_start = "HTTP/1.";

bool is_field_text(std::string_view text) { return std::all_of(text.begin(), text.end(), is_field_character); }

/// Text of ours or of the user that would end up in the head: a line end in it would start another field.
bool is_clean(const client_options& o, std::string_view media_type)
{
    const auto good_path = [](char c) { return c > 0x20 && c != 0x7f; };
    if (o.host.empty() || !is_field_text(o.host) || !is_field_text(o.user_agent) || !is_field_text(media_type))
        return false;
    if (!o.path.starts_with('/') || !std::all_of(o.path.begin(), o.path.end(), good_path)) return false;
    if (!is_field_text(o.authorization.reveal())) return false;
    return std::all_of(o.extra_fields.begin(), o.extra_fields.end(),
                       [](const auto& f) { return is_token(f.first) && is_field_text(f.second); });
}

std::string request_text(const client_options& o, std::string_view media_type, std::size_t length)
{
    const std::string_view login = o.authorization.reveal();
    std::string head;
    // All the room at once: a string that grows leaves the login behind in what it grew out of.
    std::size_t size = 256 + o.path.size() + o.host.size() + o.user_agent.size() + media_type.size() + login.size();
    for (const auto& [name, value] : o.extra_fields) size += name.size() + value.size() + 4;
    head.reserve(size);
    const auto field = [&head](std::string_view name, std::string_view value) {
        head.append(name).append(": ").append(value).append("\r\n");
    };
    head.append("POST ").append(o.path).append(" HTTP/1.1\r\n");
    field("Host", o.host);
    if (!o.user_agent.empty()) field("User-Agent", o.user_agent);
    if (!login.empty()) field("Authorization", login);
    for (const auto& [name, value] : o.extra_fields) field(name, value);
    field("Accept-Encoding", "identity");
    field("Content-Type", media_type);
    field("Content-Length", std::to_string(length));
    return head.append("\r\n");
}

/// The head of an answer as far as it matters here.
struct answer_head
{
    response out;
    std::optional<std::uint64_t> length;
    bool chunked = false, close = false;
    std::string_view wrong; ///< static text; empty = nothing
    int version = 11;
};

bool read_answer_head(std::string_view text, answer_head& head)
{
    status_line line;
    bool length_seen = false, coding_seen = false;
    const auto field = [&](std::string_view name, std::string_view value) {
        if (base::iequals(name, "Content-Length")) {
            head.length = parse_length(value);
            if (!head.length || std::exchange(length_seen, true))
                head.wrong = "the answer's Content-Length is not one number";
        } else if (base::iequals(name, "Transfer-Encoding")) {
            head.chunked = base::iequals(value, "chunked");
            if (!head.chunked || std::exchange(coding_seen, true))
                head.wrong = "the answer's Transfer-Encoding is not chunked";
        } else if (base::iequals(name, "Content-Encoding")) {
            if (!base::iequals(value, "identity"))
                head.wrong = "the answer is compressed though that was not asked for";
        } else if (base::iequals(name, "Content-Type")) {
            auto type = parse_media_type(value);
            head.out.media_type = std::move(type.type);
            head.out.charset = std::move(type.charset);
        } else if (base::iequals(name, "WWW-Authenticate")) {
            head.out.challenges.emplace_back(value);
        } else if (base::iequals(name, "Server")) {
            head.out.server = value;
        } else if (base::iequals(name, "Location")) {
            head.out.location = value;
        } else if (base::iequals(name, "Connection")) {
            head.close = head.close || list_has(value, "close");
        }
    };
    if (!parse_response(text, line, field)) {
        head.out.reason = std::move(line.reason);
        return false;
    }
    if (head.length && head.chunked) head.wrong = "the answer has a length and comes in chunks";
    if (head.chunked && line.version != 11)
        head.wrong = "the answer comes in chunks, which its HTTP version does not have";
    head.out.status = line.status;
    head.out.reason = std::move(line.reason);
    head.version = line.version;
    return true;
}

} // namespace

struct client_connection::state
{
    enum class phase { idle, head, foreign, body, done, broken };

    state(client_options o, const base::limits& l) : options(std::move(o)), scanner(l.http_head, l.http_fields) {}

    client_options options;
    head_scanner scanner;
    body_reader body;
    output_queue out;
    response answer;
    std::optional<result<response>> outcome;
    std::string foreign; ///< beginning of what is not HTTP
    phase at = phase::idle;
    int interim = 0;
    bool close_after = false;

    void fail(error e)
    {
        outcome.emplace(std::move(e));
        at = phase::broken;
        out.clear();
        scanner.reset();
        body = {};
        answer = {};
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
            outcome.emplace(std::move(answer));
            answer = {};
            at = phase::done;
            return;
        case body_reader::progress::bad:
            return fail(error(errc::protocol, "the chunks of the host's answer are not well-formed")
                            .with_http_status(answer.status));
        case body_reader::progress::too_large:
            return fail(error(errc::too_large,
                              "the host's answer is larger than " + std::to_string(options.max_body) + " bytes")
                            .with_http_status(answer.status));
        }
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
    s.interim = 0;
    s.close_after = false;
    if (!idle())
        return s.fail(error(errc::internal, "an exchange was started on a connection that is not free for one"));
    if (!is_clean(s.options, media_type)) {
        return s.fail(
            error(errc::bad_argument, "host, path or a field of the request holds characters that HTTP cannot carry"));
    }
    std::string head = request_text(s.options, media_type, body.size());
    s.out.push(std::move(head), std::move(body), !s.options.authorization.empty());
    s.at = state::phase::head;
}

bool client_connection::idle() const noexcept { return state_->at == state::phase::idle && !state_->outcome; }

std::string_view client_connection::output() const noexcept { return state_->out.front(); }

void client_connection::written(std::size_t count) { state_->out.written(count); }

void client_connection::received(std::string_view data)
{
    state& s = *state_;
    while (!data.empty()) {
        std::size_t used = 0;
        switch (s.at) {
        case state::phase::head: used = s.take_head(data); break;
        case state::phase::foreign: used = s.take_foreign(data); break;
        case state::phase::body:
            used = s.body.feed(data);
            s.body_moved();
            break;
        case state::phase::idle:
        case state::phase::done:
            return s.fail(error(errc::protocol, "the host sent more than the answer it was asked for"));
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
