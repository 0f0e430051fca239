#include "client/answer.h"

#include "auth/challenge.h"
#include "base/text.h"
#include "soap/charset.h"

#include <algorithm>

namespace winrm::remote {

namespace {

/// Enough of a foreign page to recognise it: its first line that has words in it.
std::string first_line(base::bytes_view body)
{
    while (!body.empty()) {
        const auto end = body.find('\n');
        const auto line = base::trim(body.substr(0, end));
        if (!line.empty()) return base::printable(line, 200);
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

error refused_login(const http::response& answer, const answer_context& context)
{
    const auto offered = auth::offered_schemes(answer.challenges);
    const std::string list = offered.empty() ? "it names no scheme" : "it offers " + join(offered);
    const auto refused = [&](errc code, std::string why) {
        return error(code, std::move(why)).with_http_status(401).with_offered(offered);
    };
    if (context.user.empty()) return refused(errc::login_denied, "the host wants a login (" + list + ")");
    const bool basic =
        std::any_of(offered.begin(), offered.end(), [](const auto& s) { return base::iequals(s, "Basic"); });
    std::string text =
        "the host refused the login for " + base::printable(context.user, 200) + " with Basic (" + list + ")";
    if (basic)
        return refused(errc::login_denied, text + ": check user and password, and that the account may log in there");
    return refused(errc::login_not_offered, text + ": Basic is switched off there");
}

/// Status codes that WS-Management services do not use, or use without a SOAP body.
error strange_status(const http::response& answer, const answer_context& context)
{
    const std::string status = "HTTP status " + std::to_string(answer.status);
    const auto say = [&](errc code, const std::string& why) {
        return error(code, "the host answered " + status + ": " + why).with_http_status(answer.status);
    };
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
        return say(errc::http_status, "it redirects elsewhere, which is not followed with a password at hand");
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

} // namespace

result<wsman::incoming_reply> read_answer(http::response&& answer, const answer_context& context)
{
    if (answer.status == 401) return refused_login(answer, context);
    const bool maybe_reply = (answer.status == 200 || answer.status == 500 || answer.status == 400) &&
                             is_soap(answer) && !answer.body.empty();
    if (!maybe_reply) {
        auto e = strange_status(answer, context);
        if (!answer.body.empty()) e.with_peer_text(first_line(answer.body));
        return e;
    }
    const int status = answer.status;
    auto text = soap::decode(std::move(answer.body), answer.charset);
    if (!text) return std::move(text).error();
    // Before a parser has words of its own for it ("there is no XML element").
    if (!base::trim(text->text).starts_with('<')) {
        return error(errc::not_wsman, "the host's answer is no XML although it is declared to be: something between "
                                      "here and the host, or another service on this port, wrote it (is the port "
                                      "right? --trace shows the answer)")
            .with_peer_text(first_line(text->text))
            .with_http_status(status);
    }
    auto reply = wsman::read_reply(text->text, context.limits, context.message_id);
    if (!reply) {
        auto e = reply.error();
        return std::move(e).with_http_status(status);
    }
    return reply;
}

} // namespace winrm::remote
