// The only file that includes toml++.
#include "service/monitor/config.h"

#include "service/monitor/auth_files.h"
#include "service/monitor/config_keys.h"
#include "service/monitor/config_problems.h"
#include "service/monitor/file_check.h"

#include "base/spelling.h"

#define TOML_EXCEPTIONS 0
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif
#include <toml++/toml.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <filesystem>
#include <functional>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t max_config = 256 * 1024;

class parser
{
public:
    parser(const std::string& file, loaded_config& out, config_scope scope) : file_(file), out_(out)
    {
        keys_.emplace_back("log_level", [this](const toml::node& n) { level(n); });
        keys_.emplace_back("limits", [this](const toml::node& n) { limits(n); });
        keys_.emplace_back("powershell", [this](const toml::node& n) { powershell(n); });
        if (scope == config_scope::limits_only) return;
        text("certificate", s().certificate);
        text("key", s().key);
        text("pam_service", s().pam_service);
        text("user_file", s().user_file);
        flag("auth_basic", s().auth_basic);
        flag("allow_unencrypted", s().allow_unencrypted);
        flag("permit_root", s().permit_root);
        keys_.emplace_back("auth", [this](const toml::node& n) { auth(n); });
        keys_.emplace_back("fronts", [this](const toml::node& n) { number(n, "fronts", s().fronts, 1, 64); });
        keys_.emplace_back("allow_groups", [this](const toml::node& n) { groups(n); });
        keys_.emplace_back("listen", [this](const toml::node& n) { listeners(n); });
    }

    void read(const toml::table& table)
    {
        for (auto&& [key, node] : table) {
            const auto at =
                std::find_if(keys_.begin(), keys_.end(), [&](const auto& k) { return k.first == key.str(); });
            if (at != keys_.end()) {
                const std::size_t before = out_.problems.size();
                out_.lines.keys[std::string{key.str()}] = key.source().begin.line;
                at->second(node);
                if (out_.problems.size() != before) out_.lines.bad.emplace(key.str());
                continue;
            }
            std::vector<std::string_view> names;
            for (const auto& k : keys_) names.push_back(k.first);
            unknown(key, names);
        }
    }

private:
    using handler = std::function<void(const toml::node&)>;
    settings& s() { return out_.values; }

