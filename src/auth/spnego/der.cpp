#include "auth/spnego/der.h"

namespace winrm::auth::spnego {

std::optional<der_reader::element> der_reader::next() noexcept
{
    if (failed_ || rest_.empty()) return std::nullopt;
    failed_ = true; // until the element is known to be whole
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest_[at]); };
    if (rest_.size() < 2 || (byte(0) & 0x1f) == 0x1f) return std::nullopt; // tags of several bytes: none of ours
    std::size_t head = 2;
    std::size_t size = byte(1);
    if (size >= 0x80) {
        const std::size_t digits = size & 0x7f;
        if (digits == 0 || digits > 4 || rest_.size() < 2 + digits || byte(2) == 0) return std::nullopt;
        size = 0;
        for (std::size_t i = 0; i < digits; ++i) size = size << 8 | byte(2 + i);
        if (size < 0x80) return std::nullopt; // X.690 10.1: the shortest form
        head += digits;
    }
    if (size > rest_.size() - head) return std::nullopt;
    failed_ = false;
    element out{byte(0), rest_.substr(head, size), rest_.substr(0, head + size)};
    rest_.remove_prefix(head + size);
    return out;
}

std::optional<base::bytes_view> der_reader::take(unsigned char tag) noexcept
{
    const auto got = next();
    if (!got || got->tag != tag) {
        failed_ = true;
        return std::nullopt;
    }
    return got->content;
}

base::bytes der(unsigned char tag, base::bytes_view content)
{
    base::bytes length;
    std::size_t size = content.size();
    if (size < 0x80) length.push_back(static_cast<char>(size));
    else {
        for (; size > 0; size >>= 8) length.insert(length.begin(), static_cast<char>(size & 0xff));
        length.insert(length.begin(), static_cast<char>(0x80 | length.size()));
    }
    base::bytes out;
    out.reserve(1 + length.size() + content.size());
    out.push_back(static_cast<char>(tag));
    return out.append(length).append(content);
}

} // namespace winrm::auth::spnego
