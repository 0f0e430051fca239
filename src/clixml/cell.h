// Sixteen bytes that hold a number, a short text, or a counted node: what text and value are made of.
#pragma once

#include "base/bytes.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <utility>

namespace winrm::clixml {

/// What a value is. The order is that of the table in kinds.cpp.
enum class kind : std::uint8_t {
    null,
    boolean,
    character, ///< one UTF-16 code unit
    int8,
    uint8,
    int16,
    uint16,
    int32,
    uint32,
    int64,
    uint64,
    single_precision,
    double_precision,
    decimal,
    date_time,
    duration,
    string,
    bytes,
    guid,
    uri,
    version,
    xml_document,
    script_block,
    secure_string,   ///< cipher text in base64, as it came
    object,          ///< `object`: properties, container, enum, extended primitive
    progress_record, ///< PR; its parts are extended properties, named as in MS-PSRP 2.2.5.1.25
    property_set,    ///< an MS element inside MS (2.2.5.2.9); its members are extended properties
    reference,       ///< to an object that this value stands inside of
    unknown          ///< an element that 2.2.5 does not name, as XML text
};

namespace detail {

struct node
{
    std::atomic<std::uint32_t> uses{1};
};

struct text_node : node
{
    std::size_t size = 0; ///< the bytes stand behind
    [[nodiscard]] const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    [[nodiscard]] char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
};

struct object_node;

class cell
{
public:
    static constexpr std::size_t longest_inline = 14;

    cell() noexcept { clear(); }
    cell(const cell& other) noexcept
    {
        std::memcpy(raw_, other.raw_, sizeof raw_);
        if (is_node()) base_node()->uses.fetch_add(1, std::memory_order_relaxed);
    }
    cell(cell&& other) noexcept
    {
        std::memcpy(raw_, other.raw_, sizeof raw_);
        other.clear();
    }
    cell& operator=(cell other) noexcept
    {
        unsigned char kept[sizeof raw_];
        std::memcpy(kept, raw_, sizeof raw_);
        std::memcpy(raw_, other.raw_, sizeof raw_);
        std::memcpy(other.raw_, kept, sizeof raw_);
        return *this;
    }
    ~cell()
    {
        if (is_node()) release();
    }

    /// A number's eight bytes, and two more where a date keeps its zone.
    [[nodiscard]] static cell number(kind what, std::uint64_t bits, std::int16_t extra = 0) noexcept
    {
        cell made;
        made.raw_[0] = static_cast<unsigned char>(what);
        std::memcpy(made.raw_ + 2, &extra, sizeof extra);
        std::memcpy(made.raw_ + 8, &bits, sizeof bits);
        return made;
    }
    [[nodiscard]] static cell text(kind what, base::bytes_view content)
    {
        cell made;
        if (content.size() > longest_inline) return long_text(what, content);
        made.raw_[0] = static_cast<unsigned char>(what);
        made.raw_[1] = static_cast<unsigned char>(content.size());
        if (!content.empty()) std::memcpy(made.raw_ + 2, content.data(), content.size());
        return made;
    }
    /// Text of `size` bytes to be filled in through `data`, before anybody else sees the cell.
    [[nodiscard]] static cell room(kind what, std::size_t size, char*& data);
    [[nodiscard]] static cell object(kind what, object_node* adopted) noexcept;

    [[nodiscard]] kind what() const noexcept { return static_cast<kind>(raw_[0]); }
    [[nodiscard]] std::uint64_t bits() const noexcept
    {
        std::uint64_t out = 0;
        std::memcpy(&out, raw_ + 8, sizeof out);
        return out;
    }
    [[nodiscard]] std::int16_t extra() const noexcept
    {
        std::int16_t out = 0;
        std::memcpy(&out, raw_ + 2, sizeof out);
        return out;
    }
    /// Precondition: made by text() or room(). Lives as long as this cell, where it is short.
    [[nodiscard]] base::bytes_view view() const noexcept
    {
        if (raw_[1] <= longest_inline) return {reinterpret_cast<const char*>(raw_ + 2), raw_[1]};
        const auto* n = static_cast<const text_node*>(base_node());
        return {n->data(), n->size};
    }
    /// Precondition: made by object().
    [[nodiscard]] object_node* object_of() const noexcept;
    [[nodiscard]] bool holds_object() const noexcept { return raw_[1] == object_tag; }
    /// Same node, or neither has one. For objects and for what references point to.
    [[nodiscard]] const void* address() const noexcept { return is_node() ? base_node() : nullptr; }
    /// More than one cell holds the node.
    [[nodiscard]] bool is_shared() const noexcept
    {
        return is_node() && base_node()->uses.load(std::memory_order_relaxed) > 1;
    }
    void set_kind(kind what) noexcept { raw_[0] = static_cast<unsigned char>(what); }

private:
    static constexpr unsigned char text_tag = 0xFE, object_tag = 0xFF;

    void clear() noexcept { std::memset(raw_, 0, sizeof raw_); }
    [[nodiscard]] bool is_node() const noexcept { return raw_[1] >= text_tag; }
    [[nodiscard]] node* base_node() const noexcept
    {
        node* out = nullptr;
        std::memcpy(&out, raw_ + 8, sizeof out);
        return out;
    }
    [[nodiscard]] static cell long_text(kind what, base::bytes_view content);
    void release() noexcept;

    alignas(8) unsigned char raw_[16];
};

static_assert(sizeof(cell) == 16);

} // namespace detail
} // namespace winrm::clixml