    void problem(const toml::source_region& at, std::string what)
    {
        out_.problems.push_back(problem_at(file_, at.begin.line, std::move(what)));
    }
    void unknown(const toml::key& key, const std::vector<std::string_view>& names)
    {
        std::string_view best;
        std::size_t least = 4;
        for (const std::string_view name : names)
            if (const std::size_t d = base::edit_distance(key.str(), name); d < least) {
                least = d;
                best = name;
            }
        std::string what = "unknown key \"" + std::string{key.str()} + '"';
        if (!best.empty()) what += "; did you mean \"" + std::string{best} + "\"?";
        problem(key.source(), what);
    }
    void text(const char* name, std::string& into)
    {
        keys_.emplace_back(name, [this, name, &into](const toml::node& n) {
            if (const auto v = n.value_exact<std::string>(); v && v->size() < 4096) into = *v;
            else problem(n.source(), std::string{name} + " must be a string in quotes");
        });
    }
    void flag(const char* name, bool& into)
    {
        keys_.emplace_back(name, [this, name, &into](const toml::node& n) { boolean(n, name, into); });
    }
    void boolean(const toml::node& n, const char* name, bool& into)
    {
        if (const auto v = n.value_exact<bool>()) into = *v;
        else problem(n.source(), std::string{name} + " must be true or false");
    }
    template <class T>
    void number(const toml::node& n, std::string_view name, T& into, std::uint32_t least, std::uint32_t most)
    {
        const auto v = n.value_exact<std::int64_t>();
        if (v && *v >= std::int64_t{least} && *v <= std::int64_t{most}) into = static_cast<T>(*v);
        else
            problem(n.source(), std::string{name} + " must be a whole number from " + std::to_string(least) + " to " +
                                    std::to_string(most));
    }
    void groups(const toml::node& n)
    {
        std::vector<std::string> all;
        bool valid = n.is_array();
        if (valid)
            for (const toml::node& entry : *n.as_array()) {
                const auto name = entry.value_exact<std::string>();
                valid = valid && name && !name->empty();
                if (valid) all.push_back(*name);
                out_.lines.groups.push_back(entry.source().begin.line);
            }
        if (valid) s().allow_groups = std::move(all);
        else problem(n.source(), "allow_groups must be an array of group names, as [\"winrm\"]");
    }
    /// One key of [auth], where its line is kept under "auth.NAME".
    void auth_key(std::string_view key, const toml::node& n)
    {
        auth_settings& a = s().auth;
        bool on = true;
        const std::pair<std::string_view, std::optional<bool>*> flags[] = {
            {"negotiate", &a.negotiate}, {"kerberos", &a.kerberos}, {"ntlm", &a.ntlm}};
        for (const auto& [name, into] : flags)
            if (key == name) {
                boolean(n, name.data(), on);
                *into = on;
            }
        if (key == "basic") boolean(n, "basic", s().auth_basic);
        if (key == "winbind") boolean(n, "winbind", a.winbind);
        if (key == "keytab") path(n, "keytab", a.keytab);
        if (key == "ntlm_accounts") path(n, "ntlm_accounts", a.ntlm_accounts);
        if (key == "channel_binding") binding(n, a.channel_binding);
        if (key == "services") services(n);
    }
    void auth(const toml::node& n)
    {
        const toml::table* t = n.as_table();
        if (!t) return problem(n.source(), "auth must be a table, begun by [auth]");
        const std::vector<std::string_view> names{"negotiate",     "kerberos", "ntlm",     "basic",          "keytab",
                                                  "ntlm_accounts", "winbind",  "services", "channel_binding"};
        for (auto&& [key, node] : *t) {
            if (std::find(names.begin(), names.end(), key.str()) == names.end()) {
                unknown(key, names);
                continue;
            }
            const std::string whole = "auth." + std::string{key.str()};
            out_.lines.keys[whole] = key.source().begin.line;
            const std::size_t before = out_.problems.size();
            auth_key(key.str(), node);
            if (out_.problems.size() != before) out_.lines.bad.insert(whole);
        }
    }
    void powershell(const toml::node& n)
    {
        const toml::table* t = n.as_table();
        if (!t) return problem(n.source(), "powershell must be a table, begun by [powershell]");
        for (auto&& [key, node] : *t) {
            if (key.str() == "program") program(node);
            else if (key.str() == "warm_spare") boolean(node, "warm_spare", s().powershell.warm_spare);
            else unknown(key, {"program", "warm_spare"});
        }
    }
    void program(const toml::node& n)
    {
        const auto v = n.value_exact<std::string>();
        const bool valid =
            v && !v->empty() && v->size() < 4096 && (v->front() == '/' || v->find('/') == std::string::npos);
        if (valid) s().powershell.program = *v;
        else problem(n.source(), "program must be an absolute path in quotes, or a name that is looked for in PATH");
    }
    void path(const toml::node& n, const char* name, std::string& into)
    {
        if (const auto v = n.value_exact<std::string>(); v && !v->empty() && v->size() < 4096) into = *v;
        else problem(n.source(), std::string{name} + " must be the name of a file in quotes");
    }
    void binding(const toml::node& n, std::optional<winrm::auth::binding_policy>& into)
    {
        using winrm::auth::binding_policy;
        const auto v = n.value_exact<std::string>();
        for (const auto& [name, value] : {std::pair{"none", binding_policy::none},
                                          {"relaxed", binding_policy::relaxed},
                                          {"strict", binding_policy::strict}})
            if (v && *v == name) {
                into = value;
                return;
            }
        problem(n.source(), "channel_binding must be \"none\", \"relaxed\" or \"strict\"");
    }
    void services(const toml::node& n)
    {
        std::vector<std::string> all;
        bool valid = n.is_array();
        if (valid)
            for (const toml::node& entry : *n.as_array()) {
                const auto name = entry.value_exact<std::string>();
                valid = valid && name && !name->empty() && name->size() <= 64 &&
                        name->find_first_of("/@\\ ") == std::string::npos;
                if (valid) all.push_back(*name);
            }
        constexpr std::size_t most = 8; // wire::max_schemes
        if (valid && !all.empty() && all.size() <= most) s().auth.services = std::move(all);
        else
            problem(n.source(),
                    "services must be an array of 1 to 8 service names without a host, as [\"HTTP\", \"host\"]");
    }
    void level(const toml::node& n)
    {
        const auto v = n.value_exact<std::string>();
        for (const auto& [name, value] : {std::pair{"debug", base::log_level::debug},
                                          {"info", base::log_level::info},
                                          {"warning", base::log_level::warning},
                                          {"error", base::log_level::error}})
            if (v && *v == name) {
                s().log_level = value;
                return;
            }
        problem(n.source(), "log_level must be \"debug\", \"info\", \"warning\" or \"error\"");
    }
    void listeners(const toml::node& n)
    {
        const toml::array* all = n.as_array();
        if (!all || all->empty() || all->size() > 16)
            return problem(n.source(), "listen must be 1 to 16 tables, each begun by [[listen]]");
        for (const toml::node& entry : *all) {
            if (const toml::table* t = entry.as_table()) one_listener(*t);
            else problem(entry.source(), "listen must hold tables, each begun by [[listen]]");
        }
    }
    void one_listener(const toml::table& t)
    {
        listen_address l;
        config_lines::listener lines;
        lines.table = t.source().begin.line;
        const std::size_t before = out_.problems.size();
        bool port_given = false;
        for (auto&& [key, node] : t) {
            if (key == "address") {
                lines.address = key.source().begin.line;
                const auto v = node.value_exact<std::string>();
                in6_addr any{};
                if (v && (*v == "*" || ::inet_pton(AF_INET, v->c_str(), &any) == 1 ||
                          ::inet_pton(AF_INET6, v->c_str(), &any) == 1))
                    l.address = *v;
                else problem(node.source(), "address must be a numeric IPv4 or IPv6 address, or \"*\" for all");
            } else if (key == "port") {
                port_given = true;
                lines.port = key.source().begin.line;
                number(node, "port", l.port, 1, 65'535);
            } else if (key == "tls") {
                lines.tls = key.source().begin.line;
                boolean(node, "tls", l.tls);
            } else if (key == "channel_binding") {
                binding(node, l.channel_binding);
            } else {
                unknown(key, {"address", "port", "tls", "channel_binding"});
            }
        }
        if (l.address.empty()) l.address = "*";
        if (!port_given) l.port = l.tls ? 5986 : 5985;
        lines.valid = out_.problems.size() == before;
        s().listen.push_back(std::move(l));
        out_.lines.listen.push_back(lines);
    }
    void limits(const toml::node& n)
    {
        const toml::table* t = n.as_table();
        if (!t) return problem(n.source(), "limits must be a table, begun by [limits]");
        std::vector<std::string_view> names;
        for (const limit_key& k : limit_keys) names.push_back(k.name);
        for (auto&& [key, node] : *t) {
            const auto at = std::find_if(limit_keys.begin(), limit_keys.end(),
                                         [&](const limit_key& k) { return k.name == key.str(); });
            if (at == limit_keys.end()) unknown(key, names);
            else number(node, at->name, s().limits.*at->field, at->least, at->most);
        }
    }

    const std::string& file_;
    loaded_config& out_;
    std::vector<std::pair<std::string_view, handler>> keys_;
};

/// What an address occupies: family and bytes, all zero for every address; "*" takes both families.
struct taken_address
{
    bool v4 = false, v6 = false, every = false;
    std::string bytes;
};

taken_address taken_by(const std::string& address)
{
    if (address == "*") return {true, true, true, {}};
    unsigned char raw[16] = {};
    const bool v4 = ::inet_pton(AF_INET, address.c_str(), raw) == 1;
    if (!v4) (void)::inet_pton(AF_INET6, address.c_str(), raw);
    std::string bytes{reinterpret_cast<const char*>(raw), v4 ? 4u : 16u};
    const bool every = bytes.find_first_not_of('\0') == std::string::npos;
    return {v4, !v4, every, std::move(bytes)};
}

bool collide(const listen_address& a, const listen_address& b)
{
    if (a.port != b.port) return false;
    const taken_address one = taken_by(a.address), two = taken_by(b.address);
    const bool same_family = (one.v4 && two.v4) || (one.v6 && two.v6);
    return same_family && (one.every || two.every || one.bytes == two.bytes);
}

void check_listeners(loaded_config& c, const std::string& file)
{
    const settings& s = c.values;
    for (std::size_t i = 0; i < s.listen.size(); ++i) {
        const config_lines::listener here = i < c.lines.listen.size() ? c.lines.listen[i] : config_lines::listener{};
        const listen_address& l = s.listen[i];
        // Basic is not offered there, and what else there is seals its messages.
        const bool sealed = !s.auth.schemes().empty() || c.lines.is_bad("auth");
        if (!l.tls && s.auth_basic && !sealed && !s.allow_unencrypted && !c.lines.is_bad("allow_unencrypted"))
            c.problems.push_back(problem_at(
                file, here.tls,
                "a listener without TLS would carry passwords in clear: set tls = true for it, let Kerberos or NTLM "
                "log in ([auth]), or, if you accept that, allow_unencrypted = true"));
        if (!l.tls && l.channel_binding.value_or(auth::binding_policy::none) == auth::binding_policy::strict)
            c.problems.push_back(problem_at(file, here.table,
                                            "channel_binding = \"strict\" binds logins to TLS, which this listener has "
                                            "not: nobody could log in"));
        for (std::size_t k = 0; k < i && here.valid; ++k) {
            const listen_address& other = s.listen[k];
            if (!c.lines.listen[k].valid || !collide(l, other)) continue;
            const unsigned line = here.port != 0 ? here.port : here.address != 0 ? here.address : here.table;
            c.problems.push_back(
                problem_at(file, line,
                           '"' + l.address + "\" port " + std::to_string(l.port) + " collides with \"" + other.address +
                               "\" port " + std::to_string(other.port) + " of the [[listen]] in line " +
                               std::to_string(c.lines.listen[k].table) + ": remove one, or give it another port"));
            break;
        }
    }
}

/// What [auth] asks for, and what there is for it.
void check_schemes(loaded_config& c, const std::string& file)
{
    const auth_settings& a = c.values.auth;
    const config_lines& at = c.lines;
    const auto problem = [&](const char* key, std::string what) {
        c.problems.push_back(problem_at(file, at.of(key), std::move(what)));
    };
    if (at.is_bad("auth")) return;
    if (at.of("auth_basic") != 0 && at.of("auth.basic") != 0)
        problem("auth.basic",
                "basic is what auth_basic in line " + std::to_string(at.of("auth_basic")) + " says too: remove one");
    if (a.kerberos.value_or(false) && a.keytab.empty())
        problem("auth.kerberos", "kerberos = true needs keytab = \"FILE\": there is no /etc/krb5.keytab to be used");
    if (a.ntlm.value_or(false) && a.ntlm_accounts.empty() && !a.winbind)
        problem("auth.ntlm", "ntlm = true needs accounts: make one with `winrmd passwd USER`, name their file with "
                             "ntlm_accounts, or take those of a domain with winbind = true");
    if (a.winbind && !a.ntlm_on())
        problem("auth.winbind", "winbind = true is for logins by NTLM, which ntlm = false turns off: remove one");
    if (a.negotiate.value_or(false) && !a.kerberos_on() && !a.ntlm_on())
        problem("auth.negotiate", "negotiate = true has nothing to choose from: kerberos and ntlm are both off");
    if (c.values.auth_basic || !a.schemes().empty()) return;
    const bool old_name = at.of("auth.basic") == 0;
    problem(old_name ? "auth_basic" : "auth.basic",
            std::string{old_name ? "auth_basic" : "basic"} +
                " = false leaves no way to log in: Kerberos needs a keytab, NTLM an account (`winrmd passwd USER`)");
}

void check_together(loaded_config& c, const std::string& file)
{
    const settings& s = c.values;
    const config_lines& at = c.lines;
    const auto problem = [&](unsigned line, std::string what) {
        c.problems.push_back(problem_at(file, line, std::move(what)));
    };
    check_listeners(c, file);
    const bool certificate = !s.certificate.empty() || at.is_bad("certificate");
    const bool key = !s.key.empty() || at.is_bad("key");
    if (certificate != key)
        problem(at.of(certificate ? "certificate" : "key"), certificate
                                                                ? "certificate needs key = \"FILE\" (PEM) beside it"
                                                                : "key needs certificate = \"FILE\" (PEM) beside it");
    const auto tls = std::find_if(s.listen.begin(), s.listen.end(), [](const auto& l) { return l.tls; });
    const auto number = static_cast<std::size_t>(tls - s.listen.begin());
    if (tls != s.listen.end() && !certificate && !key && !at.is_bad("listen"))
        problem(number < at.listen.size() ? at.listen[number].table : 0,
                "a listener with TLS needs certificate = \"FILE\" and key = \"FILE\" (PEM)");
    check_schemes(c, file);
    if (s.allow_groups && s.allow_groups->empty())
        problem(at.of("allow_groups"), "allow_groups = [] lets nobody in: name at least one group");
    if (s.pam_service.empty() || s.pam_service.find('/') != std::string::npos || s.pam_service.front() == '.')
        problem(at.of("pam_service"), "pam_service must be the name of a file in /etc/pam.d");
}

} // namespace

