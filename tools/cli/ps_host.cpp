#include "cli/ps_host.h"

#include "base/text.h"

#include <algorithm>

namespace winrm::cli {
namespace {

using psrp::client_pool;
using psrp::host_call_made;
using psrp::host_method;

std::string heading(const std::string& caption, const std::string& message)
{
    std::string out;
    for (const auto* text : {&caption, &message})
        if (!text->empty()) out += *text + "\n";
    return out;
}

/// The key of "&Yes" is y; without an ampersand the whole label.
std::string key_of(const psrp::choice& c)
{
    const auto at = c.label.find('&');
    return base::lower(at == std::string::npos || at + 1 == c.label.size() ? c.label : c.label.substr(at + 1, 1));
}

std::string label_of(const psrp::choice& c)
{
    std::string out = c.label;
    std::erase(out, '&');
    return out;
}

std::optional<std::int32_t> chosen(const psrp::choice_prompt& p, const std::string& typed)
{
    for (std::size_t i = 0; i < p.choices.size(); ++i) {
        if (base::iequals(typed, key_of(p.choices[i])) || base::iequals(typed, label_of(p.choices[i])))
            return static_cast<std::int32_t>(i);
    }
    return {};
}

class host
{
public:
    host(client_pool& pool, const host_call_made& asked, const host_actions& actions)
        : pool_(pool), asked_(asked), actions_(actions)
    {}

    int answer()
    {
        if (const auto text = psrp::read_host_write(asked_.call)) {
            write(*text);
            return 0;
        }
        if (asked_.call.wants_answer()) actions_.clear_progress();
        using enum host_method;
        switch (asked_.call.method) {
        case get_name: pool_.respond(asked_, clixml::value("winrm")); break;
        case get_version: pool_.respond(asked_, clixml::value(clixml::version{"1.0"})); break;
        case get_current_culture:
        case get_current_ui_culture: pool_.respond(asked_, clixml::value("en-US")); break;
        case get_window_size:
        case get_buffer_size:
        case get_max_window_size:
        case get_max_physical_window_size: pool_.respond(asked_, psrp::encode(actions_.window)); break;
        case get_window_title: pool_.respond(asked_, clixml::value("winrm")); break;
        case get_key_available: pool_.respond(asked_, clixml::value(false)); break;
        case read_line: return read(user_.line(""));
        case read_line_as_secure_string: return read_secret();
        case prompt_for_choice:
        case prompt_for_choice_multiple_selection: return choose();
        case prompt_for_credential1:
        case prompt_for_credential2: return credential();
        case prompt: return fields();
        default:
            if (asked_.call.wants_answer())
                pool_.fail(asked_, "winrm has no " + std::string(psrp::name(asked_.call.method)));
        }
        return 0;
    }

private:
    void write(const psrp::host_write& w)
    {
        const std::string text = w.text + (w.ends_line ? "\n" : "");
        using enum host_method;
        const auto m = asked_.call.method;
        const char* head = m == write_warning_line   ? "WARNING: "
                           : m == write_verbose_line ? "VERBOSE: "
                           : m == write_debug_line   ? "DEBUG: "
                                                     : "";
        if (*head != '\0' || m == write_error_line) actions_.write_error(head + text);
        else actions_.write(text);
    }

    int failed(const error& why)
    {
        pool_.fail(asked_, why.message());
        return user_.caught();
    }

    int read(result<std::string> said)
    {
        if (!said) return failed(said.error());
        pool_.respond(asked_, clixml::value(*said));
        return 0;
    }

    int read_secret()
    {
        auto said = user_.hidden_line("");
        if (!said) return failed(said.error());
        pool_.respond(asked_, std::move(*said));
        return 0;
    }

    int choose()
    {
        const auto p = psrp::read_choice_prompt(asked_.call);
        if (!p) return failed(p.error());
        std::string question = heading(p->caption, p->message);
        for (const auto& c : p->choices) question += "[" + key_of(c) + "] " + label_of(c) + "  ";
        if (!p->defaults.empty()) {
            const auto at = static_cast<std::size_t>(p->defaults.front());
            if (at < p->choices.size()) question += "(default is \"" + key_of(p->choices[at]) + "\")";
        }
        std::vector<std::int32_t> all;
        for (;;) {
            const auto said = user_.line(question + ": ");
            if (!said) return failed(said.error());
            question.clear();
            const std::string typed(base::trim(*said));
            if (typed.empty() && (p->multiple || !p->defaults.empty())) break;
            const auto one = chosen(*p, typed);
            if (one) all.push_back(*one);
            if (one && !p->multiple) break;
            if (!one) question = "one of the keys in brackets";
        }
        if (all.empty()) all = p->defaults;
        if (p->multiple) pool_.respond(asked_, psrp::encode(all));
        else pool_.respond(asked_, clixml::value(all.front()));
        return 0;
    }

    int credential()
    {
        const auto p = psrp::read_credential_prompt(asked_.call);
        if (!p) return failed(p.error());
        psrp::credential out;
        out.user_name = p->user_name;
        std::string before = heading(p->caption, p->message);
        if (out.user_name.empty()) {
            auto name = user_.line(before + "User: ");
            if (!name) return failed(name.error());
            out.user_name = std::move(*name);
            before.clear();
        }
        auto password = user_.hidden_line(before + "Password for user " + out.user_name + ": ");
        if (!password) return failed(password.error());
        out.password = std::move(*password);
        pool_.respond(asked_, std::move(out));
        return 0;
    }

    int fields()
    {
        const auto p = psrp::read_field_prompt(asked_.call);
        if (!p) return failed(p.error());
        std::string before = heading(p->caption, p->message);
        std::vector<psrp::field_answer> answers;
        for (const auto& f : p->fields) {
            const std::string question = std::exchange(before, {}) + f.name + ": ";
            if (f.is_credential()) {
                auto name = user_.line(question + "user: ");
                if (!name) return failed(name.error());
                auto password = user_.hidden_line("password: ");
                if (!password) return failed(password.error());
                answers.push_back({f.name, psrp::credential{std::move(*name), std::move(*password)}});
            } else if (f.is_secure_string()) {
                auto said = user_.hidden_line(question);
                if (!said) return failed(said.error());
                answers.push_back({f.name, std::move(*said)});
            } else {
                auto said = user_.line(question);
                if (!said) return failed(said.error());
                answers.push_back({f.name, clixml::value(*said)});
            }
        }
        pool_.respond(asked_, std::move(answers));
        return 0;
    }

    client_pool& pool_;
    const host_call_made& asked_;
    const host_actions& actions_;
    terminal_user user_;
};

} // namespace

int answer_host_call(client_pool& pool, const host_call_made& asked, const host_actions& actions)
{
    return host(pool, asked, actions).answer();
}

} // namespace winrm::cli
