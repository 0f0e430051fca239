#include "http/answer_head.h"

#include "base/text.h"
#include "http/beast_parser.h"
#include "http/media_type.h"
#include "http/request_head.h"

#include <utility>

namespace winrm::http {

void set_type(response& answer, std::string_view content_type)
{
    auto type = parse_media_type(content_type);
    answer.media_type = std::move(type.type);
    answer.charset = std::move(type.charset);
}

bool read_answer_head(std::string_view text, answer_head& head)
{
    status_line line;
    bool length_seen = false, coding_seen = false;
    const auto field = [&](std::string_view name, std::string_view value) {
        if (base::iequals(name, "Content-Length")) {
            head.length = parse_length(value);
            if (!head.length || std::exchange(length_seen, true))
                head.wrong = "the answer's Content-Length is not one number";
        } else if (base::iequals(name, "Transfer-Encoding")) {
            head.chunked = base::iequals(value, "chunked");
            if (!head.chunked || std::exchange(coding_seen, true))
                head.wrong = "the answer's Transfer-Encoding is not chunked";
        } else if (base::iequals(name, "Content-Encoding")) {
            if (!base::iequals(value, "identity"))
                head.wrong = "the answer is compressed though that was not asked for";
        } else if (base::iequals(name, "Content-Type")) {
            head.content_type = value;
            set_type(head.out, value);
        } else if (base::iequals(name, "WWW-Authenticate")) {
            head.out.challenges.emplace_back(value);
        } else if (base::iequals(name, "Server")) {
            head.out.server = value;
        } else if (base::iequals(name, "Location")) {
            head.out.location = value;
        } else if (base::iequals(name, "Connection")) {
            head.close = head.close || list_has(value, "close");
        }
    };
    if (!parse_response(text, line, field)) {
        head.out.reason = std::move(line.reason);
        return false;
    }
    if (head.length && head.chunked) head.wrong = "the answer has a length and comes in chunks";
    if (head.chunked && line.version != 11)
        head.wrong = "the answer comes in chunks, which its HTTP version does not have";
    head.out.status = line.status;
    head.out.reason = std::move(line.reason);
    head.version = line.version;
    return true;
}

} // namespace winrm::http
