#include "cli/config.h"

#include "cli/login.h"
#include "cli/text.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "io/unique_fd.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

constexpr std::size_t largest_file = 1024 * 1024;

enum class kind { text, file, time, port, number, boolean, scheme, auth, encrypt, hosts };
struct key_row
{
    base::bytes_view name;
    kind type;
    base::milliseconds least{0}; ///< of a time
};
constexpr std::array<key_row, 20> keys{{
    {"host", kind::text},
    {"user", kind::text},
    {"port", kind::port},
    {"scheme", kind::scheme},
    {"auth", kind::auth},
    {"keytab", kind::file},
    {"service_name", kind::text},
    {"delegate", kind::boolean},
    {"compress", kind::boolean},
    {"encrypt", kind::encrypt},
    {"trusted_for_ntlm", kind::hosts},
    {"ca", kind::file},
    {"path", kind::text},
    {"connect_timeout", kind::time, base::milliseconds(1)},
    {"operation_timeout", kind::time, base::milliseconds(500)},
    {"timeout", kind::time},
    {"allow_unencrypted", kind::boolean},
    {"password_command", kind::text},
    {"password_file", kind::file},
    {"code_page", kind::number},
}};

const key_row* find_key(base::bytes_view name)
{
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const key_row& k) { return k.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

struct reader
{
    const std::string& path;
    const std::string& home;

    error bad(const toml::source_region& at, const std::string& why) const
    {
        return {errc::bad_config, base::printable(path, 300) + ":" + std::to_string(at.begin.line) + ": " + why};
    }

    static std::string suggestion(base::bytes_view typed, const std::vector<std::string>& known)
    {
        const auto near = nearest(typed, known);
        return near.empty() ? "" : "; did you mean " + near + "?";
    }

    /// A relative file name starts at the folder of the configuration file, not at the current one.
    result<std::string> file_of(const key_row& key, const toml::node& node, const std::string& name) const
    {
        if (name.starts_with('/')) return name;
        if (!name.starts_with("~/")) return path.substr(0, path.rfind('/') + 1) + name;
        if (home.empty()) return bad(node.source(), std::string(key.name) + " begins with ~/, and HOME is not set");
        return home + name.substr(1);
    }

    /// A list of patterns of hosts, or a single one; the empty list is one that stands before another.
    result<std::string> hosts_of(const key_row& key, const toml::node& node) const
    {
        std::vector<std::string> out;
        const auto take = [&](const toml::node& one) {
            const auto* text = one.as_string();
            if (text == nullptr || !is_host_pattern(text->get())) return false;
            out.push_back(text->get());
            return true;
        };
        bool good = true;
        if (const auto* list = node.as_array()) {
            for (const auto& one : *list) good = good && take(one);
        } else {
            good = take(node);
        }
        if (good) return join_patterns(out);
        return bad(node.source(), std::string(key.name) + " must be a list of names, addresses or patterns of hosts, "
                                                          "like [\"web1\", \"*.lab.example\"]");
    }

    /// The checked value as text.
    result<std::string> value_of(const key_row& key, const toml::node& node) const
    {
        const auto wrong = [&](const char* wanted) {
            return bad(node.source(), std::string(key.name) + " must be " + wanted);
        };
        const auto* text = node.as_string();
        const auto* number = node.as_integer();
        switch (key.type) {
        case kind::text:
        case kind::file:
            if (text == nullptr || text->get().empty()) return wrong("a text that is not empty");
            if (text->get().find('\0') != std::string::npos || text->get().find('\n') != std::string::npos)
                return wrong("one line");
            return key.type == kind::file ? file_of(key, node, text->get()) : text->get();
        case kind::time: {
            const auto shown = text != nullptr     ? text->get()
                               : number != nullptr ? std::to_string(number->get())
                                                   : std::string();
            const auto time = parse_time(shown);
            if (!time) return wrong("a time like \"30s\" or \"5m\"");
            if (*time < key.least) return wrong(("at least " + format_time(key.least)).c_str());
            return format_time(*time);
        }
        case kind::port:
            if (number == nullptr || number->get() < 1 || number->get() > 65535)
                return wrong("a number from 1 to 65535");
            return std::to_string(number->get());
        case kind::number:
            if (number == nullptr || number->get() < 0 || number->get() > 65535)
                return wrong("a number from 0 to 65535");
            return std::to_string(number->get());
        case kind::boolean:
            if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
            return wrong("true or false");
        case kind::scheme:
            if (text != nullptr && (text->get() == "https" || text->get() == "http")) return text->get();
            return wrong("\"https\" or \"http\"");
        case kind::encrypt:
            if (text != nullptr && is_encrypt_name(text->get())) return text->get();
            return wrong("\"auto\" or \"always\"");
        case kind::hosts: return hosts_of(key, node);
        case kind::auth:
            if (text == nullptr) return wrong("the name of a login scheme");
            if (!is_auth_name(base::lower(text->get()))) {
                return bad(node.source(), "there is no login scheme " + base::printable(text->get(), 60) +
                                              suggestion(text->get(), auth_names()));
            }
            return base::lower(text->get());
        }
        return wrong("something else");
    }

    result<config_section> section(std::string pattern, const toml::table& table) const
    {
        config_section out{std::move(pattern), {}};
        for (const auto& [name, node] : table) {
            const auto* key = find_key(name.str());
            if (key == nullptr) {
                return bad(name.source(), "unknown setting " + base::printable(name.str(), 60) +
                                              suggestion(name.str(), config_keys()));
            }
            auto value = value_of(*key, node);
            if (!value) return value.error();
            out.entries.push_back(
                {std::string(key->name), std::move(*value), static_cast<unsigned>(name.source().begin.line)});
        }
        return out;
    }
};

error cannot_read(const std::string& path, int number)
{
    return {errc::bad_config, base::printable(path, 300) + ": cannot be read: " + base::file_reason(number)};
}

result<std::string> read_all(int fd, const std::string& path)
{
    std::string text;
    for (;;) {
        char piece[16 * 1024];
        const ssize_t n = ::read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot_read(path, errno);
        if (n == 0) return text;
        text.append(piece, static_cast<std::size_t>(n));
        if (text.size() > largest_file)
            return error(errc::bad_config, base::printable(path, 300) + ": larger than 1 MiB");
    }
}

} // namespace

