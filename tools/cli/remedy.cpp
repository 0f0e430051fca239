#include "cli/remedy.h"

#include <array>

namespace winrm::cli {
namespace {

struct row
{
    remedy what;
    base::bytes_view words;
};
constexpr std::array<row, 12> rows{{
    {remedy::trust_certificate, ": if it is the right one, save it and trust it with --ca FILE"},
    {remedy::trust_issuer, ": if it is the right one, give its file with --ca FILE"},
    {remedy::renew_ca_file, " (is the file of --ca out of date?)"},
    {remedy::trust_for_ntlm,
     "; use HTTPS (port 5986), or name it in trusted_for_ntlm of the configuration if its network is safe"},
    {remedy::use_tls, "; use HTTPS (port 5986), or --allow-unencrypted if that is acceptable"},
    {remedy::leave_password_out, ": leave it out and it is asked for, or use --password-file"},
    {remedy::raise_connect_timeout, " (--connect-timeout raises it)"},
    {remedy::raise_operation_timeout, " (operation_timeout in the configuration raises it)"},
    {remedy::raise_timeout, " (--timeout raises it)"},
    {remedy::check_port, " (is the port right? --trace shows the answer)"},
    {remedy::read_answer, " (--trace shows the answer)"},
    {remedy::list_shells, " (winrm shells lists what is left)"},
}};

} // namespace

base::bytes_view words_for(remedy what) noexcept
{
    for (const row& r : rows) {
        if (r.what == what) return r.words;
    }
    return {};
}

std::string with_remedies(const error& e)
{
    std::string out = e.message();
    const auto& all = e.remedies();
    for (auto r = all.rbegin(); r != all.rend(); ++r) out.insert(r->at, words_for(r->what));
    return out;
}

} // namespace winrm::cli
