#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/login_words.h"
#include "cli/report.h"

#include "base/text.h"

namespace winrm::cli {
namespace {

std::string name_of(const wrapped_code& inner)
{
    const bool is_small = inner.code < 0x10000;
    return std::string(inner.family) +
           (inner.family == "HTTP" ? " status "
            : is_small             ? " error "
                                   : " ") +
           (is_small ? std::to_string(inner.code) : hex_code(inner.code));
}

std::string describe(std::uint32_t code, const explanation& e)
{
    std::string out = std::to_string(code) + " = " + hex_code(code);
    if ((code & 0x80000000U) != 0) out += " = " + std::to_string(static_cast<std::int32_t>(code));
    out += " (" + (e.code == code ? std::string(e.family) : name_of(*unwrap(code))) +
           ")\n  meaning: " + std::string(e.meaning) + "\n  what to do: " + std::string(e.advice) + "\n";
    return out;
}

std::string question(base::bytes_view typed)
{
    const auto meant = meant_as_hex(typed);
    return meant ? "; is " + hex_code(*meant) + " meant?" : "";
}

std::string not_known(std::uint32_t code, base::bytes_view typed)
{
    std::string out = "winrm: " + std::to_string(code) + " = " + hex_code(code) + " is not in the table";
    if (const auto inner = unwrap(code)) {
        out += "; it carries " + name_of(*inner);
        if (inner->family == "Windows")
            out += ", and on Windows \"net helpmsg " + std::to_string(inner->code) + "\" tells what that is";
    }
    return out + question(typed) + "\n";
}

/// A cause of a failed login, as error.tried has it.  @return what print() says
int explain_cause(json_writer& w, const std::string& cause, bool json)
{
    const base::bytes_view sentence = meaning_of(cause); // with a full stop
    const base::bytes_view meaning = sentence.substr(0, sentence.size() - 1);
    w.begin_object();
    w.text("cause", cause);
    w.boolean("known", true);
    w.text("family", "login");
    w.text("meaning", meaning);
    w.text("advice", advice_for(cause));
    w.end_object();
    if (json) return 0;
    return print(cause + " (login)\n  meaning: " + std::string(meaning) +
                 "\n  what to do: " + std::string(advice_for(cause)) + "\n");
}

} // namespace

int explain_command(const options& o)
{
    int status = 0;
    json_writer w;
    w.begin_object();
    w.begin_array("codes");
    for (const auto& text : o.codes) {
        if (!advice_for(text).empty()) {
            if (const int failed = explain_cause(w, text, o.json)) return failed;
            continue;
        }
        const auto code = parse_code(text);
        if (!code) {
            return fail({},
                        error(errc::bad_argument, base::printable(text, 60) +
                                                      " is no code: 2150858843, 0x8033805B and -2144108453 are, and "
                                                      "causes of failed logins like no_kdc" +
                                                      question(text)),
                        false);
        }
        const auto* known = explain(*code);
        w.begin_object();
        w.number("code", *code);
        w.text("hex", hex_code(*code));
        w.boolean("known", known != nullptr);
        if (const auto inner = unwrap(*code)) w.number("carries", inner->code);
        if (known != nullptr) {
            w.text("family", known->family);
            w.text("meaning", known->meaning);
            w.text("advice", known->advice);
            if (!o.json) {
                if (const int failed = print(describe(*code, *known))) return failed;
            }
        } else {
            status = 1;
            if (const auto meant = meant_as_hex(text)) w.text("did_you_mean", hex_code(*meant));
            write_all(2, not_known(*code, text));
        }
        w.end_object();
    }
    w.end_array();
    w.end_object();
    return o.json ? print(w.str() + "\n", status) : status;
}

} // namespace winrm::cli
