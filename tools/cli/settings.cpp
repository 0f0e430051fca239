#include "cli/settings.h"

#include "cli/json.h"
#include "cli/text.h"

#include "base/text.h"

#include <cstdlib>

namespace winrm::cli {
namespace {

constexpr const char* flag = from_command_line;

/// Reads the merged value of one key: what the command line gave, else the files, else the default.
struct merger
{
    const std::vector<config_file>& files;
    const std::string& name;

    std::optional<found_entry> find(base::bytes_view key) const { return find_entry(files, name, key); }

    void text(setting<std::string>& into, const std::string& given, base::bytes_view key) const
    {
        if (!given.empty()) into = {given, flag};
        else if (auto e = find(key)) into = {e->value, e->where};
    }

    void time(setting<base::milliseconds>& into, const std::optional<base::milliseconds>& given,
              base::bytes_view key) const
    {
        if (given) into = {*given, flag};
        else if (auto e = find(key)) into = {parse_time(e->value).value_or(base::milliseconds(0)), e->where};
    }
};

template <class T> T number(const std::string& text)
{
    return static_cast<T>(base::parse_unsigned(text).value_or(0)); // checked when the file was read
}

void merge_address(settings& s, const target& typed, const merger& from)
{
    s.scheme.value = typed.tls ? "https" : "http";
    s.scheme.from = typed.scheme_given ? flag : "default";
    s.port = {typed.port, typed.port_given ? flag : "default"};
    s.path = {typed.path, typed.path != "/wsman" ? flag : "default"};
    if (!typed.port_given) {
        if (auto e = from.find("port")) s.port = {number<std::uint16_t>(e->value), e->where};
    }
    const auto scheme = typed.scheme_given ? std::nullopt : from.find("scheme");
    if (scheme) s.scheme = {scheme->value, scheme->where};
    const bool port_known = s.port.from != "default";
    // As in a host that is typed: 5985 means http unless a scheme is given, and each scheme has its port.
    if (port_known && !typed.scheme_given && !scheme) {
        s.scheme = {s.port.value == 5985 ? "http" : "https", s.port.value == 5985 ? "port 5985" : "default"};
    }
    if (!port_known) s.port.value = s.scheme.value == "http" ? 5985 : 5986;
    if (s.path.from == "default") {
        if (auto e = from.find("path")) s.path = {e->value, e->where};
    }
}

void merge_login(settings& s, const options& o, const merger& from)
{
    s.auth.value = "negotiate";
    from.text(s.auth, base::lower(o.auth), "auth"); // messages spell it Basic
    s.encrypt.value = "auto";
    from.text(s.encrypt, o.encrypt, "encrypt");
    from.text(s.keytab, o.keytab, "keytab");
    from.text(s.service_name, o.service_name, "service_name");
    from.text(s.trusted_for_ntlm, {}, "trusted_for_ntlm");
    if (o.delegate) s.delegate = {true, flag};
    else if (auto e = from.find("delegate")) s.delegate = {e->value == "true", e->where};
}

std::string home_config()
{
    if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg != nullptr && xdg[0] == '/')
        return std::string(xdg) + "/winrm/config.toml";
    if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
        return std::string(home) + "/.config/winrm/config.toml";
    return {};
}

struct line
{
    const char* key;
    std::string value, from;
};

std::vector<line> lines_of(const settings& s)
{
    std::vector<line> out;
    const auto text = [&](const char* key, const setting<std::string>& v) {
        if (!v.value.empty()) out.push_back({key, v.value, v.from});
    };
    text("host", s.host);
    text("user", s.user);
    text("scheme", s.scheme);
    out.push_back({"port", std::to_string(s.port.value), s.port.from});
    text("path", s.path);
    text("auth", s.auth);
    text("encrypt", s.encrypt);
    text("keytab", s.keytab);
    text("service_name", s.service_name);
    out.push_back({"delegate", s.delegate.value ? "true" : "false", s.delegate.from});
    out.push_back({"compress", s.compress.value ? "true" : "false", s.compress.from});
    text("trusted_for_ntlm", s.trusted_for_ntlm);
    text("ca", s.ca);
    out.push_back({"allow_unencrypted", s.allow_unencrypted.value ? "true" : "false", s.allow_unencrypted.from});
    out.push_back({"connect_timeout", format_time(s.connect_timeout.value), s.connect_timeout.from});
    out.push_back({"operation_timeout", format_time(s.operation_timeout.value), s.operation_timeout.from});
    out.push_back({"timeout", format_time(s.timeout.value), s.timeout.from});
    out.push_back({"code_page", std::to_string(s.code_page.value), s.code_page.from});
    text("password_command", s.password_command);
    text("password_file", s.password_file);
    return out;
}

} // namespace

