// What RefId stands for while a document is read (MS-PSRP 2.2.5.2.1, 2.2.5.2.3). Ids are any text; PowerShell counts
// from 0, so a number is a place in a row.
#pragma once

#include "base/bytes.h"
#include "clixml/value.h"

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace winrm::clixml {

/// `T` must be cheap to make without a value. Ids may be reused: the last one counts.
template <class T> class reference_table
{
public:
    /// Lives until the next set(), forget() or clear().
    [[nodiscard]] T* find(base::bytes_view id)
    {
        if (const auto n = number(id)) {
            if (*n >= base_ && *n - base_ < row_.size() && row_[*n - base_]) return &*row_[*n - base_];
        }
        if (others_.empty()) return nullptr;
        const auto found = others_.find(id);
        return found == others_.end() ? nullptr : &found->second;
    }

    /// Where set() put something; holds until forget() or clear().
    struct place
    {
        std::size_t row = 0;
        T* other = nullptr;
    };
    [[nodiscard]] T& at(const place& p) noexcept { return p.other != nullptr ? *p.other : *row_[p.row]; }

    place set(base::bytes_view id, T content)
    {
        const auto n = number(id);
        // A number far ahead of the row would cost memory for all before it.
        constexpr std::size_t farthest = 64;
        if (n && *n >= base_ && *n - base_ < row_.size() + farthest) {
            const std::size_t at = *n - base_;
            if (at == row_.size()) row_.emplace_back(std::move(content));
            else {
                if (at > row_.size()) row_.resize(at + 1);
                row_[at].emplace(std::move(content));
            }
            return {at, nullptr};
        }
        return {0, &others_.insert_or_assign(std::string(id), std::move(content)).first->second};
    }

    /// Everything of which `old` is true.
    template <class Old> void forget(const Old& old)
    {
        std::erase_if(others_, [&](const auto& entry) { return old(entry.second); });
        std::size_t first = 0;
        bool kept = false;
        for (std::size_t i = 0; i < row_.size(); ++i) {
            if (row_[i] && old(*row_[i])) row_[i].reset();
            kept = kept || row_[i];
            if (!kept) first = i + 1;
        }
        row_.erase(row_.begin(), row_.begin() + static_cast<std::ptrdiff_t>(first));
        base_ += first;
    }

    void clear()
    {
        row_.clear();
        others_.clear();
        base_ = 0;
    }

private:
    [[nodiscard]] static std::optional<std::size_t> number(base::bytes_view id) noexcept
    {
        constexpr std::size_t longest = 12;
        if (id.empty() || id.size() > longest || (id.size() > 1 && id.front() == '0')) return std::nullopt;
        std::size_t n = 0;
        for (const char c : id) {
            if (c < '0' || c > '9') return std::nullopt;
            n = n * 10 + static_cast<std::size_t>(c - '0');
        }
        return n;
    }

    std::vector<std::optional<T>> row_;
    std::size_t base_ = 0; ///< the number of row_'s first
    std::map<std::string, T, std::less<>> others_;
};

/// An object that a Ref may mean.
struct referent
{
    value content;          ///< null while the object is open
    std::size_t frame = 0;  ///< of the open one
    std::uint64_t item = 0; ///< the value at the top that it stands in
};

} // namespace winrm::clixml
