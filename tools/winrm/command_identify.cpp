#include "winrm/ask.h"
#include "winrm/commands.h"
#include "winrm/report.h"

#include "base/text.h"
#include "shell/messages.h"
#include "wsman/identify.h"

namespace winrm::cli {
namespace {

/// The user waits no longer than this for what is only of use beside the answer.
constexpr base::milliseconds probe_limit{3'000};

/// The schemes that an anonymous request is turned away with: "Negotiate, Basic"; "" if the host did not say, or not
/// soon.
std::string offered_schemes(asker& host)
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

std::string told(base::bytes_view words) { return words.empty() ? "not told" : base::printable(words); }

} // namespace

int identify_command(const options& o)
{
    int caught = 0;
    auto made = prepare(o, true, caught);
    if (!made) return not_begun(o, made.error(), caught);
    const std::string& name = made->host.name;
    asker host(made->session, made->time_left(), made->host.timeout.value);
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
    std::string out = "vendor:   " + told(id->product_vendor) + "\nversion:  " + told(id->product_version) +
                      "\nprotocol: " + told(id->protocol_version) + "\n";
    if (!schemes.empty()) out += "login:    " + base::printable(schemes) + "\n";
    return print(out);
}

} // namespace winrm::cli
