#include "client/redact.h"

namespace winrm::remote {

namespace {

/// Replaces the text between the end of each start tag `<name …>` and the next '<'. Our own writer's prefixes are
/// known.
void strike(std::string& text, base::bytes_view tag)
{
    std::size_t at = 0;
    while ((at = text.find(tag, at)) != std::string::npos) {
        const std::size_t open_end = text.find('>', at);
        if (open_end == std::string::npos) return;
        at = open_end + 1;
        if (text[open_end - 1] == '/') continue;
        const std::size_t close = text.find('<', at);
        const std::size_t length = (close == std::string::npos ? text.size() : close) - at;
        if (length == 0) continue;
        const std::string note = "[" + std::to_string(length) + " characters struck out]";
        text.replace(at, length, note);
        at += note.size();
    }
}

} // namespace

std::string redact_request(base::bytes_view envelope)
{
    std::string text(envelope);
    strike(text, "<rsp:Stream");
    strike(text, "<rsp:Variable");
    return text;
}

} // namespace winrm::remote