unsigned config_lines::of(std::string_view key) const
{
    const auto at = keys.find(key);
    return at == keys.end() ? 0 : at->second;
}

loaded_config parse_config(std::string_view text, const std::string& name, config_scope scope, const found_files& found)
{
    loaded_config out;
    const toml::parse_result parsed = toml::parse(text, name);
    if (!parsed) {
        out.problems.push_back(problem_at(name, parsed.error().source().begin.line,
                                          "not TOML: " + std::string{parsed.error().description()}));
        return out;
    }
    out.understood = true;
    if (scope == config_scope::limits_only) {
        for (auto&& [key, node] : parsed.table())
            if (key != "limits" && key != "log_level" && key != "powershell") {
                out.problems.push_back(problem_at(
                    name, key.source().begin.line,
                    "--test-server takes [limits], [powershell] and log_level from a file and decides the rest itself: remove \"" +
                        std::string{key.str()} + '"'));
                return out;
            }
    }
    parser{name, out, scope}.read(parsed.table());
    if (scope == config_scope::everything) {
        if (out.values.listen.empty()) out.values.listen.push_back({"*", 5986, true});
        auth_settings& a = out.values.auth;
        if (a.keytab.empty() && a.kerberos.value_or(true)) a.keytab = found.keytab;
        if (a.ntlm_accounts.empty() && a.ntlm.value_or(true)) a.ntlm_accounts = found.ntlm_accounts;
        check_together(out, name);
    }
    sort_by_line(out.problems);
    return out;
}

loaded_config load_config(const std::string& path, config_scope scope)
{
    auto text = read_trusted_file(path, file_secrecy::open, max_config);
    if (!text) {
        loaded_config out;
        out.problems.push_back({path, text.error().message()});
        return out;
    }
    std::error_code none;
    const std::filesystem::path folder = std::filesystem::absolute(path, none).parent_path();
    std::string unusable;
    const found_files found = scope == config_scope::limits_only ? found_files{} : find_files(folder, unusable);
    loaded_config out = parse_config(*text, path, scope, found);
    if (scope == config_scope::limits_only || !out.understood) return out;
    settings& s = out.values;
    for (std::string* file : {&s.certificate, &s.key, &s.user_file, &s.auth.keytab, &s.auth.ntlm_accounts})
        if (!file->empty()) *file = (folder / *file).string();
    if (!unusable.empty() && !s.auth.kerberos && s.auth.keytab.empty())
        out.warnings.push_back({path, unusable + ", so nobody can log in by Kerberos"});
    check_system(out, path);
    return out;
}

} // namespace winrm::service::monitor
