// The client program: winrm(1).
#include "winrm/commands.h"
#include "winrm/report.h"

#include <csignal>
#include <cstring>
#include <exception>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

namespace {

using namespace winrm::cli;

/// A descriptor 0, 1 or 2 that is closed would be given to a connection.
void fill_standard_files()
{
    for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
        if (fd > 2) {
            ::close(fd);
            return;
        }
    }
}

/// Every answer's buffers are some hundred kilobytes, which the allocator would otherwise fetch from the system and
/// give back each time: a page fault for every 4 KiB of output.
void keep_memory()
{
    constexpr int unmapped_below = 4 * 1024 * 1024, kept_at_most = 4 * 1024 * 1024;
    ::mallopt(M_MMAP_THRESHOLD, unmapped_below);
    ::mallopt(M_TRIM_THRESHOLD, kept_at_most);
}

int dispatch(const options& o)
{
    switch (o.what) {
    case subcommand::run: return run_command(o);
    case subcommand::identify: return identify_command(o);
    case subcommand::shells: return shells_command(o);
    case subcommand::explain: return explain_command(o);
    case subcommand::config_show: return config_show_command(o);
    }
    return trouble;
}

} // namespace

int main(int argc, char** argv)
{
    keep_memory();
    fill_standard_files();
    remember_inherited_files();
    std::signal(SIGPIPE, SIG_IGN);
    try {
        // The common questions need no option parser.
        if (argc == 2 && std::strcmp(argv[1], "--version") == 0) return write_all(1, version_text()) ? 0 : trouble;
        const auto parsed = parse_options(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
        if (const auto* stop = std::get_if<parse_stop>(&parsed)) {
            return write_all(stop->status == 0 ? 1 : 2, stop->text) ? stop->status : trouble;
        }
        return dispatch(std::get<options>(parsed));
    } catch (const std::exception& e) {
        return fail({}, winrm::error(winrm::errc::internal, std::string("internal error: ") + e.what()), false);
    }
}
