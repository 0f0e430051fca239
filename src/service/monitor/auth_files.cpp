#include "service/monitor/auth_files.h"

#include "service/monitor/file_check.h"

#include <algorithm>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

winrm::error refuse(const std::string& file, const std::string& why)
{
    return winrm::error{errc::bad_config, file + ": " + why};
}

std::string listed(const std::vector<std::string>& services)
{
    std::string out;
    for (const std::string& name : services) out += (out.empty() ? "" : ", ") + name + "/HOST";
    return out;
}

} // namespace

found_files find_files(const std::filesystem::path& folder, std::string& unusable)
{
    found_files out;
    if (::access(default_keytab, R_OK) == 0) {
        auth_settings usual;
        usual.keytab = default_keytab;
        const auto read = read_keytab(usual);
        if (read) out.keytab = default_keytab;
        else unusable = read.error().message();
    }
    const std::filesystem::path accounts = folder / default_ntlm_accounts;
    if (::access(accounts.c_str(), F_OK) == 0) out.ntlm_accounts = accounts.string();
    return out;
}

result<keytab_file> read_keytab(const auth_settings& from)
{
    auto read = read_trusted_file(from.keytab, file_secrecy::secret, auth::krb5::max_keytab, file_content::bytes);
    if (!read) return refuse(from.keytab, read.error().message());
    keytab_file out{base::secret{std::move(*read)}, {}};
    auto all = auth::krb5::parse_keytab(out.bytes.reveal());
    if (!all) return refuse(from.keytab, all.error().message());
    for (const auth::krb5::keytab_key& key : auth::krb5::keys_of(std::move(*all), from.services))
        if (std::find(out.names.begin(), out.names.end(), key.text()) == out.names.end())
            out.names.push_back(key.text());
    if (out.names.empty())
        return refuse(from.keytab, "has no key of a name that clients ask for: make one of " + listed(from.services) +
                                       " in the realm, and add it with ktadd (or change services)");
    return out;
}

result<ntlm_file> read_ntlm_accounts(const auth_settings& from)
{
    auto read = read_trusted_file(from.ntlm_accounts, file_secrecy::secret, max_ntlm_file);
    if (!read) return refuse(from.ntlm_accounts, read.error().message());
    const base::secret lines{std::move(*read)};
    return parse_ntlm_file(lines.reveal());
}

} // namespace winrm::service::monitor
