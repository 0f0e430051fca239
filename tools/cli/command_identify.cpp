#include "cli/blocking_session.h"
#include "cli/commands.h"
#include "cli/report.h"

#include "base/text.h"
#include "shell/messages.h"
#include "wsman/identify.h"

namespace winrm::cli {
namespace {

/// Longest wait for the login schemes, which are only an addition to the answer.
constexpr base::milliseconds probe_limit{3'000};

/// The schemes in the 401 to an anonymous request: "Negotiate, Basic"; "" if there are none, or not in time.
std::string offered_schemes(blocking_session& host)
{
    wsman::outgoing_request probe;
    probe.header.action = wsman::action::get;
    probe.header.resource_uri = wsman::resource_uri::config;
    const auto answer = host.ask(std::move(probe), probe_limit);
    if (answer) return {};
    std::string list;
    for (const auto& scheme : answer.error().offered())
        list += (list.empty() ? "" : ", ") + base::printable(scheme, 40);
    return list;
}

std::string shown(base::bytes_view words) { return words.empty() ? "not told" : base::printable(words); }

} // namespace

int identify_command(const options& o)
{
    int caught = 0;
    auto made = prepare(o, true, caught);
    if (!made) return not_begun(o, made.error(), caught);
    const std::string& name = made->host.name;
    blocking_session host(made->session, made->time_left(), made->host.timeout.value);
    const auto reply = host.identify();
    if (!reply) return fail(name, reply.error(), o.json);
    const auto id = wsman::read_identify_reply(reply->envelope());
    if (!id) return fail(name, id.error(), o.json);
    const auto schemes = offered_schemes(host);
    if (o.json) {
        json_writer w;
        w.begin_object();
        w.text("host", name);
        w.text("url", made->session.host.url());
        w.text("product_vendor", id->product_vendor);
        w.text("product_version", id->product_version);
        w.text("protocol_version", id->protocol_version);
        if (schemes.empty()) w.null("login");
        else w.text("login", schemes);
        w.end_object();
        return print(w.str() + "\n");
    }
    std::string out = "vendor:   " + shown(id->product_vendor) + "\nversion:  " + shown(id->product_version) +
                      "\nprotocol: " + shown(id->protocol_version) + "\n";
    if (!schemes.empty()) out += "login:    " + base::printable(schemes) + "\n";
    return print(out);
}

} // namespace winrm::cli
