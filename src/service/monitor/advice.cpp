#include "service/monitor/advice.h"

#include "gss/library.h"
#include "service/monitor/winbind.h"

namespace winrm::service::monitor {

std::vector<std::string> missing_libraries(const auth_settings& auth)
{
    std::vector<std::string> out;
    if (auth.kerberos_on() && gss::open_library() == nullptr)
        out.emplace_back("libgssapi_krb5 is not installed, so nobody can log in by Kerberos: apt-get install "
                         "libgssapi-krb5-2");
    if (auth.ntlm_on() && auth.winbind && !has_winbind_library())
        out.emplace_back("libwbclient is not installed, so no account of the domain can log in by NTLM: apt-get "
                         "install libwbclient0 winbind");
    return out;
}

} // namespace winrm::service::monitor
