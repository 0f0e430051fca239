#include "cli/options.h"

#include "cli/login.h"
#include "cli/text.h"

#include "base/text.h"
#include "xml/characters.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace winrm::cli {
namespace {

constexpr int usage_status = 255;

parse_stop usage(const std::string& why) { return {usage_status, "winrm: " + why + "\n", why}; }

const std::vector<std::string>& subcommand_names()
{
    static const std::vector<std::string> names{"run",     "ps",     "psrp",   "identify", "shells",
                                                "explain", "config", "clixml", "version",  "help"};
    return names;
}

CLI::ValidationError not_a(const std::string& option, const std::string& text, const std::string& wanted)
{
    return CLI::ValidationError(option + ": " + base::printable(text, 60) + " is not " + wanted);
}

/// A number without sign, of at most this.
template <class T> void add_number(CLI::App& app, const std::string& name, T& into, T most, const std::string& text)
{
    app.add_option_function<std::string>(
           name,
           [name, &into, most](const std::string& value) {
               const auto number = base::parse_unsigned(value);
               if (!number || *number > static_cast<std::uint64_t>(*most))
                   throw not_a(name, value, "a number from 0 to " + std::to_string(*most));
               into = static_cast<typename T::value_type>(*number);
           },
           text)
        ->type_name("N");
}

void add_time(CLI::App& app, const std::string& name, std::optional<base::milliseconds>& into, const std::string& text)
{
    app.add_option_function<std::string>(
           name,
           [name, &into](const std::string& value) {
               into = parse_time(value);
               if (!into) throw not_a(name, value, "a time like 30s, 5m or 1h30m");
           },
           text)
        ->type_name("TIME");
}

void add_common(CLI::App& app, options& o)
{
    app.add_option("-u,--user", o.user, "user name, also DOMAIN\\name or name@realm")->type_name("USER");
    app.add_option("--password-file", o.password_file, "read the password from the first line of a file")
        ->type_name("FILE");
    add_number(app, "--password-fd", o.password_fd, {65535}, "read the password from an open descriptor");
    app.add_option("--password-command", o.password_command, "run this with sh and take the first line it prints")
        ->type_name("COMMAND");
    app.add_option("--auth", o.auth, "way of logging in: negotiate (unless given), kerberos, ntlm, basic")
        ->type_name("SCHEME");
    app.add_option("--keytab", o.keytab, "log in by Kerberos with the key in this file, without a password")
        ->type_name("FILE");
    app.add_flag("--delegate", o.delegate, "hand the Kerberos ticket on, for logins from the host to others");
    app.add_option("--service-name", o.service_name,
                   "Kerberos name of the service: HTTP, host, WSMAN, or whole: HTTP/web1.corp:5985")
        ->type_name("NAME");
    app.add_option("--encrypt", o.encrypt, "auto: seal messages where there is no TLS; always: within TLS too")
        ->type_name("WHEN");
    app.add_option("--ca", o.ca, "certificate authorities to trust instead of the system's (PEM or DER)")
        ->type_name("FILE");
    app.add_flag("--allow-unencrypted", o.allow_unencrypted,
                 "log in over plain HTTP: everybody on the way can read the password");
    add_time(app, "--timeout", o.timeout, "give up after this time");
    add_time(app, "--connect-timeout", o.connect_timeout, "time for name, connection and TLS together");
    app.add_option("--trace", o.trace,
                   "write the conversation to a file; login, standard input and --env values are struck out")
        ->type_name("FILE");
    app.add_option("--config", o.config, "read this configuration file and no other")->type_name("FILE");
    app.add_flag("--json", o.json, "one JSON object instead of text");
    app.add_flag("-v,--verbose", o.verbose, "say how the login was made, in one line on standard error");
}

void add_variable(options& o, const std::string& text)
{
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw CLI::ValidationError("--env needs NAME=VALUE");
    }
    o.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
}

