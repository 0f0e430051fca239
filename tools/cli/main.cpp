// The client program: winrm(1).
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/settings.h"

#include "base/system_reason.h"
#include "io/heap.h"

#include <csignal>
#include <cstring>
#include <exception>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace winrm::cli;

/// A descriptor 0, 1 or 2 that is closed would be given to a connection: fill it. Writing to it must still fail, so
/// that lost output is reported.
void fill_standard_files()
{
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == 0 ? O_RDWR : O_RDONLY) < 0) return;
    }
}

int dispatch(const options& o)
{
    switch (o.what) {
    case subcommand::run: return run_command(o);
    case subcommand::identify: return identify_command(o);
    case subcommand::ps: return ps_command(o);
    case subcommand::psrp: return psrp_command(o);
    case subcommand::shells: return shells_command(o);
    case subcommand::explain: return explain_command(o);
    case subcommand::config_show: return config_show_command(o);
    case subcommand::clixml: return clixml_command(o);
    }
    return trouble;
}

} // namespace

int main(int argc, char** argv)
{
    winrm::io::keep_freed_memory();
    fill_standard_files();
    remember_inherited_files();
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    try {
        // The common questions need no option parser.
        if (argc == 2 && std::strcmp(argv[1], "--version") == 0) return print(version_text());
        const auto parsed = parse_options(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
        if (const auto* stop = std::get_if<parse_stop>(&parsed)) {
            if (stop->status == 0) return print(stop->text);
            if (stop->json) print_failure(shown_host(stop->so_far), winrm::error(winrm::errc::bad_argument, stop->why));
            write_all(2, stop->text);
            return stop->status;
        }
        return dispatch(std::get<options>(parsed));
    } catch (const std::system_error& e) {
        return fail({},
                    winrm::error(winrm::errc::internal,
                                 "the system refuses what winrm needs: " + winrm::base::file_reason(e.code().value())),
                    false);
    } catch (const std::exception& e) {
        return fail({}, winrm::error(winrm::errc::internal, std::string("internal error: ") + e.what()), false);
    }
}
