#include "winrm/commands.h"
#include "winrm/explain.h"
#include "winrm/report.h"

#include "base/text.h"

namespace winrm::cli {
namespace {

std::string describe(std::uint32_t code, const explanation& e)
{
    std::string out = std::to_string(code) + " = " + hex_code(code);
    if ((code & 0x80000000U) != 0) out += " = " + std::to_string(static_cast<std::int32_t>(code));
    out += " (" + std::string(e.family) + ")\n  meaning: " + std::string(e.meaning) +
           "\n  what to do: " + std::string(e.advice) + "\n";
    return out;
}

} // namespace

int explain_command(const options& o)
{
    int status = 0;
    json_writer w;
    w.begin_object();
    w.begin_array("codes");
    for (const auto& text : o.codes) {
        const auto code = parse_code(text);
        if (!code) {
            return fail({},
                        error(errc::bad_argument,
                              base::printable(text, 60) + " is no code: 2150858843, 0x8033805B and -2144108453 are"),
                        false);
        }
        const auto* known = explain(*code);
        w.begin_object();
        w.number("code", *code);
        w.text("hex", hex_code(*code));
        w.boolean("known", known != nullptr);
        if (known != nullptr) {
            w.text("family", known->family);
            w.text("meaning", known->meaning);
            w.text("advice", known->advice);
            if (!o.json) {
                if (const int failed = print(describe(*code, *known))) return failed;
            }
        } else {
            status = 1;
            write_all(2, "winrm: " + std::to_string(*code) + " = " + hex_code(*code) + " is not in the table\n");
        }
        w.end_object();
    }
    w.end_array();
    w.end_object();
    return o.json ? print(w.str() + "\n", status) : status;
}

} // namespace winrm::cli
