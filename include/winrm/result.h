// A value or an error (std::expected comes only with C++23).
#pragma once

#include <winrm/error.h>

#include <cassert>
#include <utility>
#include <variant>

namespace winrm {

template <class T> class [[nodiscard]] result
{
public:
    result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    result(winrm::error e) : state_(std::in_place_index<1>, std::move(e)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// Precondition: has_value().
    T& value() &
    {
        assert(has_value());
        return std::get<0>(state_);
    }
    const T& value() const&
    {
        assert(has_value());
        return std::get<0>(state_);
    }
    T&& value() &&
    {
        assert(has_value());
        return std::get<0>(std::move(state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    /// Precondition: !has_value().
    [[nodiscard]] const winrm::error& error() const& { return std::get<1>(state_); }
    [[nodiscard]] winrm::error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<T, winrm::error> state_;
};

template <> class [[nodiscard]] result<void>
{
public:
    result() = default;
    result(winrm::error e) : state_(std::in_place_index<1>, std::move(e)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    [[nodiscard]] const winrm::error& error() const& { return std::get<1>(state_); }
    [[nodiscard]] winrm::error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<std::monostate, winrm::error> state_;
};

} // namespace winrm
