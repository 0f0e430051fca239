#include "http/output_queue.h"

#include "base/secret.h"

#include <algorithm>
#include <utility>

namespace winrm::http {
namespace {
constexpr std::size_t small_body = 16 * 1024; // bytes; below, a copy costs less than a second write
}

output_queue::~output_queue() { clear(); }

void output_queue::push(std::string head, std::string body, bool secret)
{
    if (body.size() <= small_body) {
        std::string whole;
        whole.reserve(head.size() + body.size());
        whole.append(head).append(body);
        if (secret) base::wipe(head.data(), head.size());
        add({std::move(whole), secret});
        return;
    }
    add({std::move(head), secret});
    add({std::move(body), false});
}

void output_queue::add(piece p)
{
    if (p.text.empty()) return;
    if (current_.text.empty()) current_ = std::move(p);
    else later_.push_back(std::move(p));
}

void output_queue::written(std::size_t count)
{
    offset_ += std::min(count, current_.text.size() - offset_);
    if (offset_ < current_.text.size() || current_.text.empty()) return;
    drop(current_);
    offset_ = 0;
    if (later_.empty()) return;
    current_ = std::move(later_.front());
    later_.erase(later_.begin());
    if (later_.empty()) later_.shrink_to_fit();
}

void output_queue::drop(piece& p)
{
    if (p.secret) base::wipe(p.text.data(), p.text.size());
    std::string{}.swap(p.text); // an assignment would keep the memory
    p.secret = false;
}

void output_queue::clear()
{
    drop(current_);
    for (piece& p : later_) drop(p);
    std::vector<piece>{}.swap(later_);
    offset_ = 0;
}

} // namespace winrm::http