const std::vector<std::string>& config_keys()
{
    static const std::vector<std::string> names = [] {
        std::vector<std::string> out;
        out.reserve(keys.size());
        for (const auto& k : keys) out.emplace_back(k.name);
        return out;
    }();
    return names;
}

std::string join_patterns(const std::vector<std::string>& patterns)
{
    std::string out;
    for (const auto& p : patterns) out += (out.empty() ? "" : ", ") + p;
    return out;
}

std::vector<std::string> split_patterns(base::bytes_view joined)
{
    std::vector<std::string> out;
    while (!joined.empty()) {
        const auto end = std::min(joined.find(", "), joined.size());
        out.emplace_back(joined.substr(0, end));
        joined.remove_prefix(std::min(end + 2, joined.size()));
    }
    return out;
}

bool is_host_pattern(base::bytes_view text) noexcept
{
    static constexpr base::bytes_view others = "*?.-_:%";
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               others.find(c) != base::bytes_view::npos;
    });
}

result<config_file> parse_config(base::bytes_view text, const std::string& path, const std::string& home)
{
    const reader in{path, home};
    if (const auto foreign = base::foreign_encoding(text); !foreign.empty())
        return error(errc::bad_config, base::printable(path, 300) + ": holds " + std::string(foreign));
    const auto parsed = toml::parse(base::without_mark(text));
    if (!parsed) return in.bad(parsed.error().source(), base::printable(parsed.error().description(), 200));

    config_file out{path, {}};
    std::optional<config_section> defaults;
    struct placed
    {
        toml::source_position at;
        config_section section;
    };
    std::vector<placed> placed_sections;
    for (const auto& [name, node] : parsed.table()) {
        const auto* table = node.as_table();
        if (name.str() == "defaults" && table != nullptr) {
            auto section = in.section("*", *table);
            if (!section) return section.error();
            defaults = std::move(*section);
        } else if (name.str() == "host" && table != nullptr) {
            for (const auto& [pattern, body] : *table) {
                const auto* entries = body.as_table();
                if (entries == nullptr) {
                    return in.bad(
                        pattern.source(),
                        "settings of hosts stand under [host.\"PATTERN\"], those of all hosts under [defaults]");
                }
                auto section = in.section(std::string(pattern.str()), *entries);
                if (!section) return section.error();
                placed_sections.push_back({pattern.source().begin, std::move(*section)});
            }
        } else {
            const std::string shown = base::printable(name.str(), 60);
            if (find_key(name.str()) != nullptr)
                return in.bad(name.source(), shown + " stands outside of [defaults] and [host.\"PATTERN\"]");
            return in.bad(name.source(),
                          "unknown section " + shown + reader::suggestion(name.str(), {"defaults", "host"}));
        }
    }
    // toml++ keeps tables sorted by name; here the order of the file decides.
    std::sort(placed_sections.begin(), placed_sections.end(),
              [](const placed& a, const placed& b) { return a.at < b.at; });
    for (auto& p : placed_sections) out.sections.push_back(std::move(p.section));
    if (defaults) out.sections.push_back(std::move(*defaults));
    return out;
}

result<std::optional<config_file>> load_config(const std::string& path)
{
    const io::unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (fd.get() < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<config_file>();
        return cannot_read(path, errno);
    }
    struct stat about
    {};
    if (::fstat(fd.get(), &about) != 0) return cannot_read(path, errno);
    const std::string shown = base::printable(path, 300);
    if (S_ISDIR(about.st_mode)) return error(errc::bad_config, shown + ": is a folder");
    if (S_ISREG(about.st_mode)) {
        // Commands of this file are run and its certificates trusted.
        if (about.st_uid != 0 && about.st_uid != ::geteuid())
            return error(errc::bad_config, shown + ": belongs to another user; it must be yours or root's");
        if ((about.st_mode & 0022) != 0)
            return error(errc::bad_config, shown + ": others can write to it; chmod go-w it");
    }
    auto text = read_all(fd.get(), path);
    if (!text) return text.error();
    const char* home = std::getenv("HOME");
    auto file = parse_config(*text, path, home != nullptr ? home : "");
    if (!file) return file.error();
    return std::optional<config_file>(std::move(*file));
}

std::optional<found_entry> find_entry(const std::vector<config_file>& files, base::bytes_view host,
                                      base::bytes_view key)
{
    for (const auto& file : files) {
        for (const auto& section : file.sections) {
            if (!glob_match(section.pattern, host)) continue;
            for (const auto& entry : section.entries) {
                if (entry.key == key) return found_entry{entry.value, file.path + ":" + std::to_string(entry.line)};
            }
        }
    }
    return std::nullopt;
}

} // namespace winrm::cli