void add_run(CLI::App& app, options& o)
{
    app.add_option("--cwd", o.cwd, "working directory on the host")->type_name("FOLDER");
    // One value each time: "--env A=1 HOST" must not swallow the host.
    app.add_option_function<std::vector<std::string>>(
           "--env",
           [&o](const std::vector<std::string>& values) {
               for (const auto& v : values) add_variable(o, v);
           },
           "environment variable; may be given again")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    add_time(app, "--idle-timeout", o.idle_timeout, "the host deletes the shell after so long without a request");
    app.add_option("--shell-name", o.shell_name, "name of the shell, for lists")->type_name("NAME");
    add_number(app, "--code-page", o.code_page, {65535}, "code page of the shell, 65001 = UTF-8, 0 = the host's own");
    app.add_flag("-n,--no-stdin", o.no_stdin, "the command gets no standard input");
    app.add_flag("--profile", o.profile, "load the user's profile on the host (Linux: a login shell)");
    app.add_flag("--no-profile", o.no_profile, "do not load the user's profile on the host");
    app.add_flag("--skip-cmd-shell", o.skip_cmd_shell,
                 "start the program itself, without cmd.exe or sh: each word stays one argument");
    app.add_flag("--raw", o.raw, "pass control characters to the terminal as they are");
    app.add_option("command", o.command,
                   "COMMAND [ARGUMENTS], after --; best as one quoted word, as the host's shell reads them joined")
        ->type_name("");
}

/// The message for an unknown option or a word too many.
std::string unknown_option(const CLI::App& app, const std::string& word, subcommand what)
{
    if (!word.starts_with('-'))
        return what == subcommand::clixml ? "winrm clixml reads one file" : "there is a word too many after the host";
    std::vector<std::string> known;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
    const std::string bare = word.substr(0, word.find('=')); // its value may be a secret
    std::string out = "unknown option " + base::printable(bare, 60);
    if (const auto near = nearest(bare, known); !near.empty()) out += "; did you mean " + near + "?";
    else if (what == subcommand::run) out += "; put -- before the command";
    return out;
}

/// The first option whose value XML cannot represent (control characters); nullptr if there is none. Checked before
/// anything is sent.
const char* unsendable(const options& o)
{
    const auto bad = [](const std::string& text) { return !xml::is_xml_text(text); };
    if (std::any_of(o.command.begin(), o.command.end(), bad)) return "the command";
    if (bad(o.cwd)) return "--cwd";
    if (bad(o.shell_name)) return "--shell-name";
    for (const auto& [name, value] : o.environment) {
        if (bad(name) || bad(value)) return "--env";
    }
    if (std::any_of(o.delete_shells.begin(), o.delete_shells.end(), bad)) return "--delete";
    if (bad(o.configuration)) return "--configuration";
    if (bad(o.user)) return "--user";
    if (bad(o.service_name)) return "--service-name";
    return nullptr;
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> words)
{
    return std::any_of(words.begin(), words.end(), [&word](const char* w) { return word == w; });
}

/// Rules for options that depend on each other.
std::optional<parse_stop> find_mistake(const options& o)
{
    if (const char* what = unsendable(o)) {
        return usage(std::string(what) +
                     " holds bytes that are not UTF-8, a control character, U+FFFE or U+FFFF, which WS-Management "
                     "cannot carry");
    }
    const int sources =
        (o.password_file.empty() ? 0 : 1) + (o.password_command.empty() ? 0 : 1) + (o.password_fd ? 1 : 0);
    if (o.connect_timeout && o.connect_timeout->count() == 0) return usage("--connect-timeout must be longer than 0");
    if (sources > 1) return usage("give only one of --password-file, --password-fd and --password-command");
    if (sources > 0 && !o.keytab.empty()) return usage("give either --keytab or a password");
    if (!o.encrypt.empty() && !is_encrypt_name(o.encrypt)) return usage("--encrypt is auto or always");
    if (o.what == subcommand::run) {
        if (o.command.empty()) return usage("there is no command to run: winrm run HOST -- COMMAND");
        if (o.command.front().empty()) return usage("the command is empty");
        if (o.profile && o.no_profile) return usage("give either --profile or --no-profile");
    }
    if (o.what == subcommand::ps) {
        if (o.script.empty() && o.script_file.empty())
            return usage("there is no script to run: winrm ps HOST -c TEXT, or -f FILE");
        if (!o.script.empty() && !o.script_file.empty()) return usage("give either -c or -f");
        if (!is_one_of(o.output_format, {"", "text", "json", "jsonl", "csv", "clixml"}))
            return usage("-o is text, json, jsonl, csv or clixml");
        if (!is_one_of(o.input_format, {"", "lines", "jsonl", "clixml"}))
            return usage("--input is lines, jsonl or clixml");
    }
    if (o.what == subcommand::shells && o.delete_all && !o.delete_shells.empty()) {
        return usage("give either --delete or --delete-all");
    }
    if (o.commands && (o.delete_all || !o.delete_shells.empty()))
        return usage("--commands is for lists, not for deleting");
    return std::nullopt;
}

