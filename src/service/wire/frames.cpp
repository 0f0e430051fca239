#include "service/wire/frames.h"

#include "service/wire/frame_fields.h"

#include <type_traits>
#include <utility>

namespace winrm::service::wire {
namespace {

/// Bytes that the writer appends for the same fields.
class meter
{
public:
    template <class T> void number(const T&) { size_ += sizeof(T); }
    void flag(const bool&) { ++size_; }
    void text(const std::string& value, std::size_t) { size_ += 4 + value.size(); }
    void secret(const base::secret& value, std::size_t) { size_ += 4 + value.reveal().size(); }
    void rest(const std::string& value, std::size_t) { size_ += value.size(); }
    template <class E> void choice(const E&, E) { ++size_; }
    template <class T> void group(const T& value) { fields(*this, value); }
    template <class T> void list(const std::vector<T>& all, std::size_t)
    {
        size_ += 4;
        for (const T& one : all) fields(*this, one);
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    std::size_t size_ = 1; // the type
};

/// Appends. Memory is reserved at once: a string that grew would leave a copy of a secret behind.
class writer
{
public:
    writer(std::size_t index, std::size_t size)
    {
        out_.reserve(size);
        out_ += static_cast<char>(index + 1);
    }

    template <class T> void number(const T& value)
    {
        auto rest = static_cast<std::uint64_t>(value);
        for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8) out_ += static_cast<char>(rest & 0xff);
    }
    void flag(const bool& value) { out_ += value ? '\1' : '\0'; }
    void text(const std::string& value, std::size_t) { counted(value); }
    void secret(const base::secret& value, std::size_t) { counted(value.reveal()); }
    /// Runs to the end of the frame, so that it need not be joined to the head.
    void rest(const std::string& value, std::size_t)
    {
        if (with_rest_) out_ += value;
    }
    template <class E> void choice(const E& value, E) { out_ += static_cast<char>(value); }
    template <class T> void group(const T& value) { fields(*this, value); }
    template <class T> void list(const std::vector<T>& all, std::size_t)
    {
        number(static_cast<std::uint32_t>(all.size()));
        for (const T& one : all) fields(*this, one);
    }
    void leave_out_rest() { with_rest_ = false; }
    [[nodiscard]] base::bytes take() { return std::move(out_); }

private:
    void counted(base::bytes_view value)
    {
        number(static_cast<std::uint32_t>(value.size()));
        out_ += value;
    }
    base::bytes out_;
    bool with_rest_ = true;
};

/// Takes fields from the front; after the first failure everything fails.
class reader
{
public:
    explicit reader(base::bytes& in) : in_(in), at_(1) {}

    template <class T> void number(T& value)
    {
        if (!need(sizeof(T))) return;
        std::uint64_t sum = 0;
        for (std::size_t i = sizeof(T); i-- > 0;) sum = sum << 8 | static_cast<unsigned char>(in_[at_ + i]);
        at_ += sizeof(T);
        value = static_cast<T>(sum);
    }
    void flag(bool& value)
    {
        unsigned char byte = 0;
        number(byte);
        if (byte > 1) valid_ = false;
        value = byte == 1;
    }
    void text(std::string& value, std::size_t most)
    {
        const base::bytes_view got = counted(most);
        if (valid_) value.assign(got);
    }
    void secret(base::secret& value, std::size_t most)
    {
        const base::bytes_view got = counted(most);
        if (!valid_) return;
        value = base::secret{std::string{got}};
        base::wipe(in_.data() + at_ - got.size(), got.size());
    }
    void rest(std::string& value, std::size_t most)
    {
        if (in_.size() - at_ > most) valid_ = false;
        if (!valid_) return;
        in_.erase(0, at_); // the frame's own memory becomes the envelope
        at_ = 0;
        value = std::move(in_);
        in_.clear();
    }
    /// @param last  of its enumerators
    template <class E> void choice(E& value, E last)
    {
        unsigned char byte = 0;
        number(byte);
        if (byte > static_cast<unsigned char>(last)) valid_ = false;
        else value = static_cast<E>(byte);
    }
    template <class T> void group(T& value) { fields(*this, value); }
    template <class T> void list(std::vector<T>& all, std::size_t most)
    {
        std::uint32_t count = 0;
        number(count);
        if (count > most) valid_ = false;
        for (std::uint32_t i = 0; valid_ && i < count; ++i) fields(*this, all.emplace_back());
    }
    [[nodiscard]] bool complete() const noexcept { return valid_ && at_ == in_.size(); }

private:
    bool need(std::size_t size)
    {
        if (valid_ && in_.size() - at_ < size) valid_ = false;
        return valid_;
    }
    base::bytes_view counted(std::size_t most)
    {
        std::uint32_t size = 0;
        number(size);
        if (size > most || !need(size)) {
            valid_ = false;
            return {};
        }
        at_ += size;
        return base::bytes_view{in_}.substr(at_ - size, size);
    }
    base::bytes& in_;
    std::size_t at_;
    bool valid_ = true;
};

template <class T> std::optional<frame> read(base::bytes& payload)
{
    T value;
    reader in{payload};
    fields(in, value);
    if (!in.complete()) return std::nullopt;
    return frame{std::move(value)};
}

template <std::size_t... I>
std::optional<frame> read(std::size_t index, base::bytes& payload, std::index_sequence<I...>)
{
    std::optional<frame> got;
    static_cast<void>(((index == I && (got = read<std::variant_alternative_t<I, frame>>(payload), true)) || ...));
    return got;
}

template <class T> base::bytes encode_one(const T& value)
{
    meter size;
    fields(size, value);
    writer out{frame_index<T>(), size.size()};
    fields(out, value);
    return out.take();
}

template <class T> base::bytes head_of(const T& value)
{
    writer out{frame_index<T>(), 0};
    out.leave_out_rest();
    fields(out, value);
    return out.take();
}

} // namespace

base::bytes encode(const frame& f)
{
    return std::visit([](const auto& value) { return encode_one(value); }, f);
}

base::bytes encode(const front_setup& s) { return encode_one(s); }
base::bytes encode(const token_setup& s) { return encode_one(s); }
base::bytes encode(const token_step& s) { return encode_one(s); }
base::bytes encode(const token_answer& a) { return encode_one(a); }
base::bytes encode(const login_answer& a) { return encode_one(a); }

base::bytes encode_head(const request& r) { return head_of(r); }
base::bytes encode_head(const reply& r) { return head_of(r); }

std::optional<frame> decode(base::bytes&& payload)
{
    base::bytes in = std::move(payload);
    if (in.empty()) return std::nullopt;
    const std::size_t index = static_cast<unsigned char>(in.front()) - std::size_t{1}; // 0 wraps to no frame's index
    auto got = read(index, in, std::make_index_sequence<std::variant_size_v<frame>>{});
    base::wipe(in.data(), in.size()); // it may have held a password or a key; an envelope was moved out
    return got;
}

} // namespace winrm::service::wire
