#include "soap/namespaces.h"

namespace winrm::soap {

base::bytes_view prefix_of(base::bytes_view uri) noexcept
{
    for (const prefix& p : prefixes) {
        if (p.uri == uri) return p.name;
    }
    return {};
}

} // namespace winrm::soap