void add_configuration(CLI::App& app, options& o)
{
    app.add_option("--configuration", o.configuration,
                   "session configuration on the host (PowerShell.7, a JEA endpoint), instead of Microsoft.PowerShell")
        ->type_name("NAME");
    app.add_flag("--compress", o.compress, "compress the streams of the session, for slow ways to the host");
}

void add_ps(CLI::App& app, options& o)
{
    app.add_option("-c,--script", o.script, "the script")->type_name("TEXT");
    app.add_option("-f,--file", o.script_file, "read the script from a file; - is standard input")->type_name("FILE");
    app.add_option("-P,--parameter", o.parameters,
                   "parameter of the script: NAME=TEXT, NAME:TYPE=VALUE, NAME for a switch; may be given again")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    app.add_option("-o,--output", o.output_format, "text (unless given), json, jsonl, csv, clixml")
        ->type_name("FORMAT");
    app.add_option("--input", o.input_format, "what standard input holds: lines (unless given), jsonl, clixml")
        ->type_name("FORMAT");
    app.add_flag("--plain", o.plain_objects, "show objects without Out-String of the host (endpoints that lack it)");
    app.add_flag("-n,--no-stdin", o.no_stdin, "the script gets no standard input");
    app.add_flag("--raw", o.raw, "pass control characters to the terminal as they are");
    app.add_option("--shell-name", o.shell_name, "name of the shell, for lists")->type_name("NAME");
    add_time(app, "--idle-timeout", o.idle_timeout, "the host deletes the shell after so long without a request");
    app.add_option("argument", o.command, "arguments of the script")->type_name("");
}

void add_shells(CLI::App& app, options& o)
{
    app.add_option("--delete", o.delete_shells, "delete this shell; may be given again")
        ->type_name("ID")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    app.add_flag("--delete-all", o.delete_all, "delete all of them");
    app.add_flag("--commands", o.commands, "list the commands of each shell too");
}

void add_clixml(CLI::App& app, options& o)
{
    app.add_option("file", o.file, "FILE to read; - or nothing: standard input")->type_name("");
    app.add_option("-o,--output", o.format, "json (unless given), jsonl: one value on each line, text, clixml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "jsonl", "text", "clixml"}));
    app.add_option("--from", o.from, "what is read: clixml (unless given), json, jsonl")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"clixml", "json", "jsonl"}));
    app.add_flag("--plain", o.plain, "JSON of the values alone, without types; it cannot be turned back");
}

void add_options(CLI::App& app, options& o)
{
    app.set_help_flag("-h,--help", "this text");
    if (o.what == subcommand::clixml) return add_clixml(app, o);
    if (o.what == subcommand::explain) {
        app.add_option("code", o.codes, "2150858843, 0x8033805B, -2144108453 …")->required()->type_name("");
        app.allow_extras();
    } else {
        app.add_option("host", o.host, "HOST: name, user@name, name:port, [v6]:port, URL")->required()->type_name("");
    }
    add_common(app, o);
    if (o.what == subcommand::run) add_run(app, o);
    if (o.what == subcommand::ps) add_ps(app, o);
    if (o.what == subcommand::ps || o.what == subcommand::psrp) add_configuration(app, o);
    if (o.what == subcommand::shells) add_shells(app, o);
}

/// Lets CLI11 read the words, and turns its error messages into ours.
std::optional<parse_stop> read_words(CLI::App& app, const std::string& name, std::vector<std::string> words,
                                     subcommand what)
{
    try {
        std::reverse(words.begin(), words.end()); // CLI11 takes them from the back
        app.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
        return parse_stop{0, app.help()};
    } catch (const CLI::ExtrasError&) {
        return usage(unknown_option(app, app.remaining().empty() ? std::string() : app.remaining().front(), what));
    } catch (const CLI::RequiredError&) {
        return usage(what == subcommand::explain ? "which code? winrm explain CODE"
                                                 : "the host is missing: winrm " + name + " HOST");
    } catch (const CLI::ArgumentMismatch& e) {
        const std::string said =
            e.what(); // "--timeout: 1 required TIME missing", "--timeout: At Most 1 … but received 2"
        const bool twice = said.find("received") != std::string::npos;
        return usage(base::printable(said.substr(0, said.find(':')), 60) +
                     (twice ? " is given twice" : " needs a value"));
    } catch (const CLI::ParseError& e) {
        std::string why = e.what();
        if (const std::string prefix = ": "; why.rfind(prefix, 0) == 0) why.erase(0, prefix.size());
        return usage(base::printable(why, 200));
    }
    return std::nullopt;
}

