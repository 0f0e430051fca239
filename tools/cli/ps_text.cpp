#include "cli/ps_text.h"

#include "base/text.h"
#include "clixml/console.h"
#include "clixml/json.h"
#include "clixml/writer.h"

#include <algorithm>

namespace winrm::cli {
namespace {

std::string with_end(std::string line)
{
    if (line.empty() || line.back() != '\n') line += '\n';
    return line;
}

constexpr std::size_t bar_width = 20;
constexpr std::size_t remembered_lines = 16;

/// The first `columns` characters; UTF-8 is not cut within one.
std::string cut(std::string text, std::size_t columns)
{
    std::size_t at = 0, shown = 0;
    while (at < text.size() && shown < columns) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
        ++shown;
    }
    text.resize(at);
    return text;
}

std::string csv_field(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        out += c;
        if (c == '"') out += c;
    }
    return out + '"';
}

} // namespace

std::string error_text(const psrp::error_record& e)
{
    std::string out;
    if (e.invocation && !e.invocation->name.empty()) out += e.invocation->name + " : ";
    out += with_end(e.text());
    if (e.invocation && !e.invocation->position_message.empty()) out += with_end(e.invocation->position_message);
    if (e.category_message) out += "    + CategoryInfo          : " + *e.category_message + "\n";
    if (!e.fully_qualified_error_id.empty())
        out += "    + FullyQualifiedErrorId : " + e.fully_qualified_error_id + "\n";
    return out;
}

std::string informational_text(const psrp::informational_record& r)
{
    using kind = psrp::informational_kind;
    const char* head = r.kind == kind::warning ? "WARNING: " : r.kind == kind::verbose ? "VERBOSE: " : "DEBUG: ";
    return with_end(head + r.message);
}

bool line_pairs::take(const std::string& line, std::deque<std::string>& others, std::deque<std::string>& own)
{
    if (const auto at = std::find(others.begin(), others.end(), line); at != others.end()) {
        others.erase(at);
        return false;
    }
    own.push_back(line);
    if (own.size() > remembered_lines) own.pop_front();
    return true;
}

std::string progress_text(const psrp::progress_record& r, std::size_t columns)
{
    std::string out = r.activity;
    if (r.percent_complete >= 0) {
        const auto percent = static_cast<std::size_t>(std::min(r.percent_complete, 100));
        const std::size_t full = percent * bar_width / 100;
        out +=
            "  [" + std::string(full, '#') + std::string(bar_width - full, '-') + "]  " + std::to_string(percent) + "%";
    }
    if (r.status && !r.status->empty()) out += "  " + *r.status;
    if (r.current_operation && !r.current_operation->empty()) out += "  " + *r.current_operation;
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return cut(std::move(out), columns);
}

std::string object_writer::write(const clixml::value& v)
{
    const bool first = std::exchange(first_, false);
    switch (format_) {
    case object_format::text: return with_end(clixml::to_text(v));
    case object_format::json: return (first ? "[\n" : ",\n") + clixml::to_json(v, {.plain = true});
    case object_format::jsonl: return clixml::to_json(v, {.plain = true}) + "\n";
    case object_format::clixml:
        return (first ? "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n" : "") +
               clixml::write(v) + "\n";
    case object_format::csv: break;
    }
    std::string out;
    if (first) {
        if (const auto* o = v.as_object()) {
            for (const auto* list : {&o->adapted, &o->extended})
                for (const auto& p : *list) columns_.emplace_back(p.name.view());
        }
        if (columns_.empty()) columns_.emplace_back("Value");
        for (std::size_t i = 0; i < columns_.size(); ++i) out += (i == 0 ? "" : ",") + csv_field(columns_[i]);
        out += '\n';
    }
    return out + csv(v);
}

std::string object_writer::csv(const clixml::value& v)
{
    std::string out;
    const bool plain = v.as_object() == nullptr || (v.as_object()->adapted.empty() && v.as_object()->extended.empty());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (i > 0) out += ',';
        const auto* field = plain ? (i == 0 ? &v : nullptr) : v.find(columns_[i]);
        if (field != nullptr && !field->is_null()) out += csv_field(clixml::to_text(*field));
    }
    return out + '\n';
}

std::string object_writer::end()
{
    if (format_ == object_format::json) return first_ ? "[]\n" : "\n]\n";
    if (format_ == object_format::clixml)
        return (first_ ? "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n"
                       : "") +
               std::string("</Objs>\n");
    return {};
}

} // namespace winrm::cli