target settings::where() const
{
    target t;
    t.host = host.value;
    t.port = port.value;
    t.tls = scheme.value == "https";
    t.path = path.value;
    t.user = user.value;
    t.port_given = t.scheme_given = true;
    return t;
}

bool settings::transport_open() const { return scheme.from == "default" && port.from == "default"; }

std::string settings::ntlm_trust() const
{
    for (const auto& pattern : split_patterns(trusted_for_ntlm.value)) {
        if (glob_match(pattern, host.value) || glob_match(pattern, name)) return pattern;
    }
    return {};
}

std::string shown_host(const options& o)
{
    if (const auto typed = target::parse(o.host)) return typed->host;
    const auto at = o.host.rfind('@');
    return base::printable(base::bytes_view(o.host).substr(at == std::string::npos ? 0 : at + 1), 100);
}

result<settings> merge_settings(const options& o, const std::vector<config_file>& files)
{
    auto typed = target::parse(o.host);
    if (!typed) return typed.error();

    settings s;
    s.name = typed->host;
    const merger from{files, s.name};
    s.host = {typed->host, flag};
    if (auto e = from.find("host")) {
        auto real = target::parse(
            e->value.find(':') != std::string::npos && e->value.front() != '[' ? "[" + e->value + "]" : e->value);
        if (!real) return std::move(real).error().with_message(errc::bad_config, e->where + ": host: ", {});
        if (real->port_given || !real->user.empty() || real->scheme_given) {
            return error(errc::bad_config,
                         e->where + ": host must be a name or an address, without user, scheme and port");
        }
        s.host = {real->host, e->where};
    }
    from.text(s.user, o.user.empty() ? typed->user : o.user, "user");
    merge_address(s, *typed, from);
    if (s.path.value.empty() || s.path.value.front() != '/')
        return error(errc::bad_config, s.path.from + ": path must begin with /");
    // As in a host that is typed.
    if (auto url = target::parse("https://web1" + s.path.value); !url)
        return std::move(url).error().with_message(errc::bad_config, s.path.from + ": ", {});
    merge_login(s, o, from);
    from.text(s.ca, o.ca, "ca");
    s.connect_timeout.value = base::milliseconds(20'000);
    s.operation_timeout.value = base::milliseconds(60'000);
    from.time(s.connect_timeout, o.connect_timeout, "connect_timeout");
    from.time(s.operation_timeout, std::nullopt, "operation_timeout");
    from.time(s.timeout, o.timeout, "timeout");
    if (o.allow_unencrypted) s.allow_unencrypted = {true, flag};
    else if (auto e = from.find("allow_unencrypted")) s.allow_unencrypted = {e->value == "true", e->where};
    if (o.compress) s.compress = {true, flag};
    else if (auto e = from.find("compress")) s.compress = {e->value == "true", e->where};
    s.code_page.value = 65001;
    if (o.code_page) s.code_page = {*o.code_page, flag};
    else if (auto e = from.find("code_page")) s.code_page = {number<std::uint32_t>(e->value), e->where};
    from.text(s.password_command, o.password_command, "password_command");
    from.text(s.password_file, o.password_file, "password_file");
    return s;
}

result<std::vector<config_file>> load_files(const options& o)
{
    std::vector<config_file> files;
    if (!o.config.empty()) {
        auto file = load_config(o.config);
        if (!file) return file.error();
        if (!*file) return error(errc::bad_config, base::printable(o.config, 300) + ": there is no such file");
        files.push_back(std::move(**file));
        return files;
    }
    for (const std::string& path : {home_config(), std::string(WINRM_SYSTEM_CONFIG)}) {
        if (path.empty()) continue;
        auto file = load_config(path);
        if (!file) return file.error();
        if (*file) files.push_back(std::move(**file));
    }
    return files;
}

result<settings> load_settings(const options& o)
{
    const auto files = load_files(o);
    if (!files) return files.error();
    return merge_settings(o, *files);
}

std::string show(const settings& s)
{
    std::string out;
    for (const auto& l : lines_of(s)) {
        std::string row = std::string(l.key) + " = " + base::printable(l.value);
        row.resize(std::max<std::size_t>(row.size() + 1, 44), ' ');
        out += row + "# " + base::printable(l.from) + "\n";
    }
    return out;
}

std::string show_json(const settings& s)
{
    json_writer w;
    w.begin_object();
    w.text("name", s.name);
    w.begin_object("settings");
    for (const auto& l : lines_of(s)) {
        w.begin_object(l.key);
        w.text("value", l.value);
        w.text("from", l.from);
        w.end_object();
    }
    w.end_object();
    w.end_object();
    return w.str() + "\n";
}

} // namespace winrm::cli