std::variant<options, parse_stop> parse_subcommand(subcommand what, const std::string& name,
                                                   std::vector<std::string> words)
{
    options o;
    o.what = what;
    // What follows -- belongs to the remote command, whatever it looks like.
    std::vector<std::string> after;
    if (const auto dashes = std::find(words.begin(), words.end(), "--"); dashes != words.end()) {
        after.assign(dashes + 1, words.end());
        words.erase(dashes, words.end());
    }
    CLI::App app;
    app.name("winrm " + name);
    add_options(app, o);
    if (what == subcommand::explain) {
        // -2144108453 looks like an option to CLI11.
        const auto negative = std::stable_partition(words.begin(), words.end(), [](const std::string& w) {
            return w.size() < 2 || w[0] != '-' || w[1] < '0' || w[1] > '9';
        });
        after.insert(after.end(), negative, words.end());
        words.erase(negative, words.end());
        if (!after.empty()) app.get_option("code")->required(false);
    }
    // Before parsing: an error there must still be reported as JSON.
    const bool json = what != subcommand::explain && std::find(words.begin(), words.end(), "--json") != words.end();
    const auto stopped = [&](parse_stop stop) {
        stop.json = json;
        stop.so_far = o;
        return stop;
    };
    const std::vector<std::string> typed = words;
    if (auto stop = read_words(app, name, std::move(words), what)) return stopped(std::move(*stop));
    if (what == subcommand::explain) {
        for (const auto& w : app.remaining()) return usage(unknown_option(app, w, what));
        for (auto& w : after) o.codes.push_back(std::move(w));
    } else if (what == subcommand::ps) {
        // winrm ps HOST - : the script from standard input.
        if (o.script.empty() && o.script_file.empty() && !o.command.empty() && o.command.front() == "-") {
            o.script_file = "-";
            o.command.erase(o.command.begin());
        }
        for (auto& w : after) o.command.push_back(std::move(w));
    } else if (what == subcommand::run) {
        // "ping -n 4 host" must not silently become "ping 4 host".
        if (!std::equal(o.command.rbegin(), o.command.rend(), typed.rbegin()))
            return stopped(usage("an option stands among the words of the command: put -- before the command"));
        for (auto& w : after) o.command.push_back(std::move(w));
    } else if (what == subcommand::clixml && after.size() == 1 && o.file == "-") {
        o.file = after.front();
    } else if (!after.empty()) {
        return stopped(usage("winrm " + name + " takes nothing after --"));
    }
    if (auto wrong = find_mistake(o)) return stopped(std::move(*wrong));
    return o;
}

} // namespace

std::variant<options, parse_stop> parse_options(const std::vector<std::string>& words)
{
    if (words.empty()) return parse_stop{usage_status, help_text()};
    const std::string& first = words.front();
    if (first == "-v" || first == "--verbose") {
        auto parsed = parse_options({words.begin() + 1, words.end()});
        if (auto* o = std::get_if<options>(&parsed)) o->verbose = true;
        return parsed;
    }
    std::vector<std::string> rest(words.begin() + 1, words.end());
    if (first == "--version" || first == "version" || first == "-V") return parse_stop{0, version_text()};
    if (first == "help" && !rest.empty()) {
        rest.push_back("--help");
        return parse_options(rest);
    }
    if (first == "--help" || first == "-h" || first == "help") return parse_stop{0, help_text()};
    if (first == "run") return parse_subcommand(subcommand::run, first, std::move(rest));
    if (first == "ps") return parse_subcommand(subcommand::ps, first, std::move(rest));
    if (first == "psrp") return parse_subcommand(subcommand::psrp, first, std::move(rest));
    if (first == "identify") return parse_subcommand(subcommand::identify, first, std::move(rest));
    if (first == "shells") return parse_subcommand(subcommand::shells, first, std::move(rest));
    if (first == "explain") return parse_subcommand(subcommand::explain, first, std::move(rest));
    if (first == "clixml") return parse_subcommand(subcommand::clixml, first, std::move(rest));
    if (first == "config") {
        if (rest.empty() || (rest.front() != "show" && rest.front() != "--help" && rest.front() != "-h")) {
            return usage("config has one verb: winrm config show HOST");
        }
        if (rest.front() == "show") rest.erase(rest.begin());
        return parse_subcommand(subcommand::config_show, "config show", std::move(rest));
    }
    // This word may be a host with a password before the @: not shown.
    std::string why = "unknown subcommand " + base::printable(first.substr(first.rfind('@') + 1), 60);
    if (const auto near = nearest(first, subcommand_names()); !near.empty()) why += "; did you mean " + near + "?";
    else why += "; winrm help lists them";
    return usage(why);
}

} // namespace winrm::cli
