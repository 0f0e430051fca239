#include "service/monitor/options.h"

#include "base/text.h"
#include "service/monitor/listening.h"

#include <getopt.h>

namespace winrm::service::monitor {

const char* const usage_text =
    R"(winrmd [--config FILE]              serves; the file is /etc/winrmd/winrmd.toml unless given
winrmd --check [--config FILE]      says what is wrong with the configuration, and serves nothing
winrmd --test-server [--http] [--listen ADDR:PORT] [--as USER] [--keytab FILE] [--pwsh FILE]
              [--config FILE]       a service for tests: loopback, random port, throw-away certificate and password, told in
                                    one line of JSON; ends with its standard input or on SIGTERM. Of FILE it takes [limits],
                                    [powershell] and log_level only
winrmd passwd USER [--file FILE] [--password-fd N] [--delete] [--config FILE]
                                    reads a password, and lets USER log in with it by NTLM: into FILE, or where the
                                    configuration says. Prints the line for user_file where there is one, or no
                                    configuration. --delete removes the account from FILE
winrmd --help | --version
)";

options parse_options(int argc, char** argv)
{
    options out;
    const auto wrong = [&out](std::string why) {
        out.what = action::wrong;
        out.problem = std::move(why);
        return out;
    };
    enum : int {
        config = 256,
        check,
        test_server,
        http,
        listen,
        as,
        keytab,
        pwsh,
        file,
        password_fd,
        remove,
        help,
        version
    };
    static const option known[] = {
        {"config", required_argument, nullptr, config},     {"check", no_argument, nullptr, check},
        {"test-server", no_argument, nullptr, test_server}, {"http", no_argument, nullptr, http},
        {"listen", required_argument, nullptr, listen},     {"as", required_argument, nullptr, as},
        {"keytab", required_argument, nullptr, keytab},     {"pwsh", required_argument, nullptr, pwsh},
        {"file", required_argument, nullptr, file},         {"password-fd", required_argument, nullptr, password_fd},
        {"delete", no_argument, nullptr, remove},           {"help", no_argument, nullptr, help},
        {"version", no_argument, nullptr, version},         {nullptr, 0, nullptr, 0}};
    optind = 1;
    opterr = 0;
    std::string listen_text, fd_text;
    const char* mode = nullptr; // the option that said what to do
    std::string clash;
    const auto chosen = [&](action what, const char* name) {
        if (mode && out.what != what) clash = std::string{mode} + " and " + name + " exclude each other";
        out.what = what;
        mode = name;
    };
    for (int got = 0; (got = ::getopt_long(argc, argv, "hV", known, nullptr)) != -1;) {
        switch (got) {
        case config:
            out.config = optarg;
            out.config_given = true;
            break;
        case check: chosen(action::check, "--check"); break;
        case test_server: chosen(action::test_server, "--test-server"); break;
        case http: out.http = true; break;
        case listen: listen_text = optarg; break;
        case as: out.as = optarg; break;
        case keytab: out.keytab = optarg; break;
        case pwsh: out.pwsh = optarg; break;
        case file: out.file = optarg; break;
        case password_fd: fd_text = optarg; break;
        case remove: out.remove = true; break;
        case 'h':
        case help: out.what = action::help; return out;
        case 'V':
        case version: chosen(action::version, "--version"); break;
        default:
            return wrong(std::string{"unknown option or missing value: "} +
                         (optind > 0 && optind <= argc ? argv[optind - 1] : ""));
        }
    }
    if (!clash.empty()) return wrong(clash);
    const bool of_test =
        out.http || !listen_text.empty() || !out.as.empty() || !out.keytab.empty() || !out.pwsh.empty();
    const bool of_passwd = !out.file.empty() || !fd_text.empty() || out.remove;
    if (optind < argc && std::string{argv[optind]} == "passwd") {
        if (mode || of_test) return wrong("passwd takes --file, --password-fd, --delete and --config alone");
        if (optind + 2 != argc) return wrong("passwd takes one user name");
        if (!fd_text.empty()) {
            const auto fd = base::parse_unsigned(fd_text);
            if (!fd || *fd > 1'000'000) return wrong("--password-fd takes the number of an open descriptor");
            out.password_fd = static_cast<int>(*fd);
        }
        out.what = action::passwd;
        out.user = argv[optind + 1];
        return out;
    }
    if (of_passwd) return wrong("--file, --password-fd and --delete belong to passwd");
    if (optind < argc) return wrong(std::string{"unexpected argument: "} + argv[optind]);
    if (out.what == action::version && out.config_given) return wrong("--version takes nothing else");
    if (out.what != action::test_server && of_test)
        return wrong("--http, --listen, --as, --keytab and --pwsh belong to --test-server");
    if (!listen_text.empty()) {
        auto where = parse_listen(listen_text);
        if (!where) return wrong(where.error().message());
        if (!is_loopback(where->address))
            return wrong("--test-server listens on loopback addresses only (127.0.0.0/8, [::1])");
        out.listen = std::move(*where);
    }
    return out;
}

} // namespace winrm::service::monitor
