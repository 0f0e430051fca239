// winrm clixml: PowerShell's CLIXML as JSON or text, and back. No network.
#include "cli/commands.h"
#include "cli/report.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "clixml/console.h"
#include "clixml/json.h"
#include "clixml/reader.h"
#include "clixml/writer.h"

#include <cerrno>
#include <functional>

#include <fcntl.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

constexpr std::size_t piece_size = 64ul * 1024;
/// Written to standard output at once.
constexpr std::size_t block_size = 256ul * 1024;

/// Ten times what a PSRP message may hold: the user asked for this file.
constexpr clixml::limits bounds{.depth = 200, .values = 20'000'000, .bytes = 1024ul * 1024 * 1024, .recalled = 500'000};

/// Items in the format that was asked for, as they come.
class converter
{
public:
    explicit converter(const options& o) : format_(o.format), plain_(o.plain)
    {
        if (format_ == "clixml") document_.emplace();
    }

    /// @return false and errno when standard output does not take it
    [[nodiscard]] bool add(const clixml::item& i)
    {
        if (document_) document_->add(i.content, i.stream);
        else if (format_ == "text") add_text(i);
        else if (format_ == "jsonl") out_ += json(i) + '\n';
        else {
            out_ += first_ ? "[\n" : ",\n";
            out_ += json(i);
        }
        first_ = false;
        return flush(block_size);
    }
    [[nodiscard]] bool finish()
    {
        if (document_) document_->finish();
        else if (format_ == "json") out_ += first_ ? "[]\n" : "\n]\n";
        const bool written = flush(0);
        if (!written || !document_) return written;
        return write_all(1, "\n");
    }

private:
    [[nodiscard]] std::string json(const clixml::item& i) const
    {
        if (plain_) return clixml::to_json(i.content, {.plain = true});
        return clixml::to_json(i);
    }
    /// Objects of several lines are set apart by an empty one, as Format-List does.
    void add_text(const clixml::item& i)
    {
        const std::string words = clixml::console_text(i);
        const bool apart = i.content.as_object() != nullptr && words.find('\n') + 1 < words.size();
        if (apart && !first_ && !out_.ends_with("\n\n")) out_ += '\n';
        out_ += words;
        if (apart) out_ += '\n';
    }
    [[nodiscard]] bool flush(std::size_t at_least)
    {
        if (document_) out_ += document_->take_output();
        if (out_.size() < at_least || out_.empty()) return true;
        const bool written = write_all(1, out_);
        out_.clear();
        return written;
    }

    std::string format_, out_;
    bool plain_, first_ = true;
    std::optional<clixml::document_writer> document_;
};

/// A file read piece by piece.
class source
{
public:
    /// @return 0 or errno
    int open(const std::string& file)
    {
        if (file == "-") return 0;
        fd_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
        return fd_ < 0 ? errno : 0;
    }
    source() = default;
    source(const source&) = delete;
    source& operator=(const source&) = delete;
    ~source()
    {
        if (fd_ > 0) ::close(fd_);
    }
    /// The next piece, "" at the end.  @return 0 or errno
    int next(std::string& piece) const
    {
        piece.resize(piece_size);
        ssize_t n = 0;
        do n = ::read(fd_, piece.data(), piece.size());
        while (n < 0 && errno == EINTR);
        piece.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return n < 0 ? errno : 0;
    }

private:
    int fd_ = 0;
};

/// What ended the work: nothing, bad input, or a standard output that takes no more (errno).
struct outcome
{
    std::optional<error> failure{};
    int not_written = 0;
};

error cannot_read(int number) { return {errc::bad_argument, "it cannot be read: " + base::file_reason(number)}; }

outcome convert_clixml(const source& from, converter& to)
{
    clixml::reader reader(bounds);
    std::string piece;
    for (;;) {
        if (const int why = from.next(piece); why != 0) return {cannot_read(why)};
        if (piece.empty()) reader.end_of_stream();
        else reader.received(piece);
        for (;;) {
            const auto next = reader.poll();
            if (!next) return {next.error()};
            if (!*next) break;
            if (!to.add(**next)) return {{}, errno};
        }
        if (piece.empty()) return {};
    }
}

outcome convert_json(const source& from, converter& to)
{
    std::string whole, piece;
    for (;;) {
        if (const int why = from.next(piece); why != 0) return {cannot_read(why)};
        if (piece.empty()) break;
        if (whole.size() + piece.size() > bounds.bytes) return {error(errc::too_large, "the JSON is too long")};
        whole += piece;
    }
    const auto items = clixml::items_from_json(whole, bounds);
    if (!items) return {items.error()};
    for (const clixml::item& i : *items) {
        if (!to.add(i)) return {{}, errno};
    }
    return {};
}

outcome convert_json_lines(const source& from, converter& to)
{
    std::string waiting, piece;
    for (std::size_t line = 1;;) {
        if (const int why = from.next(piece); why != 0) return {cannot_read(why)};
        const bool ended = piece.empty();
        waiting += ended ? "\n" : piece;
        if (waiting.size() > bounds.bytes) return {error(errc::too_large, "a line of the JSON is too long")};
        std::size_t at = 0;
        for (auto end = waiting.find('\n'); end != std::string::npos; end = waiting.find('\n', at), ++line) {
            const base::bytes_view text = base::trim(base::bytes_view(waiting).substr(at, end - at));
            at = end + 1;
            if (text.empty()) continue;
            const auto i = clixml::item_from_json(text, bounds);
            if (!i) {
                error e = i.error();
                const std::string where = "line " + std::to_string(line) + " of the file: ";
                return {std::move(e.with_message(e.code(), where, ""))};
            }
            if (!to.add(*i)) return {{}, errno};
        }
        waiting.erase(0, at);
        if (ended) return {};
    }
}

} // namespace

int clixml_command(const options& o)
{
    source from;
    const std::string name = o.file == "-" ? "standard input" : o.file;
    if (const int why = from.open(o.file); why != 0) return fail(name, cannot_read(why), false);
    converter to(o);
    const outcome became = o.from == "json"    ? convert_json(from, to)
                           : o.from == "jsonl" ? convert_json_lines(from, to)
                                               : convert_clixml(from, to);
    if (became.not_written != 0) {
        errno = became.not_written;
        return printed(false);
    }
    // What was whole is printed, and complete for a program that reads it.
    const bool written = to.finish();
    if (became.failure) return fail(name, *became.failure, false);
    return printed(written);
}

} // namespace winrm::cli
