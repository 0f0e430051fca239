#include "cli/commands.h"
#include "cli/report.h"
#include "cli/settings.h"

namespace winrm::cli {

int config_show_command(const options& o)
{
    const auto s = load_settings(o);
    if (!s) return fail(shown_host(o), s.error(), o.json);
    return print(o.json ? show_json(*s) : show(*s));
}

} // namespace winrm::cli
