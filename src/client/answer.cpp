#include "client/answer.h"

#include "auth/challenge.h"
#include "base/text.h"
#include "http/location.h"
#include "soap/charset.h"
#include "soap/envelope.h"

#include <algorithm>
#include <optional>

namespace winrm::remote {

namespace {

constexpr base::bytes_view foreign_answer =
    "something between here and the host, or another service on this port, wrote it or cut it short";
constexpr base::bytes_view foreign_answer_later =
    "a proxy in between may have written it or cut it short, for the host has answered properly before";
constexpr std::size_t longest_quote = 200;
constexpr std::size_t most_searched = 16 * 1024; // of a page, for its title

/// What a web page calls itself; empty if it does not.
std::string title_of(base::bytes_view page)
{
    page = page.substr(0, most_searched);
    const std::string lower = base::lower(page); // ASCII only: offsets stay the same
    const auto tag = lower.find("<title");
    const auto begin = tag == std::string::npos ? tag : lower.find('>', tag);
    const auto end = begin == std::string::npos ? begin : lower.find("</title", begin);
    if (end == std::string::npos) return {};
    return base::printable(base::trim(page.substr(begin + 1, end - begin - 1)), longest_quote);
}

/// Enough of a foreign answer to recognise it: the title of a page, for its first line is the same in all of them; of
/// anything else the first line that has words in it.
std::string quotation(base::bytes_view body)
{
    if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
    if (base::trim(body).starts_with('<')) return title_of(body);
    while (!body.empty()) {
        const auto end = body.find('\n');
        const auto line = base::trim(body.substr(0, end));
        if (!line.empty()) return base::printable(line, longest_quote);
        if (end == base::bytes_view::npos) break;
        body.remove_prefix(end + 1);
    }
    return {};
}

std::string join(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& w : words) text += (text.empty() ? "" : ", ") + base::printable(w, 40);
    return text;
}

/// A status below 500 that is no success says that the request was turned away before anything was done; what lies
/// behind a 5xx or a success without a message cannot be told.
delivery delivery_of(int status) { return status >= 300 && status < 500 ? delivery::refused : delivery::unknown; }

/// "CORP\\ada" or "ada@corp": what Windows never takes with Basic.
std::string local_name_hint(base::bytes_view user)
{
    const auto slash = user.rfind('\\');
    const auto at = user.find('@');
    if (slash == base::bytes_view::npos && at == base::bytes_view::npos) return {};
    const auto bare = slash != base::bytes_view::npos ? user.substr(slash + 1) : user.substr(0, at);
    return "; with Basic Windows takes local accounts only, by their names without a domain or computer" +
           (bare.empty() ? std::string() : ": " + base::printable(bare, 200));
}

error refused_login(const http::response& answer, const answer_context& context)
{
    const auto offered = auth::offered_schemes(answer.challenges);
    const std::string list = offered.empty() ? "it names no scheme" : "it offers " + join(offered);
    const auto refused = [&](errc code, std::string why) {
        return error(code, std::move(why)).with_http_status(401).with_offered(offered).with_tried(context.tried);
    };
    if (context.scheme.empty()) return refused(errc::login_denied, "the host wants a login (" + list + ")");
    const std::string whom = context.user.empty() ? std::string() : " for " + base::printable(context.user, 200);
    if (context.answered_before) {
        return refused(errc::login_denied, "the host refused the login" + whom + ", which it had accepted before (" +
                                               list + "): the account may have been locked, or its password changed");
    }
    const bool is_offered =
        std::any_of(offered.begin(), offered.end(), [&](const auto& s) { return base::iequals(s, context.scheme); });
    const std::string by = context.tried.empty() ? std::string(context.scheme) : context.tried.back().mechanism;
    std::string text = "the host refused the login" + whom + " with " + by + " (" + list + ")";
    if (offered.empty()) {
        return refused(errc::login_denied,
                       text + ": check user and password, and the port; a WS-Management service says which ways of "
                              "logging in it takes, so something else may have answered");
    }
    if (!is_offered)
        return refused(errc::login_not_offered, text + ": " + std::string(context.scheme) + " is switched off there");
    if (by == "Kerberos") // most hosts say so in a token of their own where they cannot read the ticket
        return refused(errc::login_denied, text +
                                               ": check that the account may log in there, and that the host has the "
                                               "key of its service name (keytab) and the right time");
    const bool basic = base::iequals(context.scheme, "Basic");
    return refused(errc::login_denied, text + ": check user and password, and that the account may log in there" +
                                           (basic ? local_name_hint(context.user) : std::string()));
}

/// The same of a host that has answered properly before: what made this is not how it is set up.
std::optional<error> strange_later(const http::response& answer)
{
    const auto say = [&answer](errc code, const std::string& why) {
        return error(code, "the host answered HTTP status " + std::to_string(answer.status) + ": " + why)
            .with_http_status(answer.status);
    };
    if (answer.status >= 200 && answer.status < 300) {
        return say(errc::protocol, "the answer is no WS-Management message; " + std::string(foreign_answer_later))
            .with_remedy(remedy::read_answer);
    }
    switch (answer.status) {
    case 404:
    case 405:
    case 501:
        return say(errc::http_status, "nothing takes requests there any more; the service may be restarting, or a "
                                      "proxy in between leads elsewhere");
    case 500:
        return say(errc::http_status, "it failed without telling why, after it had answered properly; its event log "
                                      "may tell");
    default: return std::nullopt;
    }
}

/// Status codes that WS-Management services do not use, or use without a SOAP body.
error strange_status(const http::response& answer, const answer_context& context)
{
    const std::string status = "HTTP status " + std::to_string(answer.status);
    const auto say = [&](errc code, const std::string& why) {
        return error(code, "the host answered " + status + ": " + why).with_http_status(answer.status);
    };
    if (context.answered_before) {
        if (auto e = strange_later(answer)) return std::move(*e);
    }
    switch (answer.status) {
    case 400:
        return say(errc::http_status,
                   "it could not read the request (a proxy in between, or a request it finds too large)");
    case 403: return say(errc::http_status, "access is forbidden (a client certificate may be wanted)");
    case 404:
        return say(errc::not_wsman,
                   "nothing of that path is there; this is no WS-Management service, or its path is not /wsman");
    case 405:
    case 501: return say(errc::not_wsman, "it takes no POST there, so it is no WS-Management service");
    case 407: return say(errc::http_status, "a proxy on the way wants a login");
    case 411: return say(errc::http_status, "it wants a Content-Length, which was sent; a proxy may have dropped it");
    case 413: return say(errc::too_large, "the request is larger than it accepts (its MaxEnvelopeSizekb)");
    case 415: return say(errc::http_status, "it does not take this kind of message");
    case 500:
        return say(errc::http_status, context.tls ? "it failed without telling why"
                                                  : "it failed without telling why; most often it refuses unencrypted "
                                                    "messages (AllowUnencrypted=false): use HTTPS");
    case 502:
    case 504: return say(errc::http_status, "a proxy on the way could not reach the host");
    case 503:
        return say(errc::http_status, "the service is starting, overloaded or switched off, or has seen too many "
                                      "failed logins from here: try again later");
    default: break;
    }
    if (answer.status >= 300 && answer.status < 400) {
        const auto to = http::split_location(answer.location);
        auto address = base::printable(std::string(to.scheme).append(to.address), longest_quote);
        if (address.empty())
            return say(errc::http_status, "it redirects elsewhere, which is not followed with a password at hand");
        return say(errc::http_status, "it redirects elsewhere, which is not followed with a password at hand: if that "
                                      "place is the right one, name it instead of this host")
            .with_peer_text(std::move(address));
    }
    if (answer.status >= 200 && answer.status < 300) {
        return error(errc::not_wsman, "the answer is no WS-Management message; something else listens on this port")
            .with_http_status(answer.status);
    }
    return say(errc::http_status, "this is not how a WS-Management service answers");
}

bool is_soap(const http::response& answer)
{
    return answer.media_type == "application/soap+xml" || answer.media_type == "text/xml" ||
           answer.media_type == "application/xml";
}

result<wsman::incoming_reply> read(http::response&& answer, const answer_context& context)
{
    if (answer.status == 401) return refused_login(answer, context);
    const bool maybe_reply = (answer.status == 200 || answer.status == 500 || answer.status == 400) &&
                             is_soap(answer) && !answer.body.empty();
    if (!maybe_reply) {
        auto e = strange_status(answer, context);
        if (e.peer_text().empty() && !answer.body.empty()) e.with_peer_text(quotation(answer.body));
        return e;
    }
    const int status = answer.status;
    const std::string foreign(context.answered_before ? foreign_answer_later : foreign_answer);
    const remedy helps = context.answered_before ? remedy::read_answer : remedy::check_port;
    auto text = soap::decode(std::move(answer.body), answer.charset);
    if (!text) return std::move(text).error();
    // Before a parser has words of its own for it ("there is no XML element").
    if (!base::trim(text->text).starts_with('<')) {
        return error(errc::not_wsman, "the host's answer is no XML although it is declared to be: " + foreign)
            .with_remedy(helps)
            .with_peer_text(quotation(text->text))
            .with_http_status(status);
    }
    auto reply = wsman::read_reply(text->text, context.limits, context.message_id);
    if (!reply) {
        auto e = std::move(reply).error();
        // What is wrong within a message of WS-Management has words that fit; a parser's words alone help nobody.
        const bool not_theirs = (e.code() == errc::protocol || e.code() == errc::not_wsman) &&
                                !soap::envelope::parse(text->text, context.limits);
        if (not_theirs) {
            e.with_message(e.code(), "the host's answer is no WS-Management message: ", "; " + foreign)
                .with_remedy(helps)
                .with_peer_text(title_of(text->text));
        }
        return std::move(e).with_http_status(status);
    }
    return reply;
}

} // namespace

result<wsman::incoming_reply> read_answer(http::response&& answer, const answer_context& context)
{
    const int status = answer.status;
    auto reply = read(std::move(answer), context);
    if (!reply) return std::move(reply).error().with_delivery(delivery_of(status));
    return reply;
}

} // namespace winrm::remote
