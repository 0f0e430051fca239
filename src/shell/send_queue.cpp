#include "shell/send_queue.h"

#include "base/base64.h"

#include <algorithm>
#include <utility>

namespace winrm::shell {
namespace {

using base::milliseconds;

constexpr std::size_t send_overhead = 4096;     // a Send's envelope besides its base64, generously (two URIs, ids)
constexpr std::size_t min_send_envelope = 8192; // MS-WSMV 3.1.4.1.7: no host may take less
// A larger envelope gains nothing, and what waits for a TLS handshake must fit below net/tls.cpp's limit (4 MiB) with
// its HTTP head.
constexpr std::size_t max_send_envelope = 4 * 1024 * 1024 - 64 * 1024;
constexpr milliseconds first_busy_delay{50}, usual_busy_delay{5'000}, longest_busy_delay{60'000};

milliseconds longer(milliseconds delay)
{
    // A command that reads nothing for hours must not cost an envelope every few seconds.
    if (delay >= usual_busy_delay) return std::min(delay + delay / 8, longest_busy_delay);
    return std::clamp(delay * 2, first_busy_delay, usual_busy_delay);
}

} // namespace

send_size::send_size(std::size_t envelope) noexcept : envelope_(std::min(envelope, max_send_envelope)) {}

void send_size::learn(std::size_t envelope) noexcept
{
    learnt_ = true;
    if (envelope >= min_send_envelope) envelope_ = std::min(envelope, max_send_envelope);
}

bool send_size::shrink() noexcept
{
    if (envelope_ <= min_send_envelope) return false;
    envelope_ = std::max(min_send_envelope, envelope_ / 2);
    return true;
}

std::size_t send_size::piece() const noexcept
{
    return base::base64_capacity(std::max(envelope_, min_send_envelope) - send_overhead);
}

void send_queue::push(base::bytes data, bool end)
{
    if (phase_ != phase::open) return;
    if (data_.empty()) data_ = std::move(data);
    else data_ += data;
    if (end) phase_ = phase::ending;
    wanted_reported_ = false;
}

std::optional<send_piece> send_queue::poll(std::size_t most)
{
    const bool something = phase_ == phase::ending || (phase_ == phase::open && queued() > 0);
    if (!something || sending_) return std::nullopt;
    const std::size_t size = std::min(most, queued());
    sending_ = under_way{size, phase_ == phase::ending && size == queued()};
    return send_piece{data_.substr(taken_, size), sending_->end, delay_};
}

bool send_queue::poll_wanted(std::size_t high_water) noexcept
{
    return phase_ == phase::open && queued() < high_water && !std::exchange(wanted_reported_, true);
}

void send_queue::taken(milliseconds delay)
{
    if (!sending_) return;
    delay_ = delay;
    taken_ += sending_->size;
    if (sending_->end) phase_ = phase::ended;
    sending_.reset();
    // Copy only when more than half was sent: every byte is moved about once in all, and memory is given back.
    if (taken_ > data_.size() / 2) {
        data_ = data_.substr(taken_);
        taken_ = 0;
    }
}

void send_queue::handle_taken() { taken(milliseconds{0}); }
void send_queue::handle_taken_late() { taken(longer(delay_)); }
void send_queue::handle_busy() { handle_not_sent(longer(delay_)); }

void send_queue::handle_not_sent(std::optional<milliseconds> delay)
{
    sending_.reset();
    delay_ = delay.value_or(delay_);
}

void send_queue::drop()
{
    phase_ = phase::dropped;
    sending_.reset();
    data_ = {};
    taken_ = 0;
}

} // namespace winrm::shell
