#include "cli/report.h"

#include "cli/explain.h"
#include "cli/login_words.h"
#include "cli/remedy.h"

#include "base/system_reason.h"
#include "base/text.h"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

/// What the peer said, as one line.
std::string words_of(const error& e)
{
    std::string text = e.peer_text();
    if (text.empty() && e.fault() != nullptr)
        text = e.fault()->message.empty() ? e.fault()->reason : e.fault()->message;
    for (char& c : text) {
        if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    }
    std::string out;
    for (const char c : base::trim(text)) {
        if (c != ' ' || out.empty() || out.back() != ' ') out += c;
    }
    return base::printable(out, 400);
}

/// Of a login that failed.
void write_login(json_writer& w, const error& e)
{
    if (!e.tried().empty()) {
        w.begin_array("tried");
        for (const auto& a : e.tried()) {
            w.begin_object();
            w.text("mechanism", a.mechanism);
            w.text("cause", a.cause);
            w.text("sentence", a.sentence);
            if (!a.detail.empty()) w.text("detail", a.detail);
            w.end_object();
        }
        w.end_array();
    }
    if (!e.offered().empty()) {
        w.begin_array("offered");
        for (const auto& scheme : e.offered()) w.text({}, scheme);
        w.end_array();
    }
    if (const auto advice = login_advice(e); !advice.empty()) w.text("advice", advice);
}

} // namespace

std::string error_line(base::bytes_view host, const error& e)
{
    std::string out = "winrm: ";
    if (!host.empty()) out += base::printable(host, 255) + ": ";
    std::string sentence = with_remedies(e);
    if (const auto more = explain_login(e); !more.empty()) {
        if (sentence.ends_with('.')) sentence.pop_back();
        sentence += more;
    }
    base::bytes_view message = sentence;
    // Not "web1: web1 port 5986 refuses…".
    if (!host.empty() && message.starts_with(std::string(host) + " port ")) message.remove_prefix(host.size() + 1);
    out += base::printable(message, 1500);
    const auto words = words_of(e);
    const base::bytes_view core = base::bytes_view(words).substr(0, words.size() - (words.ends_with('.') ? 1 : 0));
    // Leave the host's words of a fault out if our sentence has them. Other words of the peer always follow, even where
    // a substring matches: our sentence ends with "it names" or the like.
    const bool said = e.peer_text().empty() && out.find(core) != std::string::npos;
    if (!words.empty() && !said) out += ": " + words;
    if (const auto* f = e.fault(); f != nullptr && f->code != 0) {
        out += " (" + std::to_string(f->code) + " = " + hex_code(f->code);
        if (const auto* known = explain(f->code)) {
            out += ": ";
            out += known->meaning;
            out += "; ";
            out += known->advice;
        }
        out += ')';
    }
    return out + "\n";
}

void write_error(json_writer& w, const error& e, const std::function<void()>& more)
{
    w.begin_object("error");
    w.text("code", name(e.code()));
    w.text("message", with_remedies(e));
    if (e.remedy() != remedy::none) w.text("remedy", name(e.remedy()));
    if (!e.peer_text().empty()) w.text("peer_text", e.peer_text());
    write_login(w, e);
    if (e.http_status() != 0) w.number("http_status", e.http_status());
    if (more) more();
    if (const auto* f = e.fault()) {
        w.begin_object("fault");
        w.number("code", f->code);
        w.text("hex", hex_code(f->code));
        w.text("role", f->role);
        w.text("subcode", f->subcode);
        w.text("reason", f->reason);
        w.text("message", f->message);
        w.text("machine", f->machine);
        w.text("detail", f->detail);
        if (const auto* known = explain(f->code)) {
            w.text("meaning", known->meaning);
            w.text("advice", known->advice);
        }
        w.end_object();
    }
    w.end_object();
}

bool write_all(int fd, base::bytes_view text) noexcept
{
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n >= 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) { // someone else made it non-blocking
            pollfd p{fd, POLLOUT, 0};
            ::poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

error cannot_write(base::bytes_view stream, int number)
{
    return {errc::internal, std::string(stream) + " cannot be written: " +
                                (number == EBADF ? "it is closed" : base::file_reason(number))};
}

int printed(bool written, int status)
{
    if (written) return status;
    const int why = errno;
    if (why == EPIPE) return reader_gone; // as any program whose reader left
    write_all(2, error_line({}, cannot_write("standard output", why)));
    return trouble;
}

int print(base::bytes_view text, int status) { return printed(write_all(1, text), status); }

void print_failure(base::bytes_view host, const error& e)
{
    json_writer w;
    w.begin_object();
    w.text("host", host);
    write_error(w, e);
    w.end_object();
    write_all(1, w.str() + "\n");
}

int fail(base::bytes_view host, const error& e, bool json)
{
    if (json) print_failure(host, e);
    write_all(2, error_line(host, e));
    return trouble;
}

} // namespace winrm::cli
