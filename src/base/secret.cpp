#include "base/secret.h"

#include <cstring>
#include <utility>

namespace winrm::base {

void wipe(void* data, std::size_t size) noexcept
{
    if (size != 0) explicit_bzero(data, size);
}

[[gnu::noinline]] void wipe_stack() noexcept
{
    char left[16 * 1024];
    explicit_bzero(left, sizeof left);
}

namespace {

// Short strings lie inside the object and moving or swapping leaves their bytes behind: whole capacity, every time.
void scrub(std::string& text) noexcept
{
    text.resize(text.capacity());
    wipe(text.data(), text.size());
    text.clear();
}

} // namespace

secret::secret(std::string&& text) : text_(std::move(text)) { scrub(text); }

secret::secret(secret&& other) noexcept : text_(std::move(other.text_)) { scrub(other.text_); }

secret& secret::operator=(secret&& other) noexcept
{
    if (this != &other) {
        scrub(text_);
        text_.swap(other.text_);
        scrub(other.text_);
    }
    return *this;
}

secret::~secret() { scrub(text_); }

bool secret::operator==(const secret& other) const noexcept
{
    if (text_.size() != other.text_.size()) return false;
    unsigned different = 0;
    for (std::size_t i = 0; i < text_.size(); ++i)
        different |= static_cast<unsigned char>(text_[i]) ^ static_cast<unsigned char>(other.text_[i]);
    return different == 0;
}

secret secret::clone() const { return secret(std::string(text_)); }

} // namespace winrm::base
