// The only file that includes toml++.
#include "service/monitor/config.h"

#include "service/monitor/certificate_check.h"
#include "service/monitor/config_keys.h"
#include "service/monitor/file_check.h"

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
#include <functional>
#include <numeric>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t max_config = 256 * 1024, max_pem = 96 * 1024;

/// Edits that turn a into b (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t change = corner + (a[i] == b[j] ? 0 : 1);
            corner = std::exchange(row[j + 1], std::min({change, row[j] + 1, row[j + 1] + 1}));
        }
    }
    return row.back();
}

class parser
{
public:
    parser(const std::string& file, loaded_config& out, config_scope scope) : file_(file), out_(out)
    {
        keys_.emplace_back("log_level", [this](const toml::node& n) { level(n); });
        keys_.emplace_back("limits", [this](const toml::node& n) { limits(n); });
        if (scope == config_scope::limits_only) return;
        text("certificate", s().certificate);
        text("key", s().key);
        text("pam_service", s().pam_service);
        text("user_file", s().user_file);
        flag("auth_basic", s().auth_basic);
        flag("allow_unencrypted", s().allow_unencrypted);
        flag("permit_root", s().permit_root);
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
                at->second(node);
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
        out_.problems.push_back({file_ + ':' + std::to_string(at.begin.line), std::move(what)});
    }
    void unknown(const toml::key& key, const std::vector<std::string_view>& names)
    {
        std::string_view best;
        std::size_t least = 4;
        for (const std::string_view name : names)
            if (const std::size_t d = distance(key.str(), name); d < least) {
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
        bool good = n.is_array();
        if (good)
            for (const toml::node& entry : *n.as_array()) {
                const auto name = entry.value_exact<std::string>();
                good = good && name && !name->empty();
                if (good) all.push_back(*name);
            }
        if (good) s().allow_groups = std::move(all);
        else problem(n.source(), "allow_groups must be an array of group names, as [\"winrm\"]");
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
        bool port_given = false;
        for (auto&& [key, node] : t) {
            if (key == "address") {
                const auto v = node.value_exact<std::string>();
                in6_addr any{};
                if (v && (*v == "*" || ::inet_pton(AF_INET, v->c_str(), &any) == 1 ||
                          ::inet_pton(AF_INET6, v->c_str(), &any) == 1))
                    l.address = *v;
                else problem(node.source(), "address must be a numeric IPv4 or IPv6 address, or \"*\" for all");
            } else if (key == "port") {
                port_given = true;
                number(node, "port", l.port, 1, 65'535);
            } else if (key == "tls") {
                boolean(node, "tls", l.tls);
            } else {
                unknown(key, {"address", "port", "tls"});
            }
        }
        if (l.address.empty()) l.address = "*";
        if (!port_given) l.port = l.tls ? 5986 : 5985;
        s().listen.push_back(std::move(l));
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

void check_together(const settings& s, const std::string& file, std::vector<config_problem>& problems)
{
    const bool tls = std::any_of(s.listen.begin(), s.listen.end(), [](const auto& l) { return l.tls; });
    const bool plain = std::any_of(s.listen.begin(), s.listen.end(), [](const auto& l) { return !l.tls; });
    if (tls && (s.certificate.empty() || s.key.empty()))
        problems.push_back({file, "a listener with TLS needs certificate = \"FILE\" and key = \"FILE\" (PEM)"});
    if (plain && s.auth_basic && !s.allow_unencrypted)
        problems.push_back(
            {file, "a listener without TLS would carry passwords in clear: set tls = true for it, or, if you accept "
                   "that, allow_unencrypted = true"});
    if (!s.auth_basic)
        problems.push_back({file, "auth_basic = false leaves no way to log in: Basic is the only scheme so far"});
    if (s.allow_groups && s.allow_groups->empty())
        problems.push_back({file, "allow_groups = [] lets nobody in: name at least one group"});
    if (s.pam_service.empty() || s.pam_service.find('/') != std::string::npos)
        problems.push_back({file, "pam_service must be the name of a file in /etc/pam.d"});
}

} // namespace

loaded_config parse_config(std::string_view text, const std::string& name, config_scope scope)
{
    loaded_config out;
    const toml::parse_result parsed = toml::parse(text, name);
    if (!parsed) {
        out.problems.push_back({name + ':' + std::to_string(parsed.error().source().begin.line),
                                "not TOML: " + std::string{parsed.error().description()}});
        return out;
    }
    if (scope == config_scope::limits_only) {
        for (auto&& [key, node] : parsed.table())
            if (key != "limits" && key != "log_level") {
                out.problems.push_back(
                    {name + ':' + std::to_string(key.source().begin.line),
                     "--test-server takes [limits] and log_level from a file and decides the rest itself: remove \"" +
                         std::string{key.str()} + '"'});
                return out;
            }
    }
    parser{name, out, scope}.read(parsed.table());
    if (scope == config_scope::limits_only) return out;
    if (out.values.listen.empty()) out.values.listen.push_back({"*", 5986, true});
    if (out.problems.empty()) check_together(out.values, name, out.problems);
    return out;
}

void check_files(const settings& s, std::vector<config_problem>& problems)
{
    const auto look = [&](const std::string& path, file_secrecy secrecy, std::size_t most) {
        if (path.empty()) return std::string{};
        auto read = read_trusted_file(path, secrecy, most);
        if (!read) problems.push_back({path, read.error().message()});
        return read ? std::move(*read) : std::string{};
    };
    const bool tls = std::any_of(s.listen.begin(), s.listen.end(), [](const auto& l) { return l.tls; });
    if (tls) {
        const std::string certificate = look(s.certificate, file_secrecy::open, max_pem);
        const base::secret key{look(s.key, file_secrecy::secret, max_pem)};
        if (problems.empty())
            if (std::string wrong = certificate_problem(certificate, key); !wrong.empty())
                problems.push_back({wrong.compare(0, 3, "key") == 0 ? s.key : s.certificate, std::move(wrong)});
    }
    (void)base::secret{look(s.user_file, file_secrecy::secret, max_config * 4)}; // hashes are wiped too
    if (::geteuid() != 0 && s.user_file.empty())
        problems.push_back(
            {"winrmd", "not started as root, so PAM cannot check passwords: set user_file (see winrmd passwd)"});
}

loaded_config load_config(const std::string& path, config_scope scope)
{
    auto text = read_trusted_file(path, file_secrecy::open, max_config);
    if (!text) {
        loaded_config out;
        out.problems.push_back({path, text.error().message()});
        return out;
    }
    loaded_config out = parse_config(*text, path, scope);
    if (out.problems.empty() && scope == config_scope::everything) check_files(out.values, out.problems);
    return out;
}

} // namespace winrm::service::monitor
