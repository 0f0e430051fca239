#include "cli/blocking_session.h"
#include "cli/commands.h"
#include "cli/find_credentials.h"
#include "cli/report.h"

#include "base/text.h"
#include "shell/messages.h"
#include "wsman/identify.h"

#include <algorithm>

namespace winrm::cli {
namespace {

/// Longest wait for the login schemes, which are only an addition to the answer.
constexpr base::milliseconds probe_limit{3'000};

/// The schemes in the 401 to an anonymous request; none if there are none, or not in time.
std::vector<std::string> offered_schemes(blocking_session& host)
{
    wsman::outgoing_request probe;
    probe.header.action = wsman::action::get;
    probe.header.resource_uri = wsman::resource_uri::config;
    const auto answer = host.ask(std::move(probe), probe_limit);
    return answer ? std::vector<std::string>() : answer.error().offered();
}

/// "Negotiate, Basic"
std::string joined(const std::vector<std::string>& schemes)
{
    std::string list;
    for (const auto& scheme : schemes) list += (list.empty() ? "" : ", ") + base::printable(scheme, 40);
    return list;
}

base::bytes_view words_for(prospect p)
{
    return p == prospect::yes ? "yes" : p == prospect::no ? "no" : "with a password";
}

/// One line for each scheme: would it work, and by what or why not.
std::string lines_of(const std::vector<scheme_prospect>& all)
{
    std::string out;
    for (const auto& p : all) {
        std::string row = "  " + base::printable(p.scheme, 40);
        row.resize(std::max<std::size_t>(row.size() + 1, 13), ' ');
        out += row + std::string(words_for(p.works)) + ": " + p.why + "\n";
    }
    return out;
}

void write_schemes(json_writer& w, const std::vector<scheme_prospect>& all)
{
    w.begin_array("schemes");
    for (const auto& p : all) {
        w.begin_object();
        w.text("scheme", p.scheme);
        w.text("works", name(p.works));
        w.text("why", p.why);
        w.end_object();
    }
    w.end_array();
}

std::string shown(base::bytes_view words) { return words.empty() ? "not told" : base::printable(words); }

} // namespace

int identify_command(const options& o)
{
    int caught = 0;
    auto made = prepare(o, true, caught);
    if (!made) return not_begun(o, made.error(), caught);
    const std::string& host_name = made->host.name;
    blocking_session host(made->session, made->time_left(), made->host.timeout.value);
    const auto reply = host.identify();
    if (!reply) return fail(host_name, reply.error(), o.json);
    const auto id = wsman::read_identify_reply(reply->envelope());
    if (!id) return fail(host_name, id.error(), o.json);
    const auto schemes = offered_schemes(host);
    const auto where = host.host();
    const auto prospects = judge(schemes, schemes.empty() ? login_means{} : means_of(o, made->host, where.tls));
    if (o.json) {
        json_writer w;
        w.begin_object();
        w.text("host", host_name);
        w.text("url", where.url());
        w.text("product_vendor", id->product_vendor);
        w.text("product_version", id->product_version);
        w.text("protocol_version", id->protocol_version);
        if (schemes.empty()) w.null("login");
        else w.text("login", joined(schemes));
        write_schemes(w, prospects);
        w.end_object();
        return print(w.str() + "\n");
    }
    std::string out = "vendor:   " + shown(id->product_vendor) + "\nversion:  " + shown(id->product_version) +
                      "\nprotocol: " + shown(id->protocol_version) + "\n";
    if (!schemes.empty()) out += "login:    " + joined(schemes) + "\n" + lines_of(prospects);
    return print(out);
}

} // namespace winrm::cli
