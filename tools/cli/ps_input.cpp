#include "cli/ps_input.h"

#include "base/text.h"
#include "clixml/json.h"

namespace winrm::cli {
namespace {

constexpr std::size_t longest_line = 64 * 1024 * 1024;

} // namespace

input_reader::input_reader(const std::string& format)
    : kind_(format == "jsonl"    ? kind::jsonl
            : format == "clixml" ? kind::clixml
                                 : kind::lines)
{
    if (kind_ == kind::clixml) reader_.emplace();
}

std::vector<clixml::value> input_reader::received(base::bytes_view piece, bool end)
{
    std::vector<clixml::value> out;
    if (failure_) return out;
    if (reader_) {
        reader_->received(piece);
        if (end) reader_->end_of_stream();
        poll_clixml(out);
        return out;
    }
    for (auto at = piece.find('\n'); at != base::bytes_view::npos && !failure_; at = piece.find('\n')) {
        kept_.append(piece.substr(0, at));
        piece.remove_prefix(at + 1);
        take_line(kept_, out);
        kept_.clear();
    }
    kept_.append(piece);
    if (kept_.size() > longest_line)
        failure_ = error(errc::bad_argument, "a line of standard input is longer than 64 MiB");
    if (end && !kept_.empty() && !failure_) take_line(kept_, out);
    return out;
}

void input_reader::take_line(base::bytes_view line, std::vector<clixml::value>& into)
{
    ++lines_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (kind_ == kind::lines) return into.emplace_back(line), void();
    if (base::trim(line).empty()) return;
    auto read = clixml::from_json(line);
    if (read) into.push_back(std::move(*read));
    else
        failure_ = error(errc::bad_argument, "line " + std::to_string(lines_) +
                                                 " of standard input is not JSON: " + read.error().message());
}

void input_reader::poll_clixml(std::vector<clixml::value>& into)
{
    for (;;) {
        auto next = reader_->poll();
        if (!next) {
            failure_ = error(errc::bad_argument, "standard input is not CLIXML: " + next.error().message());
            return;
        }
        if (!*next) return;
        into.push_back(std::move((*next)->content));
    }
}

} // namespace winrm::cli
