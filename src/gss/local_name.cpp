#include "gss/local_name.h"

#include "gss/library.h"

#include <array>

namespace winrm::gss {

std::string local_name(const std::string& principal)
{
    constexpr std::size_t longest = 1024;
    const library* const gss = principal.empty() || principal.size() > longest ? nullptr : open_library();
    krb5_context krb5 = nullptr;
    if (gss == nullptr || gss->krb5_init(&krb5) != 0) return {};
    krb5_principal parsed = nullptr;
    std::array<char, 257> name{};
    std::string out;
    if (gss->accept.parse_name(krb5, principal.c_str(), &parsed) == 0) {
        const int room = static_cast<int>(name.size()) - 1;
        if (gss->accept.aname_to_localname(krb5, parsed, room, name.data()) == 0) out = name.data();
        gss->accept.free_principal(krb5, parsed);
    }
    gss->krb5_free(krb5);
    return out;
}

} // namespace winrm::gss
